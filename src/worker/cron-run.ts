import { hostname } from 'node:os';
import type { CronRun } from '../broker/port/broker.js';
import { type Clock, systemClock } from '../values/clock.js';
import { LogOnce } from '../values/log-once.js';
import { describeError } from './describe-error.js';
import type { Outcome, OutcomeListener } from './executor.js';
import type { RunningTask } from './running-task.js';
import { WorkerLog } from './worker-log.js';

/** What a list of crons shows of an error. */
const MAX_ERROR = 300;

type RecordRun = (cron: string, run: CronRun) => Promise<void>;

/**
 * Notes how a task ended if a cron sent it. Sent before the end of its claim, it is there when the task is gone.
 *
 * A note that cannot be taken is given up: it is for people, and the next run brings another.
 */
export function cronRuns(record: RecordRun, clock: Clock = systemClock): OutcomeListener {
  const log = new WorkerLog('TaskWorker');
  const logOnce = new LogOnce((what) => log.warn(`How a run of a cron ended was not noted: ${what}`));
  return (task, outcome) => {
    const { cron } = task.message.options;
    if (cron !== undefined) record(cron, runOf(task, outcome, clock)).catch(logOnce.about);
  };
}

function runOf(task: RunningTask, outcome: Outcome, clock: Clock): CronRun {
  const { id, attempt, message } = task;
  const { durationMs } = outcome;
  const { due } = message.options;
  return {
    id,
    due: due === undefined ? undefined : Math.round(due),
    attempt,
    startedAt: Math.round(clock() - durationMs),
    durationMs: Math.round(durationMs),
    waitedMs: attempt === 1 ? Math.max(Math.round(clock() - durationMs - message.enqueuedAt), 0) : undefined,
    outcome: outcomeOf(outcome),
    error: outcome.kind === 'failed' ? task.sealedText(describeError(outcome.error, MAX_ERROR).error) : undefined,
    host: hostname(),
    pid: process.pid,
  };
}

function outcomeOf(outcome: Outcome): CronRun['outcome'] {
  if (outcome.kind === 'done') return 'done';
  const { kind } = outcome.decision;
  return kind === 'retry' ? 'failed' : kind === 'drop' ? 'dropped' : 'dead';
}
