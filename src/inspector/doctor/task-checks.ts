import type { QueueState } from '../../broker/port/broker.js';
import type { PausedQueue } from '../../broker/port/pause-port.js';
import type { WorkerRecord } from '../../broker/port/worker-port.js';
import { counted } from '../../values/counted.js';
import { quoted } from '../../values/shell-word.js';
import { describeWorker, isQuiet } from '../workers/worker-report.js';
import type { DoctorFinding } from './doctor-report.js';
import type { NameSurvey } from './name-survey.js';
import { finding, judged, type Outcome, ok } from './outcome.js';

/** The move of due tasks takes a moment, in ms. */
const PROMOTED_WITHIN_MS = 5_000;
const HOUR_MS = 3_600_000;
/** A pause that people may have forgotten, in ms. */
const FORGOTTEN_MS = 24 * HOUR_MS;
/** Deaths of an hour that are a few. */
const FEW = 10;
/** An hour with more than so many times the deaths of a mean hour. */
const GROWTH = 2;

/** The queues that a doctor judges. */
export interface QueuesReading {
  readonly queues: readonly QueueState[];
  readonly workers: readonly WorkerRecord[];
  /** queues in which tasks wait, and that no worker has ever served */
  readonly strays: readonly string[];
  /** in ms since 1970, by the clock of Redis */
  readonly now: number;
}

export function judgeQueues({ queues, workers, strays, now }: QueuesReading): Outcome {
  const serving = workers.map(describeWorker);
  const findings: DoctorFinding[] = [];
  for (const { queue, pending, heldBack, quarantined, dueAt, served, contestants } of queues) {
    const all = pending + heldBack + quarantined;
    const overdue = dueAt !== undefined && now - dueAt > PROMOTED_WITHIN_MS;
    const quiet = isQuiet(queue, serving);
    if ((!served || quiet) && (all > 0 || overdue)) {
      const waiting = all > 0 ? counted(all, 'task waits', 'tasks wait') : 'Scheduled tasks are due';
      findings.push(
        finding('no-worker', `queue ${queue}`, {
          what: quiet
            ? `${waiting}, and each worker that serves the queue is quiet or stops.`
            : `${waiting}, and no worker with a booted child serves the queue.`,
          remedy: 'Start a worker that serves it: see its options `queues` and `excludeQueues`.',
          command: `npx nestwork tasks ls --queue ${quoted(queue)}`,
        }),
      );
    }
    if (contestants.length === 0) continue;
    findings.push(
      finding('shared-queue', `queue ${queue}`, {
        what: `The apps ${contestants.map((app) => `"${app}"`).join(' and ')} serve it with different tasks: each takes tasks that it does not have.`,
        remedy: 'Give each app a `namespace` of its own, in its workers and its senders.',
      }),
    );
  }
  for (const queue of strays) {
    findings.push(
      finding('no-worker', `queue ${queue}`, {
        what: 'Tasks wait in it, and no worker of this namespace has ever served it.',
        remedy: 'Start a worker that declares the queue in `queues`, or correct the name in the app that sends.',
      }),
    );
  }
  if (queues.length === 0 && findings.length === 0) return ok('No worker has ever started in this namespace.');
  return judged(`${counted(queues.length, 'queue')}.`, findings);
}

export function judgeNames({ looked, waiting, unreached, unknown }: NameSurvey): Outcome {
  const rest = unreached > 0 ? `, and at none of ${counted(unreached, 'list')} (--within looks longer)` : '';
  const summary = `Looked at ${looked} of ${counted(waiting, 'task that waits', 'tasks that wait')}${rest}.`;
  return judged(
    summary,
    unknown.map(({ queue, task, count }) => {
      const where = `queue ${queue}`;
      if (task === undefined) {
        return finding('foreign-message', where, {
          what: `${counted(count, 'entry is', 'entries are')} no task that this version can read. A worker buries them.`,
          remedy: 'Find out which program wrote them. The dead keep their bytes.',
          command: `npx nestwork tasks ls --queue ${quoted(queue)}`,
        });
      }
      return finding('unknown-name', where, {
        what: `${counted(count, 'task is', 'tasks are')} named ${task}, and no worker has ever had a task of this name. Workers park them, and bury them after half an hour.`,
        remedy: 'Start workers that have the task, or rename it back. Otherwise purge them.',
        command: `npx nestwork queues purge ${quoted(queue)} --task ${quoted(task)}`,
      });
    }),
  );
}

/** @param now in ms since 1970, by the clock of Redis */
export function judgePauses(pauses: readonly PausedQueue[], now: number): Outcome {
  const long = pauses.filter(({ since }) => now - since > FORGOTTEN_MS);
  return judged(
    pauses.length === 0 ? 'No queue is paused.' : `${counted(pauses.length, 'queue is', 'queues are')} paused.`,
    long.map(({ queue, since, by, reason }) => {
      const days = Math.floor((now - since) / FORGOTTEN_MS);
      const why = reason === undefined ? '' : ` (${reason})`;
      return finding('long-pause', `queue ${queue}`, {
        what: `${by} paused it ${counted(days, 'day')} ago${why}. Its tasks wait.`,
        remedy: 'Resume it, if the reason is gone.',
        command: `npx nestwork queues resume ${quoted(queue)}`,
      });
    }),
  );
}

/** Deaths of one queue. */
export interface DeathCounts {
  readonly queue: string;
  readonly lastHour: number;
  /** those of the last hour included */
  readonly lastDay: number;
  readonly all: number;
}

export function judgeDead(queues: readonly DeathCounts[]): Outcome {
  const all = queues.reduce((sum, queue) => sum + queue.all, 0);
  const growing = queues.filter(({ lastHour, lastDay }) => {
    const meanHour = (lastDay - lastHour) / 23;
    return lastHour >= FEW && lastHour > GROWTH * meanHour;
  });
  return judged(
    `${counted(all, 'task is', 'tasks are')} dead.`,
    growing.map(({ queue, lastHour, lastDay }) =>
      finding('dead-growing', `queue ${queue}`, {
        what: `${lastHour} tasks died within the last hour, and ${counted(lastDay - lastHour, 'task')} in the 23 hours before.`,
        remedy: 'See their errors, repair the cause, then redrive them.',
        command: `npx nestwork dead ls --queue ${quoted(queue)} --since 1h`,
      }),
    ),
  );
}

export const DEATH_TIMES = { lastHour: HOUR_MS, lastDay: 24 * HOUR_MS } as const;
