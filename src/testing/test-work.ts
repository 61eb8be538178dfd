import type {
  BroadcastOutcome,
  ClaimedTask,
  CronRun,
  DeathReport,
  PromoterBroker,
  Retry,
} from '../broker/port/broker.js';
import type { NotesWrite } from '../broker/port/notes-port.js';
import type { ResultBroker } from '../broker/port/result-port.js';
import type { DoneRecord } from '../task/done-record.js';

/**
 * How a test takes tasks one by one, and ends them, as the only child of a worker that never dies. Each way to end a task
 * resolves to false when it was no longer held.
 */
export interface TestClaims {
  /** Takes the next pending task, over the queues in the order of their priority. */
  next(): Promise<ClaimedTask | undefined>;
  /** @param result what is kept of it, for a task that keeps its result */
  done(task: ClaimedTask, result?: string): Promise<boolean>;
  /** Lets it run again later. */
  retry(task: ClaimedTask, retry: Retry): Promise<boolean>;
  /** Ends it as dead; `line` is the history of its last attempt, if there was one. */
  bury(task: ClaimedTask, report: DeathReport, line: string): Promise<boolean>;
  /** Notes how a run of a cron ended. */
  recordRun(cron: string, run: CronRun): Promise<void>;
  /** Adds to the notes of a task that is held. */
  note(notes: NotesWrite): Promise<boolean>;
  /** Keeps tasks of one name that are done. */
  keepDone(task: string, most: number, records: readonly DoneRecord[]): Promise<void>;
}

/** How a test takes the broadcasts that were sent since its app was made. */
export interface TestBroadcasts {
  /** The next ones, the oldest first, each once; some of them when they are many, none when all were taken. */
  next(): Promise<readonly string[]>;
  /** Notes how one ended. */
  record(id: string, outcome: BroadcastOutcome): Promise<void>;
}

/** The parts that a test worker takes tasks and broadcasts from. */
export interface TestWork extends Pick<PromoterBroker, 'promote'> {
  readonly results: Pick<ResultBroker, 'read'>;
  readonly claims: TestClaims;
  readonly broadcasts: TestBroadcasts;
}
