import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { tmpdir } from 'node:os';

/** `nestwork` as it is built. */
export const MAIN = new URL('../../dist/cli/main.js', import.meta.url).pathname;

const QUESTION = '[y/N]';

/** How a command ended, and what it wrote. */
export interface Ended {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandLineOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
}

/** Runs `nestwork` as it is built, in a process of its own, without a terminal. */
export function nestwork(args: readonly string[], options: CommandLineOptions = {}): Promise<Ended> {
  return run(process.execPath, [MAIN, ...args], options);
}

/** Starts `nestwork` in a process of its own, without a terminal, for a test that sends it signals. */
export function startNestwork(
  args: readonly string[],
  options: CommandLineOptions = {},
): {
  readonly ended: Promise<Ended>;
  readonly firstTalk: Promise<unknown>;
  /** Resolves to that when it has written it on stdout or stderr, counted from its start. */
  wrote(pattern: RegExp): Promise<string>;
  signal(name: NodeJS.Signals): void;
} {
  const child = start(process.execPath, [MAIN, ...args], options);
  return {
    ended: endOf(child),
    firstTalk: once(child.stderr, 'data'),
    wrote: writtenBy(child),
    signal: (name) => void child.kill(name),
  };
}

function writtenBy(child: ChildProcessWithoutNullStreams): (pattern: RegExp) => Promise<string> {
  let text = '';
  const added = new EventEmitter().setMaxListeners(0);
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part: string) => {
      text += part;
      added.emit('text');
    });
  }
  child.once('close', () => added.emit('text'));
  return async (pattern) => {
    for (;;) {
      const [found] = pattern.exec(text) ?? [];
      if (found !== undefined) return found;
      if (child.exitCode !== null) throw new Error(`It ended without ${pattern}: ${text}`);
      await once(added, 'text');
    }
  };
}

/** Runs a line of a shell, in which `nestwork` is the command. */
export function inShell(line: string, options: CommandLineOptions = {}): Promise<Ended> {
  return run('bash', ['-c', `set -o pipefail; nestwork() { '${process.execPath}' '${MAIN}' "$@"; }; ${line}`], options);
}

type Answer = () => Promise<string>;

interface OnTerminal extends CommandLineOptions {
  readonly columns?: number;
  /** typed when the question is there */
  readonly answer?: string;
  /** happens while the question stands */
  readonly beforeAnswer?: () => Promise<unknown>;
}

/** Runs `nestwork` on a terminal of so many columns. All that it writes comes on stdout. */
export function onTerminal(
  line: string,
  { columns = 100, answer, beforeAnswer, ...options }: OnTerminal = {},
): Promise<Ended> {
  const command = `stty cols ${columns}; '${process.execPath}' '${MAIN}' ${line}`;
  const type = async (typed: string): Promise<string> => {
    await beforeAnswer?.();
    return typed;
  };
  return run('script', ['-qec', command, '/dev/null'], options, answer === undefined ? undefined : () => type(answer));
}

function run(file: string, args: readonly string[], options: CommandLineOptions, answer?: Answer): Promise<Ended> {
  return endOf(start(file, args, options), answer);
}

function start(
  file: string,
  args: readonly string[],
  { env = {}, cwd = tmpdir() }: CommandLineOptions,
): ChildProcessWithoutNullStreams {
  const { NODE_OPTIONS: _, FORCE_COLOR: __, ...ours } = process.env;
  return spawn(file, args, { cwd, env: { ...ours, ...env }, stdio: 'pipe' });
}

async function endOf(child: ChildProcessWithoutNullStreams, answer?: Answer): Promise<Ended> {
  let [stdout, stderr] = ['', ''];
  let isAnswered = false;
  child.stdin.on('error', () => {}); // it may end before it reads
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    // before the question, Ctrl-C would end the process
    if (answer === undefined || isAnswered || !stdout.includes(QUESTION)) return;
    isAnswered = true;
    void answer().then((typed) => child.stdin.end(typed));
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  if (answer === undefined) child.stdin.end();
  const [code, signal] = await once(child, 'close');
  return { code: code ?? signal, stdout: stdout.replaceAll('\r\n', '\n'), stderr };
}
