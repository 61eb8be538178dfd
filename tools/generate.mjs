/**
 * Writes the Lua scripts into a TypeScript module, so that a bundler, Jest and a CommonJS build load them like any other code.
 *
 *   npm run generate
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './run.mjs';

const LUA = 'src/broker/lua';
const GENERATED = 'src/broker/lua.generated.ts';

/** Leaves a file alone that is up to date, because a newer one makes the tools build again. */
export function generate(root = ROOT) {
  const target = join(root, GENERATED);
  const text = moduleOf(join(root, LUA));
  if (contentOf(target) !== text) writeFileSync(target, text);
}

function moduleOf(directory) {
  const files = readdirSync(directory).filter((file) => file.endsWith('.lua'));
  const entries = files.sort().map((file) => {
    const text = readFileSync(join(directory, file), 'utf8').trimEnd();
    return `  '${file.slice(0, -'.lua'.length)}': \`${text.replace(/[\\`]|\$\{/g, '\\$&')}\`,\n`;
  });
  return [
    '/** The text of each file in lua/, by its name. `npm run generate` writes this module: edit the Lua files instead. */\n',
    `export const LUA = {\n${entries.join('')}} as const;\n`,
  ].join('');
}

function contentOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) generate();
