import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { NestworkError } from '../errors.js';

/** Options of Node for code that is in no file, and whether their value is an argument of its own. */
const WITHOUT_FILE = /^(?:-e|--eval|-p|--print|-pe|--input-type)$/;
const ABOUT_CODE = /^(?:--(?:eval|print|input-type|interactive)(?:=.*)?|-i)$/;

/**
 * The file that a child runs: the given one, or the one that this process runs.
 *
 * @throws NestworkError INVALID_OPTION when there is none
 */
export function entryFile(given: string | undefined, { argv, execArgv } = process): string {
  if (given !== undefined) {
    if (isFile(given)) return resolve(given);
    throw noEntry(`The option \`entry\` of WorkerFactory.run names "${given}", which is no file.`);
  }
  const { 1: path } = argv;
  // Node finds it without its extension, too, and a directory by its package.json: it has found it already
  if (path && path !== '-' && childExecArguments(execArgv).length === execArgv.length) return path;
  throw noEntry('A worker forks the file that Node was started with, and Node was started without one.');
}

/** The options of Node for a child that runs a file, when this process may have been started with code instead. */
export function childExecArguments(execArgv: readonly string[]): string[] {
  return execArgv.filter(
    (argument, index) =>
      !WITHOUT_FILE.test(argument) && !ABOUT_CODE.test(argument) && !WITHOUT_FILE.test(execArgv[index - 1] ?? ''),
  );
}

function noEntry(what: string): NestworkError {
  return new NestworkError('INVALID_OPTION', what, [
    'Start Node with a file: node dist/worker.js.',
    'Or give the option `entry` the file that calls WorkerFactory.run: import.meta.url, or __filename in CommonJS.',
  ]);
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
