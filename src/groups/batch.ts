import type { GroupBroker } from '../broker/port/group-port.js';
import type { PayloadCodec } from '../payload/payload-codec.js';
import type { BatchStatus } from './batch-status.js';
import { assertCalls, type Calls, fill, type Source } from './fill.js';
import { asNotInGroup, batchAbandoned, batchSent, lateCallback, notASender } from './group-errors.js';
import { type BatchOptions, type CheckedOptions, checkedOptions } from './group-options.js';
import { type GroupSender, memberOf } from './member-call.js';
import { callbackMessage } from './messages.js';
import { persistent } from './persistent.js';
import { cancelIn, statusIn } from './sent-group.js';

/** What batches and flows need of the app that makes them. */
export interface GroupContext {
  readonly groups: GroupBroker;
  readonly nextId: () => string;
  /** ms since 1970 */
  readonly now: () => number;
  /** opens the error of a culprit */
  readonly payloads?: PayloadCodec;
}

/**
 * A batch that was sent: many tasks, and tasks that are sent when they have ended.
 *
 * @example
 * const batch = await queue.batch({ name: 'mailing' }).add(queue.of(ReportTasks).send, calls).delay();
 * const { done, total } = await batch.status();
 */
export class Batch {
  readonly #groups: GroupBroker;
  readonly #payloads: PayloadCodec | undefined;

  /** @internal */
  constructor(
    groups: GroupBroker,
    /** 20 characters, unique for ever */
    readonly id: string,
    payloads?: PayloadCodec,
  ) {
    this.#groups = groups;
    this.#payloads = payloads;
  }

  /**
   * How the batch stands now.
   *
   * @throws NestworkError GROUP_UNKNOWN a day after its end; REDIS_UNAVAILABLE, REDIS_TIMEOUT
   */
  status(): Promise<BatchStatus> {
    return statusIn(this.#groups, 'batch', this.id, this.#payloads);
  }

  /**
   * Cancels the batch: no task of it starts any more, the signals of those that run are aborted, and `onFailed` is sent. Resolves to
   * whether it had not ended.
   *
   * @throws NestworkError GROUP_UNKNOWN, REDIS_UNAVAILABLE, REDIS_TIMEOUT
   */
  cancel(): Promise<boolean> {
    return cancelIn(this.#groups, 'batch', this.id);
  }
}

/**
 * A batch in the making. Nothing is sent before `delay()`.
 *
 * @example
 * const batch = await queue
 *   .batch({ name: 'mailing', onDone: queue.of(BatchTasks).report })
 *   .add(queue.of(ReportTasks).send, users.map((user) => [user.id, { weekly: true }]))
 *   .delay();
 */
export class BatchBuilder {
  readonly #context: GroupContext;
  readonly #options: BatchOptions;
  readonly #checked: CheckedOptions;
  readonly #sources: Source[] = [];
  #sent = false;

  /** @internal */
  constructor(context: GroupContext, options: BatchOptions = {}) {
    this.#context = context;
    this.#checked = checkedOptions(options, ['onDone', 'onFailed', 'allowFailures'], 'batch()');
    this.#options = { ...options };
    for (const which of ['onDone', 'onFailed'] as const) {
      const sender = options[which];
      if (sender !== undefined && !memberOf(sender)) throw notASender(`${which} of batch()`, sender);
    }
  }

  /**
   * Adds calls of a task. Each element is the list of arguments of one call; `delay()` takes them one after the other, so that a
   * generator may give a million of them.
   *
   * @param sender with `with()` for options of these calls; not with `key`, `id` or `ids`
   * @throws NestworkError INVALID_OPTION, also when the batch was sent
   */
  add<Args extends unknown[]>(sender: GroupSender<Args>, calls: Calls<NoInfer<Args>>): this {
    if (!memberOf(sender)) throw notASender('add() of a batch', sender);
    assertCalls(calls);
    if (this.#sent) throw batchSent();
    this.#sources.push({ sender: sender as unknown as GroupSender, calls });
    return this;
  }

  /**
   * Sends the batch. Tasks of it may run before the last one is added; callbacks wait until all are.
   *
   * Where it fails, the tasks that were added go on, and the batch is abandoned: its `onFailed` is sent. A batch is sent
   * once; a call that was rejected before Redis had the batch may be repeated.
   *
   * @throws as `delay()` of a task does; NestworkError BATCH_ABANDONED; GROUP_ENDED when somebody cancelled it meanwhile; what a
   * source throws; INVALID_OPTION for a second call, or a callback with a `delay` or `eta`
   */
  async delay(): Promise<Batch> {
    const { groups, nextId, payloads } = this.#context;
    // a source may be read only once: sent again, the batch would be done without its tasks
    if (this.#sent) throw batchSent();
    this.#sent = true;
    const id = nextId();
    try {
      await this.open(id);
    } catch (error) {
      this.#sent = false;
      throw error;
    }
    try {
      for (const source of this.#sources) await fill(id, source, groups);
    } catch (error) {
      // where Redis does not answer either, a worker finds out after a while
      await groups.seal(id, true).catch(() => {});
      throw error;
    }
    await persistent(() => groups.seal(id));
    const [record] = await groups.read([id]);
    if (record?.state === 'abandoned') throw batchAbandoned(id);
    return new Batch(groups, id, payloads);
  }

  private async open(id: string): Promise<void> {
    const { groups, now } = this.#context;
    const { onDone, onFailed, allowFailures } = this.#options;
    const [done, failed] = [await callback('onDone', onDone), await callback('onFailed', onFailed)];
    const policy = allowFailures ? 'end' : 'fail';
    const group = { id, kind: 'batch', policy, ...this.#checked, openedAt: now(), done, failed } as const;
    await persistent(() => groups.open(group));
  }
}

async function callback(which: string, sender: GroupSender<[BatchStatus]> | undefined) {
  const member = sender && memberOf(sender);
  if (!member) return undefined;
  let made: { queue: string; message: string } | undefined;
  await member(1, async (call) => {
    if (call.due) throw lateCallback(which, call.name);
    made = { queue: call.queue, message: callbackMessage(call, which) };
    return [{ id: made.message.slice(0, 20), queue: call.queue, added: true }];
  });
  return made;
}

/**
 * The batch of the running task, as `context.batch` gives it.
 *
 * @example
 * const { id } = context.batch;
 * await context.batch.add(queue.of(ReportTasks).send, [[7, { weekly: true }]]);
 */
export class BatchOfTask {
  /** @internal */
  constructor(
    /** id of the batch */
    readonly id: string,
  ) {}

  /**
   * Adds calls of a task to the batch while it runs. Once it resolves, they are in Redis, and the callbacks of the batch wait for them,
   * too. An attempt that runs again adds them again.
   *
   * @returns how many
   * @throws NestworkError GROUP_ENDED, NOT_IN_GROUP in a task of a flow, INVALID_OPTION; as `delay()` of a task does
   */
  add<Args extends unknown[]>(sender: GroupSender<Args>, calls: Calls<NoInfer<Args>>): Promise<number> {
    return fill(this.id, { sender: sender as unknown as GroupSender, calls }).catch((error: unknown) => {
      throw asNotInGroup('batch', error);
    });
  }
}
