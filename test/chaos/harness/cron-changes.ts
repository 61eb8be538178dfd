import type { CronManager, CronOverlap, CronTiming, MissedRuns, QueueClient } from 'nestwork';

/** A cron as a scenario sets it. */
export interface CronSpec extends Pick<CronTiming, 'every' | 'offset' | 'jitter' | 'timeZone' | 'limit'> {
  readonly cron?: string;
  readonly task: 'ChaosTasks.tick' | 'ChaosTasks.tock' | 'ChaosTasks.slow';
  readonly queue: string;
  readonly missed: MissedRuns;
  readonly overlap: CronOverlap;
  /** stands in the arguments of its runs */
  readonly version: string;
  /** how long its runs take */
  readonly ms: number;
}

/** Without a spec it is removed. */
export interface CronChange {
  readonly name: string;
  readonly spec?: CronSpec;
}

/** As an app does it. */
export async function applyChange(crons: CronManager, queue: QueueClient, { name, spec }: CronChange): Promise<void> {
  if (!spec) {
    await crons.remove(name);
    return;
  }
  const { task, queue: target, version, ms, ...timing } = spec;
  const sender = queue.task<[string, string, number]>(task).with({ queue: target });
  await crons.set(name, { ...timing, task: sender, args: [name, version, ms] });
}

/** A cron that stands in the code of the apps of a deployment. */
export interface DeclaredCron {
  readonly name: string;
  readonly method: string;
  readonly expression?: string;
  readonly every?: `${number}s`;
  readonly missed: MissedRuns;
  readonly limit?: number;
  /** whether it has a run at each release, beside its times */
  readonly immediately?: boolean;
  /** of one that only releases fire */
  readonly timeout?: `${number}s`;
}

/** No time of it comes in any scenario. */
const LEAP_DAY = '0 0 29 2 *';

/** Crons of the code of a deployment of which each has so many runs: one at each release, or as many as its limit allows. */
export function boundedIn(deployment: number): DeclaredCron[] {
  return [
    { name: 'released-once', method: 'once', timeout: '1s', missed: 'all' },
    { name: 'released-beside', method: 'beside', expression: LEAP_DAY, immediately: true, missed: 'all' },
    { name: 'limited-in-code', method: 'limited', every: '2s', limit: 7, missed: 'all' },
    // another limit in each deployment, with the same times
    { name: 'limited-by-deployment', method: 'growing', every: '3s', limit: 3 * (deployment + 1), missed: 'all' },
  ];
}

const METHODS = 6;
const SCHEDULES = 6;

/** Several schedules of each of a few methods. From one deployment to the next some change their times, some go, and some come back. */
export function declaredIn(deployment: number): DeclaredCron[] {
  return Array.from({ length: METHODS * SCHEDULES }, (_, at) => at)
    .filter((at) => at % 9 !== 4 || (deployment + at) % 3 !== 0)
    .map((at) => {
      const turn = at % 7 === 3 ? deployment : 0;
      const seconds = 4 + ((at + turn) % 5);
      const schedule =
        at % 2 === 0
          ? { every: `${seconds}s` as const }
          : { expression: `${at % 4}/${[4, 5, 6, 10][(at + turn) % 4]} * * * * *` };
      return {
        name: `declared-${at}`,
        method: `run${at % METHODS}`,
        ...schedule,
        missed: at % 6 === 5 ? 'latest' : 'all',
      };
    });
}
