import type { Claimant, LimitDeclaration } from '../../src/broker/port/broker.js';
import { MetricsReader } from '../../src/inspector/metrics/metrics-reader.js';
import type { RatesOptions, SummaryOptions } from '../../src/inspector/metrics/metrics-report.js';
import { timeSummary } from '../../src/inspector/metrics/time-summary.js';
import { KnownQueues } from '../../src/inspector/queues/known-queues.js';
import { limitKey } from '../../src/message/limit-tag.js';
import {
  BUCKETS,
  encodeCounts,
  noCounts,
  observe,
  TASK_COUNTERS,
  type TaskCounts,
} from '../../src/task/task-counts.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { limitedMessages } from '../support/limited-tasks.js';

const MINUTE_MS = 60_000;

let fixture: BrokerFixture;
let metrics: MetricsReader;
/** the beginning of the current minute */
let minute: number;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(async () => {
  // it keeps minutes that are over
  metrics = new MetricsReader(fixture.broker, KnownQueues.declared(['default', 'bulk']));
  minute = Math.floor((await fixture.now()) / MINUTE_MS);
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

function counts(given: Partial<TaskCounts>): string {
  return encodeCounts({ ...noCounts(), ...given });
}

/** Writes fields of the hash of a minute so many minutes ago. */
async function inMinute(ago: number, fields: Record<string, string>): Promise<void> {
  await fixture.redis.hset(`{nestwork}:metrics:${minute - ago}`, fields);
}

async function inTen(ago: number, fields: Record<string, string>): Promise<void> {
  await fixture.redis.hset(`{nestwork}:metrics10:${Math.floor(minute / 10) - ago}`, fields);
}

function ago(minutes: number): Date {
  return new Date((minute - minutes) * MINUTE_MS);
}

describe('rates', () => {
  it('have a point for each minute, whose `in` follows from `out` and the change of the depth', async () => {
    await inMinute(3, { 'default A.a': counts({ started: 5, done: 4, dropped: 1 }), default: 'pending 10 oldest 700' });
    await inMinute(2, { default: 'pending 12 quarantined 1 scheduled 2 oldest 900' });
    await inMinute(1, { 'default A.a': counts({ done: 1 }), 'bulk A.a': counts({ dead: 2, cancelled: 1 }) });
    const { minutes, points } = await metrics.rates({ from: ago(4), to: ago(1) });
    expect(minutes).toBe(1);
    expect(points.map(({ at }) => at)).toEqual([ago(4), ago(3), ago(2), ago(1)]);
    expect(points).toMatchObject([
      { started: 0, out: 0, in: undefined, depth: undefined, oldestMs: undefined },
      { started: 5, done: 4, dropped: 1, out: 5, in: 10, depth: 10, oldestMs: 700 },
      { out: 0, in: undefined, depth: 15, oldestMs: 900 },
      { done: 1, dead: 2, cancelled: 1, out: 4, in: undefined, depth: undefined },
    ]);
  });

  it('can be of one queue or of one task, of which no depth is known', async () => {
    await inMinute(2, {
      'default A.a': counts({ done: 1 }),
      'default B.b': counts({ done: 2 }),
      'bulk A.a': counts({ done: 4 }),
      default: 'pending 3 oldest 1',
      bulk: 'pending 30 oldest 2',
    });
    const of = async (filter: Partial<RatesOptions>): Promise<unknown> => {
      const { points } = await metrics.rates({ from: ago(2), to: ago(2), ...filter });
      return points.map(({ done, depth }) => [done, depth]);
    };
    expect(await of({})).toEqual([[7, 33]]);
    expect(await of({ queue: 'default' })).toEqual([[3, 3]]);
    expect(await of({ task: 'A.a' })).toEqual([[5, undefined]]);
    expect(await of({ task: 'A.a', queue: 'bulk' })).toEqual([[4, undefined]]);
  });

  it('are of ten minutes when they begin more than 3 hours ago, and of 7 days at most', async () => {
    await inTen(20, { 'default A.a': counts({ done: 7 }) });
    const { minutes, points } = await metrics.rates({ from: ago(240) });
    expect(minutes).toBe(10);
    expect(points.reduce((sum, { done }) => sum + done, 0)).toBe(7);
    const { points: all } = await metrics.rates({ from: new Date(0) });
    expect(all.length).toBe(7 * 144 + 1);
    expect(
      await metrics.rates({ from: new Date(Date.now() + 3_600_000), to: new Date(Date.now() + 7_200_000) }),
    ).toEqual({
      minutes: 1,
      points: [],
      queues: [],
    });
  });

  it('have the times of the attempts of each point', async () => {
    const { duration, waiting } = noCounts();
    for (let ms = 1; ms <= 100; ms += 1) observe(duration, ms);
    observe(waiting, 50);
    await inMinute(2, { 'default A.a': counts({ done: 100, duration, waiting }) });
    await inMinute(1, { 'bulk A.a': counts({ done: 1 }) });
    const { points } = await metrics.rates({ from: ago(2), to: ago(1) });
    expect(points).toMatchObject([
      { duration: { count: 100, meanMs: 50.5 }, waiting: { count: 1, meanMs: 50 } },
      { duration: { count: 0, p99Ms: 0 }, waiting: { count: 0 } },
    ]);
    expect(points[0]?.duration.p99Ms).toBeCloseTo(99, 0);
  });

  it('have the flow of each queue beside that of all', async () => {
    await inMinute(2, { 'default A.a': counts({ done: 1 }), default: 'pending 3', bulk: 'pending 9' });
    await inMinute(1, { 'default A.a': counts({ dead: 2 }), default: 'pending 5' });
    const { queues } = await metrics.rates({ from: ago(2), to: ago(1) });
    expect(queues).toEqual([
      {
        queue: 'bulk',
        points: [
          { out: 0, in: undefined, depth: 9 },
          { out: 0, in: undefined, depth: undefined },
        ],
      },
      {
        queue: 'default',
        points: [
          { out: 1, in: 3, depth: 3 },
          { out: 2, in: undefined, depth: 5 },
        ],
      },
    ]);
    const { queues: one } = await metrics.rates({ from: ago(2), to: ago(1), queue: 'default' });
    expect(one.map(({ queue }) => queue)).toEqual(['default']);
  });

  it('put neighbours together when fewer points are wanted', async () => {
    const { duration } = noCounts();
    observe(duration, 10);
    for (const each of [4, 3, 2, 1]) {
      await inMinute(each, {
        'default A.a': counts({ done: each, duration }),
        default: `pending ${10 * each} oldest ${each}`,
      });
    }
    const { minutes, points } = await metrics.rates({ from: ago(4), to: ago(1), points: 2 });
    expect(minutes).toBe(2);
    expect(points).toMatchObject([
      { at: ago(4), done: 7, depth: 40, in: 0, oldestMs: 4, duration: { count: 2 } },
      { at: ago(2), done: 3, depth: 20, in: undefined, oldestMs: 2, duration: { count: 2 } },
    ]);
  });

  it.each<[string, unknown, string]>([
    ['no date', { from: 'yesterday' }, "`from` is 'yesterday'"],
    ['an invalid date', { from: new Date(Number.NaN) }, '`from`'],
    ['nothing', { from: undefined }, '`from` is undefined'],
    ['an end before the beginning', { from: new Date(9), to: new Date(8) }, 'later than `to`'],
    ['an unknown option', { from: new Date(), since: 1 }, 'no option "since"'],
    ['no number of points', { from: new Date(), points: 0 }, '`points` is 0'],
    ['no name of a task', { from: new Date(), task: '' }, '`task`'],
    ['no name of a queue', { from: new Date(), queue: 'a b' }, "'a b'"],
  ])('refuse %s', async (_what, options, text) => {
    await expect(metrics.rates(options as RatesOptions)).rejects.toThrow(text);
  });
});

describe('a summary', () => {
  it('has counts and times of each task, the most frequent first, and the flow of each queue', async () => {
    const { duration, waiting } = noCounts();
    for (let ms = 1; ms <= 100; ms += 1) observe(duration, ms);
    observe(waiting, 50);
    await inMinute(5, { 'bulk B.b': counts({ failed: 1, dead: 1 }), default: 'pending 2 oldest 400' });
    await inMinute(4, { 'default A.a': counts({ started: 100, done: 100, duration, waiting }) });
    await inMinute(2, { 'default A.a': counts({ done: 3 }), default: 'pending 6 scheduled 1 oldest 300' });
    const { from, to, tasks, queues } = await metrics.summary({ last: '10m' });
    expect(from.getTime()).toBeGreaterThanOrEqual(ago(10).getTime());
    expect(to.getTime()).toBeGreaterThanOrEqual(ago(0).getTime());
    expect(tasks).toMatchObject([
      { task: 'A.a', queue: 'default', started: 100, done: 103, failed: 0, waiting: { count: 1, meanMs: 50 } },
      { task: 'B.b', queue: 'bulk', failed: 1, dead: 1, duration: { count: 0, meanMs: 0, p50Ms: 0, p99Ms: 0 } },
    ]);
    expect(tasks[0]?.duration).toMatchObject({ count: 100, meanMs: 50.5 });
    expect(tasks[0]?.duration.p50Ms).toBeCloseTo(50, 0);
    // 100 ended between the two samples, and 5 more wait
    expect(queues).toEqual([
      { queue: 'bulk', out: 1, in: undefined, depth: undefined, oldestMs: undefined },
      { queue: 'default', out: 103, in: 105, depth: 7, oldestMs: 400 },
    ]);
  });

  it('can be of one task or one queue', async () => {
    await inMinute(1, { 'default A.a': counts({ done: 1 }), 'bulk B.b': counts({ done: 2 }) });
    const named = async (options: Partial<SummaryOptions>): Promise<unknown> => {
      const { tasks, queues } = await metrics.summary({ last: '5m', ...options });
      return [tasks.map(({ task }) => task), queues.map(({ queue }) => queue)];
    };
    expect(await named({})).toEqual([
      ['B.b', 'A.a'],
      ['bulk', 'default'],
    ]);
    expect(await named({ queue: 'default' })).toEqual([['A.a'], ['default']]);
    expect(await named({ task: 'B.b' })).toEqual([['B.b'], []]);
  });

  it('of more than 3 hours is of ten minutes', async () => {
    await inTen(30, { 'default A.a': counts({ done: 1 }) });
    const { tasks } = await metrics.summary({ last: '6h' });
    expect(tasks).toMatchObject([{ task: 'A.a', done: 1 }]);
  });

  it.each<[unknown, string]>([
    [{ last: '8d' }, 'more than 7 days'],
    [{ last: 'long' }, "last is 'long'"],
    [{}, 'last is undefined'],
  ])('refuses %p', async (options, text) => {
    await expect(metrics.summary(options as SummaryOptions)).rejects.toThrow(text);
  });

  it('ignores foreign values among the counts', async () => {
    await inMinute(1, { 'default A.a': 'done x', 'a b c': 'done 7', foreign: 'x', '': '' });
    const { tasks, queues } = await metrics.summary({ last: '5m' });
    expect(tasks).toMatchObject([{ task: 'A.a', done: 0 }]);
    expect(queues.find(({ queue }) => queue === 'foreign')).toMatchObject({ depth: 0, out: 0 });
  });
});

describe('percentiles', () => {
  const of = (...times: number[]): ReturnType<typeof timeSummary> => {
    const { duration } = noCounts();
    for (const ms of times) observe(duration, ms);
    return timeSummary(duration);
  };

  it('lie within the bounds of their bucket', () => {
    const { p50Ms, p95Ms, p99Ms } = of(...Array(98).fill(3), 800, 800);
    expect(p50Ms).toBeLessThanOrEqual(5);
    expect(p95Ms).toBeLessThanOrEqual(5);
    expect(p99Ms).toBeGreaterThan(500);
    expect(p99Ms).toBeLessThanOrEqual(1_000);
  });

  it('are no more than the sum of all times allows: of a single time they are that time', () => {
    expect(of(2_600)).toMatchObject({ p50Ms: 2_600, p95Ms: 2_600, p99Ms: 2_600 });
    expect(of(2_600, 2_600)).toMatchObject({ p50Ms: 2_600, p99Ms: 2_700 });
    expect(of(1, 1, 1, 510)).toMatchObject({ p50Ms: expect.closeTo(3.333, 3), p99Ms: 513 });
    expect(of(...Array<number>(50).fill(501)).p50Ms).toBeLessThan(503);
  });

  it('beyond the last bound are that bound', () => {
    expect(of(7_200_000)).toEqual({
      buckets: [...BUCKETS, undefined].map((seconds) => ({
        upToMs: seconds && seconds * 1_000,
        count: seconds ? 0 : 1,
      })),
      count: 1,
      meanMs: 7_200_000,
      p50Ms: 3_600_000,
      p95Ms: 3_600_000,
      p99Ms: 3_600_000,
    });
  });
});

it('the current figures have queues, workers, children and all counts since the first', async () => {
  const now = await fixture.now();
  await fixture.child(['default']);
  await fixture.redis.hset('{nestwork}:totals', 'default A.a', 'done 5');
  await fixture.redis.zadd('{nestwork}:scheduled:bulk', now - 40_000, fixture.message());
  const { queues, workers, children, staleAcks, totals } = await metrics.current();
  expect(queues).toMatchObject([
    { queue: 'default', pending: 0, scheduled: 0, quarantined: 0, dead: 0, oldestMs: 0 },
    { queue: 'bulk', scheduled: 1 },
  ]);
  expect(queues[1]?.oldestMs).toBeGreaterThanOrEqual(40_000);
  expect([workers, children, staleAcks]).toEqual([1, 1, 0]);
  expect(totals).toMatchObject([{ queue: 'default', task: 'A.a', counts: { done: 5 } }]);
  expect(Object.keys(totals[0]?.counts ?? {})).toEqual(expect.arrayContaining([...TASK_COUNTERS]));
  await fixture.redis.flushall();
});

describe('the current figures of outboxes', () => {
  const note = { table: 'tasks', waiting: 2, putAside: 1, oldestMs: 300 };
  afterEach(() => fixture.redis.flushall());

  it('are as their relays noted them', async () => {
    expect((await metrics.current()).outboxes).toEqual([]);
    await fixture.broker.outbox.note('b', { ...note, putAside: 0 });
    await fixture.broker.outbox.note('a', note);
    expect((await metrics.current()).outboxes).toEqual([
      { id: 'a', ...note, notedAt: expect.any(Date), isRelayed: true },
      { id: 'b', ...note, putAside: 0, notedAt: expect.any(Date), isRelayed: true },
    ]);
  });

  it('have rows that grow older while no relay counts', async () => {
    const at = (await fixture.now()) - 120_000;
    await fixture.redis.hset('{nestwork}:outboxes', 'a', `${at} ${JSON.stringify(note)}`);
    await fixture.redis.hset(
      '{nestwork}:outboxes',
      'b',
      `${at} ${JSON.stringify({ ...note, waiting: 0, oldestMs: 0 })}`,
    );
    const [waits, empty] = (await metrics.current()).outboxes;
    expect(waits).toMatchObject({ notedAt: new Date(at), isRelayed: false, waiting: 2 });
    expect(waits?.oldestMs).toBeGreaterThanOrEqual(120_300);
    expect(empty).toMatchObject({ isRelayed: false, oldestMs: 0 });
  });
});

describe('the current figures of crons', () => {
  const cron = { queue: 'default', schedule: { everyMs: 60_000, jitterMs: 5_000 }, thresholdMs: 0, disabled: false };
  const declared = (name: string) => ({ ...cron, name, missed: 'latest', overlap: 'skip' }) as const;

  it('have how the last run ended, and how many were skipped and missed', async () => {
    expect((await metrics.current()).crons).toEqual([]);
    await fixture.broker.crons.declare([declared('B.b'), declared('A.a')], 0);
    await fixture.broker.crons.pause('A.a');
    const child = await fixture.child();
    const startedAt = (await fixture.now()) - 60_000;
    const run = { id: 'x', due: startedAt - 7_000, attempt: 1, startedAt, durationMs: 20_000, host: 'h', pid: 1 };
    await fixture.broker.crons.recordRun(child, 'B.b', { ...run, outcome: 'failed' });
    await fixture.redis.hset('{nestwork}:crons', 'B.b skipped', 3, 'B.b missed', 7);
    const [paused, failed] = (await metrics.current()).crons;
    expect(paused).toEqual({ name: 'A.a', isPaused: true, skipped: 0, missed: 0, lastRun: undefined });
    expect(failed).toMatchObject({ name: 'B.b', isPaused: false, skipped: 3, missed: 7 });
    expect(failed?.lastRun).toMatchObject({ outcome: 'failed', durationMs: 20_000, lateMs: 2_000 });
    expect(failed?.lastRun?.ageMs).toBeGreaterThanOrEqual(40_000);
    await fixture.broker.crons.recordRun(child, 'B.b', { ...run, attempt: 2, outcome: 'done' });
    expect((await metrics.current()).crons[1]?.lastRun).toMatchObject({ outcome: 'done', lateMs: undefined });
  });

  it('are those of the first 200 names', async () => {
    const names = Array.from({ length: 201 }, (_, at) => `Many.cron${1_000 + at}`);
    await fixture.broker.crons.declare(names.map(declared), 0);
    expect((await metrics.current()).crons.map(({ name }) => name)).toEqual(names.slice(0, 200));
  });
});

describe('the current figures of limits', () => {
  it('have the tasks that hold each one, under all keys, and the lines and tasks that wait', async () => {
    const limits = ['files', 'stripe'].map((name) => ({
      name,
      concurrency: 1,
      keyed: name === 'stripe',
      ordered: false,
    }));
    const child = await declaring(limits);
    const keys = [limitKey('stripe', 'acme'), limitKey('stripe', 'bell'), limitKey('files')];
    for (const limit of keys) {
      await fixture.broker.enqueueLimited('default', limitedMessages(fixture, 3, { limits: [limit] }), {});
    }
    await fixture.broker.claim(child, { number: 1, limit: 8, limited: 8, acks: [] });
    expect((await metrics.current()).limits).toEqual([
      { name: 'files', used: 1, waitingLines: 1, waitingTasks: 2 },
      { name: 'stripe', used: 2, waitingLines: 2, waitingTasks: 4 },
    ]);
  });

  it('are those of the first 200 names, and none where nothing is declared', async () => {
    expect((await metrics.current()).limits).toEqual([]);
    const names = Array.from({ length: 201 }, (_, at) => `limit-${1_000 + at}`);
    await declaring(names.map((name) => ({ name, concurrency: 1, keyed: false, ordered: false })));
    expect((await metrics.current()).limits.map(({ name }) => name)).toEqual(names.slice(0, 200));
  });

  it('leave out what is used where more keys are held than are read', async () => {
    await declaring([{ name: 'stripe', concurrency: 1, keyed: true, ordered: false }]);
    const slots = Array.from({ length: 30_000 }, (_, at) => [limitKey('stripe', `${at}`), '1']).flat();
    await fixture.redis.hset('{nestwork}:slots', ...slots);
    expect((await metrics.current()).limits).toMatchObject([{ name: 'stripe', used: undefined }]);
    await fixture.redis.del('{nestwork}:slots');
  });

  it('leave out how many tasks wait where more than 100 lines do', async () => {
    const limits = ['files', 'stripe'].map((name) => ({ name, concurrency: 1, keyed: true, ordered: false }));
    await declaring(limits);
    const held = (name: string, count: number) =>
      Array.from({ length: count }, (_, at) => `${limitKey(name, `${at}`)}default 1767225600000 ${at}`);
    const waiters = [...held('files', 100), ...held('stripe', 101)].flatMap((waiter) => ['0', waiter]);
    await fixture.redis.zadd('{nestwork}:waiters', ...waiters);
    expect((await metrics.current()).limits).toEqual([
      { name: 'files', used: 0, waitingLines: 100, waitingTasks: 0 },
      { name: 'stripe', used: 0, waitingLines: 101, waitingTasks: undefined },
    ]);
    await fixture.redis.del('{nestwork}:waiters');
  });

  async function declaring(limits: readonly LimitDeclaration[]): Promise<Claimant> {
    const session = `s${fixture.ids.next()}-30000`;
    const place = { queues: ['default'], host: 'test', pid: 1, catalog: [] };
    await fixture.broker.openSession({ session, leaseMs: 30_000, ...place, limits });
    const child = { session, child: `${session}.1`, queues: ['default'] };
    await fixture.broker.register(session, child.child);
    return child;
  }
});
