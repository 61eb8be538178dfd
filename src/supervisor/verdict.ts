import { hostname } from 'node:os';
import type { TimedOut, Verdict } from '../broker/broker.js';
import { encodeAttempt } from '../task/attempt-record.js';
import { CANCELLED, DROPS, type LimitedTask } from './scoreboard.js';

/** Deaths of its process, alone, after which a task is dead. */
const MAX_CRASHES = 3;

/** How a child ended, and what it had noted. */
export interface Death {
  readonly pid: number;
  /** exit code, signal, or why it could not boot */
  readonly reason: string;
  /** ids of tasks that were under way; empty when it was ended for no fault of theirs */
  readonly running: readonly string[];
  /** ids of tasks that had succeeded */
  readonly done: readonly string[];
  /** those for which it was ended */
  readonly timedOut: readonly LimitedTask[];
}

/** What becomes of the tasks of a child that ended. */
export function verdictOn({ pid, reason, running, done, timedOut }: Death): Verdict {
  const place = { host: hostname(), pid };
  const finished = new Set(done);
  const late = timedOut.filter(({ id }) => !finished.has(id));
  const crash = { code: 'CRASHED', error: `Its process died (${reason}).` };
  return {
    blamed: running.filter((id) => !late.some((task) => task.id === id)),
    done: [...done, ...late.filter(({ afterwards }) => afterwards === DROPS).map(({ id }) => id)],
    // what was cancelled is among neither: it ends if Redis still knows it as cancelled, and else goes back
    timedOut: late
      .filter(({ afterwards }) => afterwards !== DROPS && afterwards !== CANCELLED)
      .map((task) => timedOutTask(task, place)),
    maxCrashes: MAX_CRASHES,
    line: encodeAttempt({ at: Date.now(), ...crash, ...place }),
    report: JSON.stringify({
      code: crash.code,
      error: `Its process died (${reason}) ${MAX_CRASHES} times while it ran this task alone.`,
      ...place,
    }),
  };
}

function timedOutTask({ id, afterwards, attempt }: LimitedTask, place: { host: string; pid: number }): TimedOut {
  const failure = { code: 'HARD_TIMEOUT', error: 'It ran longer than its hard timeout; its process was ended.' };
  return {
    id,
    retryInMs: afterwards,
    line: encodeAttempt({ at: Date.now(), attempt: attempt || undefined, ...failure, ...place }),
    report: JSON.stringify({ ...failure, attempt: attempt || undefined, ...place }),
  };
}
