import type { ProducerBroker } from '../broker/broker.js';
import { NestworkError } from '../errors.js';
import { unknownQueue } from '../options.js';
import { BROADCAST_QUEUE } from '../task/broadcast.js';
import { assertKnownOptions } from '../task/known-options.js';
import { encodePayload } from '../task/payload.js';
import { assertTaskId, type TaskIdSequence } from '../task/task-id.js';
import { encodeMessage } from '../task/task-message.js';
import { assertBroadcastOptions } from './broadcast-options.js';

/** A task that is enqueued. */
export interface TaskHandle {
  /** 20 characters, unique for ever */
  readonly id: string;
  readonly name: string;
  /** `(broadcast)` for a broadcast, which has none */
  readonly queue: string;
}

/** How to send, for one call. */
export interface SendOptions {
  /** Queue to use instead of the task's own; one of the `queues` of `TaskQueueModule`. */
  queue?: string;
  /** Id of an earlier `delay()` whose outcome is unknown; within ten minutes it is added at most once. */
  id?: string;
  /** Ids of an earlier `delayMany()` whose outcome is unknown, in its order. */
  ids?: readonly string[];
}

/** Finds the queue of a task that is sent without naming one. */
export type QueueOfTask = () => string | Promise<string>;

interface Target {
  readonly name: string;
  readonly queueOfTask: QueueOfTask;
  readonly queues: readonly string[];
  /** it is known to be a broadcast; of what is sent by name that turns out with its queue */
  readonly broadcast: boolean;
}

/** Sends calls of one task. Immutable: `with()` returns another sender. */
export class TaskSender<Args extends unknown[]> {
  constructor(
    private readonly broker: ProducerBroker,
    private readonly sequence: TaskIdSequence,
    private readonly target: Target,
    private readonly options: SendOptions,
  ) {}

  /**
   * The same sender with other options.
   *
   * @throws NestworkError UNKNOWN_QUEUE, INVALID_TASK_ID
   * @example
   * await reports.send.with({ queue: 'bulk' }).delay(7, { weekly: false });
   */
  with(options: SendOptions): TaskSender<Args> {
    const { name, queues, broadcast } = this.target;
    if (broadcast) assertBroadcastOptions(options, name);
    assertKnownOptions(options, ['queue', 'id', 'ids'], `with() on task "${name}"`);
    if (options.queue !== undefined && !queues.includes(options.queue)) {
      throw unknownQueue(options.queue, `with({ queue }) on task "${name}"`, queues);
    }
    if (options.id !== undefined) assertTaskId(options.id);
    options.ids?.forEach(assertTaskId);
    assertDistinct(options.ids ?? []);
    return new TaskSender(this.broker, this.sequence, this.target, { ...this.options, ...options });
  }

  /**
   * Enqueues one call. Once it resolves, the task is in Redis and will run.
   *
   * @throws NestworkError UNSERIALIZABLE_ARGUMENT, PAYLOAD_TOO_LARGE, PAYLOAD_TOO_DEEP: nothing was sent;
   * REDIS_UNAVAILABLE, REDIS_OUT_OF_MEMORY, REDIS_REFUSED: nothing was added
   * @throws EnqueueUnconfirmedError when Redis did not answer in time: repeat with the same id
   */
  async delay(...args: Args): Promise<TaskHandle> {
    if (this.options.ids) throw misplaced('ids', 'delayMany');
    const payload = encodePayload(args);
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

  private hand(queue: string, messages: readonly string[]): Promise<number> {
    return queue === BROADCAST_QUEUE ? this.broker.broadcast(messages) : this.broker.enqueue(queue, messages);
  }

  private async send(payloads: readonly string[], ids?: readonly string[]): Promise<TaskHandle[]> {
    const { name, queueOfTask } = this.target;
    const queue = this.options.queue ?? (await queueOfTask());
    if (queue === BROADCAST_QUEUE) assertBroadcastOptions(this.options, name);
    const enqueuedAt = Date.now();
    const handles: TaskHandle[] = [];
    const messages = payloads.map((payload, call) => {
      const id = ids?.[call] ?? this.sequence.next();
      handles.push({ id, name, queue });
      return encodeMessage({ id, name, payload, enqueuedAt });
    });
    await this.hand(queue, messages);
    return handles;
  }
}

function notArguments(call: number): NestworkError {
  return new NestworkError(
    'INVALID_OPTION',
    `delayMany() got something at calls[${call}] that is not a list of arguments.`,
    'Give a list for each call, also for a single argument: [[1], [2]].',
  );
}

/** The second call under an id would count as a repetition of the first, and be lost. */
function assertDistinct(ids: readonly string[]): void {
  const seen = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) {
      throw new NestworkError('INVALID_OPTION', `with({ ids }) has ${id} twice.`, 'Give each call an id of its own.');
    }
    seen.add(id);
  }
}

function misplaced(option: string, method: string): NestworkError {
  return new NestworkError(
    'INVALID_OPTION',
    `with({ ${option} }) belongs to ${method}().`,
    `Call ${method}() instead.`,
  );
}
