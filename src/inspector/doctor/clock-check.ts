import type { CronRecord } from '../../broker/port/broker.js';
import { enqueuedAtOf } from '../../message/task-message.js';
import { counted } from '../../values/counted.js';
import { finding, judged, type Outcome } from './outcome.js';

/** A difference of clocks that expiry, delays and health checks can do with, in ms. */
const TOLERATED_MS = 1_000;
/** Times of others are written a moment before they are read. */
const TOLERATED_OF_OTHERS_MS = 5_000;
const REMEDY = 'Let a time service (NTP, chrony) set the clock of that machine.';
const COMMAND = 'timedatectl status';

/** The clock of Redis, and this one before and after it was read; in ms since 1970. */
export interface ClockReading {
  readonly before: number;
  readonly redis: number;
  readonly after: number;
}

/** Times that others wrote. */
export interface TimesOfOthers {
  /** the next task of each queue */
  readonly heads: readonly { readonly queue: string; readonly head: string | undefined }[];
  readonly crons: readonly Pick<CronRecord, 'name' | 'lastRun'>[];
}

export function judgeClocks({ before, redis, after }: ClockReading, { heads, crons }: TimesOfOthers): Outcome {
  // the clock of Redis was read at some time between the two
  const aheadMs = Math.max(redis - after, before - redis, 0);
  const findings = [];
  if (aheadMs > TOLERATED_MS) {
    const direction = redis > after ? 'behind' : 'ahead of';
    findings.push(
      finding('clock-skew', 'this machine', {
        what: `Its clock is ${seconds(aheadMs)} ${direction} that of Redis. Times that an app of this machine gives, such as an eta, are off by as much.`,
        remedy: REMEDY,
        command: COMMAND,
      }),
    );
  }
  for (const { queue, head } of heads) {
    const futureMs = (head === undefined ? Number.NaN : enqueuedAtOf(head)) - redis;
    if (!(futureMs > TOLERATED_OF_OTHERS_MS)) continue;
    const what = `Its next task was sent ${seconds(futureMs)} in the future, by the clock of its sender.`;
    findings.push(finding('sender-clock', `queue ${queue}`, { what, remedy: REMEDY, command: COMMAND }));
  }
  for (const { name, lastRun } of crons) {
    const futureMs = (lastRun?.startedAt ?? Number.NaN) - redis;
    if (!lastRun || !(futureMs > TOLERATED_OF_OTHERS_MS)) continue;
    const what = `Its child ${lastRun.pid} started cron ${name} ${seconds(futureMs)} in the future, by its own clock.`;
    findings.push(finding('worker-clock', `host ${lastRun.host}`, { what, remedy: REMEDY, command: COMMAND }));
  }
  return judged(
    `This machine and Redis differ by less than ${counted(Math.max(Math.ceil(aheadMs), 1), 'ms', 'ms')}.`,
    findings,
  );
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
