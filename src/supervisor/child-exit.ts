import { hostname } from 'node:os';
import type { ChildExit, TimedOut } from '../broker/port/broker.js';
import { CANCELLED, DROPS, type LimitedTask } from '../ipc/scoreboard.js';
import type { UncaughtError } from '../ipc/uncaught-error.js';
import { encodeAttempt } from '../message/attempt-record.js';

/** Deaths of its process, alone, after which a task is dead. */
const MAX_CRASHES = 3;

/** How a child ended, and what it had noted. */
export interface Death {
  readonly pid: number;
  /** exit code, signal, or why it could not boot */
  readonly reason: string;
  /** the error that ended it; none when it ended in another way */
  readonly uncaught?: UncaughtError;
  /** ids of tasks that were under way; empty when it was ended for no fault of theirs */
  readonly running: readonly string[];
  /** ids of tasks that had succeeded */
  readonly done: readonly string[];
  /** those for which it was ended */
  readonly timedOut: readonly LimitedTask[];
  /** the worker is being stopped, and processes with it: nothing counts */
  readonly stopping?: boolean;
  /** the task that the error names is not taken for the culprit */
  readonly disputed?: boolean;
}

/**
 * The tasks to blame: the one whose uncaught error ended the process, and none if that one ran no more, as when a timer that
 * it left behind throws; all that ran where nobody knows.
 */
export function blamedFor({ running, timedOut, uncaught, stopping, disputed }: Death): readonly string[] {
  if (stopping) return [];
  const candidates = running.filter((id) => !timedOut.some((task) => task.id === id));
  const culprit = disputed ? undefined : uncaught?.task?.id;
  return culprit === undefined ? candidates : candidates.filter((id) => id === culprit);
}

/** The tasks that would be to blame if the error did not name another one. */
export function sparedBy(death: Death): readonly string[] {
  const blamed = blamedFor(death);
  return blamedFor({ ...death, disputed: true }).filter((id) => !blamed.includes(id));
}

/** What becomes of the tasks of a child that ended. */
export function settlementOf(death: Death): ChildExit {
  const { pid, reason, uncaught, done, timedOut } = death;
  const place = { host: hostname(), pid };
  const finished = new Set(done);
  const late = timedOut.filter(({ id }) => !finished.has(id));
  const blamed = blamedFor(death);
  const died = `Its process died (${reason})`;
  const { error, stack } = causeFor(blamed, uncaught);
  return {
    blamed,
    done: [...done, ...late.filter(({ afterwards }) => afterwards === DROPS).map(({ id }) => id)],
    // what was cancelled is among neither: it ends if Redis still knows it as cancelled, and else goes back
    timedOut: late
      .filter(({ afterwards }) => afterwards !== DROPS && afterwards !== CANCELLED)
      .map((task) => timedOutTask(task, place)),
    maxCrashes: MAX_CRASHES,
    line: encodeAttempt({ at: Date.now(), code: 'CRASHED', error: `${died}${error}`, ...place }),
    report: JSON.stringify({
      code: 'CRASHED',
      error: `${died} ${MAX_CRASHES} times while it ran this task${uncaught ? ', the last time' : ''}${error}`,
      stack,
      ...place,
    }),
  };
}

/**
 * How to end the sentence that tells a task what its process died of. The message of an error, which may quote arguments, is for
 * the task that threw it: others are told which one that was.
 */
function causeFor(blamed: readonly string[], uncaught: UncaughtError | undefined): { error: string; stack?: string } {
  if (!uncaught) return { error: '.' };
  const { error, stack, task } = uncaught;
  if (blamed.length === 1 && (!task || task.id === blamed[0]))
    return { error: ` of an uncaught error: ${error}`, stack };
  return {
    error: ` of an uncaught error, thrown ${task ? `out of ${task.name} ${task.id}` : 'by one of several tasks'}.`,
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
