import type { ExitCode } from './exit-code.js';
import type { Output } from './output.js';

/** A list of names that the shell completes. */
export type Completes = 'queues' | 'tasks' | 'limits' | 'crons' | 'workers' | 'files';

/** One option of a command; its name is the key under which it stands, and none of `GlobalOptions`. */
export interface OptionSpec<T> {
  /** the placeholder in the help, such as `<count>`; none for a flag */
  readonly value?: string;
  readonly summary: string;
  /** whether it may be given several times; its values are joined by commas */
  readonly several?: true;
  readonly choices?: readonly string[];
  /** the names that the shell completes, if there are some */
  readonly completes?: Completes;
  /** Throws INVALID_USAGE for text that does not fit; `option` is `--name`. */
  readonly read: (given: string, option: string) => T;
}

/** One argument of a command; its name is the key under which it stands. */
export interface ArgumentSpec {
  readonly summary: string;
  readonly optional?: true;
  readonly choices?: readonly string[];
  /** the names that the shell completes, if there are some */
  readonly completes?: Completes;
}

type Options = Readonly<Record<string, OptionSpec<unknown>>>;
type Arguments = Readonly<Record<string, ArgumentSpec>>;
type ValuesOf<O extends Options> = { readonly [K in keyof O]?: O[K] extends OptionSpec<infer T> ? T : never };
type ArgumentsOf<A extends Arguments> = {
  readonly [K in keyof A]: A[K] extends { readonly optional: true } ? string | undefined : string;
};

/** The context of every command. */
export interface CommandContext {
  readonly out: Output;
  /**
   * From now on, Ctrl-C and SIGTERM abort this signal instead of ending the process at once: a bulk action ends between two
   * batches, and says how far it came. A second Ctrl-C ends the process.
   */
  takeSignals(): AbortSignal;
  /** From now on, a reader of stdout that goes away does not end the process. */
  outliveReader(): void;
  /** the person or program that acts, for records of actions: `user@host`, or `--by` */
  readonly by: string;
  /** `--by`, if it is given: for a list, whose actions to show */
  readonly givenBy: string | undefined;
}

/** One command, as the command line registers it. */
export interface Command<Context extends CommandContext = CommandContext> {
  readonly name: string;
  readonly summary: string;
  readonly arguments: Arguments;
  readonly options: Options;
  /** whether it destroys or changes so much that it asks before: adds --yes and --dry-run */
  readonly destructive: boolean;
  /** whether it takes the options of every command, such as --redis, or `json` alone; others are refused */
  readonly takesGlobalOptions: boolean | 'json';
  readonly run: (
    context: Context,
    given: Readonly<Record<string, string | undefined>>,
    options: Readonly<Record<string, unknown>>,
  ) => Promise<ExitCode | undefined>;
}

/** Commands with a common first word: `queues ls`, `queues pause`. Without a name they stand alone. */
export interface CommandGroup<Context extends CommandContext = CommandContext> {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly Command<Context>[];
}

/**
 * A command, with the types of its arguments and options.
 *
 * @example
 * command({
 *   name: 'ls',
 *   summary: 'list the queues',
 *   options: { limit: whole('<count>', 'at most so many', 1, 1_000) },
 *   run: async ({ out }, {}, { limit = 50 }) => ...,
 * })
 */
export function command<
  Context extends CommandContext,
  const A extends Arguments = Record<never, ArgumentSpec>,
  const O extends Options = Record<never, OptionSpec<unknown>>,
>(spec: {
  readonly name: string;
  readonly summary: string;
  readonly arguments?: A;
  readonly options?: O;
  readonly destructive?: boolean;
  readonly takesGlobalOptions?: boolean | 'json';
  readonly run: (
    context: Context,
    given: ArgumentsOf<A>,
    options: ValuesOf<O> & { readonly yes?: boolean; readonly dryRun?: boolean },
  ) => Promise<ExitCode | undefined>;
}): Command<Context> {
  const { name, summary, arguments: given = {}, options = {}, destructive = false, takesGlobalOptions = true } = spec;
  const run = spec.run as unknown as Command<Context>['run'];
  return { name, summary, arguments: given, options, destructive, takesGlobalOptions, run };
}
