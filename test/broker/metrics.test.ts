import type { MetricsBucket, TaskSeries } from '../../src/broker/port/broker.js';
import { addCounts, noCounts, type TaskCounter, type TaskCounts } from '../../src/task/task-counts.js';
import { BrokerFixture, childExit, counted, idOf } from '../support/broker-fixture.js';

const LINE = '\n{"at":7}';
const REPORT = { code: 'TASK_FAILED', error: 'Error: no', host: 'here', pid: 7 };
const MINUTE_MS = 60_000;

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(async () => {
  await fixture.redis.hset('{nestwork}:catalog', 'Some.task', '{"name":"Some.task","queue":"default"}');
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

function counts(given: Partial<Record<TaskCounter, number>>): TaskCounts {
  return { ...noCounts(), ...given };
}

function series(given: Partial<Record<TaskCounter, number>>, task = 'Some.task', queue = 'default'): TaskSeries {
  return { queue, task, counts: counts(given) };
}

/** The counts that are not 0, by series. */
function shown(all: readonly TaskSeries[]): Record<string, Partial<Record<string, number>>> {
  const entries = all.map(({ queue, task, counts: { duration, waiting, ...counters } }) => [
    `${queue} ${task}`,
    Object.fromEntries(Object.entries(counters).filter(([, count]) => count > 0)),
  ]);
  return Object.fromEntries(entries);
}

async function totals(): Promise<Record<string, Partial<Record<string, number>>>> {
  return shown(await fixture.broker.metrics.totals());
}

async function buckets(minutes: 1 | 10): Promise<MetricsBucket[]> {
  const now = await fixture.now();
  const found: MetricsBucket[] = [];
  for await (const bucket of fixture.broker.metrics.buckets({ minutes, from: now - MINUTE_MS, to: now }))
    found.push(bucket);
  return found;
}

/** Of the current and the last bucket: the minute may have ended since. */
async function inBuckets(minutes: 1 | 10): Promise<Record<string, Partial<Record<string, number>>>> {
  const sums = new Map<string, TaskSeries>();
  for (const each of (await buckets(minutes)).flatMap((bucket) => bucket.series)) {
    const sum = sums.get(`${each.queue} ${each.task}`);
    if (sum) addCounts(sum.counts, each.counts);
    else sums.set(`${each.queue} ${each.task}`, each);
  }
  return shown([...sums.values()]);
}

/** The count of the only series. */
async function total(counter: TaskCounter, task = 'default Some.task'): Promise<number> {
  return (await totals())[task]?.[counter] ?? 0;
}

const CHILD = { child: 's-30000.1' };

describe('a flush', () => {
  it('adds to the minute, the ten minutes and the totals', async () => {
    await fixture.broker.metrics.flush(CHILD, 1, [
      series({ started: 3, done: 2 }),
      series({ done: 1 }, 'Other.task', 'bulk'),
    ]);
    await fixture.broker.metrics.flush(CHILD, 2, [series({ done: 1, failed: 1 })]);
    const sum = { 'default Some.task': { started: 3, done: 3, failed: 1 }, 'bulk Other.task': { done: 1 } };
    expect(await totals()).toEqual(sum);
    expect(await inBuckets(1)).toEqual(sum);
    expect(await inBuckets(10)).toEqual(sum);
  });

  it('that is repeated counts once, also after a later one', async () => {
    const { metrics } = fixture.broker;
    await metrics.flush(CHILD, 1, [series({ done: 1 })]);
    await metrics.flush(CHILD, 1, [series({ done: 1 })]);
    await metrics.flush(CHILD, 2, [series({ done: 1 })]);
    await metrics.flush(CHILD, 1, [series({ done: 1 })]);
    expect(await total('done')).toBe(2);
    await metrics.flush({ child: 'another' }, 1, [series({ done: 1 })]);
    expect(await total('done')).toBe(3);
    expect(await fixture.redis.ttl('{nestwork}:flushed:s-30000.1')).toBeGreaterThan(3_500);
  });

  it('keeps histograms, and large sums to the microsecond', async () => {
    const given = series({ done: 2 });
    given.counts.duration.buckets[3] = 2;
    given.counts.duration.sumUs = 2e14 + 1;
    await fixture.broker.metrics.flush(CHILD, 1, [given]);
    await fixture.broker.metrics.flush(CHILD, 2, [given]);
    const [found] = await fixture.broker.metrics.totals();
    expect(found?.counts.duration).toEqual({ buckets: [0, 0, 0, 4, ...Array(9).fill(0)], sumUs: 4e14 + 2 });
  });

  it('keeps minutes for 3 hours, ten minutes for 7 days and totals for ever', async () => {
    await fixture.broker.metrics.flush(CHILD, 1, [series({ done: 1 })]);
    const lifetimes: Record<string, number> = {};
    for (const key of await fixture.redis.keys('{nestwork}:*')) {
      lifetimes[key.replace(/^.*?:/, '').replace(/\d{4,}/, '')] = await fixture.redis.ttl(key);
    }
    expect(lifetimes['metrics:']).toBeGreaterThan(10_700);
    expect(lifetimes['metrics:']).toBeLessThanOrEqual(10_800);
    expect(lifetimes['metrics10:']).toBeGreaterThan(604_700);
    expect(lifetimes.totals).toBe(-1);
  });

  it('counts a task beyond a thousand series as `other` of its queue', async () => {
    const { metrics } = fixture.broker;
    const names = Array.from({ length: 1_002 }, (_, index) => `Task.${index}`);
    for (let at = 0; at < names.length; at += 100) {
      await metrics.flush(
        CHILD,
        at + 1,
        names.slice(at, at + 100).map((name) => series({ done: 1 }, name)),
      );
    }
    await metrics.flush(CHILD, 9_999, [series({ done: 5 }, 'Task.0')]);
    const found = await totals();
    expect(Object.keys(found)).toHaveLength(1_001);
    expect(found['default other']).toEqual({ done: 2 });
    expect(found['default Task.0']).toEqual({ done: 6 });
  });

  it('goes to the minute of Redis, also from a process with another time', async () => {
    const { broker } = await fixture.anotherBroker();
    const clock = Date.now;
    try {
      Date.now = () => clock() + 3_600_000;
      await broker.metrics.flush(CHILD, 1, [series({ done: 1 })]);
    } finally {
      Date.now = clock;
      await broker.close();
    }
    expect(await inBuckets(1)).toEqual({ 'default Some.task': { done: 1 } });
  });

  it('is refused before it writes when a key holds a foreign value', async () => {
    await fixture.redis.set('{nestwork}:totals', 'foreign');
    await expect(fixture.broker.metrics.flush(CHILD, 1, [series({ done: 1 })])).rejects.toMatchObject({
      code: 'REDIS_REFUSED',
    });
    expect(await fixture.redis.exists('{nestwork}:flushed:s-30000.1')).toBe(0);
  });

  it('works while Redis is full', async () => {
    await fixture.whenFull(() => fixture.broker.metrics.flush(CHILD, 1, [series({ done: 1 })]));
    expect(await total('done')).toBe(1);
  });

  it('replaces a foreign value in its place', async () => {
    await fixture.redis.hset('{nestwork}:totals', 'default Some.task', 'done x 7 -1 started 2', 'a b c', 'done 1');
    await fixture.broker.metrics.flush(CHILD, 1, [series({ started: 1, done: 1 })]);
    expect((await totals())['default Some.task']).toEqual({ started: 3, done: 1 });
  });
});

describe('the script that ends a task without its child counts', () => {
  it('a crash, also the one after which the task is dead', async () => {
    const message = fixture.message();
    const child = await fixture.holderOf([message]);
    await fixture.broker.settle(child, childExit({ blamed: [idOf(message)], line: LINE }));
    expect(await totals()).toEqual({ 'default Some.task': { crashed: 1 } });
    await fixture.redis.flushall();
    await fixture.redis.hset('{nestwork}:catalog', 'Some.task', '{}');
    const again = counted(fixture.message(), { crashes: 2 });
    const last = await fixture.holderOf([again]);
    await fixture.broker.settle(last, childExit({ blamed: [idOf(again)], line: LINE }));
    expect(await totals()).toEqual({ 'default Some.task': { crashed: 1, dead: 1 } });
  });

  it('no crash when several tasks ran', async () => {
    const messages = fixture.messages(2);
    const child = await fixture.holderOf(messages);
    await fixture.broker.settle(child, childExit({ blamed: messages.map(idOf), line: LINE }));
    expect(await totals()).toEqual({});
  });

  it('a hard timeout of a task that runs again, is dead or is dropped', async () => {
    const [again = '', dead = '', dropped = ''] = fixture.messages(3);
    const child = await fixture.holderOf([again, dead, dropped]);
    const late = { line: LINE, report: '{"code":"HARD_TIMEOUT"}' };
    const timedOut = [
      { id: idOf(again), retryInMs: 60_000, ...late },
      { id: idOf(dead), retryInMs: -1, ...late },
    ];
    await fixture.broker.settle(child, childExit({ timedOut, done: [idOf(dropped)], dropped: [idOf(dropped)] }));
    expect(await totals()).toEqual({ 'default Some.task': { timedOut: 3, retried: 1, dead: 1, dropped: 1 } });
  });

  it('a waiting task that is cancelled, once', async () => {
    const message = fixture.message();
    await fixture.broker.enqueue('default', [message]);
    await fixture.broker.cancel(idOf(message));
    await fixture.broker.cancel(idOf(message));
    expect(await totals()).toEqual({ 'default Some.task': { cancelled: 1 } });
  });

  it('each task of a purge, by its name', async () => {
    await fixture.broker.enqueue('default', [...fixture.messages(3), fixture.message('Foreign.task')]);
    const query = { state: 'pending', passed: 0, task: undefined, before: undefined, look: 100 } as const;
    await fixture.broker.places.purge('default', query);
    expect(await totals()).toEqual({ 'default Some.task': { cancelled: 3 }, 'default other': { cancelled: 1 } });
  });

  it.each<[string, (child: Awaited<ReturnType<BrokerFixture['child']>>, id: string) => Promise<unknown>]>([
    [
      'retries',
      (child, id) =>
        fixture.broker.retry(child, { id, queue: 'default' }, { failures: 0, inMs: 0, line: LINE, counts: true }),
    ],
    ['buries', (child, id) => fixture.broker.bury(child, { id, queue: 'default' }, REPORT, LINE)],
    ['gives back', (child, id) => fixture.broker.release(child, [id])],
    ['leaves behind', (child) => fixture.broker.settle(child, childExit({}))],
  ])('a cancelled task that its child %s', async (_how, end) => {
    const message = fixture.message();
    const child = await fixture.holderOf([message]);
    await fixture.broker.cancel(idOf(message));
    await end(child, idOf(message));
    expect(await totals()).toEqual({ 'default Some.task': { cancelled: 1 } });
  });

  it('a task that no worker knows, and bytes that are no task, as `other`', async () => {
    const foreign = fixture.message('Foreign.task');
    await fixture.broker.enqueue('default', [foreign]);
    await fixture.broker.cancel(idOf(foreign));
    expect(await totals()).toEqual({ 'default other': { cancelled: 1 } });
    const child = await fixture.child();
    await fixture.redis.hset(`{nestwork}:claims:${child.child}`, 'stray', 'nowhere at-all');
    await fixture.broker.settle(child, childExit({}));
    expect(await totals()).toEqual({ 'default other': { cancelled: 1, dead: 1 } });
  });

  it('a task with tags by its name', async () => {
    const message = fixture.uniqueMessage('k');
    await fixture.broker.enqueueUnique('default', message, { due: undefined, replace: false });
    await fixture.broker.cancel(idOf(message));
    expect(await totals()).toEqual({ 'default Some.task': { cancelled: 1 } });
  });

  it('nothing when a foreign key is in place of the counts, and ends the task', async () => {
    await fixture.redis.set('{nestwork}:endings', 'foreign');
    const message = fixture.message();
    await fixture.broker.enqueue('default', [message]);
    expect(await fixture.broker.cancel(idOf(message))).toMatchObject({ state: 'pending' });
    expect(await fixture.redis.llen('{nestwork}:queue:default')).toBe(0);
  });

  it('an end that the next flush or sample moves to its minute, with unchanged totals', async () => {
    const messages = fixture.messages(2);
    await fixture.broker.enqueue('default', messages);
    await fixture.broker.cancel(idOf(messages[0] ?? ''));
    expect(await inBuckets(1)).toEqual({});
    const ttl = await fixture.redis.ttl('{nestwork}:endings');
    expect(ttl).toBeGreaterThan(86_000);
    await fixture.broker.metrics.flush(CHILD, 1, [series({ done: 1 })]);
    expect(await fixture.redis.exists('{nestwork}:endings')).toBe(0);
    expect(await inBuckets(1)).toEqual({ 'default Some.task': { done: 1, cancelled: 1 } });
    await fixture.broker.cancel(idOf(messages[1] ?? ''));
    await fixture.broker.metrics.sample(['default']);
    expect(await inBuckets(1)).toEqual({ 'default Some.task': { done: 1, cancelled: 2 } });
    expect(await totals()).toEqual({ 'default Some.task': { done: 1, cancelled: 2 } });
  });

  it('ends of which a flush moves 200 at most, and no foreign fields', async () => {
    const fields = Array.from({ length: 250 }, (_, index) => [`default Task.${index} cancelled`, '1']).flat();
    await fixture.redis.hset('{nestwork}:endings', 'foreign', 'x', 'default Task.0 dead', 'y', ...fields);
    await fixture.broker.metrics.flush(CHILD, 1, []);
    expect(await fixture.redis.hlen('{nestwork}:endings')).toBe(52);
    await fixture.broker.metrics.flush(CHILD, 2, []);
    expect(await fixture.redis.exists('{nestwork}:endings')).toBe(0);
    expect(Object.keys(await totals())).toHaveLength(250);
  });
});

describe('a sample', () => {
  /** The samples of now, and when they were taken. */
  async function sampled(minutes: 1 | 10 = 1): Promise<Record<string, unknown>> {
    const all = (await buckets(minutes)).flatMap(({ samples }) => samples);
    return Object.fromEntries(all.map(({ queue, ...sample }) => [queue, sample]));
  }

  it('has the lengths of each queue and the age of its oldest task', async () => {
    const now = await fixture.now();
    const old = fixture.message();
    const aged = old.slice(0, 25) + (now - 90_000).toString(36).padStart(9, '0') + old.slice(34);
    await fixture.broker.enqueue('default', [aged, ...fixture.messages(2)]);
    await fixture.broker.metrics.sample(['default', 'critical']);
    const { default: first, critical } = await sampled();
    expect(first).toEqual({ pending: 3, heldBack: 0, quarantined: 0, scheduled: 0, oldestMs: expect.any(Number) });
    expect((first as { oldestMs: number }).oldestMs).toBeGreaterThanOrEqual(90_000);
    expect((first as { oldestMs: number }).oldestMs).toBeLessThan(120_000);
    expect(critical).toEqual({ pending: 0, heldBack: 0, quarantined: 0, scheduled: 0, oldestMs: 0 });
  });

  it('has the age of an overdue scheduled task, and ignores one that is not due', async () => {
    const now = await fixture.now();
    await fixture.redis.zadd('{nestwork}:scheduled:default', now - 40_000, fixture.message());
    await fixture.redis.zadd('{nestwork}:scheduled:bulk', now + 40_000, fixture.message());
    await fixture.broker.metrics.sample(['default', 'bulk']);
    const { default: overdue, bulk } = await sampled();
    expect((overdue as { oldestMs: number }).oldestMs).toBeGreaterThanOrEqual(40_000);
    expect(bulk).toEqual({ pending: 0, heldBack: 0, quarantined: 0, scheduled: 1, oldestMs: 0 });
    await fixture.redis.flushall();
  });

  it('is taken once a minute of each queue, for all workers together', async () => {
    const minute = Math.floor((await fixture.now()) / MINUTE_MS);
    const time = { minute: String(minute), ten: String(Math.floor(minute / 10)) };
    const [done, , count] = await fixture.call('sample', { ...time, queues: ['default'] });
    await fixture.broker.enqueue('default', fixture.messages(1));
    const [again, now, more] = await fixture.call('sample', { ...time, queues: ['default', 'bulk'] });
    // the minute may have ended
    if (Math.floor(now / MINUTE_MS) === minute) {
      expect([done, count, again, more]).toEqual([1, 1, 1, 1]);
      expect(await sampled()).toMatchObject({ default: { pending: 0 }, bulk: { pending: 0 } });
    }
  });

  it('of another minute than that of Redis is not taken, and returns the time', async () => {
    const minute = Math.floor((await fixture.now()) / MINUTE_MS) - 1;
    const [done, now] = await fixture.call('sample', { minute: String(minute), ten: '0', queues: ['default'] });
    expect(done).toBe(0);
    expect(Math.abs(now - (await fixture.now()))).toBeLessThan(30_000);
    expect(await fixture.redis.exists(`{nestwork}:metrics:${minute}`)).toBe(0);
  });

  it('of ten minutes has the lengths of their beginning and the greatest age', async () => {
    const now = await fixture.now();
    const ten = String(Math.floor(now / MINUTE_MS / 10));
    await fixture.redis.hset(`{nestwork}:metrics10:${ten}`, 'default', 'pending 7 oldest 5000', 'bulk', 'pending 2');
    await fixture.redis.zadd('{nestwork}:scheduled:bulk', now - 40_000, fixture.message());
    await fixture.broker.metrics.sample(['default', 'bulk']);
    const { default: first, bulk } = await sampled(10);
    expect(first).toMatchObject({ pending: 7, oldestMs: 5_000 });
    expect((bulk as { oldestMs: number }).oldestMs).toBeGreaterThanOrEqual(40_000);
    await fixture.redis.flushall();
  });

  it('leaves out a queue with a foreign key', async () => {
    await fixture.redis.set('{nestwork}:scheduled:default', 'foreign');
    await fixture.broker.metrics.sample(['default', 'bulk']);
    expect(Object.keys(await sampled())).toEqual(['bulk']);
    await fixture.redis.flushall();
  });

  it('is refused when a key holds a foreign value, and taken while Redis is full', async () => {
    await fixture.whenFull(() => fixture.broker.metrics.sample(['default']));
    expect(Object.keys(await sampled())).toEqual(['default']);
    await fixture.redis.set('{nestwork}:totals', 'foreign');
    await expect(fixture.broker.metrics.sample(['bulk'])).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
    expect(Object.keys(await sampled())).toEqual(['default']);
    await expect(fixture.broker.metrics.totals()).rejects.toThrow('{nestwork}:totals is a string');
  });

  it('has no age below 0 when the clock of a sender is ahead', async () => {
    const now = await fixture.now();
    const message = fixture.message();
    const early = message.slice(0, 25) + (now + 90_000).toString(36).padStart(9, '0') + message.slice(34);
    await fixture.broker.enqueue('default', [early]);
    await fixture.broker.metrics.sample(['default']);
    expect(await sampled()).toMatchObject({ default: { pending: 1, oldestMs: 0 } });
    const [key = ''] = await fixture.redis.keys('{nestwork}:metrics:*');
    expect(await fixture.redis.hget(key, 'default')).toMatch(/\boldest 0\b/);
  });
});

it('counts workers with a lease, their registered children, and by host the tasks that these hold', async () => {
  expect(await fixture.broker.metrics.population()).toEqual({ workers: 0, children: 0, active: [] });
  const { session, queues } = await fixture.holderOf(fixture.messages(2));
  await fixture.child(queues, session);
  await fixture.holderOf(fixture.messages(3));
  await fixture.broker.openSession({ session: 's1-30000', leaseMs: 30_000, queues, host: 'b', pid: 1, catalog: [] });
  expect(await fixture.broker.metrics.population()).toEqual({
    workers: 3,
    children: 3,
    active: expect.arrayContaining([
      { host: 'test', tasks: 5 },
      { host: 'b', tasks: 0 },
    ]),
  });
});
