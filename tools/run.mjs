import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The directory of the repository, which every command runs in. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A failure whose message says all there is to say: it is printed without a stack. */
export class Failure extends Error {}

/**
 * Runs a command quietly, and resolves to what it printed; when it fails, rejects with that.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<string>}
 */
export async function run(command, args, { cwd = ROOT, env = {} } = {}) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const [code, signal] = await once(child, 'close');
  if (code === 0) return output;
  throw new Failure(`${[command, ...args].join(' ')} ended with ${signal ?? `code ${code}`}:\n${output.trim()}`);
}

/**
 * Runs the main function of a tool: its result is the exit code, a failure is printed.
 *
 * @param {() => Promise<number | void>} main
 */
export async function runTool(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    console.error(error instanceof Failure ? error.message : error);
    process.exitCode = 1;
  }
}
