/** How a task with limits comes into its line: what it is refused for, by which clock it waits, and what is no line. */
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { LimitedChild } from '../support/limited-child.js';
import { declareLimit, type Limited, limitedMessage, limitedMessages, limitKey } from '../support/limited-tasks.js';

const NAMESPACE = '{nestwork}:';
const QUEUE = 'default';
const HELD = `${NAMESPACE}held:default`;
const LIST = `${NAMESPACE}queue:default`;
const READY = `${NAMESPACE}ready:default`;
const ACME = limitKey('stripe', 'acme');
const OTHER = limitKey('stripe', 'other');
const HOUR_US = 3_600_000_000;

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

const send = (given: Limited, options: { refuses?: boolean; due?: { in: number } } = {}) =>
  fixture.broker.enqueueLimited(QUEUE, [limitedMessage(fixture, given)], options);
const dropping = (given: Limited) => send(given, { refuses: true });
const inLines = () => fixture.redis.zrange(HELD, '0', '-1');
const inList = () => fixture.redis.lrange(LIST, 0, -1);

describe('a task that is refused rather than waits', () => {
  it('is refused when its limit is full, and leaves nothing', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    expect(await dropping({ limits: [ACME] })).toEqual({ added: 1, full: undefined });
    await (await LimitedChild.start(fixture)).ids();
    expect(await dropping({ limits: [ACME] })).toEqual({ added: 0, full: ACME });
    expect(await fixture.redis.exists(HELD, LIST, READY)).toBe(0);
    expect(await dropping({ limits: [OTHER] })).toEqual({ added: 1, full: undefined });
  });

  it('is refused for the limit that is full, whichever of its limits that is', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    await dropping({ limits: [ACME] });
    await (await LimitedChild.start(fixture)).ids();
    expect(await dropping({ limits: [OTHER, ACME] })).toEqual({ added: 0, full: ACME });
  });

  it('counts those that wait in its line as if they had started', async () => {
    await declareLimit(fixture, 'stripe', { most: 2 });
    const added = [await dropping({ limits: [ACME] }), await dropping({ limits: [ACME] })];
    expect(added.map((reply) => reply.added)).toEqual([1, 1]);
    expect(await dropping({ limits: [ACME] })).toEqual({ added: 0, full: ACME });
  });

  it('is refused when a rate allows no start, or all that it allows are used', async () => {
    await declareLimit(fixture, 'stripe', { intervalUs: HOUR_US, burst: 2 });
    expect(await dropping({ limits: [ACME] })).toMatchObject({ added: 1 });
    await (await LimitedChild.start(fixture)).ids();
    expect(await dropping({ limits: [ACME] })).toMatchObject({ added: 1 });
    expect(await dropping({ limits: [ACME] })).toMatchObject({ added: 0, full: ACME });
  });

  it('is not refused when its command is repeated: it was added', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    const message = limitedMessage(fixture, { limits: [ACME] });
    await fixture.broker.enqueueLimited(QUEUE, [message], { refuses: true });
    expect(await fixture.broker.enqueueLimited(QUEUE, [message], { refuses: true })).toMatchObject({ full: undefined });
    expect((await inList()).map(idOf)).toEqual([idOf(message)]);
    expect(await inLines()).toEqual([]);
  });

  it('is one that asks for it: others wait', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    await send({ limits: [ACME] });
    expect(await send({ limits: [ACME] })).toEqual({ added: 1, full: undefined });
  });

  it('is never refused when it has no limit', async () => {
    expect(await dropping({ priority: 3 })).toEqual({ added: 1, full: undefined });
    expect(await dropping({})).toEqual({ added: 1, full: undefined });
  });
});

describe('a task that comes into its line', () => {
  it.each([3_600_000, 500])(
    'gets its time by the clock of Redis, and so its place: others are off by %i ms',
    async (ms) => {
      const before = await fixture.now();
      const ahead = limitedMessage(fixture, { limits: [ACME], enqueuedAt: before + ms }, 'first');
      const behind = limitedMessage(fixture, { limits: [ACME], enqueuedAt: before - ms }, 'second');
      await send({ limits: [ACME] });
      for (const message of [ahead, behind]) await fixture.broker.enqueueLimited(QUEUE, [message], {});
      const entries = await inLines();
      expect(entries.map((entry) => entry.slice(ACME.length + 14, ACME.length + 34))).toEqual(
        [ahead, behind].map(idOf),
      );
      const [turn = 0] = entries.map((entry) => Number(entry.slice(ACME.length + 1, ACME.length + 14)));
      expect(turn).toBeGreaterThanOrEqual(before);
      expect(turn).toBeLessThanOrEqual(await fixture.now());
    },
  );

  it('comes once, however often its command is repeated', async () => {
    const messages = limitedMessages(fixture, 3, { limits: [ACME] });
    await fixture.broker.enqueueLimited(QUEUE, messages, {});
    expect(await fixture.broker.enqueueLimited(QUEUE, messages, {})).toMatchObject({ added: 0 });
    expect((await inList()).map(idOf)).toEqual(messages.slice(0, 1).map(idOf));
    expect(await inLines()).toHaveLength(2);
  });

  it('is on the schedule first, when it is due later, with the time that it has', async () => {
    const message = limitedMessage(fixture, { limits: [ACME] });
    const before = await fixture.now();
    await fixture.broker.enqueueLimited(QUEUE, [message], { due: { in: 60_000 } });
    const [[scheduled, due] = ['', 0]] = await fixture.dueTimes();
    expect(scheduled).toBe(message);
    expect(due).toBeGreaterThanOrEqual(before + 60_000);
    expect(await inLines()).toEqual([]);
  });

  it('is found by name when a key of lines is foreign, and may be sent again', async () => {
    const message = limitedMessage(fixture, { limits: [ACME], priority: 1 });
    for (const name of ['held:default', 'ready:default', 'slots']) {
      await fixture.redis.set(NAMESPACE + name, 'foreign');
      await declareLimit(fixture, 'stripe', { most: 1 });
      const add = fixture.broker.enqueueLimited(QUEUE, [message], {});
      await expect(add).rejects.toThrow(`WRONGTYPE ${NAMESPACE}${name} is a string`);
      await fixture.redis.del(NAMESPACE + name);
    }
    expect(await fixture.broker.enqueueLimited(QUEUE, [message], {})).toMatchObject({ added: 1 });
  });
});

describe('what is no line', () => {
  const tag = (letter: string, text: string): string => letter + text;
  const withTags = (tags: string): string => {
    const message = fixture.message();
    return message.slice(0, 34) + tags + message.slice(34);
  };

  it.each<[string, () => string]>([
    ['a task without a tag', () => fixture.message()],
    ['a task with a key alone', () => withTags(tag('f', 'x'.repeat(27)))],
    ['a task with the tag of a claim alone', () => withTags(tag('q', ACME))],
    ['a limit with letters that no limit has', () => withTags(tag('l', `${'x'.repeat(13)} ${'x'.repeat(13)}`))],
    ['a tenant with letters that no tenant has', () => withTags(tag('o', `0001000${'x'.repeat(10)} ${'x'.repeat(9)}`))],
    ['more limits than a task may have', () => withTags(tag('l', ACME).repeat(5))],
  ])('%s waits in the list', async (_, make) => {
    const message = make();
    await fixture.broker.enqueueLimited(QUEUE, [message], {});
    expect(await fixture.redis.exists(HELD, READY)).toBe(0);
    expect((await inList()).map(idOf)).toEqual([idOf(message)]);
  });

  it('foreign bytes wait in the list when they are given back, whatever they look like', async () => {
    await fixture.redis.rpush(LIST, `Foreign bytes${tag('l', ACME)}["Some.task"]`);
    const child = await LimitedChild.start(fixture);
    const [id = ''] = await child.ids();
    expect(id).toMatch(/^undecodable/);
    await fixture.broker.release(child.claimant, [id]);
    expect(await fixture.redis.exists(HELD, READY)).toBe(0);
    expect(await fixture.redis.llen(LIST)).toBe(1);
    await fixture.redis.flushall();
  });

  it('the body of a message is none of its tags', async () => {
    // as many letters in front as a tag has
    const task = `${'a'.repeat(26)}l${'b'.repeat(40)}`;
    await send({ limits: [ACME], priority: 1, task });
    expect((await inLines())[0]?.slice(0, ACME.length + 1)).toBe(`${ACME} `);
  });

  it('bytes that others wrote among the lines are looked at as a message', async () => {
    await send({ limits: [ACME] });
    await fixture.redis.zadd(HELD, 0, 'foreign');
    expect(await fixture.broker.locate(fixture.ids.next())).toMatchObject({ state: 'unknown' });
    await fixture.redis.flushall();
  });
});
