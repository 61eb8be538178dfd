/** How tasks come into lines, and what scripts that know no limits do about them. Which of them start is the matter of limits themselves. */
import { encodeMessage } from '../../src/message/task-message.js';
import { encodeUnique } from '../../src/message/unique-key.js';
import { BrokerFixture, childExit, idOf } from '../support/broker-fixture.js';
import { fireCron } from '../support/fire-cron.js';
import { callback, memberOf, openGroup } from '../support/groups.js';
import { messageInLine } from '../support/limit-invariants.js';
import { holdBack } from '../support/limited-child.js';
import { declareLimit, type Limited, limitedMessage, limitedMessages, limitKey } from '../support/limited-tasks.js';

const NAMESPACE = '{nestwork}:';
const LIMITS = `${NAMESPACE}limits`;
const UNIQUE = `${NAMESPACE}unique`;
const LABELS = `${NAMESPACE}limit-labels`;
const PAST = Date.UTC(2000, 0, 1);
const ACME = limitKey('stripe', 'acme');
const GATE = limitKey('gate');
const NOTHING_DONE = [-1, 0, 0, '', 0, '', ''];

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

async function claimed(queue = 'default'): Promise<string[]> {
  const child = await fixture.child([queue]);
  const { tasks } = await fixture.broker.claim(child, { number: 1, limit: 10, limited: 8, acks: [] });
  return tasks.map(({ id }) => id);
}

/** The messages that wait in lines, line by line. */
async function inLines(queue = 'default'): Promise<string[]> {
  return (await fixture.redis.zrange(`${NAMESPACE}held:${queue}`, '0', '-1')).map(messageInLine);
}

function add(given: Limited, queue = 'default'): Promise<string> {
  const message = limitedMessage(fixture, given);
  return fixture.broker.enqueueLimited(queue, [message], {}).then(() => message);
}

function rings(queue = 'default'): Promise<number> {
  return fixture.redis.llen(`${NAMESPACE}bell:${queue}`);
}

/** The limit of the queue `default`. */
async function declareGate(most: number, queue = 'default'): Promise<void> {
  await declareLimit(fixture, 'gate', { most, keyed: false });
  await fixture.redis.hset(`${NAMESPACE}gates`, queue, GATE);
}

describe('claim', () => {
  /** A child that holds a task, and the claim in which it acks that. */
  async function acking(queues = ['default']) {
    const child = await fixture.child(queues);
    const message = fixture.message();
    await fixture.broker.enqueue('default', [message]);
    await fixture.broker.claim(child, { number: 1, limit: 1, acks: [] });
    const input = { sessionId: child.session, child: child.child, number: 2, limit: 5, acks: idOf(message), queues };
    return { child, message, input };
  }

  it.each<[string, () => Promise<unknown>]>([
    ['has a limit', () => declareGate(5)],
    ['has a line', () => add({ priority: 3 })],
    ['may have a limit, for all that a foreign key says', () => fixture.redis.set(`${NAMESPACE}gates`, 'foreign')],
    [
      'has a quarantined task with a limit',
      async () => {
        const child = await fixture.child();
        const message = await add({ limits: [ACME] });
        await fixture.broker.claim(child, { number: 1, limit: 1, limited: 1, acks: [] });
        await fixture.broker.settle(child, childExit({ blamed: [idOf(message)] }));
      },
    ],
  ])('does nothing but say so where a queue %s', async (_, prepare) => {
    const { input } = await acking();
    await prepare();
    const before = await fixture.state();
    expect(await fixture.call('claim', input)).toEqual(NOTHING_DONE);
    expect(await fixture.state()).toEqual(before);
  });

  it('heeds a line of any of its queues', async () => {
    const { input } = await acking(['default', 'bulk']);
    await add({ priority: 3 }, 'bulk');
    expect(await fixture.call('claim', input)).toEqual(NOTHING_DONE);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['the limit of another queue', () => declareGate(5, 'bulk')],
    ['a line of another queue', () => add({ priority: 3 }, 'bulk')],
    [
      'a quarantined task without one',
      async () => {
        const child = await fixture.holderOf([fixture.message()]);
        await fixture.broker.settle(child, childExit({ blamed: [...(await heldBy(child.child))] }));
      },
    ],
  ])('gives tasks in spite of %s', async (_, prepare) => {
    const { input, message } = await acking();
    await prepare();
    const next = fixture.message();
    await fixture.broker.enqueue('default', [next]);
    const [repeated, acked] = await fixture.call('claim', input);
    expect([repeated, acked]).toEqual([0, 1]);
    expect(await heldBy(input.child)).not.toContain(idOf(message));
  });

  it('that is repeated gives what the child holds, whether there is a line or not', async () => {
    const { input, message } = await acking();
    await add({ priority: 3 });
    const [repeated, , , held] = await fixture.call('claim', { ...input, number: 1, acks: '' });
    expect([repeated, held]).toEqual([1, [`default ${message}`]]);
  });

  it('of zero tasks acks, whether there is a line or not', async () => {
    const { input } = await acking();
    await add({ priority: 3 });
    const [repeated, acked] = await fixture.call('claim', { ...input, limit: 0 });
    expect([repeated, acked]).toEqual([0, 1]);
  });

  it.each(['gates', 'ready:default'])(
    'of a queue with a limit is refused when %s is foreign, and gives nothing',
    async (name) => {
      await declareGate(5);
      const child = await fixture.child();
      const message = fixture.message();
      await fixture.broker.enqueue('default', [message]);
      await fixture.redis.del(NAMESPACE + name);
      await fixture.redis.set(NAMESPACE + name, 'foreign');
      const request = { number: 1, limit: 5, limited: 5, acks: [] };
      await expect(fixture.broker.claim(child, request)).rejects.toThrow('WRONGTYPE');
      expect(await fixture.redis.lrange(`${NAMESPACE}queue:default`, 0, -1)).toEqual([message]);
      expect(await heldBy(child.child)).toEqual([]);
      await fixture.redis.del(NAMESPACE + name);
    },
  );

  async function heldBy(child: string): Promise<string[]> {
    return fixture.redis.hkeys(`${NAMESPACE}claims:${child}`);
  }
});

describe('a task that comes into its line', () => {
  it('rings when it may start, and is silent once a claim has found that a limit is full', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    await add({ limits: [ACME] });
    expect(await rings()).toBe(1);
    await claimed();
    await fixture.redis.del(`${NAMESPACE}bell:default`);
    await add({ limits: [ACME] });
    expect(await rings()).toBe(1);
    await holdBack(fixture);
    await add({ limits: [ACME] });
    expect(await rings()).toBe(0);
    await add({ limits: [limitKey('stripe', 'other')] });
    expect(await rings()).toBe(1);
  });

  it('does not wait behind all others when the clock of its sender is ahead', async () => {
    const now = await fixture.now();
    const unique = encodeUnique('Some.task', 'k', 'finished');
    const message = limitedMessage(fixture, { priority: 1, unique, enqueuedAt: now + 3_600_000 });
    await fixture.broker.enqueueUnique('default', message, { due: undefined, replace: false });
    const [entry = ''] = await inLines();
    const came = Number.parseInt(entry.slice(25, 34), 36);
    expect(came).toBeGreaterThanOrEqual(now);
    expect(came).toBeLessThanOrEqual(await fixture.now());
    expect(await fixture.redis.hget(UNIQUE, unique.slice(1))).toBe(`default ${entry}`);
  });

  it('keeps its time when it comes back, whatever the clock says by then: it is known by its message', async () => {
    const unique = encodeUnique('Some.task', 'k', 'finished');
    const message = limitedMessage(fixture, { priority: 1, unique, enqueuedAt: PAST });
    await fixture.broker.enqueueUnique('default', message, { due: undefined, replace: false });
    const child = await fixture.child();
    await fixture.broker.claim(child, { number: 1, limit: 1, limited: 1, acks: [] });
    // as if another server had taken over, whose clock is behind
    const time = ((await fixture.now()) + 3_600_000).toString(36).padStart(9, '0');
    const ahead = message.slice(0, 25) + time + message.slice(34);
    await fixture.redis.hset(`${NAMESPACE}claims:${child.child}`, idOf(message), `default ${ahead}`);
    await fixture.broker.release(child, [idOf(message)]);
    expect(await inLines()).toEqual([ahead]);
    expect(await fixture.redis.hget(UNIQUE, unique.slice(1))).toBe(`default ${ahead}`);
  });

  it('keeps its time when that is past', async () => {
    const message = limitedMessage(fixture, {
      priority: 1,
      unique: encodeUnique('a', 'k', 'finished'),
      enqueuedAt: PAST,
    });
    await fixture.broker.enqueueUnique('default', message, { due: undefined, replace: false });
    expect(await inLines()).toEqual([message]);
  });

  it('waits on the schedule before, if it is due later', async () => {
    const message = limitedMessage(fixture, { limits: [ACME], unique: encodeUnique('a', 'k', 'finished') });
    const due = { in: 60_000 };
    await fixture.broker.enqueueUnique('default', message, { due, replace: false, labels: [ACME, 'acme'] });
    expect(await fixture.redis.zrange(`${NAMESPACE}scheduled:default`, '0', '-1')).toEqual([message]);
    expect(await fixture.redis.hgetall(LABELS)).toEqual({ [ACME]: 'acme' });
  });
});

describe('promote', () => {
  it('takes due tasks into their lines, and those without one to the tail in their order', async () => {
    const messages = [0, 1, 2, 3, 4].map((index) =>
      index % 2 ? limitedMessage(fixture, { limits: [ACME], enqueuedAt: PAST }) : fixture.message('Some.task', index),
    );
    await fixture.broker.enqueue('default', messages, { at: PAST });
    expect(await fixture.broker.promote(10)).toMatchObject({ moved: 5 });
    const [a, b, c, d, e] = messages;
    expect(await fixture.redis.lrange(`${NAMESPACE}queue:default`, 0, -1)).toEqual([a, c, e]);
    expect(new Set(await inLines())).toEqual(new Set([b, d]));
    expect(await fixture.redis.exists(`${NAMESPACE}scheduled:default`)).toBe(0);
  });

  it('rings when one of the lines may start, and is silent when their limit is full', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    await add({ limits: [ACME] });
    await claimed();
    await fixture.redis.del(`${NAMESPACE}bell:default`);
    const inLine = { limits: [ACME], enqueuedAt: PAST };
    await fixture.broker.enqueue('default', limitedMessages(fixture, 1, inLine), { at: PAST });
    await fixture.broker.promote(10);
    expect(await rings()).toBe(0);
    const [starts, waits] = [{ priority: 1 }, { limits: [ACME] }].map((given) => limitedMessage(fixture, given));
    await fixture.broker.enqueue('default', [starts ?? '', waits ?? ''], { at: PAST });
    await fixture.broker.promote(10);
    expect(await rings()).toBe(1);
  });

  it('corrects the time of a task whose sender was ahead, also under its key', async () => {
    const now = await fixture.now();
    const unique = encodeUnique('Some.task', 'k', 'finished');
    const message = limitedMessage(fixture, { priority: 1, unique, enqueuedAt: now + 3_600_000 });
    await fixture.broker.enqueueUnique('default', message, { due: { in: 60_000 }, replace: false });
    await fixture.redis.zadd(`${NAMESPACE}scheduled:default`, 1, message);
    await fixture.broker.promote(10);
    const [entry = ''] = await inLines();
    expect(Number.parseInt(entry.slice(25, 34), 36)).toBeLessThanOrEqual(await fixture.now());
    expect(await fixture.redis.hget(UNIQUE, unique.slice(1))).toBe(`default ${entry}`);
  });

  it.each(['held:default', 'slots', 'waiters'])(
    'leaves a queue whose due tasks have limits as it is when %s is foreign, and promotes the others',
    async (name) => {
      const key = NAMESPACE + name;
      await fixture.redis.set(key, 'foreign');
      const limited = limitedMessage(fixture, { limits: [ACME] });
      const plain = fixture.message();
      await fixture.broker.enqueue('default', [limited], { at: PAST });
      await fixture.broker.enqueue('bulk', [plain], { at: PAST });
      // tasks that cannot be moved take the place of no others
      const { moved, refused } = await fixture.broker.promote(1);
      expect([moved, refused?.map(({ message }) => message)]).toEqual([1, [expect.stringContaining(key)]]);
      expect(await fixture.redis.zrange(`${NAMESPACE}scheduled:default`, '0', '-1')).toEqual([limited]);
      expect(await fixture.redis.lrange(`${NAMESPACE}queue:bulk`, 0, -1)).toEqual([plain]);
      await fixture.redis.del(key);
      expect(await fixture.broker.promote(10)).toEqual({ moved: 1, nextInMs: undefined });
    },
  );

  /** A line that waits for a rate, for as long as the rate says. */
  async function pacedLine(queue = 'default'): Promise<string> {
    await declareLimit(fixture, 'stripe', { intervalUs: 3_600_000_000 });
    await add({ limits: [ACME] }, queue);
    await claimed(queue);
    const waiting = idOf(await add({ limits: [ACME] }, queue));
    await holdBack(fixture, queue);
    return waiting;
  }

  it('looks again when a rate allows the next start', async () => {
    await pacedLine();
    const { nextInMs } = await fixture.broker.promote(10);
    expect(nextInMs).toBeGreaterThan(3_500_000);
    // rounded up
    expect(nextInMs).toBeLessThanOrEqual(3_600_001);
    expect(await rings()).toBe(0);
  });

  it('wakes a line once its rate allows a start, and forgets rates that are past', async () => {
    const waiting = await pacedLine();
    await fixture.redis.zadd(`${NAMESPACE}rates`, 1, ACME);
    await fixture.redis.zadd(`${NAMESPACE}paced`, 1, ACME);
    expect(await fixture.broker.promote(10)).toEqual({ moved: 0, nextInMs: undefined });
    expect(await rings()).toBe(1);
    expect(await fixture.redis.exists(`${NAMESPACE}rates`, `${NAMESPACE}paced`, `${NAMESPACE}waiters`)).toBe(0);
    expect(await claimed()).toEqual([waiting]);
  });

  it('wakes the line of a queue that its app has not, with the keys of that queue', async () => {
    const waiting = await pacedLine('elsewhere');
    await fixture.redis.zadd(`${NAMESPACE}rates`, 1, ACME);
    await fixture.redis.zadd(`${NAMESPACE}paced`, 1, ACME);
    const [, , , , unreached] = await fixture.call('promote', { queues: ['default'], limit: 10 });
    expect(unreached).toEqual(['elsewhere']);
    expect(await rings('elsewhere')).toBe(0);
    await fixture.broker.promote(10);
    expect(await rings('elsewhere')).toBe(1);
    expect(await claimed('elsewhere')).toEqual([waiting]);
  });

  it('goes on soon when more rates are past than it forgets at once', async () => {
    const rates = Array.from({ length: 1_200 }, (_, index) => [index + 1, limitKey('stripe', String(index))]);
    await fixture.redis.zadd(`${NAMESPACE}rates`, ...rates.flat().map(String));
    const { nextInMs } = await fixture.broker.promote(10);
    expect(nextInMs).toBeLessThanOrEqual(10);
    expect(await fixture.redis.zcard(`${NAMESPACE}rates`)).toBe(200);
    expect(await fixture.broker.promote(10)).toEqual({ moved: 0, nextInMs: undefined });
    expect(await fixture.redis.exists(`${NAMESPACE}rates`)).toBe(0);
  });

  it.each(['held:bulk', 'limit-labels'])('promotes tasks though %s is foreign, and names that', async (name) => {
    await pacedLine();
    await fixture.redis.set(NAMESPACE + name, 'foreign');
    await fixture.broker.enqueue('critical', fixture.messages(1), { at: PAST });
    const { moved, refused } = await fixture.broker.promote(10);
    expect([moved, refused?.map(({ message }) => message)]).toEqual([1, [expect.stringContaining(name)]]);
    await fixture.redis.del(NAMESPACE + name);
  });
});

it('the end of a pause rings for a task in a line', async () => {
  await fixture.broker.pauses.pause('default', { by: 'anna', reason: undefined, forMs: undefined });
  await add({ limits: [ACME], priority: 1 });
  await fixture.redis.del(`${NAMESPACE}bell:default`);
  expect(await fixture.broker.pauses.resume('default')).toBe(true);
  expect(await rings()).toBe(1);
});

describe('a run of a cron with a limit', () => {
  const CRON = { name: 'Reports.daily', queue: 'old' };
  const unique = encodeUnique(CRON.name, 'cron', 'finished');
  const DIGEST = unique.slice(1);

  /** A run that waits in its line, as it comes late. Resolves to its message there. */
  async function fired(queue = CRON.queue, labels: readonly string[] = [], limit = ACME): Promise<string> {
    const due = (await fixture.now()) - 10_000;
    await fixture.redis.hset(`${NAMESPACE}crons`, `${CRON.name} until`, due - 5_000);
    const tags = `${unique}l${limit}`;
    const message = encodeMessage({
      ...{ id: fixture.ids.next(), name: CRON.name, payload: '[]', enqueuedAt: due, tags },
      options: { cron: CRON.name, due },
    });
    const run = { due, message };
    const start = { tags: `l${ACME}`, labels };
    expect(await fireCron(fixture.broker.crons, { ...CRON, queue, start }, [run])).toMatchObject({ fired: 1 });
    return message;
  }

  it('has its key in clear until it has ended', async () => {
    const message = await fired('default', [ACME, 'acme']);
    expect(await fixture.redis.hgetall(LABELS)).toEqual({ [ACME]: 'acme' });
    const child = await fixture.child();
    await fixture.broker.claim(child, { number: 1, limit: 1, limited: 1, acks: [] });
    expect(await fixture.redis.hgetall(LABELS)).toEqual({ [ACME]: 'acme' });
    await fixture.broker.results.finish(child, [{ id: idOf(message), result: 'd[7]', limited: true }]);
    expect(await fixture.redis.exists(LABELS)).toBe(0);
  });

  it('has no key in clear of a limit that it has not, as one of an earlier version of its task', async () => {
    await fired('default', [ACME, 'acme'], GATE);
    expect(await fixture.redis.exists(LABELS)).toBe(0);
  });

  it('has no key in clear when another supervisor fires it again after its end', async () => {
    const message = await fired('default', [ACME, 'acme']);
    expect(await fixture.broker.cancel(idOf(message))).toMatchObject({ state: 'pending' });
    const start = { tags: `l${ACME}`, labels: [ACME, 'acme'] };
    const run = { due: (await fixture.now()) - 14_000, message };
    expect(await fireCron(fixture.broker.crons, { ...CRON, queue: 'default', start }, [run])).toMatchObject({
      fired: 0,
    });
    expect(await fixture.redis.exists(LABELS)).toBe(0);
  });

  it('waits in its line, under its key', async () => {
    const message = await fired();
    expect(await inLines('old')).toEqual([message]);
    expect(await fixture.redis.hget(UNIQUE, DIGEST)).toBe(`old ${message}`);
  });

  it('moves from its line into that of another queue', async () => {
    const message = await fired();
    expect(await fixture.broker.crons.moveRun({ ...CRON, queue: 'bulk' }, 'old')).toBe(true);
    expect([await inLines('old'), await inLines('bulk')]).toEqual([[], [message]]);
    expect(await fixture.redis.hget(UNIQUE, DIGEST)).toBe(`bulk ${message}`);
    expect(await rings('bulk')).toBe(1);
  });

  it('gives up the slot that it kept when it moves', async () => {
    await fixture.redis.hset(LIMITS, ACME.slice(0, 6), '1 - 1 1 {"name":"stripe","keyed":true}');
    const message = await fired();
    const child = await fixture.child(['old']);
    await fixture.broker.claim(child, { number: 1, limit: 1, limited: 1, acks: [] });
    await fixture.broker.release(child, [idOf(message)]);
    await fixture.broker.closeSession(child.session);
    await fixture.redis.del(`${NAMESPACE}session:${child.session}`, `${NAMESPACE}sessions`);
    expect(await fixture.redis.hget(`${NAMESPACE}slots`, ACME)).toBe('1');
    expect(await fixture.broker.crons.moveRun({ ...CRON, queue: 'bulk' }, 'old')).toBe(true);
    expect(await fixture.redis.exists(`${NAMESPACE}slots`)).toBe(0);
    expect(await inLines('bulk')).toEqual([message]);
    expect(await fixture.redis.hget(UNIQUE, DIGEST)).toBe(`bulk ${message}`);
  });
});

describe('a batch', () => {
  /** Its priority keeps it from the list. */
  const withLimit = (message: string): string =>
    `${message.slice(0, 34)}l${ACME}o1${'0'.repeat(5)}1${'-'.repeat(20)}${message.slice(34)}`;

  it('has members with limits in their lines, and keeps their keys in clear', async () => {
    const group = await openGroup(fixture.broker.groups, fixture.ids.next());
    const member = withLimit(memberOf(fixture, group));
    await fixture.broker.groups.add(group, 'default', [member], { labels: [ACME, 'acme'] });
    expect(await inLines()).toEqual([member]);
    expect(await fixture.redis.hgetall(LABELS)).toEqual({ [ACME]: 'acme' });
  });

  it('has no key in clear that only members have that were added before, and have ended', async () => {
    const group = await openGroup(fixture.broker.groups, fixture.ids.next());
    const members = [withLimit(memberOf(fixture, group)), memberOf(fixture, group)];
    const labels = [ACME, 'acme'];
    await fixture.broker.groups.add(group, 'default', members.slice(0, 1), { labels });
    expect(await fixture.broker.cancel(idOf(members[0] as string))).toMatchObject({ state: 'pending' });
    await fixture.broker.groups.add(group, 'default', members, { labels });
    expect(await fixture.redis.lrange(`${NAMESPACE}queue:default`, 0, -1)).toEqual(members.slice(1));
    expect(await fixture.redis.exists(LABELS)).toBe(0);
  });

  /** A callback with a limit, in the queue `bulk`. */
  function limitedCallback() {
    const { queue, message } = callback(fixture, 'On.done');
    return { queue, message: withLimit(message) };
  }

  it('leaves a callback with a limit to a promoter, where its own script has no keys for that', async () => {
    const group = await openGroup(fixture.broker.groups, fixture.ids.next(), { done: limitedCallback() });
    await fixture.broker.groups.seal(group);
    expect(await fixture.redis.lrange(`${NAMESPACE}released`, 0, -1)).toEqual([expect.stringContaining(`+ bulk `)]);
    await fixture.broker.promote(10);
    expect(await inLines('bulk')).toHaveLength(1);
    expect(await fixture.redis.exists(`${NAMESPACE}released`)).toBe(0);
  });

  it('puts a callback with a limit into its line, where its last member ends', async () => {
    const group = await openGroup(fixture.broker.groups, fixture.ids.next(), { done: limitedCallback() });
    const member = memberOf(fixture, group);
    await fixture.broker.groups.add(group, 'default', [member]);
    await fixture.broker.groups.seal(group);
    const child = await fixture.child();
    await fixture.claim(child);
    await fixture.broker.results.finish(child, [{ id: idOf(member), result: 'd[7]', inGroup: true }]);
    expect(await inLines('bulk')).toHaveLength(1);
    expect(await fixture.redis.exists(`${NAMESPACE}released`, `${NAMESPACE}queue:bulk`)).toBe(0);
  });
});
