/** The scripts of crons that are set at run time: what only Redis shows of them. */
import { jest } from '@jest/globals';
import type { RedisConnection } from '../../src/broker/redis/redis-connection.js';
import type { CronDeclaration } from '../../src/cron/cron-definition.js';
import { cronMessage } from '../../src/cron/cron-message.js';
import { BrokerFixture } from '../support/broker-fixture.js';

const TAG = '{nestwork}:';
const HASH = `${TAG}run-time-crons`;
const NAMES = `${TAG}cron-names`;
const LINES = `${TAG}cron-lines`;
const LINE = 'default Some.task';
const TIMES = `${TAG}cron-times:${LINE}`;
const ALARM = `${TAG}alarm`;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const REPORT: CronDeclaration = {
  name: 'tenant-7.report',
  task: 'Some.task',
  queue: 'default',
  schedule: { everyMs: 1_000 },
  missed: 'latest',
  thresholdMs: 10_000,
  overlap: 'allow',
  disabled: false,
};
/** Fields that come with what happens to a cron. */
const OTHERS = ['paused', 'fired', 'run', 'skipped', 'missed', 'fires'];
const INPUT = {
  ...{
    cron: REPORT.name,
    definition: JSON.stringify(REPORT),
    before: '',
    ...{ anew: 1, formerLimit: '', limit: '' },
    setBy: '{"at":7}',
    most: 10,
    ...{ lookAt: 0, after: 0 },
  },
  ...{ former: LINE, line: LINE },
};

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

const runTime = (): BrokerFixture['broker']['crons']['runTime'] => fixture.broker.crons.runTime;

async function now(): Promise<number> {
  return (await runTime().lines()).now;
}

function noted(field: string, name = REPORT.name): Promise<string | null> {
  return fixture.redis.hget(HASH, `${name} ${field}`);
}

async function whileFull<T>(act: () => Promise<T>): Promise<T> {
  await fixture.redis.config('SET', 'maxmemory', '1');
  try {
    return await act();
  } finally {
    await fixture.redis.config('SET', 'maxmemory', '0');
  }
}

describe('set-cron', () => {
  it('adds a cron with all that is known of it, and wakes a worker', async () => {
    const before = await now();
    expect(await fixture.call('set-cron', INPUT)).toBe(2);
    expect(await noted('definition')).toBe(INPUT.definition);
    expect(await noted('set')).toBe(INPUT.setBy);
    expect(Number(await noted('until'))).toBeGreaterThanOrEqual(before);
    expect(await fixture.redis.zrange(NAMES, '0', '-1', 'WITHSCORES')).toEqual([REPORT.name, '0']);
    const [first, lookAt] = await fixture.redis.zrange(TIMES, '0', '-1', 'WITHSCORES');
    expect([first, Number(lookAt)]).toEqual([REPORT.name, Number(await noted('until'))]);
    expect(await fixture.redis.zrange(LINES, '0', '-1', 'WITHSCORES')).toEqual([LINE, lookAt]);
    expect(await fixture.redis.llen(ALARM)).toBe(1);
  });

  it('lets a worker look when the first time comes, and at once where the times are the same as before', async () => {
    const later = (await now()) + 3_600_000;
    await fixture.call('set-cron', { ...INPUT, lookAt: later });
    expect(await fixture.redis.zscore(TIMES, REPORT.name)).toBe(String(later));
    expect(await fixture.redis.zscore(LINES, LINE)).toBe(String(later));
    const change = { ...INPUT, definition: '{}', before: INPUT.definition, anew: 0, lookAt: later };
    await fixture.call('set-cron', change);
    expect(Number(await fixture.redis.zscore(TIMES, REPORT.name))).toBeLessThan(later);
    expect(Number(await fixture.redis.zscore(LINES, LINE))).toBeLessThan(later);
  });

  it('lets a worker look at once where the clock of Redis is before that of which the first time is known', async () => {
    const after = (await now()) + HOUR;
    await fixture.call('set-cron', { ...INPUT, after, lookAt: after + HOUR });
    expect(Number(await fixture.redis.zscore(TIMES, REPORT.name))).toBeLessThanOrEqual(await now());
  });

  it('leaves a line that has an earlier time as it is', async () => {
    await fixture.call('set-cron', INPUT);
    await fixture.redis.zadd(LINES, 7, LINE);
    await fixture.call('set-cron', { ...INPUT, cron: 'other' });
    expect(await fixture.redis.zscore(LINES, LINE)).toBe('7');
  });

  it('brings forward a line whose crons are all due later', async () => {
    await fixture.call('set-cron', INPUT);
    await fixture.redis.zadd(LINES, (await now()) + HOUR, LINE);
    await fixture.call('set-cron', { ...INPUT, cron: 'other' });
    expect(Number(await fixture.redis.zscore(LINES, LINE))).toBeLessThanOrEqual(await now());
  });

  it('refuses a caller who has read another definition than there is now', async () => {
    expect(await fixture.call('set-cron', { ...INPUT, before: '{}' })).toBe(0);
    await fixture.call('set-cron', INPUT);
    expect(await fixture.call('set-cron', { ...INPUT, definition: '{}' })).toBe(0);
    expect(await noted('definition')).toBe(INPUT.definition);
    expect(await fixture.call('set-cron', { ...INPUT, definition: '{}', before: INPUT.definition })).toBe(1);
  });

  it('refuses one too many, and changes one that is there', async () => {
    await fixture.call('set-cron', { ...INPUT, most: 1 });
    expect(await fixture.call('set-cron', { ...INPUT, cron: 'other', most: 1 })).toBe(-2);
    expect(await runTime().count()).toBe(1);
    const change = { ...INPUT, definition: '{}', before: INPUT.definition, most: 1 };
    expect(await fixture.call('set-cron', change)).toBe(1);
  });

  it('goes on from the same time where its times are the same', async () => {
    await fixture.call('set-cron', INPUT);
    await fixture.redis.hset(HASH, `${REPORT.name} until`, 7);
    await fixture.call('set-cron', { ...INPUT, definition: '{}', before: INPUT.definition, anew: 0 });
    expect(await noted('until')).toBe('7');
  });

  it('counts the runs of a limit anew with other times, and goes on counting with the same ones', async () => {
    await fixture.call('set-cron', INPUT);
    await fixture.redis.hset(HASH, `${REPORT.name} fires`, 7);
    await fixture.call('set-cron', { ...INPUT, definition: '{}', before: INPUT.definition, anew: 0 });
    expect(await noted('fires')).toBe('7');
    await fixture.call('set-cron', { ...INPUT, before: '{}' });
    expect(await noted('fires')).toBeNull();
  });

  it.each<[string, number | '', number | '', boolean]>([
    ['goes on by a higher limit', 7, 8, true],
    ['goes on without its limit', 7, '', true],
    ['ends by a lower limit', 8, 7, true],
    ['ends by a first limit', '', 1, true],
    ['still goes on', 8, 9, false],
    ['is still over', 7, 5, false],
    ['has no limit', '', '', false],
  ])(
    'lets one that %s begin or end at the present only where that changes: %j, then %j',
    async (_, was, is, changes) => {
      await fixture.call('set-cron', INPUT);
      await fixture.redis.hset(HASH, `${REPORT.name} fires`, 7, `${REPORT.name} until`, 1);
      const change = { ...INPUT, definition: '{}', before: INPUT.definition, anew: 0 };
      await fixture.call('set-cron', { ...change, formerLimit: was, limit: is });
      expect((await noted('until')) === '1').toBe(!changes);
      expect(await noted('fires')).toBe('7');
    },
  );

  it('counts from 0 where others wrote nonsense', async () => {
    await fixture.call('set-cron', INPUT);
    await fixture.redis.hset(HASH, `${REPORT.name} fires`, 'many', `${REPORT.name} until`, 1);
    const change = { ...INPUT, definition: '{}', before: INPUT.definition, anew: 0, limit: 1 };
    expect(await fixture.call('set-cron', change)).toBe(1);
    expect(await noted('until')).toBe('1');
  });

  it('gives each setting of any cron a version of its own', async () => {
    const versions: (string | null)[] = [];
    for (let time = 0; time < 2; time += 1) {
      await runTime().set(REPORT, { at: 7 });
      versions.push(await noted('version'));
      await runTime().remove(REPORT.name);
    }
    expect(new Set(versions).size).toBe(2);
  });

  it.each(['crons', 'run-time-crons', 'cron-names', 'cron-lines', `cron-times:${LINE}`, 'alarm'])(
    'writes nothing when %s is a foreign key',
    async (key) => {
      await fixture.redis.set(`${TAG}${key}`, 'foreign');
      await expect(runTime().set(REPORT, { at: 7 })).rejects.toThrow();
      expect(await fixture.redis.keys('*')).toEqual([`${TAG}${key}`]);
      await fixture.redis.flushall();
    },
  );

  it('refuses when Redis is full', async () => {
    await whileFull(() =>
      expect(runTime().set(REPORT, { at: 7 })).rejects.toMatchObject({ code: 'REDIS_OUT_OF_MEMORY' }),
    );
    expect(await fixture.redis.keys('*')).toEqual([]);
  });
});

describe('remove-cron', () => {
  it('leaves nothing of a cron, also when Redis is full', async () => {
    await runTime().set(REPORT, { at: 7 });
    for (const field of OTHERS) await fixture.redis.hset(HASH, `${REPORT.name} ${field}`, 7);
    await fixture.redis.lpush(`${TAG}cron-runs:${REPORT.name}`, 'a line');
    await fixture.redis.del(ALARM);
    expect(await whileFull(() => runTime().remove(REPORT.name))).toBe(true);
    expect(await runTime().due({ queue: 'default', task: 'Some.task' }, 10)).toEqual([]);
    expect(await fixture.redis.keys('*')).toEqual([HASH]);
    expect(await fixture.redis.hkeys(HASH)).toEqual(['@versions']);
  });

  it('leaves nothing of a cron that another caller puts into another line meanwhile', async () => {
    await runTime().set(REPORT, { at: 7 });
    const { connection } = runTime() as unknown as { connection: RedisConnection };
    const call = connection.call.bind(connection);
    const intercepted = jest.spyOn(connection, 'call').mockImplementationOnce(async (name, input) => {
      await runTime().set({ ...REPORT, task: 'Other.task' }, { at: 8 });
      return call(name, input);
    });
    expect(await runTime().remove(REPORT.name)).toBe(true);
    intercepted.mockRestore();
    expect(await runTime().count()).toBe(0);
    expect(await fixture.redis.keys(`${TAG}cron-times:*`)).toEqual([]);
    expect(await fixture.redis.hkeys(HASH)).toEqual(['@versions']);
  });

  it('leaves others alone, and one of another version', async () => {
    await runTime().set(REPORT, { at: 7 });
    expect(await fixture.call('remove-cron', { cron: REPORT.name, version: '7', line: LINE })).toBe(0);
    expect(await fixture.call('remove-cron', { cron: 'other', version: '', line: LINE })).toBe(0);
    expect(await runTime().count()).toBe(1);
  });
});

describe('due-crons', () => {
  const line = { queue: 'default', task: 'Some.task' };

  async function dueIn(ms: number, name: string): Promise<void> {
    await runTime().set({ ...REPORT, name }, { at: 7 });
    await fixture.redis.zadd(TIMES, (await now()) + ms, name);
  }

  it('reads those that are to be looked at, the longest due first, so many as wanted', async () => {
    await dueIn(HOUR, 'later');
    for (const [ms, name] of [
      [-1_000, 'last'],
      [-3_000, 'first'],
      [-2_000, 'second'],
    ] as const)
      await dueIn(ms, name);
    const names = async (most: number) => (await runTime().due(line, most)).map(({ name }) => name);
    expect(await names(2)).toEqual(['first', 'second']);
    expect(await names(9)).toEqual(['first', 'second', 'last']);
  });

  it.each(['definition', 'version', 'until'])('drops one from its line that has no %s', async (field) => {
    await dueIn(-1, 'broken');
    await fixture.redis.hdel(HASH, `broken ${field}`);
    expect(await runTime().due(line, 9)).toEqual([]);
    expect(await fixture.redis.zcard(TIMES)).toBe(0);
    expect(await fixture.redis.zcard(LINES)).toBe(0);
  });

  it('drops one whose time is none', async () => {
    await dueIn(-1, 'broken');
    await fixture.redis.hset(HASH, 'broken until', 'soon');
    expect(await runTime().due(line, 9)).toEqual([]);
    expect(await fixture.redis.zcard(TIMES)).toBe(0);
  });

  it('reads how many runs were fired, and none where others wrote nonsense', async () => {
    await dueIn(-1, 'limited');
    const fires = async () => (await runTime().due(line, 9))[0]?.fires;
    expect(await fires()).toBe(0);
    await fixture.redis.hset(HASH, 'limited fires', 3);
    expect(await fires()).toBe(3);
    await fixture.redis.hset(HASH, 'limited fires', 'many');
    expect(await fires()).toBe(0);
  });

  it('notes the earliest time of its line, also when Redis is full', async () => {
    await dueIn(-5, 'first');
    await dueIn(HOUR, 'later');
    await fixture.redis.zadd(LINES, 7, LINE);
    expect(await whileFull(() => runTime().due(line, 9))).toHaveLength(1);
    expect(await fixture.redis.zscore(LINES, LINE)).toBe(await fixture.redis.zscore(TIMES, 'first'));
  });
});

describe('look-at-crons', () => {
  it('moves so many of those that are later than a time to now, also when Redis is full', async () => {
    const at = await now();
    await fixture.redis.zadd(
      TIMES,
      at + 2 * HOUR,
      'a',
      at + 3 * HOUR,
      'b',
      at + HOUR,
      'at the time',
      at + 4 * HOUR,
      'c',
    );
    const input = { line: LINE, after: at + HOUR, most: 2 };
    expect(await whileFull(() => fixture.call('look-at-crons', input))).toBe(2);
    expect(await fixture.redis.zrangebyscore(TIMES, at + HOUR, '+inf')).toEqual(['at the time', 'c']);
    expect(Number(await fixture.redis.zscore(LINES, LINE))).toBeGreaterThanOrEqual(at);
    expect(await fixture.call('look-at-crons', input)).toBe(1);
    expect(Number(await fixture.redis.zscore(LINES, LINE))).toBeLessThanOrEqual(await now());
  });
});

describe('fire-crons with a cron that was set at run time', () => {
  it('begins it anew where it is settled up to a time far ahead, and fires nothing', async () => {
    await runTime().set(REPORT, { at: 7 });
    const at = await now();
    const plan = { version: (await noted('version')) ?? '', lookAt: at + 1_000 };
    for (const [aheadMs, isAnew] of [
      [50_000, false],
      [HOUR, true],
    ] as const) {
      await fixture.redis.hset(HASH, `${REPORT.name} until`, at + aheadMs);
      const runs = [{ due: at - 1, message: fixture.message() }];
      const firing = { name: REPORT.name, start: undefined, runs, plan };
      const firings = await fixture.broker.crons.fire('default', [firing], { queue: 'default', task: 'Some.task' });
      expect(firings).toMatchObject([{ known: true, fired: 0 }]);
      expect(Number(await noted('until')) < at + aheadMs).toBe(isAnew);
    }
    expect(await fixture.redis.llen(`${TAG}queue:default`)).toBe(0);
  });

  it('lets one whose limit is reached be looked at a day later, and others as planned', async () => {
    const limited = { ...REPORT, limit: 2 };
    await runTime().set(limited, { at: 7 });
    const at = await now();
    await fixture.redis.hset(HASH, `${REPORT.name} until`, at - 1_000);
    const plan = { version: (await noted('version')) ?? '', lookAt: at + 1_000 };
    const fire = (times: readonly number[]) => {
      const runs = times.map((ago) => ({
        due: at - ago,
        message: cronMessage(limited, { id: fixture.ids.next(), due: at - ago, enqueuedAt: at }),
      }));
      const firing = { name: REPORT.name, start: undefined, limit: 2, runs, plan };
      return fixture.broker.crons.fire('default', [firing], { queue: 'default', task: 'Some.task' });
    };
    const lookAt = async () => Number(await fixture.redis.zscore(TIMES, REPORT.name));
    expect(await fire([500])).toMatchObject([{ fired: 1 }]);
    expect(await lookAt()).toBe(at + 1_000);
    expect(await fire([400, 300])).toMatchObject([{ fired: 1, exhausted: true }]);
    expect(await lookAt()).toBeGreaterThanOrEqual(at + DAY);
    expect(await lookAt()).toBeLessThanOrEqual((await now()) + DAY);
    expect(await noted('fires')).toBe('2');
    expect(await fire([])).toMatchObject([{ fired: 0, exhausted: true }]);
    expect(await lookAt()).toBeGreaterThanOrEqual(at + DAY);
  });
});
