import type { TaskBroker } from '../broker/port/broker.js';
import type { KeptResult, ResultBroker } from '../broker/port/result-port.js';
import { NestworkError } from '../errors.js';
import { resultTagOf } from '../message/result-tag.js';
import { idsOf } from '../message/task-refs.js';
import { decodeResult, type TaskResult } from '../message/task-result.js';
import type { PayloadCodec } from '../payload/payload-codec.js';
import { soon } from '../values/soon.js';
import { failureOf } from './failure-of.js';
import { notKept, ResultExpiredError, ResultTimeoutError } from './result-errors.js';
import type { Patience } from './result-options.js';
import { ResultWaits, type Wait } from './result-waits.js';

/** What is known of the result of a task that this process has sent. */
export interface SentResult {
  /** ms since 1970, by the clock of this process */
  readonly sentAt: number;
  /** undefined when the task keeps no result */
  readonly seconds: number | undefined;
}

export interface ResultsOptions {
  readonly broker: { readonly results: ResultBroker } & Pick<TaskBroker, 'locate'>;
  /** whose tasks are announced to this process */
  readonly producer: string;
  /** opens those that are sealed */
  readonly payloads?: PayloadCodec;
}

/** How long a wait goes on over its timeout, to look once more, in ms. */
const LAST_LOOK_MS = 500;

/** The results of tasks, for those who wait for them. */
export class Results {
  private readonly waits: ResultWaits;

  constructor(private readonly options: ResultsOptions) {
    const { broker, producer } = options;
    this.waits = new ResultWaits({ broker: broker.results, producer, closed });
  }

  /**
   * Begins to wait, before a task is sent, so that its end cannot be missed.
   *
   * @param isNew it was never sent before, so there is nothing to look at
   */
  wait(id: string, { isNew }: { readonly isNew: boolean }): Wait {
    return this.waits.wait(id, { isNew });
  }

  /**
   * The value that a task returned, once it has ended.
   *
   * @throws NestworkError, see TaskHandle.result
   */
  async of(id: string, patience: Patience, sent?: SentResult): Promise<unknown> {
    patience.signal?.throwIfAborted();
    if (sent && sent.seconds === undefined) throw notKept(id);
    let isExpected = sent?.seconds !== undefined && Date.now() - sent.sentAt <= sent.seconds * 1_000;
    if (!isExpected) {
      const [kept] = await this.options.broker.results.read([id]);
      const result = kept && this.decoded(id, kept);
      if (result && result.kind !== 'passed') return valueOrError(id, result);
      isExpected = kept !== undefined;
    }
    return this.awaited(id, this.waits.wait(id), patience, isExpected);
  }

  /**
   * The value of a task that has not ended.
   *
   * @param isExpected whether it is there, and keeps its result; otherwise it is searched for meanwhile
   */
  async awaited(id: string, wait: Wait, { timeoutMs, signal }: Patience, isExpected = true): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    let abort = (): void => {};
    const end = new Promise<KeptResult>((found, reject) => {
      const give = (): void => reject(new ResultTimeoutError(id, timeoutMs));
      timer = setTimeout(() => void this.lastLook(id).then((result) => (result ? found(result) : give())), timeoutMs);
      abort = () => reject(signal?.reason);
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort, { once: true });
    });
    try {
      const result = this.decoded(id, await Promise.race([wait.result, end, this.comes(id, isExpected)]));
      if (result.kind !== 'passed') return valueOrError(id, result);
      // others of its flow have the value, and may not have ended
      const values = await Promise.all(idsOf(result.ids).map((other) => this.of(other, { timeoutMs, signal })));
      return result.list ? values : values[0];
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      wait.giveUp();
    }
  }

  private decoded(id: string, result: KeptResult): TaskResult {
    return result === 'cancelled' ? { kind: 'cancelled' } : decodeResult(result.stored, id, this.options.payloads);
  }

  /** Rejects when there is nothing to wait for. Where a test runs the tasks of this process itself, it resolves at once. */
  private async comes(id: string, isExpected: boolean): Promise<KeptResult> {
    const found = isExpected ? undefined : await this.search(id);
    return found ?? (await this.options.broker.results.awaited?.(id)) ?? new Promise(() => {});
  }

  /** Nobody has announced it: it may have left its queue without an end, or the announcement was lost. */
  private async lastLook(id: string): Promise<KeptResult | undefined> {
    const read = this.options.broker.results.read([id]).catch(() => []);
    return (await soon(read, LAST_LOOK_MS))?.[0];
  }

  /** For a task of which nobody here knows whether it keeps anything. Resolves to undefined while it has not ended. */
  private async search(id: string): Promise<KeptResult | undefined> {
    const { broker } = this.options;
    const { state, message } = await broker.locate(id);
    if (message !== undefined && state !== 'cancelled') {
      if (resultTagOf(message)) return undefined;
      throw notKept(id);
    }
    // it may have ended while it was looked for
    const [now] = await broker.results.read([id]);
    if (now) return now;
    throw new ResultExpiredError(id, state === 'dead');
  }
}

function valueOrError(id: string, result: Exclude<TaskResult, { kind: 'passed' }>): unknown {
  switch (result.kind) {
    case 'done':
      return result.value;
    case 'unkept':
      throw new NestworkError(result.code, `Task ${id} is done, and its result is lost: ${result.error}`, [
        'Store the data elsewhere (a database, an object store) and return a reference to it.',
      ]);
    default:
      throw failureOf(id, result);
  }
}

function closed(id: string): NestworkError {
  return new NestworkError(
    'REDIS_UNAVAILABLE',
    `The app was closed while it waited for the result of task ${id}.`,
    'Await results before app.close(); the result is kept, and can be awaited again by its id.',
  );
}
