import { hostname, userInfo } from 'node:os';
import { CommanderError } from 'commander';
import { NestworkError } from '../errors.js';
import type { InspectorOptions } from '../inspector/create-inspector.js';
import type { Inspector } from '../inspector/inspector.js';
import { EXIT, type ExitCode, exitCodeOf } from '../terminal/exit-code.js';
import { Output } from '../terminal/output.js';
import { usageError } from '../terminal/usage.js';
import { errorText, REMEDIES } from '../values/error-text.js';
import { printable } from '../values/printable.js';
import { placeOf, redisCliOf, typed } from './command-place.js';
import { complete } from './completion/complete.js';
import { ASKS } from './completion/completion-scripts.js';
import { namesIn } from './completion/names.js';
import { confirm } from './confirmation.js';
import { type GlobalOptions, GROUPS, programOf } from './program.js';
import { namespacesOf, settingsOf } from './settings.js';

/** Commands that start the app. */
const OF_APPS = new Set(['worker', 'outbox ls', 'outbox retry', 'outbox relay']);
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Runs one command line. Resolves to the exit code; it writes errors itself. */
export async function runCommandLine(args: readonly string[], version: string): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  // of `| head`: the reader has all it wants
  process.stdout.on('error', endWithReader);
  const program = programOf(version, async (command, given, options) => {
    code = await runOne(command, given, options);
  });
  if (args[0] === ASKS) return writeWords(program, args.slice(args.indexOf('--') + 1));
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) return failed(error);
    // its message, or the help, is written
    return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
}

/** For the script of a shell, in which errors have no place. */
async function writeWords(program: ReturnType<typeof programOf>, args: readonly string[]): Promise<ExitCode> {
  const words = await complete(args, { program, groups: GROUPS }, (kind) => namesIn(kind, args));
  await new Promise((resolve) => process.stdout.write(words.map((word) => `${printable(word)}\n`).join(''), resolve));
  // a connection that is being made would keep the process
  process.exit(EXIT.done);
}

type Run = Parameters<Parameters<typeof programOf>[1]>;

async function runOne(command: Run[0], given: Run[1], options: Run[2]): Promise<ExitCode> {
  const { redis, namespace, config, json, by, ...own } = options;
  const { takesGlobalOptions } = command;
  if (takesGlobalOptions === 'json') refuseOptions(wordsOf(command), { redis, namespace, config, by });
  else if (!takesGlobalOptions) refuseOptions(wordsOf(command), { redis, namespace, config, json, by });
  const out = new Output(json === true);
  const connection = new Connection(() => settingsOf({ redis, namespace, config }), queuePlaceOf(command));
  try {
    const context = {
      out,
      by: by ?? actor(),
      givenBy: by,
      get place() {
        return connection.place;
      },
      get namespaces() {
        return namespacesOf({ redis, namespace, config });
      },
      get redisCli() {
        return connection.redisCli;
      },
      typed: (words: readonly string[]) => typed(words, { redis, namespace, config }),
      inspector: (how?: { readonly unchecked: true }) => connection.inspector(out, how?.unchecked ? 'none' : 'look'),
      confirm: (what: string, asked: Parameters<typeof confirm>[2]) =>
        confirm({ out, place: connection.place }, what, asked),
      takeSignals,
      outliveReader: () => void process.stdout.off('error', endWithReader),
    };
    return (await command.run(context, given, own)) ?? EXIT.done;
  } finally {
    await connection.close();
  }
}

/** Where a command names a queue: a person who mistyped it has called no method. */
function queuePlaceOf({ arguments: given, options }: Run[0]): string | undefined {
  if (given.queue) return 'the argument <queue>';
  return options.queue && 'the option --queue';
}

function endWithReader({ code }: NodeJS.ErrnoException): void {
  process.exit(code === 'EPIPE' ? 0 : 1);
}

/** A command as it is typed: `outbox ls`. */
function wordsOf(command: Run[0]): string {
  const group = GROUPS.find(({ commands }) => commands.includes(command))?.name;
  return group ? `${group} ${command.name}` : command.name;
}

function refuseOptions(command: string, given: GlobalOptions): void {
  const [name] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  if (name === undefined) return;
  const isOfApp = given.redis ?? given.namespace ?? given.config;
  const remedy =
    isOfApp !== undefined && OF_APPS.has(command)
      ? 'Redis and the namespace are those of TaskQueueModule in the app.'
      : 'Leave it out.';
  throw usageError(`nestwork ${command} does not take --${name}.`, remedy);
}

/** To Redis, made when a command first needs it: help and mistakes in writing do not wait for it. */
class Connection {
  private opened: Promise<Inspector> | undefined;

  constructor(
    private readonly settings: () => InspectorOptions,
    private readonly queuePlace: string | undefined,
  ) {}

  get place(): string {
    return placeOf(this.settings());
  }

  get redisCli(): string {
    return redisCliOf(this.settings());
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
    const onWarning = (warning: string): void => out.say(`warning: ${warning}`);
    return openInspector({ ...this.settings(), onWarning }, { check, queuePlace: this.queuePlace });
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
