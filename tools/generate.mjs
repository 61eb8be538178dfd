/**
 * Writes all that follows from the tables of keys and scripts: the heads of the Lua scripts, the module that holds their
 * text, and the tables and rights of docs/redis-keys.md; from package.json, the version that workers publish; from the list of rooms, which imports the linter refuses; the
 * rooms and states of docs/architecture.md; and from values/error-codes.ts, the entries of docs/errors.md.
 *
 *   npm run generate
 *   node tools/generate.mjs --check    writes nothing; exits with 1, and says which files are out of date
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withTables } from './generate/document.mjs';
import { withErrorEntries } from './generate/error-entries.mjs';
import { withHead } from './generate/head.mjs';
import { linterDirections } from './generate/house.mjs';
import { linkScripts, wholeText } from './generate/linked-scripts.mjs';
import { withOverview } from './generate/overview.mjs';
import { readTables } from './generate/tables.mjs';
import { Failure, ROOT, runTool } from './run.mjs';

const LUA = 'src/broker/lua';
const MODULE = 'src/broker/redis/lua.generated.ts';
const VERSION = 'src/supervisor/version.generated.ts';
const LINTER = 'biome.generated.json';
const KEYS_PAGE = 'docs/redis-keys.md';
const OVERVIEW = 'docs/architecture.md';
const ERRORS = 'docs/errors.md';

/** Leaves a file alone that is up to date, because a newer one makes the tools build again. */
export async function generate(root = ROOT, write = writeFileSync) {
  const tables = await readTables(root);
  const update = (file, text) => {
    const path = join(root, file);
    if (!existsSync(path) || readFileSync(path, 'utf8') !== text) write(path, text);
  };
  const scripts = new Map();
  for (const [file, text] of luaFiles(root)) {
    const name = nameOf(file);
    const spec = tables.scripts[name];
    if (!spec && !name.startsWith('lib/')) throw new Failure(`${LUA}/${file} stands in no table.`);
    scripts.set(name, spec ? withHead(text, spec, tables) : text);
    update(`${LUA}/${file}`, scripts.get(name));
  }
  const linked = linkScripts(scripts);
  update(MODULE, moduleOf(linked));
  update(VERSION, versionModule());
  update(LINTER, linterDirections());
  const textOf = (page) => readFileSync(join(root, page), 'utf8');
  update(KEYS_PAGE, withTables(KEYS_PAGE, textOf(KEYS_PAGE), tables, linked));
  update(OVERVIEW, withOverview(OVERVIEW, textOf(OVERVIEW), tables));
  update(ERRORS, await withErrorEntries(textOf(ERRORS), root));
}

/** The package reads no file at run time, because a bundler may have moved it. */
function versionModule() {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return `/** The version of nestwork, from package.json: npm run generate writes it. */\nexport const VERSION = '${version}';\n`;
}

/** Writes only the module, from the Lua files as they are. */
export function inlineLua(root) {
  writeFileSync(join(root, MODULE), moduleOf(linkScripts(luaFiles(root).map(([file, text]) => [nameOf(file), text]))));
}

/** The file of a script or library, by its name. */
export function luaFile(root, name) {
  const found = luaFiles(root).find(([file]) => nameOf(file) === name);
  if (!found) throw new Failure(`There is no ${name}.lua in ${LUA}.`);
  return join(root, LUA, found[0]);
}

/** Each file in lua/ with its text. */
function luaFiles(root) {
  const files = readdirSync(join(root, LUA), { recursive: true }).filter((file) => file.endsWith('.lua'));
  return files.sort().map((file) => [file, readFileSync(join(root, LUA, file), 'utf8')]);
}

/** A library keeps its folder: `work/claim.lua` is `claim`, `lib/leave.lua` is `lib/leave`. */
function nameOf(file) {
  const path = file.split(sep).join('/').slice(0, -'.lua'.length);
  return path.startsWith('lib/') ? path : path.slice(path.lastIndexOf('/') + 1);
}

function moduleOf({ parts, scripts, short }) {
  const quoted = (text) => text.replace(/[\\`]|\$\{/g, '\\$&');
  const object = (entries) => `{\n${[...entries].map(([name, text]) => `  '${name}': \`${text}\`,\n`).join('')}};\n`;
  // a part that uses others finds them elsewhere in some scripts
  const [library, names] = [new Map(), new Map()];
  const fromLibrary = (name, text) => {
    const known = names.get(text);
    if (known) return `\${LIB.${known}}`;
    let other = name;
    for (let number = 2; library.has(other); number += 1) other = `${name}_${number}`;
    library.set(other, quoted(text));
    names.set(text, other);
    return `\${LIB.${other}}`;
  };
  for (const [name, text] of parts) fromLibrary(name, text);
  const texts = (linked) =>
    [...linked].map(([name, script]) => [name, wholeText({ ...script, text: quoted(script.text) }, fromLibrary)]);
  const [whole, shortened] = [texts(scripts), texts(short)];
  return [
    "import type { ScriptName } from './scripts.js';\n\n",
    '/** What scripts use of lua/lib/. `npm run generate` writes this module: edit the Lua files instead. */\n',
    `const LIB = ${object(library)}\n`,
    '/** The whole text of each script in lua/, by its name. */\n',
    `export const LUA: Readonly<Record<ScriptName, string>> = ${object(whole)}\n`,
    '/** The short forms of some, which answer WHOLE_NEEDED, and do nothing, where a task has a limit or is in a group. */\n',
    `export const SHORT: Readonly<Partial<Record<ScriptName, string>>> = ${object(shortened)}`,
  ].join('');
}

/** Names the files that are out of date, instead of writing them. */
async function check() {
  const outdated = [];
  await generate(ROOT, (path) => outdated.push(path));
  if (outdated.length > 0) throw new Failure(`Out of date; run npm run generate:\n${outdated.join('\n')}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await runTool(() => (process.argv.includes('--check') ? check() : generate()));
