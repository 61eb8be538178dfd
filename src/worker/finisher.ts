import type { ChildBroker, Claimant, ClaimedTask, Retry } from '../broker/port/broker.js';
import type { FinishedTask } from '../broker/port/result-port.js';
import { NestworkError } from '../errors.js';
import type { ScoreboardWriter } from '../ipc/scoreboard-writer.js';
import { encodeCancelled } from '../message/task-result.js';
import { RetryTask } from '../policy/task-errors.js';
import type { TaskStateWord } from '../task/task-states.js';
import { errorText } from '../values/error-text.js';
import { NewNames } from '../values/log-once.js';
import { isLeaseLost, persist } from '../values/persist.js';
import { printable, printableStack } from '../values/printable.js';
import { printedText } from '../values/printed.js';
import { describeError } from './describe-error.js';
import type { Failure, Outcome } from './executor.js';
import { lineOf, reportOf } from './failure-record.js';
import { keptOf } from './kept-result.js';
import { isParked } from './preflight.js';
import type { RunningTask } from './running-task.js';
import { runningTask } from './task-context.js';
import { WorkerLog } from './worker-log.js';

/** How long an ack waits for a claim to ride on, in ms. */
const ACK_WAIT_MS = 10;
const RETRY_MS = 200;
/** So many results, or so many characters of them, go in one command: one script writes them, while all others wait. */
const MOST_KEPT = 100;
const MOST_KEPT_CHARACTERS = 1_000_000;

export interface FinisherOptions {
  readonly broker: ChildBroker;
  readonly claimant: Claimant;
  readonly scoreboard: ScoreboardWriter;
  /** Redis no longer counts these tasks among those of this child. */
  readonly onEnded: (ids: readonly string[]) => void;
  /** Redis counts no task among those of this child. */
  readonly onLeaseLost: () => void;
  /** A command failed; it is repeated. */
  readonly onError: (error: unknown) => void;
  /** Redis refused to take tasks back, for which claims have to wait; the command is repeated. */
  readonly onRefused: (error: unknown) => void;
}

/**
 * Ends claims: each in exactly one of ack, retry, release, bury, repeated until Redis answers. Logs each task that failed.
 *
 * Acks are collected, so that they ride on the next claim; one that finds no claim in time is sent on its own.
 */
export class Finisher {
  private readonly logger = new WorkerLog('TaskWorker');
  /** names without a handler that were logged: their tasks come again and again, and would fill the log */
  private readonly unknown = new NewNames();
  private acks: string[] = [];
  private kept: FinishedTask[] = [];
  private keptCharacters = 0;
  /** commands under way that end tasks with their results */
  private finishing = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly underWay = new Set<Promise<void>>();
  private readonly returning = new Set<Promise<void>>();
  private severed = false;

  constructor(private readonly options: FinisherOptions) {}

  /** @param giveBack once the grace of a shutdown is over: a task that fails now is given back, because its signal was aborted */
  finish(claimed: ClaimedTask, task: RunningTask, outcome: Outcome, giveBack: (() => void) | undefined): void {
    const { scoreboard } = this.options;
    if (outcome.kind === 'failed' && outcome.decision.kind !== 'drop') {
      scoreboard.failed(claimed.id);
      return giveBack ? giveBack() : this.fail(claimed, outcome);
    }
    if (outcome.kind === 'failed') this.logDropped(task, outcome.error);
    scoreboard.done(claimed.id);
    const { result, group, limited } = task.message;
    if (result || group || limited)
      this.keep({ id: claimed.id, result: keptOf(task, outcome), inGroup: group !== undefined, limited });
    // an ack that rides on a claim frees no key
    else if (task.message.unique === 'finished') this.ackNow([claimed.id]);
    else this.ack(claimed.id);
  }

  /** A task ends that has not started, because somebody has stopped its batch or flow. */
  endCancelled({ id }: ClaimedTask): void {
    this.keep({ id, result: encodeCancelled(), inGroup: true });
  }

  /** Retries or buries a task, also one that could not be started. */
  fail(claimed: ClaimedTask, failure: Failure): void {
    const { code, error: text, stack } = describeError(failure.error);
    const { name = 'without a handler', attempt } = failure.task ?? {};
    const which = `${printable(name)} ${printable(claimed.id)}`;
    const error = printedText(text, code !== 'TASK_FAILED');
    if (failure.decision.kind === 'retry') {
      const { inMs, stop } = failure.decision;
      if (!isParked(code) || this.unknown.isNew(printable(name))) {
        const line = `Task ${which} ${againText(failure, { inMs, stop }, attempt)}: ${error}`;
        within(failure.task, () => this.logger.warn(line));
      }
      this.retry(claimed, failure, { inMs, stop });
    } else {
      within(failure.task, () => this.logger.error(`Task ${which} is dead: ${error}`, stack && printableStack(stack)));
      this.bury(claimed, failure);
    }
  }

  /** Ends a task with its result. Those that end in one turn of the event loop go together. */
  private keep(task: FinishedTask): void {
    // the first goes at once, for the one who waits; others that end meanwhile go together
    if (this.kept.length === 0) (this.finishing === 0 ? queueMicrotask : setImmediate)(() => this.sendKept());
    this.kept.push(task);
    this.keptCharacters += task.result.length;
    if (this.kept.length === MOST_KEPT || this.keptCharacters > MOST_KEPT_CHARACTERS) this.sendKept();
  }

  private sendKept(): void {
    const tasks = this.kept;
    if (tasks.length === 0) return;
    this.kept = [];
    this.keptCharacters = 0;
    const { broker, claimant } = this.options;
    const ids = tasks.map(({ id }) => id);
    this.finishing += 1;
    void this.send(ids, () => broker.results.finish(claimant, tasks), false).finally(() => {
      this.finishing -= 1;
    });
  }

  /** Whether acks wait for a claim. */
  get acksWait(): boolean {
    return this.acks.length > 0;
  }

  ack(id: string): void {
    this.acks.push(id);
    this.timer ??= setTimeout(() => this.flush(), ACK_WAIT_MS);
  }

  /** Hands the waiting acks to a claim; give them back by `ack` if it fails. */
  takeAcks(): string[] {
    clearTimeout(this.timer);
    this.timer = undefined;
    const ids = this.acks;
    this.acks = [];
    return ids;
  }

  /** Sends the waiting acks now: before this returns they are on their way. */
  flush(): void {
    this.sendKept();
    const ids = this.takeAcks();
    if (ids.length > 0) this.ackNow(ids);
  }

  /**
   * Resolves when Redis has taken the tasks back. The number of the claim that brought them keeps a copy of this
   * command that arrives late from doing the same to a later claim; a child that claims no more gives none.
   */
  release(ids: readonly string[], claimNumber?: number): Promise<void> {
    const { broker, claimant } = this.options;
    return this.send(ids, () => broker.release(claimant, ids, claimNumber), true);
  }

  /**
   * Whether an answer to a retry, a release or a burial is missing. A claim has to wait for that: were such a task claimed
   * again before the answer is here, it could not be distinguished from the one that was given back.
   */
  get isReturning(): boolean {
    return this.returning.size > 0;
  }

  /** Resolves when these answers are here. Others may be missing by then. */
  async returned(): Promise<void> {
    await Promise.all(this.returning);
  }

  /** Resolves when everything is sent and answered. */
  async settled(): Promise<void> {
    this.flush();
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  /** Redis is asked no more, as if it had refused: for a loop whose tasks run on although others have them. */
  sever(): void {
    this.severed = true;
  }

  private logDropped(task: RunningTask, error: unknown): void {
    const state: TaskStateWord = task.cancelled ? 'cancelled' : 'dropped';
    const [why = ''] = errorText(error).split('\n', 1);
    const line = `Task ${printable(task.name)} ${printable(task.id)} was ${state}: ${printedText(why, false)}`;
    within(task, () => this.logger.log(line));
  }

  private ackNow(ids: readonly string[]): void {
    const { broker, claimant } = this.options;
    void this.send(ids, () => broker.ack(claimant, ids), false);
  }

  private retry(task: ClaimedTask, failure: Failure, wait: Pick<Retry, 'inMs' | 'stop'>): void {
    const { broker, claimant } = this.options;
    const { failures = 0 } = failure.task?.message ?? {};
    const retry = { ...wait, failures, line: lineOf(failure, Date.now()), counts: failure.attempted };
    void this.send([task.id], () => broker.retry(claimant, task, retry), true);
  }

  private bury(task: ClaimedTask, failure: Failure): void {
    const { broker, claimant } = this.options;
    const line = failure.attempted ? lineOf(failure, Date.now()) : '';
    const report = reportOf(failure);
    void this.send([task.id], () => broker.bury(claimant, task, report, line), true);
  }

  /** Repeats a command until it is answered. An answer that was lost is no answer: the scripts recognise a repetition. */
  private send(ids: readonly string[], command: () => Promise<unknown>, returns: boolean): Promise<void> {
    const { onEnded, onLeaseLost, onError, onRefused } = this.options;
    const report = (error: unknown): void => (returns && isRefusal(error) ? onRefused(error) : onError(error));
    const isFinal = (error: unknown): boolean => this.severed || isLeaseLost(error);
    const sent = this.severed ? Promise.reject() : persist(command, { retryMs: RETRY_MS, onError: report, isFinal });
    const ending = sent
      .then(() => onEnded(ids), onLeaseLost)
      .finally(() => {
        this.underWay.delete(ending);
        this.returning.delete(ending);
      });
    this.underWay.add(ending);
    if (returns) this.returning.add(ending);
    return ending;
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof NestworkError && (error.code === 'REDIS_REFUSED' || error.code === 'REDIS_FORBIDDEN');
}

/** So that a logger which adds the running task to its lines finds it. */
function within(task: RunningTask | undefined, log: () => void): void {
  if (task) runningTask.run(task, log);
  else log();
}

/** Who asks to run again has not failed. */
function againText(
  { attempted, error }: Failure,
  { inMs, stop }: Pick<Retry, 'inMs' | 'stop'>,
  attempt: number | undefined,
): string {
  if (!attempted) return `cannot be run here and is tried again in ${inMs} ms`;
  if (!(error instanceof RetryTask)) return `failed at attempt ${attempt} and is tried again in ${inMs} ms`;
  const asked = `asked at attempt ${attempt} to run again in ${inMs} ms`;
  return stop ? `${asked}, and stops the limit ${printable(error.limit ?? '')} until then` : asked;
}
