import type { TaskDetails } from '../../../inspector/tasks/task-details.js';
import type { TaskExplanation } from '../../../inspector/tasks/task-explanation.js';
import type { ShownArguments } from '../../arguments/shown-arguments.js';
import type { Json } from '../../wire.js';

/** A task, with all that its page shows. */
export interface TaskView {
  readonly task: Json<Omit<TaskDetails, 'args' | 'death' | 'result'>> & {
    readonly death: { readonly [Key in 'code' | 'error' | 'stack' | 'diedAt' | 'host' | 'pid']: unknown } | undefined;
  };
  readonly code: TaskExplanation['code'];
  readonly sentences: readonly string[];
  readonly pause: Json<TaskExplanation['pause']>;
  /** those that a pending task has, and that of its queue; keys as far as this person may see them */
  readonly limits: readonly {
    readonly name: string;
    readonly key: string | undefined;
    /** as sentences call it: `limit stripe for acme` */
    readonly words: string;
  }[];
  /** when it was read; ISO, by the clock of the app */
  readonly at: string;
  readonly arguments: ArgumentsView;
  /** what it returned; undefined where Redis keeps nothing of that */
  readonly result: ArgumentsView | undefined;
  /** the options of its call, each with its value in words */
  readonly options: readonly (readonly [name: string, words: string])[];
  /** why it cannot be moved to another time, or cancelled, or its arguments be taken; undefined where it can */
  readonly off: Readonly<Record<'time' | 'cancel' | 'arguments', string | undefined>>;
  /** what Redis has of its life, in the order of time */
  readonly events: readonly TimelineEvent[];
}

/** Something that happened to a task. */
export interface TimelineEvent {
  /** ms since 1970; undefined for what has no time of its own */
  readonly at: number | undefined;
  readonly glyph:
    | 'sent'
    | 'pending'
    | 'failed'
    | 'retry'
    | 'scheduled'
    | 'active'
    | 'dead'
    | 'cancelled'
    | 'done'
    | 'quiet';
  readonly title: string;
  readonly rest?: string;
  /** message and stack of an error */
  readonly error?: string;
  /** it is about the attempt that runs: progress and log stand below it */
  readonly isNow?: boolean;
}

/** The arguments; or why there are none. */
export type ArgumentsView =
  | ({ readonly is: 'shown' } & ShownArguments)
  /** the right `arguments` is missing */
  | { readonly is: 'denied' }
  /** they are sealed, and the app does not have the key */
  | { readonly is: 'sealed' }
  /** the task has ended, and Redis does not keep them */
  | { readonly is: 'gone' }
  /** another program wrote bytes in which the rules of `redact` cannot find what to hide */
  | { readonly is: 'hidden' }
  /** another program wrote these bytes */
  | { readonly is: 'bytes'; readonly hex: string; readonly more: number };

/** The arguments as a text that can be edited. */
export interface EditableView {
  readonly text: string;
  /** about the placeholders of hidden values; undefined when none is hidden */
  readonly remark: string | undefined;
}
