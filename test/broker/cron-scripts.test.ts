import type { CatalogEntry, CronRun, DueRun, Firing } from '../../src/broker/port/broker.js';
import type { CronDeclaration } from '../../src/cron/cron-definition.js';
import { missedTimes } from '../../src/cron/cron-history.js';
import type { MissedInstants } from '../../src/cron/missed-instants.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { encodeUnique } from '../../src/message/unique-key.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { fireCron } from '../support/fire-cron.js';

const CRONS = '{nestwork}:crons';
const RUNS = '{nestwork}:cron-runs:';
const TOLERANCE_MS = 60_000;
const DAILY: CronDeclaration = {
  name: 'Reports.daily',
  queue: 'default',
  schedule: { expression: '0 8 * * *', timeZone: 'UTC' },
  missed: 'latest',
  thresholdMs: 10_000,
  overlap: 'allow',
  disabled: false,
};
const OFF: CronDeclaration = { ...DAILY, disabled: true };
const RUN: CronRun = { id: 'x', attempt: 1, startedAt: 7, durationMs: 3, outcome: 'done', host: 'here', pid: 7 };

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

async function now(): Promise<number> {
  const [seconds, micros] = await fixture.redis.time();
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
}

/** The value of a field of a cron. */
function noted(field: string, name = DAILY.name): Promise<string | null> {
  return fixture.redis.hget(CRONS, `${name} ${field}`);
}

async function settledUntil(name = DAILY.name): Promise<number> {
  return Number(await noted('until', name));
}

function message(due: number, unique?: string): string {
  const options = { cron: DAILY.name, due };
  return encodeMessage({
    id: fixture.ids.next(),
    name: DAILY.name,
    payload: '[]',
    enqueuedAt: 1,
    options,
    tags: unique,
  });
}

function queue(): Promise<string[]> {
  return fixture.redis.lrange('{nestwork}:queue:default', 0, -1);
}

/** A known cron that was settled so long ago. */
async function known(agoMs: number, cron = DAILY): Promise<number> {
  await fixture.broker.crons.declare([cron], TOLERANCE_MS);
  const until = (await now()) - agoMs;
  await fixture.redis.hset(CRONS, `${cron.name} until`, until);
  return until;
}

/** A session that declares crons. */
async function session(id: string, crons: readonly CronDeclaration[]): Promise<void> {
  const catalog = crons.map((cron): CatalogEntry => ({ name: cron.name, queue: cron.queue, crons: [cron] }));
  await fixture.broker.openSession({ session: id, leaseMs: 30_000, queues: ['default'], host: 'h', pid: 1, catalog });
}

describe('declare-crons', () => {
  it('starts a new cron now', async () => {
    const before = await now();
    await fixture.broker.crons.declare([DAILY], TOLERANCE_MS);
    expect(await settledUntil()).toBeGreaterThanOrEqual(before);
    expect(JSON.parse((await noted('definition')) ?? '')).toEqual(DAILY);
  });

  it('leaves a known cron at its time, also when it gets another queue', async () => {
    const until = await known(5_000);
    await fixture.broker.crons.declare([{ ...DAILY, queue: 'bulk' }], TOLERANCE_MS);
    expect(await settledUntil()).toBe(until);
    expect(JSON.parse((await noted('definition')) ?? '')).toMatchObject({ queue: 'bulk' });
  });

  it('starts a cron with another schedule now, because it missed nothing under that schedule', async () => {
    const until = await known(5_000);
    await fixture.broker.crons.declare([{ ...DAILY, schedule: { everyMs: 1_000 } }], TOLERANCE_MS);
    expect(await settledUntil()).toBeGreaterThanOrEqual(until + 5_000);
  });

  it('starts a cron now when its time is far in the future, but not after a failover', async () => {
    const ahead = await known(-50_000);
    await fixture.broker.crons.declare([DAILY], TOLERANCE_MS);
    expect(await settledUntil()).toBe(ahead);
    await known(-70_000);
    await fixture.broker.crons.declare([DAILY], TOLERANCE_MS);
    expect(await settledUntil()).toBeLessThanOrEqual(await now());
  });

  it('starts a cron that was disabled now, because it missed nothing', async () => {
    const until = await known(5_000, OFF);
    await fixture.broker.crons.declare([DAILY], TOLERANCE_MS);
    expect(await settledUntil()).toBeGreaterThanOrEqual(until + 5_000);
    expect(JSON.parse((await noted('definition')) ?? '')).toEqual(DAILY);
    const again = await known(5_000);
    await fixture.broker.crons.declare([DAILY], TOLERANCE_MS);
    expect(await settledUntil()).toBe(again);
  });

  it('leaves a cron that other sessions fire, and disables it once all live sessions have disabled it', async () => {
    await session('on-30000', [DAILY]);
    await session('off-30000', [OFF]);
    const until = await known(5_000);
    await fixture.broker.crons.forget(60_000);
    await fixture.broker.crons.declare([OFF], TOLERANCE_MS);
    expect([await settledUntil(), await noted('disabled')]).toEqual([until, null]);
    expect(JSON.parse((await noted('definition')) ?? '')).toEqual(DAILY);

    await fixture.broker.closeSession('on-30000');
    await fixture.broker.crons.forget(60_000);
    await fixture.broker.crons.declare([OFF], TOLERANCE_MS);
    expect(JSON.parse((await noted('definition')) ?? '')).toEqual(OFF);
  });

  it('starts a cron that all live sessions had disabled now, and enables it', async () => {
    const until = await known(5_000);
    await session('off-30000', [OFF]);
    await fixture.broker.crons.forget(60_000);
    expect(await noted('disabled')).not.toBeNull();
    await fixture.broker.crons.declare([DAILY], TOLERANCE_MS);
    expect(await settledUntil()).toBeGreaterThanOrEqual(until + 5_000);
    expect(await noted('disabled')).toBeNull();
  });

  it('works when Redis is full, as do all cron scripts that add no task', async () => {
    const child = await fixture.child();
    await fixture.redis.config('SET', 'maxmemory', '1');
    try {
      await fixture.broker.crons.declare([DAILY], TOLERANCE_MS);
      expect(await fixture.broker.crons.pause(DAILY.name)).toBe(true);
      expect(await fixture.broker.crons.resume(DAILY.name)).toBe(true);
      await fixture.broker.crons.recordRun(child, DAILY.name, RUN);
      expect(await fixture.broker.crons.forget(0)).toBe(0);
    } finally {
      await fixture.redis.config('SET', 'maxmemory', '0');
    }
  });

  it('refuses a foreign key before it writes', async () => {
    await fixture.redis.set(CRONS, 'foreign');
    await expect(fixture.broker.crons.declare([DAILY], TOLERANCE_MS)).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
  });
});

describe('survey', () => {
  it('returns the time of Redis and the state of the crons', async () => {
    const until = await known(5_000);
    await fixture.broker.crons.pause(DAILY.name);
    const survey = await fixture.broker.crons.survey(['Unknown.cron', DAILY.name]);
    expect([...survey.states]).toEqual([[DAILY.name, { settledUntil: until, paused: true }]]);
    expect(Math.abs(survey.now - (await now()))).toBeLessThan(1_000);
  });

  it('returns the time without any cron', async () => {
    expect((await fixture.broker.crons.survey([])).now).toBeGreaterThan(0);
  });
});

describe('fire-crons', () => {
  it('enqueues a run, rings, and notes the instant', async () => {
    const until = await known(5_000);
    const run = { due: until + 1_000, message: message(until + 1_000) };
    expect(await fireCron(fixture.broker.crons, DAILY, [run])).toEqual({ known: true, fired: 1, skipped: 0 });
    expect(await queue()).toEqual([run.message]);
    expect(await fixture.redis.llen('{nestwork}:bell:default')).toBe(1);
    expect([await noted('until'), await noted('fired')]).toEqual([String(run.due), String(run.due)]);
  });

  it('fires each instant once, also for later and repeated commands', async () => {
    const until = await known(5_000);
    const runs = [1, 2, 3].map((ms) => ({ due: until + ms, message: message(until + ms) }));
    await fireCron(fixture.broker.crons, DAILY, runs.slice(0, 2));
    expect(await fireCron(fixture.broker.crons, DAILY, runs.slice(0, 2))).toMatchObject({ fired: 0 });
    const others = [2, 3].map((ms) => ({ due: until + ms, message: message(until + ms) }));
    expect(await fireCron(fixture.broker.crons, DAILY, others)).toMatchObject({ fired: 1 });
    expect(await queue()).toEqual([runs[0]?.message, runs[1]?.message, others[1]?.message]);
  });

  it('fires nothing before it is due', async () => {
    const until = await known(5_000);
    const due = (await now()) + 60_000;
    expect(await fireCron(fixture.broker.crons, DAILY, [{ due, message: message(due) }])).toMatchObject({ fired: 0 });
    expect(await queue()).toEqual([]);
    expect(await settledUntil()).toBe(until);
  });

  it('fires no unknown cron, and returns that it is unknown', async () => {
    const due = (await now()) - 1_000;
    expect(await fireCron(fixture.broker.crons, DAILY, [{ due, message: message(due) }])).toMatchObject({
      known: false,
    });
    expect(await fixture.state()).toEqual({});
  });

  it('skips and counts runs while an earlier one has the key, and fires the next when the key is free', async () => {
    const until = await known(5_000);
    const unique = encodeUnique(DAILY.name, 'cron', 'finished');
    const runs = [1, 2, 3].map((ms) => ({ due: until + ms, message: message(until + ms, unique) }));
    expect(await fireCron(fixture.broker.crons, DAILY, runs)).toEqual({
      known: true,
      fired: 1,
      skipped: 2,
      heldIn: 'default',
    });
    expect([await noted('skipped'), await noted('fired'), await noted('until')]).toEqual(
      ['2', until + 1, until + 3].map(String),
    );

    const child = await fixture.child();
    const { tasks } = await fixture.claim(child);
    await fixture.broker.ack(child, [tasks[0]?.id ?? '']);
    const next = { due: until + 4, message: message(until + 4, unique) };
    expect(await fireCron(fixture.broker.crons, DAILY, [next])).toEqual({ known: true, fired: 1, skipped: 0 });
    expect(await queue()).toEqual([next.message]);
    expect(await fixture.redis.hget('{nestwork}:unique', unique.slice(1))).toBe(`default ${next.message}`);
  });

  it('refuses when Redis is full, and leaves the instant due', async () => {
    const until = await known(5_000);
    const run = { due: until + 1, message: message(until + 1) };
    await fixture.redis.config('SET', 'maxmemory', '1');
    try {
      await expect(fireCron(fixture.broker.crons, DAILY, [run])).rejects.toMatchObject({ code: 'REDIS_OUT_OF_MEMORY' });
    } finally {
      await fixture.redis.config('SET', 'maxmemory', '0');
    }
    expect(await settledUntil()).toBe(until);
    expect(await fireCron(fixture.broker.crons, DAILY, [run])).toMatchObject({ fired: 1 });
  });

  it.each(['queue:default', 'unique'])('refuses a foreign %s before it writes', async (key) => {
    const until = await known(5_000);
    await fixture.redis.set(`{nestwork}:${key}`, 'foreign');
    const run = { due: until + 1, message: message(until + 1, encodeUnique(DAILY.name, 'cron', 'finished')) };
    await expect(fireCron(fixture.broker.crons, DAILY, [run])).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
    expect(await settledUntil()).toBe(until);
    await fixture.redis.del(`{nestwork}:${key}`);
    expect(await queue()).toEqual([]);
    expect(await fixture.redis.exists('{nestwork}:unique')).toBe(0);
  });

  it('accepts a thousand runs at once', async () => {
    const until = await known(5_000);
    const runs = Array.from({ length: 1_000 }, (_, index) => ({
      due: until + 1 + index,
      message: message(until + index),
    }));
    expect(await fireCron(fixture.broker.crons, DAILY, runs)).toMatchObject({ fired: 1_000 });
    expect(await queue()).toEqual(runs.map((run) => run.message));
  });
});

describe('the history of what was not fired', () => {
  const { name } = DAILY;
  const lines = (): Promise<string[]> => fixture.redis.lrange(`${RUNS}${name}`, 0, -1);

  function missedSince(settled: number): MissedInstants {
    return { settled, first: settled + 10, last: settled + 30, count: 3, more: false, reason: 'no-worker' };
  }

  it('has each run that was skipped with its time by the schedule and the earlier run, the last hundred of many', async () => {
    const until = await known(5_000);
    const unique = encodeUnique(name, 'cron', 'finished');
    const runs = Array.from({ length: 111 }, (_, at) => ({
      due: until + at + 1,
      message: message(until + at, unique),
    }));
    await fixture.broker.crons.fire('default', [{ name, runs, jitterMs: 7 }]);
    const id = runs[0]?.message.slice(0, 20);
    expect(await lines()).toEqual(Array.from({ length: 100 }, (_, at) => `${until + 111 - at - 7} skipped ${id}`));
    const digest = unique.slice(1);
    await fixture.redis.hset('{nestwork}:unique', digest, 'default no message of ours');
    await fixture.broker.crons.fire('default', [{ name, runs: [{ due: until + 500, message: message(1, unique) }] }]);
    expect(await fixture.broker.crons.history(name, 1)).toEqual([{ kind: 'skipped', due: until + 500, id: '?' }]);
    await fixture.redis.hset('{nestwork}:unique', digest, `default ${runs[0]?.message}`);
  });

  it('has the times that were missed, once, before the runs that follow', async () => {
    const until = await known(5_000);
    const fire = (missed: MissedInstants, ...dues: number[]) => {
      const runs = dues.map((due) => ({ due, message: message(due) }));
      return fixture.broker.crons.fire('default', [{ name, runs, missed, jitterMs: 5 }]);
    };
    await fixture.redis.hset(CRONS, `${name} missed`, 'many');
    expect(await fire(missedSince(until), until + 20, until + 40)).toMatchObject([{ fired: 1 }]);
    expect(await lines()).toEqual([`${until + 5} missed 3 ${until + 25} no-worker`]);
    expect([await settledUntil(), await noted('missed')]).toEqual([until + 40, '3']);
    expect(await fire(missedSince(until), until + 60)).toMatchObject([{ fired: 1 }]);
    expect(await lines()).toHaveLength(1);
    await fire({ ...missedSince(until + 60), count: 1_000, more: true });
    expect(await lines()).toHaveLength(2);
    expect([await settledUntil(), await noted('missed')]).toEqual([until + 90, '1003']);
  });

  it('has no times that are ahead, and none of a paused or unknown cron', async () => {
    const until = await known(5_000);
    const ahead = { ...missedSince(until), last: until + 3_600_000 };
    await fixture.broker.crons.fire('default', [{ name, runs: [], missed: ahead }]);
    await fixture.broker.crons.pause(name);
    const unknown = { name: 'Reports.none', runs: [], missed: missedSince(until) };
    await fixture.broker.crons.fire('default', [{ name, runs: [], missed: missedSince(until) }, unknown]);
    expect([await lines(), await settledUntil(), await noted('missed')]).toEqual([[], until, null]);
    expect(await fixture.redis.exists(`${RUNS}Reports.none`)).toBe(0);
  });

  it('has what came due during a pause, once it is resumed, unless the cron was settled anew meanwhile', async () => {
    const until = await known(5_000);
    const missed = { ...missedTimes({ ...missedSince(until), reason: 'paused' }, 5), settled: until };
    await fixture.broker.crons.resume(name, missed);
    await fixture.broker.crons.pause(name);
    await fixture.broker.crons.resume(name, { ...missed, settled: until - 1 });
    expect(await lines()).toEqual([]);
    await fixture.broker.crons.pause(name);
    await fixture.redis.hset(CRONS, `${name} until`, until, `${name} missed`, 'x');
    await fixture.broker.crons.resume(name, missed);
    expect(await lines()).toEqual([`${until + 5} missed 3 ${until + 25} paused`]);
    expect(await noted('missed')).toBe('3');
    await fixture.broker.crons.pause(name);
    await fixture.redis.hset(CRONS, `${name} until`, until);
    await fixture.broker.crons.resume(name, missed);
    expect(await noted('missed')).toBe('6');
  });

  it('is given up where something foreign has its key, and the runs are not', async () => {
    const until = await known(5_000);
    await fixture.redis.set(`${RUNS}${name}`, 'foreign');
    const run = { due: until + 40, message: message(until + 40) };
    const firings = await fixture.broker.crons.fire('default', [{ name, runs: [run], missed: missedSince(until) }]);
    expect(firings).toMatchObject([{ fired: 1 }]);
    expect(await queue()).toEqual([run.message]);
    expect(await settledUntil()).toBe(until + 40);
  });
});

describe('fire-crons, of many crons', () => {
  const HOURLY = { ...DAILY, name: 'Reports.hourly' };
  const UNKNOWN = { ...DAILY, name: 'Reports.unknown' };

  it('enqueues the runs of each in their order, rings once, and notes what came of each', async () => {
    const daily = await known(5_000);
    const hourly = await known(3_000, HOURLY);
    const [first, second, third] = [daily + 1, daily + 2, hourly + 1].map((due) => ({ due, message: message(due) }));
    const firings = await fixture.broker.crons.fire('default', [
      { name: DAILY.name, runs: [first, second] as DueRun[] },
      { name: HOURLY.name, runs: [third] as DueRun[] },
    ]);
    expect(firings).toEqual([
      { known: true, fired: 2, skipped: 0 },
      { known: true, fired: 1, skipped: 0 },
    ]);
    expect(await queue()).toEqual([first?.message, second?.message, third?.message]);
    expect(await fixture.redis.llen('{nestwork}:bell:default')).toBe(1);
    expect([await noted('until'), await noted('until', HOURLY.name)]).toEqual([`${daily + 2}`, `${hourly + 1}`]);
    expect([await noted('fired'), await noted('fired', HOURLY.name)]).toEqual([`${daily + 2}`, `${hourly + 1}`]);
  });

  it('fires the others where one is unknown, one is paused, one has nothing new and one is skipped', async () => {
    const crons = ['paused', 'settled', 'skipping', 'last'].map((name) => ({ ...DAILY, name: `Reports.${name}` }));
    const untils = new Map<string, number>();
    for (const cron of crons) untils.set(cron.name, await known(5_000, cron));
    const unique = encodeUnique('Reports.skipping', 'cron', 'finished');
    const runOf = ({ name }: Pick<CronDeclaration, 'name'>, later = 1): DueRun => {
      const due = (untils.get(name) ?? 1) + later;
      return { due, message: message(due, name === 'Reports.skipping' ? unique : undefined) };
    };
    const [paused, settled, skipping, last] = crons as [
      CronDeclaration,
      CronDeclaration,
      CronDeclaration,
      CronDeclaration,
    ];
    await fixture.broker.crons.pause(paused.name);
    const earlier = runOf(skipping);
    await fixture.broker.crons.fire('default', [{ name: skipping.name, runs: [earlier] }]);

    const [later, least] = [runOf(skipping, 2), runOf(last)];
    const firings = await fixture.broker.crons.fire('default', [
      { name: UNKNOWN.name, runs: [runOf(UNKNOWN)] },
      { name: paused.name, runs: [runOf(paused)] },
      { name: settled.name, runs: [runOf(settled, 0)] },
      { name: skipping.name, runs: [later] },
      { name: last.name, runs: [least] },
    ]);
    expect(firings).toEqual([
      { known: false, fired: 0, skipped: 0 },
      { known: true, fired: 0, skipped: 0 },
      { known: true, fired: 0, skipped: 0 },
      { known: true, fired: 0, skipped: 1, heldIn: 'default' },
      { known: true, fired: 1, skipped: 0 },
    ]);
    expect(await queue()).toEqual([earlier.message, least.message]);
    expect(await settledUntil(paused.name)).toBe(untils.get(paused.name));
    expect(await settledUntil(settled.name)).toBe(untils.get(settled.name));
    expect([await noted('skipped', skipping.name), await settledUntil(skipping.name)]).toEqual(['1', later.due]);
    expect(await noted('until', UNKNOWN.name)).toBeNull();
  });

  it('resolves to the last run of each', async () => {
    await known(5_000);
    await known(5_000, HOURLY);
    await fixture.broker.crons.recordRun(await fixture.child(), HOURLY.name, RUN);
    const both = [DAILY, HOURLY].map(({ name }) => ({ name, runs: [] }));
    expect((await fixture.broker.crons.fire('default', both)).map(({ lastRun }) => lastRun)).toEqual([undefined, RUN]);
  });

  it('fires each instant once when several fire the same at once', async () => {
    const until = await known(5_000);
    const hourly = await known(5_000, HOURLY);
    const call = (): Promise<Firing[]> =>
      fixture.broker.crons.fire('default', [
        { name: DAILY.name, runs: [1, 2].map((ms) => ({ due: until + ms, message: message(until + ms) })) },
        { name: HOURLY.name, runs: [{ due: hourly + 1, message: message(hourly + 1) }] },
      ]);
    const all = (await Promise.all([call(), call(), call()])).flat();
    expect(all.reduce((sum, { fired }) => sum + fired, 0)).toBe(3);
    expect(await queue()).toHaveLength(3);
  });

  it('fires a hundred crons with a thousand runs', async () => {
    const crons = Array.from({ length: 100 }, (_, index) => ({ ...DAILY, name: `Reports.cron${index}` }));
    await fixture.broker.crons.declare(crons, TOLERANCE_MS);
    const until = (await now()) - 5_000;
    for (const { name } of crons) await fixture.redis.hset(CRONS, `${name} until`, until);
    const all = crons.map(({ name }) => ({
      name,
      runs: Array.from({ length: 10 }, (_, index) => ({ due: until + 1 + index, message: message(until + 1 + index) })),
    }));
    const firings = await fixture.broker.crons.fire('default', all);
    expect(firings).toEqual(crons.map(() => ({ known: true, fired: 10, skipped: 0 })));
    expect(await queue()).toEqual(all.flatMap(({ runs }) => runs.map((run) => run.message)));
    for (const { name } of crons) expect(await settledUntil(name)).toBe(until + 10);
  });

  it('refuses all when Redis is full, and leaves their instants due', async () => {
    const untils = [await known(5_000), await known(5_000, HOURLY)];
    const both = [DAILY, HOURLY].map(({ name }, index) => {
      const due = (untils[index] ?? 0) + 1;
      return { name, runs: [{ due, message: message(due) }] };
    });
    await fixture.redis.config('SET', 'maxmemory', '1');
    try {
      await expect(fixture.broker.crons.fire('default', both)).rejects.toMatchObject({ code: 'REDIS_OUT_OF_MEMORY' });
    } finally {
      await fixture.redis.config('SET', 'maxmemory', '0');
    }
    expect([await settledUntil(), await settledUntil(HOURLY.name)]).toEqual(untils);
    expect((await fixture.broker.crons.fire('default', both)).map(({ fired }) => fired)).toEqual([1, 1]);
  });

  it('sends nothing for no cron', async () => {
    expect(await fixture.broker.crons.fire('default', [])).toEqual([]);
  });
});

describe('the limit of a cron', () => {
  const LIMITED = { ...DAILY, limit: 2 };

  /** Its due runs, from so many ms after it was settled. */
  function runsFrom(until: number, count: number, unique?: string): DueRun[] {
    return Array.from({ length: count }, (_, index) => {
      const due = until + 1 + index;
      return { due, message: message(due, unique) };
    });
  }

  /** A cron of which all runs were fired. */
  async function exhausted(): Promise<void> {
    const until = await known(5_000, LIMITED);
    expect(await fireCron(fixture.broker.crons, LIMITED, runsFrom(until, 3))).toMatchObject({ exhausted: true });
    expect([await noted('fires'), await noted('until')]).toEqual(['2', String(until + 2)]);
  }

  it('is never passed when several fire at once', async () => {
    const until = await known(5_000, LIMITED);
    const firings = await Promise.all(
      [0, 1, 2].map((at) => fireCron(fixture.broker.crons, LIMITED, runsFrom(until + 2 * at, 2))),
    );
    expect(firings.reduce((sum, { fired }) => sum + fired, 0)).toBe(2);
    expect(firings.at(-1)).toMatchObject({ fired: 0, exhausted: true });
    expect(await queue()).toHaveLength(2);
  });

  it('does not count runs that were skipped', async () => {
    const until = await known(5_000, LIMITED);
    const unique = encodeUnique(DAILY.name, 'cron', 'finished');
    expect(await fireCron(fixture.broker.crons, LIMITED, runsFrom(until, 3, unique))).toEqual({
      ...{ known: true, fired: 1, skipped: 2, heldIn: 'default' },
    });
    expect(await noted('fires')).toBe('1');
  });

  it('costs no field for a cron without one', async () => {
    const until = await known(5_000);
    await fireCron(fixture.broker.crons, DAILY, runsFrom(until, 1));
    expect(await noted('fires')).toBeNull();
  });

  it('begins anew with another schedule', async () => {
    await exhausted();
    await fixture.broker.crons.declare([{ ...LIMITED, schedule: { everyMs: 1_000 } }], TOLERANCE_MS);
    expect(await noted('fires')).toBeNull();
  });

  it('goes on counting when it is higher, or none, and nothing was missed meanwhile', async () => {
    for (const limit of [3, undefined]) {
      await fixture.reset();
      await exhausted();
      const before = await now();
      await fixture.broker.crons.declare([{ ...DAILY, limit }], TOLERANCE_MS);
      expect(await noted('fires')).toBe('2');
      expect(await settledUntil()).toBeGreaterThanOrEqual(before);
    }
  });

  it('leaves the record at its time when it was not reached, or still is', async () => {
    await exhausted();
    const until = await settledUntil();
    for (const limit of [2, 1]) {
      await fixture.broker.crons.declare([{ ...DAILY, limit }], TOLERANCE_MS);
      expect(await settledUntil()).toBe(until);
    }
    await fixture.redis.hset(CRONS, `${DAILY.name} fires`, 0);
    await fixture.broker.crons.declare([{ ...DAILY, limit: 9 }], TOLERANCE_MS);
    expect(await settledUntil()).toBe(until);
  });

  it('counts from 0 where others wrote nonsense', async () => {
    const until = await known(5_000, LIMITED);
    await fixture.redis.hset(CRONS, `${DAILY.name} fires`, 'many');
    expect(await fireCron(fixture.broker.crons, LIMITED, runsFrom(until, 1))).toMatchObject({ fired: 1 });
    expect(await noted('fires')).toBe('1');
  });
});

describe('note-cron-ends', () => {
  const CHAINED: CronDeclaration = { ...DAILY, schedule: { everyMs: 1_000, from: 'end' }, overlap: 'skip' };
  const unique = encodeUnique(DAILY.name, 'cron', 'finished');

  /** Whether it notes the present. */
  async function notes(): Promise<boolean> {
    const at = await fixture.broker.crons.noteEnds([DAILY.name], TOLERANCE_MS);
    return (await noted('ended')) === String(at);
  }

  it('notes the present where no end is noted, or one before the last run', async () => {
    const until = await known(5_000, CHAINED);
    expect(await notes()).toBe(true);
    for (const ended of [until - 1, 'nonsense', `${until + 1}.5`]) {
      await fixture.redis.hset(CRONS, `${DAILY.name} ended`, ended);
      expect(await notes()).toBe(true);
    }
  });

  it('leaves an end that is noted, also one a little ahead of the clock, but not one far ahead', async () => {
    const until = await known(5_000, CHAINED);
    for (const ended of [until, (await now()) + 50_000]) {
      await fixture.redis.hset(CRONS, `${DAILY.name} ended`, ended);
      expect(await notes()).toBe(false);
      expect(await noted('ended')).toBe(String(ended));
    }
    await fixture.redis.hset(CRONS, `${DAILY.name} ended`, (await now()) + 70_000);
    expect(await notes()).toBe(true);
  });

  it('notes nothing while a run has the key, and of an unknown cron', async () => {
    expect(await notes()).toBe(false);
    const until = await known(5_000, CHAINED);
    await fireCron(fixture.broker.crons, CHAINED, [{ due: until + 1, message: message(until + 1, unique) }]);
    expect(await notes()).toBe(false);
    expect(await noted('ended')).toBeNull();
  });

  it('notes several in one call, and works when Redis is full', async () => {
    const other = { ...CHAINED, name: 'Reports.other' };
    await fixture.broker.crons.declare([CHAINED, other], TOLERANCE_MS);
    await fixture.redis.config('SET', 'maxmemory', '1');
    const noting = fixture.broker.crons.noteEnds([DAILY.name, other.name], TOLERANCE_MS);
    await noting.catch(() => {});
    await fixture.redis.config('SET', 'maxmemory', '0');
    const at = await noting;
    expect([await noted('ended'), await noted('ended', other.name)]).toEqual([String(at), String(at)]);
  });
});

describe('move-cron-run', () => {
  const unique = encodeUnique(DAILY.name, 'cron', 'finished');
  const MOVED = { ...DAILY, queue: 'bulk' };

  /** A run that waits in the queue `old`, under its key. */
  async function waiting(): Promise<string> {
    const until = await known(5_000);
    const run = { due: until + 1, message: message(until + 1, unique) };
    await fireCron(fixture.broker.crons, { ...DAILY, queue: 'old' }, [run]);
    return run.message;
  }

  async function place(list: string): Promise<string[]> {
    return fixture.redis.lrange(`{nestwork}:${list}`, 0, -1);
  }

  it('moves a run that causes skips out of a queue that no worker serves', async () => {
    const run = await waiting();
    const due = (await settledUntil()) + 1;
    const firing = await fireCron(fixture.broker.crons, MOVED, [{ due, message: message(due, unique) }]);
    expect(firing).toMatchObject({ fired: 0, skipped: 1, heldIn: 'old' });
    expect(await fixture.broker.crons.moveRun(MOVED, 'old')).toBe(true);
    expect([await place('queue:old'), await place('queue:bulk')]).toEqual([[], [run]]);
    expect(await place('bell:bulk')).toHaveLength(1);
    expect(await fixture.redis.hget('{nestwork}:unique', unique.slice(1))).toBe(`bulk ${run}`);
    expect(await fixture.broker.crons.moveRun(MOVED, 'old')).toBe(false);
    expect(await fixture.broker.crons.moveRun(MOVED, 'bul')).toBe(false);
  });

  it('moves a scheduled run with its time, and a quarantined one to the quarantined tasks', async () => {
    const run = await waiting();
    await fixture.redis.del('{nestwork}:queue:old');
    await fixture.redis.zadd('{nestwork}:scheduled:old', 7_000, run);
    expect(await fixture.broker.crons.moveRun(MOVED, 'old')).toBe(true);
    expect(await fixture.redis.zrange('{nestwork}:scheduled:bulk', '0', '-1', 'WITHSCORES')).toEqual([run, '7000']);
    expect(await fixture.redis.exists('{nestwork}:scheduled:old', '{nestwork}:bell:bulk')).toBe(0);

    await fixture.redis.del('{nestwork}:scheduled:bulk');
    const quarantined = `${run.slice(0, 23)}1${run.slice(24)}`;
    await fixture.redis.hset('{nestwork}:unique', unique.slice(1), `old ${quarantined}`);
    await fixture.redis.rpush('{nestwork}:suspects:old', quarantined);
    expect(await fixture.broker.crons.moveRun(MOVED, 'old')).toBe(true);
    expect([await place('suspects:old'), await place('suspects:bulk')]).toEqual([[], [quarantined]]);
  });

  it('leaves a run whose queue a live worker serves, and a run that a child holds', async () => {
    const run = await waiting();
    const place = { host: 'h', pid: 1 };
    await fixture.broker.openSession({ session: 'w-30000', leaseMs: 30_000, queues: ['old'], catalog: [], ...place });
    expect(await fixture.broker.crons.moveRun(MOVED, 'old')).toBe(false);
    await fixture.broker.closeSession('w-30000');
    await fixture.redis.del('{nestwork}:queue:old');
    expect(await fixture.broker.crons.moveRun(MOVED, 'old')).toBe(false);
    expect(await fixture.redis.exists('{nestwork}:queue:bulk', '{nestwork}:suspects:bulk')).toBe(0);
    await fixture.redis.rpush('{nestwork}:queue:old', run);
  });

  it('refuses a foreign key before it writes, and refuses when Redis is full', async () => {
    const run = await waiting();
    await fixture.redis.set('{nestwork}:queue:bulk', 'foreign');
    await expect(fixture.broker.crons.moveRun(MOVED, 'old')).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
    await fixture.redis.del('{nestwork}:queue:bulk');
    await fixture.redis.config('SET', 'maxmemory', '1');
    try {
      await expect(fixture.broker.crons.moveRun(MOVED, 'old')).rejects.toMatchObject({ code: 'REDIS_OUT_OF_MEMORY' });
    } finally {
      await fixture.redis.config('SET', 'maxmemory', '0');
    }
    expect(await place('queue:old')).toEqual([run]);
  });
});

describe('the crons of live workers', () => {
  it('contain the crons that each live session fires; a record is disabled when all of them have disabled it', async () => {
    await fixture.broker.crons.declare([DAILY], TOLERANCE_MS);
    await session('off-30000', [OFF]);
    expect(await fixture.broker.liveWorkers()).toMatchObject([{ host: 'h', pid: 1, crons: [] }]);
    expect(await fixture.broker.crons.records()).toMatchObject([{ disabled: true, declared: true }]);
    await session('on-30000', [DAILY]);
    const fires = (await fixture.broker.liveWorkers()).flatMap(({ crons }) => crons);
    expect(fires).toEqual([DAILY]);
    expect(await fixture.broker.crons.records()).toMatchObject([{ disabled: false, declared: true }]);
  });

  it('of an earlier version are unknown, and the record decides', async () => {
    await session('old-30000', [OFF]);
    await fixture.redis.hdel('{nestwork}:session:old-30000', '@fires', '@disabled');
    for (const cron of [OFF, DAILY]) {
      await fixture.redis.hset(CRONS, `${DAILY.name} definition`, JSON.stringify(cron));
      expect(await fixture.broker.crons.records()).toMatchObject([{ disabled: cron.disabled, declared: true }]);
    }
  });
});

describe('pause-cron and resume-cron', () => {
  it('fire nothing in between, and make up for nothing afterwards', async () => {
    const until = await known(5_000);
    const run = { due: until + 1, message: message(until + 1) };
    expect(await fixture.broker.crons.pause(DAILY.name)).toBe(true);
    expect(await fixture.broker.crons.pause(DAILY.name)).toBe(true);
    expect(await fireCron(fixture.broker.crons, DAILY, [run])).toEqual({ known: true, fired: 0, skipped: 0 });
    expect(await settledUntil()).toBe(until);

    const resumedAt = await now();
    expect(await fixture.broker.crons.resume(DAILY.name)).toBe(true);
    expect(await settledUntil()).toBeGreaterThanOrEqual(resumedAt);
    expect(await fireCron(fixture.broker.crons, DAILY, [run])).toMatchObject({ fired: 0 });
    expect(await queue()).toEqual([]);
  });

  it('keep a pause when the cron is declared again', async () => {
    await known(0);
    await fixture.broker.crons.pause(DAILY.name);
    await fixture.broker.crons.declare([{ ...DAILY, schedule: { everyMs: 1_000 } }], TOLERANCE_MS);
    expect((await fixture.broker.crons.survey([DAILY.name])).states.get(DAILY.name)?.paused).toBe(true);
  });

  it('change nothing when the cron is not paused', async () => {
    const until = await known(5_000);
    expect(await fixture.broker.crons.resume(DAILY.name)).toBe(true);
    expect(await settledUntil()).toBe(until);
  });

  it('return false for an unknown cron, and leave nothing behind', async () => {
    expect(await fixture.broker.crons.pause('Reports.none')).toBe(false);
    expect(await fixture.broker.crons.resume('Reports.none')).toBe(false);
    expect(await fixture.state()).toEqual({});
  });
});

describe('forget-crons', () => {
  const HOURLY = { ...DAILY, name: 'Reports.hourly' };

  async function names(): Promise<string[]> {
    const fields = await fixture.redis.hkeys(CRONS);
    return [...new Set(fields.map((field) => field.split(' ')[0] ?? ''))].sort();
  }

  it('forgets a cron that no session declares, with all its fields', async () => {
    await fixture.broker.crons.declare([DAILY, HOURLY], TOLERANCE_MS);
    await fixture.broker.crons.pause(HOURLY.name);
    await session('new-30000', [DAILY]);
    expect(await fixture.broker.crons.forget(0)).toBe(0);
    expect(await names()).toEqual([DAILY.name, HOURLY.name]);
    expect(await fixture.broker.crons.forget(0)).toBe(1);
    expect(await names()).toEqual([DAILY.name]);
  });

  it('forgets the history with the cron, and keeps a cron of which the caller knew no orphan', async () => {
    await fixture.broker.crons.declare([DAILY, HOURLY], TOLERANCE_MS);
    const child = await fixture.child();
    await session('new-30000', [DAILY]);
    for (const { name } of [DAILY, HOURLY]) await fixture.broker.crons.recordRun(child, name, RUN);
    const known = await fixture.redis.zrange('{nestwork}:sessions', '0', '-1');
    for (let time = 0; time < 2; time += 1) {
      expect(await fixture.call('forget-crons', { known, orphans: [], afterMs: 0 })).toBe(0);
    }
    expect(await names()).toEqual([DAILY.name, HOURLY.name]);
    expect(await fixture.broker.crons.forget(0)).toBe(1);
    expect(await fixture.redis.keys(`${RUNS}*`)).toEqual([`${RUNS}${DAILY.name}`]);
  });

  it('waits for the given time since the last declaration', async () => {
    await fixture.broker.crons.declare([HOURLY], TOLERANCE_MS);
    await fixture.broker.crons.forget(60_000);
    expect(await fixture.broker.crons.forget(60_000)).toBe(0);
    // back again, and gone again: it counts from the second time
    await session('back-30000', [HOURLY]);
    await fixture.broker.crons.forget(0);
    await fixture.broker.closeSession('back-30000');
    expect(await fixture.broker.crons.forget(0)).toBe(0);
    expect(await fixture.broker.crons.forget(0)).toBe(1);
    expect(await fixture.redis.exists(CRONS)).toBe(0);
  });

  it('keeps a cron that any session declares', async () => {
    await session('old-30000', [HOURLY]);
    await session('new-30000', [DAILY]);
    await fixture.broker.crons.declare([DAILY, HOURLY], TOLERANCE_MS);
    for (let time = 0; time < 3; time += 1) expect(await fixture.broker.crons.forget(0)).toBe(0);
    expect(await names()).toEqual([DAILY.name, HOURLY.name]);
  });

  it('notes since when all sessions have disabled a cron, but not for a cron that one of them enables', async () => {
    await fixture.broker.crons.declare([DAILY, HOURLY], TOLERANCE_MS);
    await session('off-30000', [OFF, HOURLY]);
    await fixture.broker.crons.forget(60_000);
    expect(Number(await noted('disabled'))).toBeGreaterThan(0);
    expect(await noted('disabled', HOURLY.name)).toBeNull();
    await fixture.redis.hset(CRONS, `${DAILY.name} disabled`, 7);
    await fixture.broker.crons.forget(60_000);
    expect(await noted('disabled')).toBe('7');
    // an older worker does not say which crons it has disabled, and may fire them
    await session('old-30000', [DAILY]);
    await fixture.redis.hdel('{nestwork}:session:old-30000', '@fires');
    await fixture.broker.crons.forget(60_000);
    expect(await noted('disabled')).toBeNull();
  });

  it('does nothing when a session was opened after the caller read the sessions', async () => {
    await fixture.broker.crons.declare([DAILY], TOLERANCE_MS);
    await fixture.redis.hset(CRONS, `${DAILY.name} orphan`, 1);
    await session('new-30000', [DAILY]);
    expect(await fixture.call('forget-crons', { known: [], orphans: [DAILY.name], afterMs: 0 })).toBe(-1);
    expect(await names()).toEqual([DAILY.name]);
  });
});

describe('record-cron-run', () => {
  it('notes the last run, which records() returns with the rest', async () => {
    const until = await known(5_000);
    const child = await fixture.child();
    await session('w-30000', [DAILY]);
    await fireCron(fixture.broker.crons, DAILY, [{ due: until + 1, message: message(until + 1) }]);
    await fixture.broker.crons.recordRun(child, DAILY.name, RUN);
    expect(await fireCron(fixture.broker.crons, DAILY, [])).toMatchObject({ fired: 0, lastRun: RUN });
    expect(await fixture.broker.crons.records()).toEqual([
      { ...DAILY, declared: true, paused: false, firedAt: until + 1, skipped: 0, missedTimes: 0, lastRun: RUN },
    ]);
  });

  it('refuses a child that has lost its lease', async () => {
    await known(0);
    const child = await fixture.child();
    const stranger = { ...child, child: `${child.session}.stranger` };
    await expect(fixture.broker.crons.recordRun(stranger, DAILY.name, RUN)).rejects.toMatchObject({
      code: 'LEASE_LOST',
    });
    expect(await noted('run')).toBeNull();
    expect(await fixture.broker.crons.history(DAILY.name, 10)).toEqual([]);
  });

  it('writes a line of history for each end, of the last ones', async () => {
    await known(0);
    const child = await fixture.child();
    await fixture.broker.crons.recordRun(child, DAILY.name, { ...RUN, due: 5, outcome: 'failed' });
    await fixture.broker.crons.recordRun(child, DAILY.name, { ...RUN, attempt: 2 });
    const key = `${RUNS}${DAILY.name}`;
    expect(await fixture.redis.lrange(key, 0, -1)).toEqual(['7 done 7 3 2 x', '5 failed 7 3 1 x']);
    await fixture.redis.rpush(key, ...Array<string>(200).fill('1 skipped x'));
    await fixture.broker.crons.recordRun(child, DAILY.name, RUN);
    expect(await fixture.redis.llen(key)).toBe(100);
    expect(await fixture.redis.lindex(key, 0)).toBe('7 done 7 3 1 x');
  });

  it('writes nothing where something foreign has the key of the history', async () => {
    await known(0);
    await fixture.redis.set(`${RUNS}${DAILY.name}`, 'foreign');
    const child = await fixture.child();
    await expect(fixture.broker.crons.recordRun(child, DAILY.name, RUN)).rejects.toMatchObject({
      code: 'REDIS_REFUSED',
    });
    expect(await noted('run')).toBeNull();
  });

  it('does not restore a forgotten cron', async () => {
    await fixture.broker.crons.recordRun(await fixture.child(), DAILY.name, RUN);
    expect(await fixture.redis.exists(CRONS, `${RUNS}${DAILY.name}`)).toBe(0);
  });
});

it('records omit unreadable fields', async () => {
  await known(0);
  await fixture.redis.hset(
    CRONS,
    'Other.cron definition',
    '{"schedule":{"moon":"full"}}',
    'Broken.cron definition',
    '{',
  );
  expect((await fixture.broker.crons.records()).map(({ name }) => name)).toEqual([DAILY.name]);
});
