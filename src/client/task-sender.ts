import type { Due, ProducerBroker, TaskBroker } from '../broker/broker.js';
import { NestworkError } from '../errors.js';
import { BROADCAST_QUEUE } from '../task/broadcast.js';
import type { CallOptions } from '../task/call-options.js';
import type { Clock } from '../task/clock.js';
import { encodePayload } from '../task/payload.js';
import { toCallOptions } from '../task/policy-options.js';
import type { TaskIdSequence } from '../task/task-id.js';
import { encodeMessage } from '../task/task-message.js';
import { encodeUnique } from '../task/unique-key.js';
import { assertBroadcastOptions } from './broadcast-options.js';
import { assertSendOptions, dueOf, type SendOptions } from './send-options.js';
import { TaskHandle } from './task-handle.js';

/** Finds the queue of a task that is sent without naming one. */
export type QueueOfTask = () => string | Promise<string>;

interface Target {
  readonly name: string;
  readonly queueOfTask: QueueOfTask;
  readonly queues: readonly string[];
  /** it is known to be a broadcast; of what is sent by name that turns out with its queue */
  readonly broadcast?: boolean;
  readonly clock: Clock;
}

/** Sends calls of one task. Immutable: `with()` returns another sender. */
export class TaskSender<Args extends unknown[]> {
  constructor(
    private readonly broker: ProducerBroker & TaskBroker,
    private readonly sequence: TaskIdSequence,
    private readonly target: Target,
    private readonly options: SendOptions,
  ) {}

  /**
   * The same sender with other options.
   *
   * @throws NestworkError INVALID_OPTION, INVALID_DURATION, UNKNOWN_QUEUE, INVALID_TASK_ID
   * @example
   * await reports.send.with({ delay: '10m', queue: 'bulk' }).delay(7, { weekly: false });
   * @example
   * // runs once, two seconds after the last of several calls
   * await search.reindex.with({ key: `shop-${id}`, onConflict: 'replace', delay: '2s' }).delay(id);
   */
  with(options: SendOptions): TaskSender<Args> {
    const { name, queues, broadcast } = this.target;
    const all = { ...this.options, ...options };
    if (broadcast) assertBroadcastOptions(all, name);
    assertSendOptions(all, name, queues);
    return new TaskSender(this.broker, this.sequence, this.target, all);
  }

  /**
   * Enqueues one call. Once it resolves, the task is in Redis and will run.
   *
   * @throws NestworkError UNSERIALIZABLE_ARGUMENT, PAYLOAD_TOO_LARGE, PAYLOAD_TOO_DEEP: nothing was sent;
   * DUPLICATE_KEY: nothing was added, because the key is taken; REDIS_UNAVAILABLE, REDIS_OUT_OF_MEMORY, REDIS_REFUSED: nothing was added
   * @throws EnqueueUnconfirmedError when Redis did not answer in time: repeat with the same id
   */
  async delay(...args: Args): Promise<TaskHandle> {
    if (this.options.ids) throw misplaced('ids', 'delayMany');
    const payload = encodePayload(args);
    if (this.options.key !== undefined) return this.sendUnique(payload, this.options.key);
    const [handle] = await this.send([payload], this.options.id ? [this.options.id] : undefined);
    return handle as TaskHandle;
  }

  /**
   * Enqueues many calls in order, in far fewer round trips. Every argument is checked before the first is sent.
   *
   * @throws as `delay()` does; after an EnqueueUnconfirmedError, repeat all of them with its `taskIds`
   * @example
   * await reports.send.delayMany(users.map((user) => [user.id, { weekly: true }]));
   */
  async delayMany(calls: Iterable<Args>): Promise<TaskHandle[]> {
    if (this.options.id) throw misplaced('id', 'delay');
    if (this.options.key !== undefined) throw misplaced('key', 'delay');
    const payloads = Array.from(calls, (args, call) => {
      if (!Array.isArray(args)) throw notArguments(call);
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
    return payloads.length === 0 ? [] : this.send(payloads, ids);
  }

  private async send(payloads: readonly string[], ids?: readonly string[]): Promise<TaskHandle[]> {
    const { name } = this.target;
    const queue = await this.destination();
    const { due, ...common } = this.common();
    const handles: TaskHandle[] = [];
    const messages = payloads.map((payload, call) => {
      const id = ids?.[call] ?? this.sequence.next();
      handles.push(new TaskHandle(this.broker, { id, name, queue, added: true }));
      return encodeMessage({ id, payload, ...common });
    });
    if (queue === BROADCAST_QUEUE) await this.broker.broadcast(messages);
    else await this.broker.enqueue(queue, messages, due);
    return handles;
  }

  private async sendUnique(payload: string, key: string): Promise<TaskHandle> {
    const { name } = this.target;
    const { until = 'finished', onConflict = 'drop', id = this.sequence.next() } = this.options;
    const unique = encodeUnique(name, key, until);
    const queue = await this.destination();
    const { due, ...common } = this.common();
    const message = encodeMessage({ id, payload, unique, ...common });
    const holder = await this.broker.enqueueUnique(queue, message, { due, replace: onConflict === 'replace' });
    if (holder.id !== id && onConflict === 'reject') throw duplicateKey(name, holder.id);
    return new TaskHandle(this.broker, { id: holder.id, name, queue: holder.queue, added: holder.id === id });
  }

  private async destination(): Promise<string> {
    const queue = this.options.queue ?? (await this.target.queueOfTask());
    // what is sent by name may turn out to be a broadcast only now
    if (queue === BROADCAST_QUEUE) assertBroadcastOptions(this.options, this.target.name);
    return queue;
  }

  /** What all messages of one call share. A scheduled task comes into its queue when it is due. */
  private common(): { name: string; due: Due | undefined; enqueuedAt: number; options: CallOptions | undefined } {
    const now = this.target.clock();
    const due = dueOf(this.options, now);
    const enqueuedAt = due === undefined ? now : 'in' in due ? now + due.in : due.at;
    return { name: this.target.name, due, enqueuedAt, options: toCallOptions(this.options) };
  }
}

function duplicateKey(task: string, id: string): NestworkError {
  return new NestworkError('DUPLICATE_KEY', `The key of this call of task "${task}" is taken by task ${id}.`, [
    "Wait for that task, or use onConflict: 'drop' or 'replace'.",
  ]);
}

function notArguments(call: number): NestworkError {
  return new NestworkError(
    'INVALID_OPTION',
    `delayMany() got something at calls[${call}] that is not a list of arguments.`,
    'Give a list for each call, also for a single argument: [[1], [2]].',
  );
}

function misplaced(option: string, method: string): NestworkError {
  return new NestworkError(
    'INVALID_OPTION',
    `with({ ${option} }) belongs to ${method}().`,
    `Call ${method}() instead.`,
  );
}
