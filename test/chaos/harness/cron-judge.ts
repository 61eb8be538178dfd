import { instantsOf } from '../../../dist/cron/cron-schedule.js';
import type { CronDuties, Duty, Range } from './cron-duties.js';

/** A run that was enqueued. */
export interface CronRun {
  /** of the task: one that is started again is the same run */
  readonly id: string;
  readonly cron: string;
  /** the time for which it was fired */
  readonly cronTime: number;
  /** as it stood in its arguments */
  readonly version: string;
}

/** All that was observed. */
export interface Observed {
  readonly runs: readonly CronRun[];
  /** how many runs each cron has left out because an earlier one was there */
  readonly skipped: ReadonlyMap<string, number>;
  readonly outages: readonly Outage[];
}

/** A time in which nobody could fire in time: those that do not make up for missed runs may have missed some. */
interface Outage extends Range {
  readonly era: number;
}

export interface Verdict {
  /** times for which there was to be a run */
  readonly due: number;
  /** those for which there might be one or not */
  readonly open: number;
  /** times of crons that do not make up for all, which were left out during an outage */
  readonly excused: number;
  /** runs that were left out because an earlier one was there */
  readonly overlapped: number;
  readonly problems: readonly string[];
}

interface Expected {
  least: number;
  most: number;
  excused: boolean;
}

/** Compares the runs of crons with their schedules: one run for each time, none beside. */
export function judgeCrons(duties: CronDuties, { runs, skipped, outages }: Observed): Verdict {
  const dutiesOf = groupBy(duties.all, ({ cron }) => cron.name);
  const runsOf = groupBy(runs, ({ cron }) => cron);
  const verdict = { due: 0, open: 0, excused: 0, overlapped: 0, problems: [] as string[] };
  for (const name of new Set([...dutiesOf.keys(), ...runsOf.keys()])) {
    const its = dutiesOf.get(name) ?? [];
    const found = runsOf.get(name) ?? [];
    const expected = expectedOf(its, duties.era, outages);
    const leftOut = its.some(({ cron }) => cron.overlap === 'skip') ? (skipped.get(name) ?? 0) : undefined;
    judgeTimes(name, { its, found, expected, leftOut }, verdict);
    for (const { cronTime, version } of found.filter(
      (run) => !expected.has(run.cronTime) || !its.some((duty) => fits(duty, run)),
    )) {
      verdict.problems.push(`${name} at ${cronTime}: a run of version ${version} that was not due`);
    }
  }
  return verdict;
}

interface Case {
  readonly its: readonly Duty[];
  readonly found: readonly CronRun[];
  readonly expected: ReadonlyMap<number, Expected>;
  /** of a cron that leaves out overlaps: how many */
  readonly leftOut: number | undefined;
}

function judgeTimes(
  name: string,
  { its, found, expected, leftOut }: Case,
  verdict: { -readonly [Field in keyof Verdict]: Verdict[Field] } & { problems: string[] },
): void {
  const idsAt = groupBy(found, ({ cronTime }) => cronTime);
  const sums = { least: 0, most: 0, ran: 0 };
  for (const [time, { least, most, excused }] of expected) {
    const ran = new Set(idsAt.get(time)?.map(({ id }) => id)).size;
    verdict[least > 0 ? 'due' : 'open'] += 1;
    sums.least += least;
    sums.most += most;
    sums.ran += ran;
    if (ran < least && leftOut === undefined && excused) verdict.excused += 1;
    else if (ran > most || (ran < least && leftOut === undefined)) {
      verdict.problems.push(
        `${name} at ${time}: ${ran} runs, not ${least} to ${most} (${JSON.stringify(its.map(shown))})`,
      );
    }
  }
  if (leftOut === undefined) return;
  verdict.overlapped += leftOut;
  const sum = sums.ran + leftOut;
  if (sum < sums.least || sum > sums.most) {
    verdict.problems.push(`${name}: ${sums.ran} runs and ${leftOut} left out, not ${sums.least} to ${sums.most}`);
  }
}

/** By the times of the schedule without jitter, as runs have them. Two schedules of a cron may be due at the same of these, with another jitter. */
function expectedOf(duties: readonly Duty[], lastEra: number, outages: readonly Outage[]): Map<number, Expected> {
  const all = new Map<number, Expected>();
  for (let era = 0; era <= lastEra; era += 1) {
    const instants = new Map<string, Expected & { readonly time: number }>();
    for (const duty of duties.filter((one) => one.era === era)) {
      for (const at of timesIn(duty)) {
        const time = at - jitterOf(duty);
        const before = instants.get(`${at} ${time}`);
        const least = isIn(at, duty.must) ? 1 : (before?.least ?? 0);
        const excused = duty.cron.missed !== 'all' && outages.some((one) => one.era === era && isIn(at, one));
        instants.set(`${at} ${time}`, { time, least, most: 1, excused: excused || (before?.excused ?? false) });
      }
    }
    for (const { time, least, most, excused } of instants.values()) {
      const before = all.get(time) ?? { least: 0, most: 0, excused: false };
      all.set(time, { least: before.least + least, most: before.most + most, excused: before.excused || excused });
    }
  }
  return all;
}

function* timesIn({ cron, may }: Duty): Generator<number> {
  const instants = instantsOf(cron.schedule, cron.name);
  for (let at = instants.next(may.after); at !== undefined && at <= may.until; at = instants.next(at)) yield at;
}

function fits(duty: Duty, { cronTime, version }: CronRun): boolean {
  const at = cronTime + jitterOf(duty);
  return isIn(at, duty.may) && duty.versions.some((one) => one.version === version && isIn(at, one));
}

function jitterOf({ cron }: Duty): number {
  return cron.schedule.jitterMs ?? 0;
}

function isIn(time: number, { after, until }: Range): boolean {
  return time > after && time <= until;
}

function shown({ cron, era, must, may }: Duty): unknown {
  return { era, must: [must.after, must.until], may: [may.after, may.until], ...cron.schedule, missed: cron.missed };
}

function groupBy<T, Key>(all: readonly T[], keyOf: (one: T) => Key): Map<Key, T[]> {
  const groups = new Map<Key, T[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group) group.push(one);
    else groups.set(keyOf(one), [one]);
  }
  return groups;
}
