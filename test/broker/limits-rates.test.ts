/** How many tasks start in a time: by one number a key, as in GCRA, and the promoter that wakes what waits for time alone. */
import { BrokerFixture } from '../support/broker-fixture.js';
import { LimitedChild } from '../support/limited-child.js';
import { declareLimit, type Limited, limitedMessages, limitKey, sendLimited } from '../support/limited-tasks.js';
import { MovedClock } from './model/limit-observer.js';

const NAMESPACE = '{nestwork}:';
const QUEUE = 'default';
const RATES = `${NAMESPACE}rates`;
const PACED = `${NAMESPACE}paced`;
const ALARM = `${NAMESPACE}alarm`;
const BELL = `${NAMESPACE}bell:default`;
const ACME = limitKey('stripe', 'acme');
const OTHER = limitKey('stripe', 'other');
const HOUR = 3_600_000;
const HOUR_US = HOUR * 1_000;
const ALL = { limit: 100 };

let fixture: BrokerFixture;
let clock: MovedClock;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(() => {
  clock = new MovedClock(fixture.redis);
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

const child = () => LimitedChild.start(fixture);
const send = (given: Limited) => sendLimited(fixture, given);
const sendMany = (count: number, given: Limited = { limits: [ACME] }) =>
  fixture.broker.enqueueLimited(QUEUE, limitedMessages(fixture, count, given), {});

/** Lets time pass until a promoter has looked: it counts whole ms, up. */
async function pass(ms: number): Promise<void> {
  await clock.pass(ms + 2);
  await fixture.broker.promote(10);
}

/** When a promoter looks at an entry, in ms. */
async function pacedAt(entry = ACME): Promise<number> {
  return Number(await fixture.redis.zscore(PACED, entry));
}

describe('a rate', () => {
  it('lets its burst start at once, and one for each time that passes', async () => {
    await declareLimit(fixture, 'stripe', { intervalUs: HOUR_US, burst: 3 });
    await sendMany(10);
    const claims = await child();
    expect(await claims.ids(ALL)).toHaveLength(3);
    await pass(HOUR / 2);
    expect(await claims.ids(ALL)).toHaveLength(0);
    await pass(HOUR / 2);
    expect(await claims.ids(ALL)).toHaveLength(1);
    await pass(2 * HOUR);
    expect(await claims.ids(ALL)).toHaveLength(2);
  });

  it('saves up no more than its burst', async () => {
    await declareLimit(fixture, 'stripe', { intervalUs: HOUR_US, burst: 2 });
    await sendMany(10);
    const claims = await child();
    await claims.ids(ALL);
    await pass(100 * HOUR);
    expect(await claims.ids(ALL)).toHaveLength(2);
  });

  it('holds for each key by itself', async () => {
    await declareLimit(fixture, 'stripe', { intervalUs: HOUR_US });
    await sendMany(2);
    await sendMany(2, { limits: [OTHER] });
    expect(await (await child()).ids(ALL)).toHaveLength(2);
  });

  it('counts starts, and no ends', async () => {
    await declareLimit(fixture, 'stripe', { intervalUs: HOUR_US });
    await sendMany(2);
    const claims = await child();
    const [first = ''] = await claims.ids(ALL);
    await claims.end(first);
    expect(await claims.ids(ALL)).toHaveLength(0);
  });

  it('leaves nothing for a limit that has none', async () => {
    await declareLimit(fixture, 'stripe', { most: 2 });
    await sendMany(1);
    await (await child()).ids();
    expect(await fixture.redis.exists(RATES)).toBe(0);
  });
});

describe('a line that waits for a rate', () => {
  it('is looked at when the next may start, and the alarm of promoters rings once for it', async () => {
    await declareLimit(fixture, 'stripe', { intervalUs: HOUR_US });
    await sendMany(2);
    await (await child()).ids();
    const next = Number(await fixture.redis.zscore(RATES, ACME));
    expect(await pacedAt()).toBe(Math.ceil(next / 1_000));
    expect(await fixture.redis.llen(ALARM)).toBe(1);
    await fixture.redis.del(ALARM);
    await send({ limits: [ACME], tenant: 'a' });
    expect(await fixture.redis.llen(ALARM)).toBe(0);
  });

  it('rings no alarm when something else is looked at before', async () => {
    await declareLimit(fixture, 'stripe', { intervalUs: HOUR_US });
    await fixture.redis.zadd(PACED, 1, 'before');
    await sendMany(2);
    await (await child()).ids();
    expect(await fixture.redis.zcard(PACED)).toBe(2);
    expect(await fixture.redis.exists(ALARM)).toBe(0);
    await fixture.redis.zrem(PACED, 'before');
  });

  it('is not put off by another one that may wait longer', async () => {
    await declareLimit(fixture, 'stripe', { intervalUs: HOUR_US });
    await sendMany(2);
    await (await child()).ids();
    await fixture.redis.zadd(PACED, 7, ACME);
    await send({ limits: [ACME], tenant: 'a' });
    expect(await pacedAt()).toBe(7);
  });

  it('starts when its time has come, and the next one waits again', async () => {
    await declareLimit(fixture, 'stripe', { intervalUs: HOUR_US });
    await sendMany(3);
    const claims = await child();
    await claims.ids();
    await fixture.redis.del(BELL);
    await clock.pass(HOUR + 2);
    const { nextInMs } = await fixture.broker.promote(10);
    expect(nextInMs).toBeUndefined();
    expect(await fixture.redis.llen(BELL)).toBe(1);
    expect(await claims.ids(ALL)).toHaveLength(1);
    expect((await fixture.broker.promote(10)).nextInMs).toBeGreaterThan(HOUR - 100_000);
  });

  it('waits on when a promoter comes too early', async () => {
    await declareLimit(fixture, 'stripe', { intervalUs: HOUR_US });
    await sendMany(2);
    const claims = await child();
    await claims.ids();
    const at = await pacedAt();
    await fixture.redis.zadd(PACED, 1, ACME);
    await fixture.broker.promote(10);
    expect(await pacedAt()).toBe(at);
    expect(await claims.ids()).toEqual([]);
  });
});

describe('starts at a high rate', () => {
  /** ms between the next start and the look at those that wait. */
  async function lag(intervalUs: number, burst: number): Promise<number> {
    await declareLimit(fixture, 'stripe', { intervalUs, burst });
    await sendMany(burst + 1);
    expect(await (await child()).ids(ALL)).toHaveLength(burst);
    // the claim has used up the burst in one instant
    const opens = Number(await fixture.redis.zscore(RATES, ACME)) / 1_000 - ((burst - 1) * intervalUs) / 1_000;
    const at = await pacedAt();
    await fixture.redis.del(PACED);
    await fixture.broker.promote(10);
    await fixture.redis.zadd(PACED, 1, ACME);
    return at - opens;
  }

  it('are woken together, those of 5 ms', async () => {
    // 1 ms later one may start, 5 ms later five
    expect(await lag(1_000, 20)).toBeGreaterThan(3);
  });

  it('are woken before half of their burst is lost', async () => {
    expect(await lag(1_000, 2)).toBeLessThanOrEqual(1);
  });

  it('that is not high are woken one by one', async () => {
    expect(await lag(1_000_000, 30)).toBeLessThanOrEqual(1);
  });
});

describe('rates that are past', () => {
  it('are forgotten by promoters, and others are not', async () => {
    await fixture.redis.zadd(RATES, 1, ACME, (await fixture.now()) * 1_000 + HOUR_US, OTHER);
    await fixture.broker.promote(10);
    expect(await fixture.redis.zrange(RATES, '0', '-1')).toEqual([OTHER]);
    await fixture.broker.promote(10);
    expect(await fixture.redis.zrange(RATES, '0', '-1')).toEqual([OTHER]);
  });
});
