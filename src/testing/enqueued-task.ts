import type { TaskHeaders } from '../message/headers.js';
import { limitKey, limitKeysOf } from '../message/limit-tag.js';
import { fairDigest, orderTagOf } from '../message/order-tag.js';
import { decodeMessage } from '../message/task-message.js';
import { type ArgumentRefs, idsOf } from '../message/task-refs.js';
import { digestsOf } from '../message/unique-key.js';
import { type PayloadCodec, PLAIN_PAYLOADS } from '../payload/payload-codec.js';
import type { CallPolicyOptions } from '../policy/policy-options.js';
import { BROADCAST_QUEUE } from '../task/broadcast.js';
import type { SentMessage } from './memory/memory-broker.js';
import { keyOf } from './memory/message-edits.js';

/**
 * A call that an app has sent, as `TestQueue.enqueued()` shows it.
 *
 * @example
 * const [report]: EnqueuedTask[] = app.get(TestQueue).enqueued('ReportTasks.send');
 * expect(report?.args).toEqual([7, { weekly: true }]);
 * expect(report?.hasKey('user-7')).toBe(true);
 */
export class EnqueuedTask {
  /** 20 characters, that of the handle */
  readonly id: string;
  /** `Class.method`, unless the decorator gives another name */
  readonly name: string;
  /** `(broadcast)` for a broadcast */
  readonly queue: string;
  /**
   * the arguments after their way through the serializer, as the task would get them; in place of the result of another task of its
   * flow `{ resultOf: '<id>' }`
   */
  readonly args: readonly unknown[];
  /** ms until it is due, counted from when it was sent; 0 for now */
  readonly delayMs: number;
  /** the options of `with()`: timeouts, retries and the like, times in ms */
  readonly options: CallPolicyOptions;
  /** headers of the call and of `propagate` */
  readonly headers: TaskHeaders;
  /** id of the batch or flow that it is part of; undefined for most */
  readonly partOf: string | undefined;
  /** 0 to 9, of `with({ priority })` or the decorator */
  readonly priority: number;
  readonly #digest: string | undefined;
  readonly #payloads: PayloadCodec;
  readonly #limitKeys: readonly string[];
  readonly #tenant: string | undefined;

  /**
   * @internal
   * @param now when it was sent, in ms since 1970
   * @param payloads of the app
   */
  constructor({ queue, message, due }: SentMessage, now: number, payloads: PayloadCodec = PLAIN_PAYLOADS) {
    const { id, name, args, options: travelled, group } = decodeMessage(message, payloads);
    const { headers = {}, refs, ...options } = travelled;
    this.id = id;
    this.name = name;
    this.queue = queue;
    this.args = refs ? withRefs(args, refs) : args;
    this.partOf = group?.group;
    this.options = options;
    this.headers = headers;
    this.delayMs = due === undefined ? 0 : 'in' in due ? due.in : Math.max(due.at - now, 0);
    this.#payloads = payloads;
    this.#digest = keyOf(message)?.digest;
    const order = orderTagOf(message);
    this.priority = order?.priority ?? 0;
    this.#tenant = order?.fair;
    this.#limitKeys = limitKeysOf(message);
  }

  /** Whether every process was to run it. */
  get broadcast(): boolean {
    return this.queue === BROADCAST_QUEUE;
  }

  /** Whether it was sent `with({ key })`. The key itself does not travel, only a digest of it. */
  hasKey(key: string): boolean {
    // that of a sealed task is another one
    return this.#digest !== undefined && digestsOf(this.name, key, this.#payloads).includes(this.#digest);
  }

  /**
   * Whether the limit of this name counts it.
   *
   * @param key the key by which it does; leave it out for a limit without keys
   * @example
   * const [charge] = app.get(TestQueue).enqueued('InvoiceTasks.charge');
   * expect(charge?.hasLimitKey('stripe', 'acme')).toBe(true);
   */
  hasLimitKey(name: string, key?: string): boolean {
    return this.#limitKeys.includes(limitKey(name, key));
  }

  /** Whether it takes the turns of this tenant: that of `fair` or `with({ fairKey })`. */
  hasFairKey(tenant: string): boolean {
    return this.#tenant === fairDigest(tenant);
  }
}

function withRefs(args: readonly unknown[], { args: refs }: ArgumentRefs): unknown[] {
  const all = [...args];
  for (const { at, list, ids } of refs) {
    const results = idsOf(ids).map((resultOf) => ({ resultOf }));
    all[at] = list ? results : results[0];
  }
  return all;
}
