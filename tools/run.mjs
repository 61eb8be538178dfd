import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

/** The directory of the repository, which every command runs in. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const SAME_SIGNAL_MS = 200;

/** A failure whose message says all there is to say: it is printed without a stack. */
export class Failure extends Error {}

/** A command that was ended because it ran for too long. */
export class TimeLimitExceeded extends Failure {}

/**
 * Runs a command quietly, and resolves to its output; when it fails, rejects with that.
 *
 * A command with a time limit has a process group of its own, so that it ends with all that it started.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, limitMs?: number }} [options] `limitMs`: none by default; over it the
 *   command is killed, and the promise rejects with TimeLimitExceeded
 * @returns {Promise<string>}
 */
export async function run(command, args, { cwd = ROOT, env = {}, limitMs } = {}) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: limitMs !== undefined,
  });
  const limit = limitMs === undefined ? undefined : limitTime(child, limitMs);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const [code, signal] = await once(child, 'close').finally(() => limit?.lift());
  if (limit?.exceeded) throw new TimeLimitExceeded(`${[command, ...args].join(' ')} did not end within ${limitMs} ms.`);
  if (code === 0) return output;
  throw new Failure(`${[command, ...args].join(' ')} ended with ${signal ?? `code ${code}`}:\n${output.trim()}`);
}

/** Kills the group of a process after a time, and when this process exits before. */
function limitTime({ pid }, limitMs) {
  const end = () => pid && endGroup(pid);
  const limit = {
    exceeded: false,
    lift() {
      clearTimeout(timer);
      process.off('exit', end);
    },
  };
  const timer = setTimeout(() => {
    limit.exceeded = true;
    end();
  }, limitMs);
  process.once('exit', end);
  return limit;
}

/**
 * Runs a script with Node in the foreground, and resolves to its exit code when nothing of it is left.
 *
 * It has a process group of its own. So it gets a Ctrl-C once, from us, where the terminal and npm would both send
 * it, and a second signal means "do not wait"; and processes that it left behind when it crashed can be found.
 *
 * @param {readonly string[]} args
 * @param {{ env: NodeJS.ProcessEnv, stdout?: 'inherit' | 'ignore' }} options
 * @returns {Promise<number>}
 */
export async function runInForeground(args, { env, stdout = 'inherit' }) {
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', stdout, 'inherit'], detached: true });
  let lastAt = 0;
  const forward = (signal) => {
    if (Date.now() - lastAt > SAME_SIGNAL_MS) child.kill(signal);
    lastAt = Date.now();
  };
  for (const signal of SIGNALS) process.on(signal, forward);
  const [code, signal] = await once(child, 'exit');
  for (const signal of SIGNALS) process.off(signal, forward);
  endGroup(child.pid);
  return code ?? 128 + constants.signals[signal];
}

function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error; // no process is left, as it should be
  }
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
