import type { Due, ProducerBroker, TaskBroker } from '../broker/port/broker.js';
import { NestworkError } from '../errors.js';
import type { CallOptions } from '../message/call-options.js';
import { combineHeaders, type GivenHeaders, readHeaders } from '../message/headers.js';
import type { TaskIdSequence } from '../message/task-id.js';
import { encodeMessage } from '../message/task-message.js';
import { encodeUnique } from '../message/unique-key.js';
import type { ArgumentCheck } from '../payload/argument-check.js';
import { decodePayload, encodePayload } from '../payload/payload.js';
import { toCallOptions } from '../policy/policy-options.js';
import { BROADCAST_QUEUE } from '../task/broadcast.js';
import { type Clock, systemClock } from '../values/clock.js';
import { assertOptionsObject } from '../values/known-options.js';
import { type Propagation, propagatedHeaders } from './propagation.js';
import { duplicateKey, misplaced, notArguments, notCalls } from './send-errors.js';
import { assertBroadcastOptions, assertSendOptions, dueOf, type SendOptions } from './send-options.js';
import type { SendWrappers } from './send-wrappers.js';
import { TaskHandle } from './task-handle.js';
import { atCall, type UnansweredSends } from './unanswered-sends.js';

/** Finds the queue of a task that is sent without naming one. */
export type QueueOfTask = () => string | Promise<string>;

/** Finds what looks at the arguments of a task before they are sent; most have nothing of the kind. */
export type CheckOfTask = () => ArgumentCheck | undefined;

interface Target {
  readonly name: string;
  readonly queueOfTask: QueueOfTask;
  readonly checkOfTask?: CheckOfTask;
  /** those that `with({ queue })` may name; any if undefined */
  readonly queues: readonly string[] | undefined;
  readonly unanswered: UnansweredSends;
  /** it is known to be a broadcast; of what is sent by name that turns out with its queue */
  readonly broadcast?: boolean;
  /** that of this machine by default */
  readonly clock?: Clock;
  /** what travels with every call */
  readonly propagate?: Propagation;
  readonly wrappers?: SendWrappers;
}

/**
 * Sends calls of one task. Immutable: `with()` returns another sender.
 *
 * @example
 * const send: TaskSender<[userId: number, options: { weekly: boolean }]> = queue.of(ReportTasks).send;
 * await send.with({ delay: '10m' }).delay(7, { weekly: true });
 */
export class TaskSender<Args extends unknown[]> {
  /** what travels with each message */
  private readonly callOptions: CallOptions | undefined;

  /** @internal */
  constructor(
    private readonly broker: ProducerBroker & TaskBroker,
    private readonly sequence: TaskIdSequence,
    private readonly target: Target,
    private readonly options: SendOptions,
  ) {
    this.callOptions = toCallOptions(options);
  }

  /** The name of the task: `Class.method`, unless its decorator gives another. */
  get name(): string {
    return this.target.name;
  }

  /**
   * Whether `with()` has given any.
   *
   * @internal
   */
  get hasOptions(): boolean {
    return Object.keys(this.options).length > 0;
  }

  /**
   * The same sender with other options.
   *
   * @throws NestworkError INVALID_OPTION, INVALID_DURATION, INVALID_HEADERS, UNKNOWN_QUEUE, INVALID_TASK_ID
   * @example
   * await queue.of(ReportTasks).send.with({ delay: '10m', queue: 'bulk' }).delay(7, { weekly: false });
   * @example
   * // runs once, two seconds after the last of several calls
   * const debounced = queue.of(ReportTasks).send.with({ key: 'user-7', onConflict: 'replace', delay: '2s' });
   * await debounced.delay(7, { weekly: true });
   */
  with(options: SendOptions): TaskSender<Args> {
    const { name, queues, broadcast } = this.target;
    const where = `on task "${name}"`;
    // nothing is as good as an empty object; of anything else a copy would be empty
    if (options !== undefined && options !== null) assertOptionsObject(options, `with() ${where}`);
    const all = { ...this.options, ...options };
    if (broadcast) assertBroadcastOptions(all, name);
    assertSendOptions(all, name, queues);
    if (options?.headers !== undefined) {
      // a copy: the checked arguments must not change any more
      all.headers = { ...this.options.headers, ...readHeaders(all.headers, `with({ headers }) ${where}`) };
    }
    return new TaskSender(this.broker, this.sequence, this.target, all);
  }

  /**
   * Enqueues one call. Once it resolves, the task is in Redis and will run.
   *
   * @throws NestworkError UNSERIALIZABLE_ARGUMENT, PAYLOAD_TOO_LARGE, PAYLOAD_TOO_DEEP, INVALID_PAYLOAD, INVALID_HEADERS,
   * PROPAGATE_FAILED, TASK_NOT_SENT, WORKERS_TOO_OLD: nothing was sent;
   * DUPLICATE_KEY: nothing was added, because the key is taken; REDIS_UNAVAILABLE, REDIS_OUT_OF_MEMORY, REDIS_REFUSED, REDIS_FORBIDDEN: nothing was added
   * @throws EnqueueUnconfirmedError when Redis did not answer in time: repeat with the same id
   */
  async delay(...args: Args): Promise<TaskHandle> {
    const { name, unanswered, wrappers } = this.target;
    unanswered.begin(name);
    try {
      // as they are now: a wrapper may wait before it sends
      const payload = this.encode(args);
      if (!wrappers?.any) return await this.send(payload);
      const [handle] = await wrappers.around(name, 1, async (headers) => [await this.send(payload, headers)]);
      return handle as TaskHandle;
    } catch (error) {
      throw atCall(error, name, this.delay);
    } finally {
      unanswered.end(name);
    }
  }

  /**
   * Enqueues many calls in order, in far fewer round trips. Every argument is checked before the first is sent.
   *
   * @throws as `delay()` does; after an EnqueueUnconfirmedError, repeat all of them with its `taskIds`
   * @example
   * await queue.of(ReportTasks).send.delayMany(users.map((user) => [user.id, { weekly: true }]));
   */
  async delayMany(calls: Iterable<Args>): Promise<TaskHandle[]> {
    const { name, unanswered, wrappers } = this.target;
    unanswered.begin(name);
    try {
      if (!wrappers?.any) return await this.sendMany(this.encodeAll(calls));
      const payloads = this.encodeAll(calls);
      if (payloads.length === 0) return [];
      return [...(await wrappers.around(name, payloads.length, (headers) => this.sendMany(payloads, headers)))];
    } catch (error) {
      throw atCall(error, name, this.delayMany);
    } finally {
      unanswered.end(name);
    }
  }

  private encode(args: Args): string {
    if (this.options.ids) throw misplaced('ids', 'delayMany');
    return encodePayload(args);
  }

  private async send(payload: string, added?: GivenHeaders): Promise<TaskHandle> {
    const { broker } = this;
    const { name } = this.target;
    const { key, until = 'finished' } = this.options;
    const options = this.travelling(added);
    const check = this.target.checkOfTask?.();
    if (check) await check(asReceived(payload));
    const tags = key === undefined ? undefined : encodeUnique(name, key, until);
    const queue = await this.destination();
    const { id = this.sequence.next() } = this.options;
    const { due, enqueuedAt } = this.time();
    const message = encodeMessage({ id, name, payload, enqueuedAt, options, tags });
    if (tags !== undefined) return this.sendUnique(id, queue, message, due);
    if (queue === BROADCAST_QUEUE) await broker.broadcast([message]);
    else if (due) await broker.enqueue(queue, [message], due);
    else await broker.enqueueOne(queue, message);
    return new TaskHandle(broker, { id, name, queue, added: true });
  }

  private async sendUnique(id: string, queue: string, message: string, due: Due | undefined): Promise<TaskHandle> {
    const { name } = this.target;
    const { onConflict = 'drop' } = this.options;
    const holder = await this.broker.enqueueUnique(queue, message, { due, replace: onConflict === 'replace' });
    if (holder.id !== id && onConflict === 'reject') throw duplicateKey(name, holder.id);
    return new TaskHandle(this.broker, { id: holder.id, name, queue: holder.queue, added: holder.id === id });
  }

  private encodeAll(calls: Iterable<Args>): string[] {
    if (this.options.id) throw misplaced('id', 'delay');
    if (this.options.key !== undefined) throw misplaced('key', 'delay');
    if (!isReadable(() => typeof Reflect.get(Object(calls), Symbol.iterator) === 'function')) throw notCalls();
    const payloads = Array.from(calls, (args, call) => {
      if (!isReadable(() => Array.isArray(args))) throw notArguments(call);
      return encodePayload(args, `calls[${call}]`);
    });
    const { ids } = this.options;
    if (ids && ids.length !== payloads.length) {
      throw new NestworkError(
        'INVALID_OPTION',
        `with({ ids }) names ${ids.length} ids for ${payloads.length} calls of task "${this.target.name}".`,
        'Pass the same calls in the same order as the first time.',
      );
    }
    return payloads;
  }

  private async sendMany(payloads: readonly string[], added?: GivenHeaders): Promise<TaskHandle[]> {
    const { broker } = this;
    const { name } = this.target;
    const options = this.travelling(added);
    const check = this.target.checkOfTask?.();
    // nothing is awaited without need: another call in this turn would get in before
    if (check) for (const [call, payload] of payloads.entries()) await check(asReceived(payload), `calls[${call}]`);
    if (payloads.length === 0) return [];
    const { ids = payloads.map(() => this.sequence.next()) } = this.options;
    const queue = await this.destination();
    const { due, enqueuedAt } = this.time();
    const messages = payloads.map((payload, call) => {
      return encodeMessage({ id: ids[call] as string, name, payload, enqueuedAt, options });
    });
    if (queue === BROADCAST_QUEUE) await broker.broadcast(messages);
    else await broker.enqueue(queue, messages, due);
    return ids.map((id) => new TaskHandle(broker, { id, name, queue, added: true }));
  }

  /** Known at once, unless Redis has to be asked. */
  private destination(): string | Promise<string> {
    const queue = this.options.queue ?? this.target.queueOfTask();
    return typeof queue === 'string' ? this.allowed(queue) : queue.then((found) => this.allowed(found));
  }

  /** A call by name may turn out to be a broadcast only when its queue is known. */
  private allowed(queue: string): string {
    if (queue === BROADCAST_QUEUE) assertBroadcastOptions(this.options, this.target.name);
    return queue;
  }

  /** When the calls come into their queue, in ms since 1970: now, or when they are due. */
  private time(): { due: Due | undefined; enqueuedAt: number } {
    const { clock = systemClock } = this.target;
    const now = clock();
    const due = dueOf(this.options, now);
    return { due, enqueuedAt: due && 'at' in due ? due.at : now + (due?.in ?? 0) };
  }

  /** What travels with each message of a call. Asked before anything is awaited, so that `propagate` sees the context of the caller; a wrapper of sends that awaits keeps that context. */
  private travelling(added?: GivenHeaders): CallOptions | undefined {
    const { name, propagate } = this.target;
    const { headers: own } = this.options;
    if (propagate === undefined && own === undefined && added === undefined) return this.callOptions;
    const surroundings = { ...(propagate && propagatedHeaders(propagate)), ...added };
    const headers = combineHeaders(surroundings, own, name);
    return headers ? { ...this.callOptions, headers } : this.callOptions;
  }
}

/** The arguments as a worker will get them: what checks them may change them, and must not change those of the caller. */
function asReceived(payload: string): unknown[] {
  return decodePayload(JSON.parse(payload), payload);
}

/** Both answers can throw for a proxy. */
function isReadable(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}
