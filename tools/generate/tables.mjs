import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const TABLES = ['broker/redis/redis-keys', 'broker/redis/scripts', 'broker/redis/script-layout', 'task/task-states'];

/** The tables of keys, scripts and states, and the order on the wire, read from their TypeScript. */
export async function readTables(root) {
  const [{ KEYS }, { SCRIPTS }, { layoutOf }, { TASK_STATES }] = await Promise.all(
    TABLES.map((module) => load(join(root, 'src', `${module}.ts`))),
  );
  return { keys: KEYS, scripts: SCRIPTS, layoutOf, states: TASK_STATES };
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
