import type { ChildOfWorker, HeldTask, WaitingEntry, WaitingPlace } from '../../broker/port/task-port.js';
import { labelOf } from '../../message/message-label.js';
import { attemptOf, idOf } from '../../message/task-message.js';
import { dateOf } from '../../values/dates.js';

/**
 * A state in which `TaskInspector.list` finds tasks: `'done'` those of a name with `keepDone`. Dead ones are listed by
 * `inspector.dead`.
 *
 * @example
 * const state: ListedState = 'quarantined';
 * const { tasks } = await inspector.tasks.list({ state });
 */
export type ListedState = 'pending' | 'scheduled' | 'active' | 'quarantined' | 'done';

/** That of a task that has not ended. */
export type LivingState = Exclude<ListedState, 'done'>;

/** Where a task lies that has not ended: pending ones lie in the list of their queue, or in a line. */
export type TaskPlaceState = LivingState | 'held';

/**
 * The worker that runs a task.
 *
 * @example
 * const text = ({ host, pid, childPid }: TaskWorker): string => `${host}:${pid}, child ${childPid ?? '?'}`;
 */
export interface TaskWorker {
  /** name of its machine */
  readonly host: string;
  /** of the supervisor, or of the app in whose process it runs */
  readonly pid: number;
  /** of the child that runs the task; undefined until the worker has published that */
  readonly childPid: number | undefined;
}

/**
 * A task as a list shows it: without its arguments.
 *
 * @example
 * const text = ({ id, task, attempt }: ListedTask): string => `${id} ${task ?? 'unknown'}, attempt ${attempt ?? '?'}`;
 */
export interface ListedTask {
  /** 20 characters; of foreign bytes the first 20 of them */
  readonly id: string;
  /** where it is */
  readonly state: ListedState;
  /** whether a limit keeps it from starting; only of a pending one */
  readonly heldBack: boolean;
  /** name of its queue */
  readonly queue: string;
  /** name of the task; undefined for bytes that are no call */
  readonly task: string | undefined;
  /** when it came into its queue, or will come; undefined for bytes that are no message */
  readonly enqueuedAt: Date | undefined;
  /** when it is due, by the clock of Redis; only of a scheduled one */
  readonly dueAt: Date | undefined;
  /**
   * when the attempt started: of an active one by the clock of Redis, and undefined until its worker has published that, or for a
   * moment that of the attempt before; of a done one by the clock of its worker
   */
  readonly startedAt: Date | undefined;
  /** when it was done, by the clock of its worker; only of a done one */
  readonly endedAt: Date | undefined;
  /** which attempt is under way or comes next or, of a done one, returned, from 1; undefined for bytes that are no message */
  readonly attempt: number | undefined;
  /** the child that holds it; only of an active one */
  readonly child: string | undefined;
  /** the worker of that child; only of an active one */
  readonly worker: TaskWorker | undefined;
}

const NOT_STARTED = { startedAt: undefined, endedAt: undefined, child: undefined, worker: undefined };

export function waitingTask({ queue, state: place }: WaitingPlace, entry: WaitingEntry): ListedTask {
  const { head, dueAt, heldBack = false } = entry;
  const state = place === 'held' ? 'pending' : place;
  return { id: idOf(head), state, heldBack, queue, ...labelled(head), ...NOT_STARTED, dueAt: dateOf(dueAt) };
}

/** Its worker may have published more about it, see `withRuns`. */
export function heldTask({ child, host, pid }: ChildOfWorker, { id, queue, head }: HeldTask): ListedTask {
  const worker = { host, pid, childPid: undefined };
  return {
    id,
    state: 'active',
    heldBack: false,
    queue,
    ...labelled(head),
    ...NOT_STARTED,
    dueAt: undefined,
    child,
    worker,
  };
}

/** The beginning of a message. */
function labelled(head: string): Pick<ListedTask, 'task' | 'enqueuedAt' | 'attempt'> {
  const label = labelOf(head);
  if (!label) return { task: undefined, enqueuedAt: undefined, attempt: undefined };
  const failures = Number.parseInt(head.slice(21, 23), 36);
  const attempt = attemptOf({ failures, crashes: label.crashes });
  return { task: label.name, enqueuedAt: dateOf(label.enqueuedAt), attempt };
}
