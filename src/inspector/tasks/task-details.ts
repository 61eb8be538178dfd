import type { FoundTask } from '../../broker/port/task-port.js';
import { type AttemptRecord, attemptsOf } from '../../message/attempt-record.js';
import type { CallOptions } from '../../message/call-options.js';
import { type EditRecord, editsOf } from '../../message/edited-message.js';
import type { TaskHeaders } from '../../message/headers.js';
import { labelOf } from '../../message/message-label.js';
import { attemptOf, decodeMessage, type TaskMessage } from '../../message/task-message.js';
import type { UniqueUntil } from '../../message/unique-key.js';
import { type PayloadCodec, PLAIN_PAYLOADS, type TextOpener } from '../../payload/payload-codec.js';
import type { DoneRecord } from '../../task/done-record.js';
import type { TaskLogLine, TaskNotes, TaskProgress } from '../../task/task-notes.js';
import { dateOf } from '../../values/dates.js';
import type { DeadTask } from '../dead-task.js';
import type { GroupOfTask } from '../groups/group-of-task.js';
import { argumentsIn } from './arguments-in.js';
import type { TaskWorker } from './listed-task.js';
import type { TaskOutcome } from './task-outcome.js';
import type { TaskRun } from './task-runs.js';

/** All that Redis has of a task beside its message. */
export interface Remains {
  readonly death?: DeadTask | undefined;
  readonly notes?: TaskNotes | undefined;
  /** which has opened the notes */
  readonly texts?: TextOpener | undefined;
  readonly done?: (DoneRecord & { readonly task: string }) | undefined;
  readonly run?: TaskRun | undefined;
  readonly result?: TaskOutcome | undefined;
  readonly partOf?: GroupOfTask | undefined;
}

/**
 * One task in any state. Of one that ended well Redis keeps its notes, for an hour, if it has some, what `keepDone` asks for, and
 * its result, if it keeps that.
 *
 * Printing it, or making JSON of it, shows everything but its arguments, which may be secret: read `args` for them.
 *
 * @example
 * const task: TaskDetails | undefined = await inspector.tasks.get(id);
 * console.log(task?.state, task?.attempts.at(-1)?.error);
 * console.log(task?.args); // [7, { weekly: true }]
 */
export class TaskDetails {
  /** the id that its handle had */
  readonly id: string;
  /**
   * where it is; `'waiting'`: it waits for others of its flow, and is in no queue; a cancelled one may still run, until its child has stopped it. `'unknown'`: it has ended or was purged, and only
   * its notes are left, or the failure of a dead task that was deleted
   */
  readonly state:
    | 'waiting'
    | 'pending'
    | 'quarantined'
    | 'scheduled'
    | 'active'
    | 'dead'
    | 'done'
    | 'dropped'
    | 'cancelled'
    | 'unknown';
  /** name of its queue, or of the one to which it will come; undefined once it is cancelled and gone, or has only its result left */
  readonly queue: string | undefined;
  /** name of the task; undefined when nothing names it */
  readonly task: string | undefined;
  /** when it came into its queue, or will come; undefined for one that waits for others of its flow */
  readonly enqueuedAt: Date | undefined;
  /** when it is due, by the clock of Redis; only of a scheduled one */
  readonly dueAt: Date | undefined;
  /** from then on no child starts it, and it is dead; only of a task with `expires` that has not ended */
  readonly expiresAt: Date | undefined;
  /** whether a limit keeps it from starting; only of a pending one */
  readonly heldBack: boolean;
  /** how many tasks of its queue come before it; only of one that waits in it. Of one with a limit, a tenant or a priority: of those with the same */
  readonly ahead: number | undefined;
  /** the child that holds it; only of an active one, and of a cancelled one that still runs */
  readonly child: string | undefined;
  /** the worker of that child; undefined once it has ended */
  readonly worker: TaskWorker | undefined;
  /**
   * when the attempt started: of an active one by the clock of Redis, and undefined until its worker has published that; of a done
   * one of a name with `keepDone` by the clock of its worker
   */
  readonly startedAt: Date | undefined;
  /** when it ended, by the clock of its worker; only of a done or dropped one, and of a cancelled one that ran */
  readonly endedAt: Date | undefined;
  /** when it was cancelled, by the clock of Redis */
  readonly cancelledAt: Date | undefined;
  /** which attempt is under way, comes next or, of a dead one, was the last, from 1 */
  readonly attempt: number | undefined;
  /** its failed attempts, oldest first; of a long history the last ones */
  readonly attempts: readonly AttemptRecord[];
  /** how often its process died while it ran alone */
  readonly crashes: number;
  /** its headers; undefined when they cannot be read */
  readonly headers: TaskHeaders | undefined;
  /** what the call set for itself, such as `retries` or `softTimeout`, times in ms; undefined when that cannot be read */
  readonly options: Readonly<Record<string, unknown>> | undefined;
  /** until when it counts as the one with its unique key; undefined for a task without one */
  readonly unique: UniqueUntil | undefined;
  /** how far it is, if it has noted that */
  readonly progress: TaskProgress | undefined;
  /** the last lines of its log, oldest first */
  readonly log: readonly TaskLogLine[];
  /** its error and stack, if it is dead */
  readonly death: DeadTask | undefined;
  /** what is kept of its end; undefined while it lives, and for a task that keeps no result */
  readonly result: TaskOutcome | undefined;
  /** the batch or flow that it is part of, and what it waits for there; undefined for a task in none, and once that is forgotten */
  readonly partOf: GroupOfTask | undefined;
  /** whether its data is sealed: without the key `args` is undefined, and its texts are `[sealed]` */
  readonly sealed: boolean;
  readonly #message: string | undefined;
  readonly #raw: Buffer | undefined;
  readonly #payloads: PayloadCodec;

  /** @internal */
  constructor(
    id: string,
    found: FoundTask,
    { death, notes, texts: opener, done, run, result, partOf }: Remains,
    payloads: PayloadCodec = PLAIN_PAYLOADS,
  ) {
    const texts = opener ?? payloads.opener(id);
    const message = found.message ?? death?.bytes.toString();
    const label = message === undefined ? undefined : labelOf(message);
    const decoded = message === undefined ? undefined : readable(message);
    this.#payloads = payloads;
    this.#message = message;
    this.#raw = found.bytes;
    this.id = id;
    this.state = found.state === 'unknown' ? endOf({ notes, done, result }) : found.state;
    this.queue = found.queue ?? (done ?? notes)?.queue;
    this.task = label?.name ?? death?.task ?? (done ?? notes)?.task;
    const waits = found.state === 'waiting';
    this.enqueuedAt = waits ? undefined : dateOf((label ?? done)?.enqueuedAt);
    this.startedAt = dateOf(done?.startedAt) ?? run?.startedAt;
    this.dueAt = dateOf(found.dueAt);
    this.expiresAt = death || waits ? undefined : expiryOf(decoded);
    this.heldBack = found.heldBack ?? false;
    this.ahead = found.ahead;
    this.child = found.child;
    this.worker = run?.worker;
    this.endedAt = found.message === undefined ? (dateOf(done?.endedAt) ?? notes?.end?.at) : undefined;
    this.cancelledAt = dateOf(found.cancelledAt);
    this.attempt = death || done ? (death ?? done)?.attempt : decoded && attemptOf(decoded);
    this.attempts = death?.attempts ?? (message === undefined ? [] : attemptsOf(message, texts.open));
    this.crashes = label?.crashes ?? 0;
    this.headers = decoded && (decoded.options.headers ?? {});
    this.options = decoded && withoutHeaders(decoded.options);
    this.unique = decoded?.unique;
    this.progress = (death ?? notes)?.progress;
    this.log = (death ?? notes)?.log ?? [];
    this.death = death;
    this.result = result;
    this.partOf = partOf;
    this.sealed = [label, texts, death, result].some((part) => part?.sealed === true);
  }

  /**
   * The arguments of the call, decoded when they are read; undefined when they cannot be decoded, are gone, or are `sealed` with a key that this
   * process does not have.
   */
  get args(): readonly unknown[] | undefined {
    return this.#message === undefined ? undefined : argumentsIn(this.#message, this.#payloads);
  }

  /**
   * About how many bytes of memory its message takes, arguments and history included.
   *
   * @internal
   */
  get bytes(): number {
    return (
      (this.#message?.length ?? 0) +
      (this.#raw?.length ?? 0) +
      (this.death?.bytes.length ?? 0) +
      (this.result?.bytes ?? 0)
    );
  }

  /** The message as it is in Redis; undefined when it is gone. Of bytes that are no call, another program wrote them. */
  get raw(): Buffer | undefined {
    const message = this.#message;
    return this.death?.bytes ?? this.#raw ?? (message === undefined ? undefined : Buffer.from(message));
  }

  /** Its redrives with other arguments, oldest first, with the arguments that it had before; of a long history the last ones. */
  get edits(): readonly EditRecord[] {
    return this.#message === undefined ? [] : editsOf(this.#message, this.#payloads);
  }
}

/** Of a task that is nowhere. */
function endOf({ notes, done, result }: Remains): TaskDetails['state'] {
  if (done) return 'done';
  if (notes?.end || !result || result.kind === 'failed') return notes?.end?.state ?? 'unknown';
  const { kind } = result;
  return kind === 'unkept' || kind === 'passed' ? 'done' : kind;
}

function withoutHeaders({ headers: _, ...options }: CallOptions): Readonly<Record<string, unknown>> {
  return options;
}

function expiryOf(decoded: TaskMessage | undefined): Date | undefined {
  const expires = decoded?.options.expires;
  return decoded && expires !== undefined ? dateOf(decoded.enqueuedAt + expires) : undefined;
}

/** All but its arguments. */
function readable(message: string): TaskMessage | undefined {
  try {
    return decodeMessage(message);
  } catch {
    return undefined;
  }
}
