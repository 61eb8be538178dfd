import type { CommandContext } from '../terminal/command.js';
import type { InspectorOptions } from './create-inspector.js';
import type { Inspector } from './inspector.js';

/** The context of a command that looks at a namespace, or acts on it. */
export interface InspectorContext extends CommandContext {
  /** the server and namespace, without a password: `redis.internal:6379, namespace shop` */
  readonly place: string;
  /** what to connect to, by the name that people know it under: several where the settings list some */
  readonly namespaces: Readonly<Record<string, InspectorOptions>>;
  /** `redis-cli` with the options that reach the same server, without a password */
  readonly redisCli: string;
  /** A command as a person types it, with the options that say where Redis is: `npx nestwork queues resume mail --namespace shop`. */
  typed(command: readonly string[]): string;
  /**
   * Connects at the first call.
   *
   * @param how `unchecked` connects to a server that nestwork cannot work on, too
   */
  inspector(how?: { readonly unchecked: true }): Promise<Inspector>;
  /**
   * Asks on a terminal before something is destroyed; without a terminal it needs `--yes`.
   *
   * @param what what will happen, with count and queue: `Delete 12 dead tasks of queue "mail"`
   * @returns false for `--dry-run` and for a no
   * @throws NestworkError INVALID_USAGE without a terminal and without `--yes`
   */
  confirm(what: string, given: { readonly yes?: boolean; readonly dryRun?: boolean }): Promise<boolean>;
}
