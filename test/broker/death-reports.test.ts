import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { seedDead } from '../support/dead-tasks.js';

const REPORTED = '{nestwork}:reported';
const QUEUES = ['default', 'bulk'];

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** Takes deaths; resolves to their ids, by queue. */
async function take(child: string, number: number, queues: readonly string[] = QUEUES): Promise<string[]> {
  const deaths = await fixture.broker.deadLetters.takeDeaths({ child, queues }, number);
  return deaths.map(({ queue, id, diedAt }) => `${queue} ${diedAt} ${id}`);
}

/** As if all deaths of a queue before this time had been taken. */
async function takenUntil(ms: number, queue = 'default'): Promise<void> {
  await fixture.redis.hset(REPORTED, queue, `${ms} ${ms} another 1`);
}

/** Dead tasks that died at these times, as `take` names them. */
async function died(times: readonly number[], queue = 'default'): Promise<string[]> {
  const messages = await seedDead(
    fixture,
    times.map((diedAt) => ({ diedAt, queue })),
  );
  return messages.map((message, index) => `${queue} ${times[index]} ${idOf(message)}`);
}

async function until(ms: number): Promise<void> {
  while ((await fixture.now()) <= ms);
}

describe('taking deaths', () => {
  it('begins with the deaths after the first call', async () => {
    await died([1_000]);
    expect(await take('a', 1)).toEqual([]);
    const since = Number((await fixture.redis.hget(REPORTED, 'default'))?.split(' ', 1));
    const [first] = await died([since]);
    await until(since);
    expect(await take('a', 2)).toEqual([first]);
  });

  it('gives each death to one caller only', async () => {
    await takenUntil(2_000);
    const [, ...later] = await died([1_999, 2_000, 2_001]);
    expect(await take('a', 1)).toEqual(later);
    expect(await take('b', 1)).toEqual([]);
    expect(await take('a', 2)).toEqual([]);
  });

  it('gives a repeated call the same answer, also after further deaths', async () => {
    await takenUntil(2_000);
    const [first] = await died([2_000]);
    expect(await take('a', 1)).toEqual([first]);
    const next = (await fixture.now()) + 1;
    const [second] = await died([next]);
    await until(next);
    expect(await take('a', 1)).toEqual([first]);
    expect(await take('a', 2)).toEqual([second]);
  });

  it('takes twenty deaths of a queue at once, and all of the instant of the last one', async () => {
    await takenUntil(2_000);
    const one = await died(Array.from({ length: 19 }, (_, index) => 2_000 + index));
    const same = await died(Array.from({ length: 30 }, () => 3_000));
    const rest = await died([3_001, 3_002]);
    expect(await take('a', 1)).toEqual([...one, ...same.toSorted()]);
    expect(await take('a', 2)).toEqual(rest);
  });

  it('leaves deaths of the present instant to the next call', async () => {
    await takenUntil(2_000);
    await died([(await fixture.now()) + 60_000]);
    expect(await take('a', 1)).toEqual([]);
  });

  it('takes no death twice after the clock of Redis was set back', async () => {
    const ahead = (await fixture.now()) + 60_000;
    await takenUntil(ahead);
    await died([ahead - 1, ahead - 60_001]);
    expect(await take('a', 1)).toEqual([]);
    expect(await fixture.redis.hget(REPORTED, 'default')).toBe(`${ahead} ${ahead} a 1`);
  });

  it('begins in each queue on its own', async () => {
    await takenUntil(2_000);
    await takenUntil(2_000, 'bulk');
    const [mine] = await died([2_000]);
    const [other] = await died([2_000], 'bulk');
    expect(await take('a', 1, ['default'])).toEqual([mine]);
    expect(await take('a', 2)).toEqual([other]);
  });

  it('begins anew after an hour without a call, and after a foreign value', async () => {
    await died([1_000]);
    await fixture.redis.hset(REPORTED, 'default', '999 foreign', 'bulk', `${'9'.repeat(20)} 0 another 1`);
    expect(await take('a', 1)).toEqual([]);
    const now = await fixture.now();
    for (const note of await fixture.redis.hvals(REPORTED)) expect(Number.parseInt(note, 10)).toBeLessThanOrEqual(now);
    expect(await fixture.redis.ttl(REPORTED)).toBeGreaterThan(3_500);
  });

  it('is refused before it writes when a key holds a foreign value', async () => {
    await fixture.redis.set('{nestwork}:dead:bulk', 'foreign');
    await expect(take('a', 1)).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
    expect(await fixture.redis.exists(REPORTED)).toBe(0);
    await fixture.redis.del('{nestwork}:dead:bulk');
  });

  it('works while Redis is full', async () => {
    await takenUntil(2_000);
    const deaths = await died([2_000]);
    await fixture.whenFull(async () => expect(await take('a', 1)).toEqual(deaths));
  });
});
