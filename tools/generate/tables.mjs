import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const TABLES = 'src/broker/redis';

/** The tables of keys and scripts, and the order on the wire, read from their TypeScript. */
export async function readTables(root) {
  const [{ KEYS }, { SCRIPTS }, { layoutOf }] = await Promise.all(
    ['redis-keys', 'scripts', 'script-layout'].map((name) => load(join(root, TABLES, `${name}.ts`))),
  );
  return { keys: KEYS, scripts: SCRIPTS, layoutOf };
}

/** Imports a module that imports types only. */
async function load(file) {
  // a fresh clone has it only once its setup has run
  const { default: ts } = await import('typescript');
  const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputText).toString('base64')}`);
}
