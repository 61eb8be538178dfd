import type { NamedCron } from '../cron/cron-definition.js';
import type { ArgumentCheck } from '../payload/argument-check.js';
import type { PolicyOf } from '../policy/policy-book.js';
import type { StartRules } from '../policy/start-options.js';
import type { BroadcastScope } from './broadcast.js';
import type { TaskInfo } from './task-hooks.js';

/** Calls the decorated method with its arguments; gives what that returns. */
export type TaskHandler = (args: unknown[], task: TaskInfo) => unknown;

/** Where a task comes from, for the remedies of errors. */
export interface TaskOrigin {
  /** the provided class */
  readonly type: { readonly name: string };
  readonly method: string;
  /** the module that provides the class */
  readonly module: string;
  /** what makes the method a task, as it is written: '@Cron()' */
  readonly decorator: string;
}

/** When each child runs a method by itself. */
export interface AfterStart {
  /** after it has begun to claim, in ms */
  readonly delayMs: number;
  /** the encoded arguments; none by default */
  readonly payload?: string | undefined;
}

/** A decorated method, found in the container and ready to run. */
export interface TaskDefinition {
  /** unique in the app; travels in every message */
  readonly name: string;
  /** where its tasks go unless a call names another queue */
  readonly queue: string;
  /** class, method and module, for messages to people */
  readonly where: string;
  readonly origin: TaskOrigin;
  /** where it runs, if it is a broadcast and not a task */
  readonly broadcast?: BroadcastScope;
  /** of a broadcast that each child runs once by itself, too */
  readonly afterStart?: AfterStart | undefined;
  readonly handler: TaskHandler;
  /** looks at the arguments of a call before it is sent; undefined, or gives undefined, where there is nothing to check */
  readonly check?: () => ArgumentCheck | undefined;
  /** its timeouts and retries */
  readonly policyOf: PolicyOf;
  /** when its tasks may start, if it sets any of that */
  readonly start?: StartRules | undefined;
  /** how many of its done tasks are kept; none by default */
  readonly keepDone?: number;
  /** for how many seconds its results are kept; none by default */
  readonly result?: number | undefined;
  /** whether what its tasks carry is sealed; false by default */
  readonly sealed?: true | undefined;
  /** when it is run by itself, if it is */
  readonly crons?: readonly NamedCron[];
}
