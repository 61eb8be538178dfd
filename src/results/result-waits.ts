import { setTimeout as delay } from 'node:timers/promises';
import type { KeptResult, ResultBroker } from '../broker/port/result-port.js';
import { producerOf } from '../message/task-id.js';
import { inCleanContext } from '../values/clean-context.js';
import { isRedisAway } from '../values/persist.js';

/** A lost announcement costs this long at most, in ms. */
const LOOK_MS = 5_000;
/** Results of tasks that others have sent are looked for so often, in ms: first soon, then less and less often. */
const FIRST_LOOK_MS = 50;
const MOST_LOOK_MS = 1_000;
const RETRY_MS = 200;

/** One who waits. */
interface Waiter {
  readonly found: (result: KeptResult) => void;
  readonly failed: (error: unknown) => void;
}

/** A wait that can be given up. */
export interface Wait {
  /** Rejects when the connection is closed. */
  readonly result: Promise<KeptResult>;
  /** Nobody waits any more: `result` stays pending. */
  readonly giveUp: () => void;
}

export interface ResultWaitsOptions {
  readonly broker: ResultBroker;
  /** whose tasks are announced to this process */
  readonly producer: string;
  /** the error of those who still wait when the connection is closed */
  readonly closed: (id: string) => Error;
}

/**
 * Waits for results, however many, over one connection that blocks. Tasks of this process are announced on a list of its own; the
 * results of others are looked for by one command for all of them.
 *
 * An announcement is a hint. A result that was missed, because a connection broke or a reply was lost, is found by the next look.
 */
export class ResultWaits {
  private readonly waiting = new Map<string, Set<Waiter>>();
  private unread = new Set<string>();
  private following = false;
  private polling = false;

  constructor(private readonly options: ResultWaitsOptions) {}

  /** @param isNew it is not sent yet, so there is nothing to look at */
  wait(id: string, { isNew = false } = {}): Wait {
    const waiter: Waiter = { found: () => {}, failed: () => {} };
    const result = new Promise<KeptResult>((found, failed) => Object.assign(waiter, { found, failed }));
    // it may fail before anybody awaits it, while its task is being sent
    result.catch(() => {});
    const all = this.waiting.get(id) ?? new Set();
    this.waiting.set(id, all);
    all.add(waiter);
    if (!isNew) this.lookSoon(id);
    inCleanContext(() => this.begin(id));
    const giveUp = (): void => {
      all.delete(waiter);
      if (all.size === 0 && this.waiting.get(id) === all) this.waiting.delete(id);
    };
    return { result, giveUp };
  }

  private begin(id: string): void {
    if (!this.following) void this.follow();
    if (producerOf(id) !== this.options.producer && !this.polling) void this.poll();
  }

  /** Those who ask in one turn of the event loop share one look. */
  private lookSoon(id: string): void {
    if (this.unread.size === 0) {
      inCleanContext(() =>
        setImmediate(() => {
          const ids = [...this.unread];
          this.unread = new Set();
          this.look(ids).catch((error: unknown) => this.failIfFinal(error));
        }),
      );
    }
    this.unread.add(id);
  }

  /** Takes announcements for as long as anybody waits, and looks at all of them in between. */
  private async follow(): Promise<void> {
    const { broker, producer } = this.options;
    this.following = true;
    let lookedAtMs = performance.now();
    while (this.waiting.size > 0) {
      try {
        const leftMs = LOOK_MS - (performance.now() - lookedAtMs);
        if (leftMs <= 0) {
          await this.look([...this.waiting.keys()]);
          lookedAtMs = performance.now();
          continue;
        }
        const ended = await broker.ended(producer, leftMs);
        if (!ended) {
          this.fail(this.options.closed);
          break;
        }
        for (const { id, result } of ended) if (result) this.settle(id, result);
        await this.look(ended.filter(({ id, result }) => !result && this.waiting.has(id)).map(({ id }) => id));
      } catch (error) {
        this.failIfFinal(error);
        // an announcement may have been lost with the connection
        lookedAtMs = Number.NEGATIVE_INFINITY;
        await delay(RETRY_MS);
      }
    }
    this.following = false;
  }

  /** Looks for the results of tasks that others have sent. */
  private async poll(): Promise<void> {
    this.polling = true;
    for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(pauseMs * 1.5, MOST_LOOK_MS)) {
      await delay(pauseMs);
      const ids = [...this.waiting.keys()].filter((id) => producerOf(id) !== this.options.producer);
      if (ids.length === 0) break;
      await this.look(ids).catch((error: unknown) => this.failIfFinal(error));
    }
    this.polling = false;
  }

  private async look(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const results = await this.options.broker.read(ids);
    for (const [at, result] of results.entries()) {
      const id = ids[at] as string;
      if (result !== undefined) this.settle(id, result);
    }
  }

  private settle(id: string, result: KeptResult): void {
    const waiters = this.waiting.get(id) ?? [];
    this.waiting.delete(id);
    for (const { found } of waiters) found(result);
  }

  /** A look that failed is repeated while Redis is away. A right that is missing does not come by itself. */
  private failIfFinal(error: unknown): void {
    if (!isRedisAway(error)) this.fail(() => error);
  }

  private fail(errorOf: (id: string) => unknown): void {
    for (const [id, waiters] of this.waiting) for (const { failed } of waiters) failed(errorOf(id));
    this.waiting.clear();
  }
}
