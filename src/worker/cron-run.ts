import { hostname } from 'node:os';
import type { ChildBroker, Claimant, CronRun } from '../broker/broker.js';
import { type Clock, systemClock } from '../task/clock.js';
import { describeError } from './describe-error.js';
import type { Outcome } from './executor.js';
import type { RunningTask } from './running-task.js';

/** What a list of crons shows of an error. */
const MAX_ERROR = 300;

/**
 * Notes how a task ended if a cron sent it. Sent before the end of its claim, it is there when the task is gone.
 *
 * A note that cannot be taken is given up: it is for people, and the next run brings another.
 */
export function noteCronRun(
  { broker, claimant }: { readonly broker: Pick<ChildBroker, 'crons'>; readonly claimant: Claimant },
  task: RunningTask,
  outcome: Outcome,
  onError: (error: unknown) => void,
): void {
  const { cron } = task.message.options;
  if (cron !== undefined) broker.crons.recordRun(claimant, cron, cronRunOf(task, outcome, systemClock)).catch(onError);
}

/** What is noted of a run that ended a moment ago. */
export function cronRunOf({ id, attempt, message }: RunningTask, outcome: Outcome, clock: Clock): CronRun {
  const { durationMs } = outcome;
  return {
    id,
    attempt,
    startedAt: Math.round(clock() - durationMs),
    durationMs: Math.round(durationMs),
    waitedMs: attempt === 1 ? Math.max(Math.round(clock() - durationMs - message.enqueuedAt), 0) : undefined,
    outcome: outcomeOf(outcome),
    error: outcome.kind === 'failed' ? describeError(outcome.error, MAX_ERROR).error : undefined,
    host: hostname(),
    pid: process.pid,
  };
}

function outcomeOf(outcome: Outcome): CronRun['outcome'] {
  if (outcome.kind === 'done') return 'done';
  const { kind } = outcome.decision;
  return kind === 'retry' ? 'failed' : kind === 'drop' ? 'dropped' : 'dead';
}
