import { hostname } from 'node:os';
import type { ChildExit, TimedOut } from '../broker/port/broker.js';
import { CANCELLED, DROPS } from '../ipc/scoreboard-layout.js';
import type { LimitedTask } from '../ipc/scoreboard-reader.js';
import type { UncaughtError } from '../ipc/uncaught-error.js';
import { encodeAttempt } from '../message/attempt-record.js';

/** A task is dead after so many deaths of its process while it ran alone in it. */
const MAX_CRASHES = 3;

/** How a child ended, and what its scoreboard showed. */
export interface Death {
  readonly pid: number;
  /** exit code, signal, or why it could not boot */
  readonly reason: string;
  /** the error that ended it; none when it ended in another way */
  readonly uncaught?: UncaughtError;
  /** ids of running tasks; empty when the child was ended for another reason */
  readonly running: readonly string[];
  /** ids of tasks that had succeeded */
  readonly done: readonly string[];
  /** tasks for which the child was ended */
  readonly timedOut: readonly LimitedTask[];
  /** the worker is being stopped, and processes with it: no crash counts */
  readonly stopping?: boolean;
  /** the task that the error names is not blamed */
  readonly disputed?: boolean;
}

/**
 * The tasks to blame. If the process ended with an uncaught error of a task, it is that task, or none when it had already
 * ended and, for example, a timer that it left behind threw. Otherwise all running tasks are to blame.
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

/** How each task of a child that ended goes on. */
export function settlementOf(death: Death): ChildExit {
  const { pid, reason, uncaught, done, timedOut } = death;
  const place = { host: hostname(), pid };
  const finished = new Set(done);
  const late = timedOut.filter(({ id }) => !finished.has(id));
  const blamed = blamedFor(death);
  const died = `Its process died (${reason})`;
  const { error, stack } = causeFor(blamed, uncaught);
  const dropped = late.filter(({ afterwards }) => afterwards === DROPS).map(({ id }) => id);
  return {
    blamed,
    done: [...done, ...dropped],
    dropped,
    // a cancelled task is in neither list: it ends if Redis still has it as cancelled, otherwise it goes back
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
 * The end of the sentence in the record of a task that says why its process died. The message of an error may quote
 * arguments, so only the task that threw it gets it, and not if its data is sealed. Other tasks get the name of that task.
 */
function causeFor(blamed: readonly string[], uncaught: UncaughtError | undefined): { error: string; stack?: string } {
  if (!uncaught) return { error: '.' };
  const { error, stack, withheld, task } = uncaught;
  if (blamed.length === 1 && (!task || task.id === blamed[0])) {
    if (withheld !== undefined) return { error: ` of an uncaught ${withheld}; the log of its worker has the rest.` };
    return { error: ` of an uncaught error: ${error}`, stack };
  }
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
