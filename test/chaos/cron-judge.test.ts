import type { CronDeclaration } from '../../dist/cron/cron-definition.js';
import type { Arena } from './harness/arena.js';
import { BoundedCrons, type BoundedVerdict } from './harness/bounded-crons.js';
import { CronDuties } from './harness/cron-duties.js';
import { type CronRun, judgeCrons, type Observed, type Verdict } from './harness/cron-judge.js';
import type { Random } from './harness/random.js';

const CRON: CronDeclaration = {
  name: 'tenant-7',
  queue: 'default',
  schedule: { everyMs: 10 },
  missed: 'all',
  thresholdMs: 10_000,
  overlap: 'allow',
  disabled: false,
};

/** A cron that was set between 95 and 105, and ended between 145 and 155, when all up to 140 had been fired. */
function duties(cron: Partial<CronDeclaration> = {}): CronDuties {
  const all = new CronDuties();
  all.begin({ ...CRON, ...cron }, 'v1', [95, 105]);
  all.end(CRON.name, 140, 155);
  return all;
}

function runAt(cronTime: number, run: Partial<CronRun> = {}): CronRun {
  return { id: `at ${cronTime}`, cron: CRON.name, cronTime, version: 'v1', ...run };
}

function judged(all: CronDuties, times: readonly (number | CronRun)[], observed: Partial<Observed> = {}): Verdict {
  const runs = times.map((run) => (typeof run === 'number' ? runAt(run) : run));
  return judgeCrons(all, { runs, skipped: new Map(), outages: [], ...observed });
}

describe('the judge of crons', () => {
  const SURE = [110, 120, 130, 140];

  it('wants a run for each time that was due, and leaves open those during the changes', () => {
    expect(judged(duties(), SURE)).toMatchObject({ due: 4, open: 2, problems: [] });
    expect(judged(duties(), [100, ...SURE, 150])).toMatchObject({ due: 4, open: 2, problems: [] });
  });

  it('reports a time without a run, with two, and a run that was not due', () => {
    expect(judged(duties(), [110, 120, 140]).problems).toEqual([expect.stringMatching(/^tenant-7 at 130: 0 runs/)]);
    expect(judged(duties(), [...SURE, runAt(120, { id: 'other' })]).problems).toHaveLength(1);
    expect(judged(duties(), [...SURE, runAt(120)]).problems).toEqual([]);
    for (const time of [90, 115, 160]) expect(judged(duties(), [...SURE, time]).problems).toHaveLength(1);
    expect(judged(duties(), [...SURE, runAt(120, { cron: 'unknown' })]).problems).toHaveLength(1);
  });

  it('reports a run of arguments that were replaced before, or not there yet', () => {
    const all = new CronDuties();
    all.begin(CRON, 'v1', [95, 105]);
    all.reword(CRON.name, 'v2', 120, 135);
    all.end(CRON.name, 140, 155);
    const versions = (...four: string[]) => SURE.map((time, at) => runAt(time, { version: four[at] ?? '' }));
    expect(judged(all, versions('v1', 'v1', 'v2', 'v2')).problems).toEqual([]);
    expect(judged(all, versions('v1', 'v1', 'v1', 'v2')).problems).toEqual([]);
    expect(judged(all, versions('v1', 'v2', 'v2', 'v2')).problems).toHaveLength(1);
    expect(judged(all, versions('v1', 'v1', 'v1', 'v1')).problems).toHaveLength(1);
  });

  it('excuses what was missed in an outage by those that do not make up for all', () => {
    const outages = [{ era: 0, after: 115, until: 125 }];
    expect(judged(duties({ missed: 'latest' }), [110, 130, 140], { outages })).toMatchObject({
      excused: 1,
      problems: [],
    });
    expect(judged(duties({ missed: 'latest' }), [110, 120, 140], { outages }).problems).toHaveLength(1);
    expect(judged(duties(), [110, 130, 140], { outages }).problems).toHaveLength(1);
  });

  it('counts what was left out by overlaps', () => {
    const all = duties({ overlap: 'skip' });
    expect(judged(all, [110, 140], { skipped: new Map([[CRON.name, 2]]) }).problems).toEqual([]);
    expect(judged(all, [110, 140], { skipped: new Map([[CRON.name, 1]]) }).problems).toHaveLength(1);
    expect(judged(all, SURE, { skipped: new Map([[CRON.name, 3]]) }).problems).toHaveLength(1);
  });

  it('takes times with another jitter for others', () => {
    const all = duties();
    all.begin({ ...CRON, schedule: { everyMs: 20, jitterMs: 15 } }, 'v1', [145, 150]);
    all.end(CRON.name, 180, 180);
    expect(judged(all, [...SURE, 160, runAt(140, { id: 'later' })]).problems).toEqual([]);
    expect(judged(all, [...SURE, 160]).problems).toHaveLength(1);
  });

  it('wants times again that the clock passes again', () => {
    const all = new CronDuties();
    all.begin(CRON, 'v1', [95, 105]);
    all.beginAnew(new Map([[CRON.name, 140]]), 145, [105, 115]);
    all.end(CRON.name, 130, 135);
    const again = [120, 130].map((time) => runAt(time, { id: `again ${time}` }));
    expect(judged(all, [...SURE, ...again]).problems).toEqual([]);
    expect(judged(all, SURE).problems).toHaveLength(2);
  });
});

describe('the judge of crons whose runs are numbered', () => {
  /** As the code of the first deployment and of one more has them. */
  const NUMBERS = { 'released-once': 2, 'released-beside': 2, 'limited-in-code': 7, 'limited-by-deployment': 6 };

  function verdict(numbers: Readonly<Record<string, number>>): BoundedVerdict {
    const bounded = new BoundedCrons({} as Arena, {} as Random);
    bounded.deployed(1);
    const runs = Object.entries(numbers).flatMap(([cron, count]) =>
      Array.from({ length: count }, (_, at) => runAt(at, { id: `${cron} ${at}`, cron })),
    );
    return bounded.judge([...runs, ...runs, runAt(7)]);
  }

  it('wants one run at each release, and as many as limits allow', () => {
    expect(verdict(NUMBERS)).toEqual({ releases: 2, ofReleases: 4, ofLimits: 13, problems: [] });
  });

  it.each(Object.keys(NUMBERS))('reports one run too many and one too few of %s', (name) => {
    const wanted = NUMBERS[name as keyof typeof NUMBERS];
    for (const found of [wanted - 1, wanted + 1]) {
      expect(verdict({ ...NUMBERS, [name]: found }).problems).toEqual([`${name}: ${found} runs, not ${wanted}`]);
    }
  });

  it('reports runs of one that is unknown', () => {
    expect(verdict({ ...NUMBERS, 'limited-7': 1 }).problems).toEqual(['limited-7: 1 runs, not 0']);
  });
});
