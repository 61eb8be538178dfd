import { BrokerFixture } from '../support/broker-fixture.js';
import { checkInvariants } from '../support/invariants.js';
import { declareLimit, limitedMessage, limitedMessages, limitKey } from '../support/limited-tasks.js';

const ACME = limitKey('stripe', 'acme');
const HELD = '{nestwork}:held:default';

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterAll(() => fixture.stop());
afterEach(() => fixture.reset());

describe('the invariants of lines', () => {
  beforeEach(async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    // its priority keeps each of them from the list
    const messages = limitedMessages(fixture, 3, { limits: [ACME], priority: 1 });
    await fixture.broker.enqueueLimited('default', messages, { labels: [ACME, 'acme'] });
  });

  it('hold while tasks wait, run and end', async () => {
    const child = await fixture.child();
    await checkInvariants(fixture.redis);
    const { tasks } = await fixture.broker.claim(child, { number: 1, limit: 10, limited: 10, acks: [] });
    await checkInvariants(fixture.redis);
    expect(tasks).toHaveLength(1);
    await fixture.broker.release(child, [tasks[0]?.id ?? '']);
    await checkInvariants(fixture.redis);
    expect(await fixture.redis.zcard(HELD)).toBe(3);
  });

  it.each<[string, RegExp, () => Promise<unknown>]>([
    ['a slot that no task has', /is held 2 times, and 0 tasks/, () => fixture.redis.hset('{nestwork}:slots', ACME, 2)],
    ['a line without its state', /which has no state/, () => fixture.redis.zrem('{nestwork}:ready:default', ACME)],
    [
      'a state without a task',
      /has a state, and no task/,
      () => fixture.redis.zadd('{nestwork}:ready:default', 5, 'x'),
    ],
    ['a silent bell', /the bell is silent/, () => fixture.redis.del('{nestwork}:bell:default')],
    ['a line that nobody wakes', /without its entry/, () => fixture.redis.zadd('{nestwork}:ready:default', 1e15, ACME)],
    [
      'an entry of no line',
      /no line waits/,
      () => fixture.redis.zadd('{nestwork}:waiters', 0, `${ACME}default a0000000000000 y`),
    ],
    [
      'a key in clear of no task',
      /kept in clear/,
      () => fixture.redis.hset('{nestwork}:limit-labels', limitKey('a', 'b'), 'b'),
    ],
    [
      'a task in a foreign line',
      /in place of/,
      () => fixture.redis.zadd(HELD, 0, `- 0000000000001${limitedMessage(fixture, { limits: [ACME] })}`),
    ],
  ])('find %s', async (_, words, breaks) => {
    await breaks();
    await expect(checkInvariants(fixture.redis)).rejects.toThrow(words);
    await fixture.redis.flushall();
  });
});

describe('the invariants of tasks with limits in a list', () => {
  const LIST = '{nestwork}:queue:default';
  const READY = '{nestwork}:ready:default';
  const MARK = `=${ACME}`;

  beforeEach(async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    await fixture.broker.enqueueLimited('default', limitedMessages(fixture, 3, { limits: [ACME] }), {});
  });

  const another = (): string => limitedMessage(fixture, { limits: [ACME] });

  it('hold while the first starts, and while a limit keeps the next from it', async () => {
    const [one, other] = [await fixture.child(), await fixture.child()];
    for (const child of [one, other]) {
      await checkInvariants(fixture.redis);
      await fixture.broker.claim(child, { number: 1, limit: 1, limited: 1, acks: [] });
    }
    await fixture.broker.enqueueLimited('default', [limitedMessage(fixture, { limits: [limitKey('other')] })], {});
    await checkInvariants(fixture.redis);
    expect(await fixture.redis.zcard(HELD)).toBe(2);
  });

  it.each<[string, RegExp, () => Promise<unknown>]>([
    ['a mark without its task', /its task of undefined/, () => fixture.redis.del(LIST)],
    ['a task without its mark', /in the list without a mark/, () => fixture.redis.zrem(READY, MARK)],
    ['a mark of another time', /the mark of .* its task of \d/, () => fixture.redis.zadd(READY, 8.5e15 + 5, MARK)],
    [
      'a mark that denies those behind it',
      /the mark of .* and its first task/,
      () => fixture.redis.zincrby(READY, -5e14, MARK),
    ],
    ['a mark that claims some behind it', /and its first task undefined/, () => fixture.redis.del(HELD)],
    ['a state of a line behind it', /its state does not fit/, () => fixture.redis.zadd(READY, 5, ACME)],
    ['two of a line', /two tasks of the line/, () => fixture.redis.rpush(LIST, another())],
    [
      'one that keeps a slot',
      /lies in the list/,
      () => fixture.redis.rpush(LIST, another().replace(`l${ACME}`, `L${ACME}`)),
    ],
    [
      'one with a priority',
      /lies in the list/,
      () => fixture.redis.rpush(LIST, limitedMessage(fixture, { limits: [ACME], priority: 1 })),
    ],
  ])('find %s', async (_, words, breaks) => {
    await breaks();
    await expect(checkInvariants(fixture.redis)).rejects.toThrow(words);
    await fixture.redis.flushall();
  });
});
