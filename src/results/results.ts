import type { TaskBroker } from '../broker/port/broker.js';
import type { KeptResult, ResultBroker } from '../broker/port/result-port.js';
import { type ErrorCode, NestworkError } from '../errors.js';
import { resultTagOf } from '../message/result-tag.js';
import { idsOf } from '../message/task-refs.js';
import { decodeResult, type TaskResult } from '../message/task-result.js';
import { soon } from '../values/soon.js';
import { notKept, ResultExpiredError, ResultTimeoutError, TaskFailedError } from './result-errors.js';
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
      if (kept && !passedOn(id, kept)) return resultOf(id, kept);
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
      const result = await Promise.race([wait.result, end, this.comes(id, isExpected)]);
      const passed = passedOn(id, result);
      if (!passed) return resultOf(id, result);
      // others of its flow have the value, and may not have ended
      const values = await Promise.all(idsOf(passed.ids).map((other) => this.of(other, { timeoutMs, signal })));
      return passed.list ? values : values[0];
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      wait.giveUp();
    }
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

/** The tasks whose results stand for that of this one, if they do. */
function passedOn(id: string, result: KeptResult): Extract<TaskResult, { kind: 'passed' }> | undefined {
  if (result === 'cancelled' || !result.stored.startsWith('n')) return undefined;
  const decoded = decodeResult(result.stored, id);
  return decoded.kind === 'passed' ? decoded : undefined;
}

function resultOf(id: string, result: KeptResult): unknown {
  const decoded = result === 'cancelled' ? { kind: result } : decodeResult(result.stored, id);
  switch (decoded.kind) {
    case 'done':
      return decoded.value;
    case 'failed':
      throw new TaskFailedError(decoded.code as ErrorCode, id, decoded.error, decoded.attempts);
    case 'dropped':
      throw new TaskFailedError('TASK_DROPPED', id, decoded.error, decoded.attempts);
    case 'cancelled':
    case 'passed':
      throw new TaskFailedError('TASK_CANCELLED', id, '', 0);
    case 'unkept':
      throw new NestworkError(decoded.code, `Task ${id} is done, and its result is lost: ${decoded.error}`, [
        'Store the data elsewhere (a database, an object store) and return a reference to it.',
      ]);
  }
}

function closed(id: string): NestworkError {
  return new NestworkError(
    'REDIS_UNAVAILABLE',
    `The app was closed while it waited for the result of task ${id}.`,
    'Await results before app.close(); the result is kept, and can be awaited again by its id.',
  );
}
