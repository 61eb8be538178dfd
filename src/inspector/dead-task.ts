import type { DeadEntry, DeathReport } from '../broker/port/broker.js';
import { type AttemptRecord, attemptsOf, REDRIVEN } from '../message/attempt-record.js';
import { type EditRecord, editsOf } from '../message/edited-message.js';
import { groupTagOf } from '../message/group-tag.js';
import { labelOf } from '../message/message-label.js';
import { decodeMessage } from '../message/task-message.js';
import { type PayloadCodec, PLAIN_PAYLOADS } from '../payload/payload-codec.js';
import { decodeNotes, type TaskLogLine, type TaskProgress } from '../task/task-notes.js';
import { dateOf, nearestDate } from '../values/dates.js';

const NEWLINE = 10;
const UNREADABLE: DeathReport = { code: 'UNREADABLE_REPORT', error: 'Its report cannot be read.', host: '', pid: 0 };

/**
 * A task that will not run again by itself, with all its recorded data.
 *
 * Printing it, or making JSON of it, shows everything but its arguments, which may be secret: read `args` for them.
 *
 * @example
 * const task = await deadLetters.get(id);
 * logger.warn(task); // without arguments
 * task?.args; // [7, { weekly: true }]
 */
export class DeadTask {
  /** the id that its handle had */
  readonly id: string;
  /** the queue in which it was, and to which it returns when it is redriven */
  readonly queue: string;
  /** undefined when neither its report nor its message contains it */
  readonly task: string | undefined;
  /** when, by the clock of Redis */
  readonly diedAt: Date;
  /** when it came into its queue the last time; undefined when the message is not of this version */
  readonly enqueuedAt: Date | undefined;
  /** why it is dead: `TASK_FAILED` if the method threw, `CRASHED`, or a code of nestwork */
  readonly code: string;
  /** the error that it threw, or a sentence that says how it ended; `[sealed]` for one that this process cannot open */
  readonly error: string;
  /** the stack of the error, if there was one; as `error` */
  readonly stack: string | undefined;
  /** which attempt was its last, from 1; counts anew after each redrive */
  readonly attempt: number | undefined;
  /** where its last attempt ran; for `CRASHED` the process of the supervisor */
  readonly host: string;
  /** the process that reported its death */
  readonly pid: number;
  /** how often its process died while it ran alone, since it was sent or redriven */
  readonly crashes: number;
  /** its failed attempts, oldest first; of a long history the last ones */
  readonly attempts: readonly AttemptRecord[];
  /** when it was redriven, oldest first */
  readonly redrivenAt: readonly Date[];
  /** id of the batch or flow that it is part of, see `inspector.groups`; undefined for a task in none */
  readonly partOf: string | undefined;
  /** how far it was, if it noted that; undefined in lists */
  readonly progress: TaskProgress | undefined;
  /** the last lines of its log, oldest first; none in lists */
  readonly log: readonly TaskLogLine[];
  /** whether its data is sealed: without the key `args` is undefined, and its texts are `[sealed]` */
  readonly sealed: boolean;
  readonly #message: Buffer;
  readonly #payloads: PayloadCodec;

  /** @internal */
  constructor({ id, queue, diedAt, record, notes: stored }: DeadEntry, payloads: PayloadCodec = PLAIN_PAYLOADS) {
    const texts = payloads.opener(id);
    const { open } = texts;
    const end = record.indexOf(NEWLINE);
    const { task, code, error, stack, attempt, host, pid } = reportOf(record.subarray(0, Math.max(end, 0)));
    this.#message = end < 0 ? Buffer.alloc(0) : record.subarray(end + 1);
    const text = this.#message.toString();
    const label = labelOf(text);
    const history = label ? attemptsOf(text, open) : [];
    const notes = stored === undefined ? undefined : decodeNotes(stored, open);
    this.#payloads = payloads;
    this.id = id;
    this.queue = queue;
    this.task = task ?? label?.name;
    this.diedAt = nearestDate(diedAt);
    this.enqueuedAt = dateOf(label?.enqueuedAt);
    this.code = code ?? UNREADABLE.code;
    this.error = open(error ?? UNREADABLE.error);
    this.stack = stack && open(stack);
    this.attempt = attempt;
    this.host = host ?? UNREADABLE.host;
    this.pid = pid ?? UNREADABLE.pid;
    this.crashes = label?.crashes ?? 0;
    this.attempts = history.filter((line) => line.code !== REDRIVEN);
    this.partOf = label && groupTagOf(text)?.group;
    this.progress = notes?.progress;
    this.log = notes?.log ?? [];
    this.sealed = label?.sealed === true || texts.sealed;
    this.redrivenAt = history.filter((line) => line.code === REDRIVEN).map(({ at }) => nearestDate(at));
  }

  /**
   * The arguments of the call, decoded when they are read; undefined when they cannot be decoded, see `bytes`, and when they are `sealed` with a
   * key that this process does not have.
   */
  get args(): readonly unknown[] | undefined {
    try {
      return decodeMessage(this.#message.toString(), this.#payloads).args;
    } catch {
      return undefined;
    }
  }

  /** Its redrives with other arguments, oldest first, with the arguments that it had before; of a long history the last ones. */
  get edits(): readonly EditRecord[] {
    return editsOf(this.#message.toString(), this.#payloads);
  }

  /**
   * The message as it is in Redis, with arguments and history. If the id begins with `undecodable`, or has a `?`, another
   * program put these bytes into the queue.
   */
  get bytes(): Buffer {
    return this.#message;
  }
}

/** Each field by itself: another program may have written a part of them, and one of another kind would break all that reads it. */
function reportOf(line: Buffer): { readonly [Field in keyof Required<DeathReport>]: DeathReport[Field] | undefined } {
  const { code, task, error, stack, attempt, host, pid } = fieldsOf(line.toString());
  return {
    code: text(code),
    task: text(task),
    error: text(error),
    stack: text(stack),
    attempt: whole(attempt),
    host: text(host),
    pid: whole(pid),
  };
}

function fieldsOf(json: string): Readonly<Record<string, unknown>> {
  try {
    const report: unknown = JSON.parse(json);
    return typeof report === 'object' && report !== null ? (report as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function whole(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? (value as number) : undefined;
}
