import { hostname, userInfo } from 'node:os';
import { CommanderError } from 'commander';
import { NestworkError } from '../errors.js';
import type { InspectorOptions } from '../inspector/create-inspector.js';
import type { Inspector } from '../inspector/inspector.js';
import { EXIT, type ExitCode, exitCodeOf } from '../terminal/exit-code.js';
import { Output } from '../terminal/output.js';
import { errorText, REMEDIES } from '../values/error-text.js';
import { placeOf } from './command-place.js';
import { confirm } from './confirmation.js';
import { programOf } from './program.js';
import { settingsOf } from './settings.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Runs one command line. Resolves to the exit code; it writes errors itself. */
export async function runCommandLine(args: readonly string[], version: string): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  // of `| head`: the reader has all it wants
  process.stdout.on('error', ({ code: reason }: NodeJS.ErrnoException) => process.exit(reason === 'EPIPE' ? 0 : 1));
  const program = programOf(version, async (command, given, options) => {
    code = await runOne(command, given, options);
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) return failed(error);
    // its message, or the help, is written
    return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
}

type Run = Parameters<Parameters<typeof programOf>[1]>;

async function runOne(command: Run[0], given: Run[1], options: Run[2]): Promise<ExitCode> {
  const { redis, namespace, config, json = false, by = actor(), ...own } = options;
  const out = new Output(json);
  const connection = new Connection(settingsOf({ redis, namespace, config }));
  const { place } = connection;
  try {
    const context = {
      out,
      by,
      place,
      inspector: (how?: { readonly unchecked: true }) => connection.inspector(out, how?.unchecked ? 'none' : 'look'),
      confirm: (what: string, asked: Parameters<typeof confirm>[2]) => confirm({ out, place }, what, asked),
      takeSignals,
    };
    return (await command.run(context, given, own)) ?? EXIT.done;
  } finally {
    await connection.close();
  }
}

/** To Redis, made when a command first needs it: help and mistakes in writing do not wait for it. */
class Connection {
  readonly place: string;
  private opened: Promise<Inspector> | undefined;

  constructor(private readonly settings: InspectorOptions) {
    this.place = placeOf(settings);
  }

  inspector(out: Output, check: 'look' | 'none'): Promise<Inspector> {
    this.opened ??= this.open(out, check);
    return this.opened;
  }

  async close(): Promise<void> {
    const inspector = await this.opened?.catch(() => undefined);
    await inspector?.close();
  }

  private async open(out: Output, check: 'look' | 'none'): Promise<Inspector> {
    const { openInspector } = await import('../inspector/create-inspector.js');
    return openInspector({ ...this.settings, onWarning: (warning) => out.say(`warning: ${warning}`) }, check);
  }
}

function takeSignals(): AbortSignal {
  const stop = new AbortController();
  for (const signal of SIGNALS) process.once(signal, () => stop.abort(new Error(`Stopped by ${signal}.`)));
  return stop.signal;
}

/** A process in a container may run as a user without a name. */
function actor(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `uid ${process.getuid?.()}@${hostname()}`;
  }
}

function failed(error: unknown): ExitCode {
  const code = exitCodeOf(error);
  const text = errorText(error)
    .replace(/^NestworkError: /, '')
    .replace(REMEDIES, '\n');
  // one that refuses a command was found
  const isFound = error instanceof NestworkError && error.code === 'REDIS_REFUSED';
  const where =
    code === EXIT.unreachable && !isFound
      ? '\n- Say where it is: --redis <url>, NESTWORK_REDIS_URL or nestwork.config.json.'
      : '';
  process.stderr.write(`error: ${text}${where}\n`);
  return code;
}
