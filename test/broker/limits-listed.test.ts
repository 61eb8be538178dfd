/** The first task of a line, which lies in the list of its queue: how it starts, what waits behind it, and what takes it away. */
import { encodeUnique } from '../../src/message/unique-key.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { nodesOf, openGroup } from '../support/groups.js';
import { messageInLine } from '../support/limit-invariants.js';
import { holdBack, LimitedChild } from '../support/limited-child.js';
import {
  arrive,
  declareLimit,
  type Limited,
  limitedMessage,
  limitedMessages,
  limitKey,
  sendLimited,
} from '../support/limited-tasks.js';

const NAMESPACE = '{nestwork}:';
const QUEUE = 'default';
const LIST = `${NAMESPACE}queue:default`;
const HELD = `${NAMESPACE}held:default`;
const READY = `${NAMESPACE}ready:default`;
const WAITERS = `${NAMESPACE}waiters`;
const SLOTS = `${NAMESPACE}slots`;
const LABELS = `${NAMESPACE}limit-labels`;
const UNIQUE = `${NAMESPACE}unique`;
const ACME = limitKey('stripe', 'acme');
const OTHER = limitKey('stripe', 'other');
const WHOLE = limitKey('whole');
/** See lua/lib/lines.lua: a line from this state on waits for a limit. */
const WAITS = 1e15;
/** A mark from this state on is of a line that waits behind its task in the list. */
const BEHIND = 8.5e15;
const MANY = { limit: 100 };
const EVERY = { state: 'pending', passed: 0, task: undefined, before: undefined, look: 1_000 } as const;
/** A task so deep in a list is removed in another way. */
const DEEP = 50_001;

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

const send = (given: Limited = { limits: [ACME] }, queue = QUEUE) => sendLimited(fixture, given, queue);

async function sendMany(count: number, given?: Limited, queue = QUEUE): Promise<[string, string, string]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) ids.push(await send(given, queue));
  return ids as [string, string, string];
}

/** A message from a clock that is ahead, so that it is new, however long the test takes. */
function fresh(given: Limited = { limits: [ACME] }): string {
  return limitedMessage(fixture, { enqueuedAt: Date.now() + 3_600_000, ...given });
}

async function claimed(queue = QUEUE): Promise<string[]> {
  return (await LimitedChild.start(fixture, [queue])).ids(MANY);
}

/** A child that holds a task with these limits. */
async function holderOf(limits: readonly string[]) {
  const child = await LimitedChild.start(fixture);
  const id = await send({ limits });
  expect(await child.ids()).toEqual([id]);
  return { child, id, end: () => child.end(id) };
}

async function inList(queue = QUEUE): Promise<string[]> {
  return (await fixture.redis.lrange(`${NAMESPACE}queue:${queue}`, 0, -1)).map(idOf);
}

async function inLines(queue = QUEUE): Promise<string[]> {
  return (await fixture.redis.zrange(`${NAMESPACE}held:${queue}`, '0', '-1')).map((entry) =>
    idOf(messageInLine(entry)),
  );
}

/** The lines of which a task lies in the list, and whether others of them wait behind that. */
async function marks(queue = QUEUE): Promise<Record<string, 'alone' | 'with others'>> {
  const flat = await fixture.redis.zrangebyscore(`${NAMESPACE}ready:${queue}`, 8e15, '+inf', 'WITHSCORES');
  const entries = flat.flatMap((member, at) => (at % 2 === 0 ? [[member, Number(flat[at + 1])] as const] : []));
  return Object.fromEntries(entries.map(([member, state]) => [member, state < BEHIND ? 'alone' : 'with others']));
}

const rings = (queue = QUEUE) => fixture.redis.llen(`${NAMESPACE}bell:${queue}`);
const silence = (queue = QUEUE) => fixture.redis.del(`${NAMESPACE}bell:${queue}`);
const stateOf = async (queue = QUEUE) => (await fixture.broker.queueStates([queue]))[0];
const cancelAt = (place: string, message: string, passed = 0) =>
  fixture.call('cancel-waiting', { queue: QUEUE, place, message, passed, answering: [] });

describe('the first task of a line', () => {
  it('starts from the list, and no line is made for it', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    const id = await send();
    expect([await inList(), await marks(), await rings()]).toEqual([[id], { [`=${ACME}`]: 'alone' }, 1]);
    expect(await fixture.redis.exists(HELD)).toBe(0);
    const child = await LimitedChild.start(fixture);
    expect(await child.claim()).toMatchObject({ ids: [id], needed: 0 });
    expect(await fixture.redis.hgetall(SLOTS)).toEqual({ [ACME]: '1' });
    expect(await fixture.redis.exists(HELD, READY, LIST)).toBe(0);
  });

  it('has those behind it that come later, which follow in their order', async () => {
    const ids = await sendMany(3);
    expect([await inList(), await inLines()]).toEqual([ids.slice(0, 1), ids.slice(1)]);
    expect(await fixture.redis.zrange(READY, '0', '-1')).toEqual([`=${ACME}`]);
    expect(await marks()).toEqual({ [`=${ACME}`]: 'with others' });
    expect(await claimed()).toEqual(ids);
    expect(await fixture.redis.exists(HELD, READY, LIST)).toBe(0);
  });

  it('rings for itself, and none that comes behind it does', async () => {
    await send();
    await silence();
    await send();
    expect([await rings(), await marks()]).toEqual([0, { [`=${ACME}`]: 'with others' }]);
    await fixture.redis.lpush(`${NAMESPACE}bell:default`, '');
  });

  it('lets the next one start that waited behind it, also in another claim, and rings for it', async () => {
    const [first, second] = await sendMany(2);
    await silence();
    const child = await LimitedChild.start(fixture);
    expect(await child.ids({ limit: 1 })).toEqual([first]);
    expect([await marks(), await rings()]).toEqual([{}, 1]);
    // the line is there, so that no other task of it comes to the list
    const third = await send();
    expect([await inList(), await inLines()]).toEqual([[], [second, third]]);
    expect(await child.ids({ limit: 1 })).toEqual([second]);
    expect(await child.ids({ limit: 1 })).toEqual([third]);
  });

  it('has nothing behind it when the last that waited there is cancelled', async () => {
    const [first, second] = await sendMany(2);
    await fixture.broker.cancel(second);
    expect([await inList(), await marks()]).toEqual([[first], { [`=${ACME}`]: 'alone' }]);
    expect(await fixture.redis.exists(HELD)).toBe(0);
    const third = await send();
    expect(await claimed()).toEqual([first, third]);
  });

  it('keeps its mark when those behind it are purged, which came in the same instant', async () => {
    const [first] = await arrive(fixture, [fresh(), fresh(), fresh()]);
    await fixture.broker.places.purge(QUEUE, { ...EVERY, state: 'held' });
    expect([await inList(), await inLines()]).toEqual([[first], []]);
    expect(await marks()).toEqual({ [`=${ACME}`]: 'alone' });
  });

  it('is found among others that are sent with one command, of which each comes to its place', async () => {
    const of = (given: Limited) => limitedMessage(fixture, given);
    const [a, b] = [() => of({ limits: [ACME] }), () => of({ limits: [OTHER] })];
    const [urgent, fair, plain] = [of({ limits: [ACME], priority: 1 }), of({ tenant: 'a' }), fixture.message()];
    const [a1, b1, a2, a3, b2] = [a(), b(), a(), a(), b()] as const;
    const messages = [a1, b1, a2, urgent, fair, plain, a3, b2];
    await fixture.broker.enqueueLimited(QUEUE, messages, {});
    expect(await inList()).toEqual([a1, b1, plain].map(idOf));
    // the priority of one makes that older than the one in the list
    expect(await marks()).toEqual({ [`=${ACME}`]: 'alone', [`=${OTHER}`]: 'with others' });
    const ids = await claimed();
    expect(new Set(ids)).toEqual(new Set(messages.map(idOf)));
    const ofAcme = [urgent, a1, a2, a3].map(idOf);
    expect(ids.filter((id) => ofAcme.includes(id))).toEqual(ofAcme);
    expect(ids.indexOf(idOf(b1))).toBeLessThan(ids.indexOf(idOf(b2)));
  });

  it('gets the time of Redis when the clock of its sender is ahead, also under its key', async () => {
    const unique = encodeUnique('Some.task', 'k', 'finished');
    await fixture.broker.enqueueUnique(QUEUE, fresh({ limits: [ACME], unique }), { due: undefined, replace: false });
    const [message = ''] = await fixture.redis.lrange(LIST, 0, -1);
    expect(Number.parseInt(message.slice(25, 34), 36)).toBeLessThanOrEqual(await fixture.now());
    expect(await fixture.redis.hget(UNIQUE, unique.slice(1))).toBe(`default ${message}`);
    expect(await claimed()).toEqual([idOf(message)]);
  });

  it('lies in the list with the time of Redis when the clock of its sender is behind', async () => {
    const before = await fixture.now();
    const id = await send({ limits: [ACME], enqueuedAt: before - 3_600_000 });
    const [message = ''] = await fixture.redis.lrange(LIST, 0, -1);
    expect([await inList(), await inLines()]).toEqual([[id], []]);
    expect(Number.parseInt(message.slice(25, 34), 36)).toBeGreaterThanOrEqual(before);
  });

  it('that becomes due lies in the list, those with no line before and behind it', async () => {
    const messages = [fixture.message(), fresh(), fixture.message(), fresh()];
    const ids = await arrive(fixture, messages);
    expect([await inList(), await inLines()]).toEqual([ids.slice(0, 3), ids.slice(3)]);
    expect(await marks()).toEqual({ [`=${ACME}`]: 'with others' });
    // the clock of its sender was ahead
    const [, message = ''] = await fixture.redis.lrange(LIST, 0, -1);
    expect(Number.parseInt(message.slice(25, 34), 36)).toBeLessThanOrEqual(await fixture.now());
  });

  it.each<[string, Limited]>([
    ['has a priority', { limits: [ACME], priority: 1 }],
    ['has a tenant', { limits: [ACME], tenant: 'a' }],
    ['came more than a second ago', { limits: [ACME], enqueuedAt: Date.UTC(2000, 0, 1) }],
  ])('makes a line at once when it %s', async (_, given) => {
    const ids = await arrive(fixture, [limitedMessage(fixture, given)]);
    expect([await inList(), await inLines(), await marks()]).toEqual([[], ids, {}]);
  });

  it('makes a line at once when others wait for one of its limits', async () => {
    await declareLimit(fixture, 'whole', { most: 1 });
    await holderOf([WHOLE]);
    await send({ limits: [WHOLE] });
    await holdBack(fixture);
    const id = await send({ limits: [ACME, WHOLE] });
    expect([await inList(), await marks()]).toEqual([[], {}]);
    expect(await inLines()).toContain(id);
    expect(await rings()).toBe(0);
  });

  it('is not given by a claim that knows no limits, which says so', async () => {
    await send();
    const { session, child, queues } = await fixture.child();
    const before = await fixture.state();
    const input = { sessionId: session, child, number: 1, limit: 5, acks: '', queues };
    expect(await fixture.call('claim', input)).toEqual([-1, 0, 0, '', 0, '', '']);
    expect(await fixture.state()).toEqual(before);
  });
});

describe('a task in the list whose limit is full', () => {
  beforeEach(async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    await declareLimit(fixture, 'whole', { most: 1 });
  });

  it('is pending until a claim meets it, and is held back in its line from then on', async () => {
    const { end } = await holderOf([ACME]);
    const id = await send();
    expect(await stateOf()).toMatchObject({ pending: 1, heldBack: 0 });
    await silence();
    const child = await LimitedChild.start(fixture);
    expect(await child.claim()).toMatchObject({ ids: [], more: 0, needed: 1 });
    expect(await stateOf()).toMatchObject({ pending: 0, heldBack: 1, head: undefined });
    expect([await inList(), await inLines(), await marks(), await rings()]).toEqual([[], [id], {}, 0]);
    expect(await fixture.redis.zrange(WAITERS, '0', '-1')).toEqual([expect.stringMatching(`^${ACME}.* ${ACME}$`)]);
    await end();
    expect(await rings()).toBe(1);
    expect(await claimed()).toEqual([id]);
  });

  it('goes into its line ahead of those behind it', async () => {
    const { end } = await holderOf([ACME]);
    const ids = await sendMany(3);
    await holdBack(fixture);
    expect([await inList(), await inLines(), await marks()]).toEqual([[], ids, {}]);
    expect(Number(await fixture.redis.zscore(READY, ACME))).toBeGreaterThanOrEqual(WAITS);
    await end();
    const child = await LimitedChild.start(fixture);
    for (const id of ids) {
      expect(await child.ids()).toEqual([id]);
      await child.end(id);
    }
  });

  it('holds up none of the tasks behind it in the list', async () => {
    const { end } = await holderOf([ACME]);
    const waiting = await send();
    const other = await send({ limits: [OTHER] });
    const plain = fixture.message();
    await fixture.broker.enqueue(QUEUE, [plain]);
    expect(await claimed()).toEqual([other, idOf(plain)]);
    await end();
    expect(await claimed()).toEqual([waiting]);
  });

  it('waits for what another one of the same claim has taken', async () => {
    const [first, second] = [await send({ limits: [WHOLE] }), await send({ limits: [WHOLE, ACME] })];
    expect(await inList()).toEqual([first, second]);
    const child = await LimitedChild.start(fixture);
    expect(await child.ids()).toEqual([first]);
    expect(await fixture.redis.hgetall(SLOTS)).toEqual({ [WHOLE]: '1' });
    expect([await inList(), await inLines(), await marks()]).toEqual([[], [second], {}]);
    await child.end(first);
    expect(await child.ids()).toEqual([second]);
  });

  it('is looked at with 39 others in a claim, which rings for the next', async () => {
    await declareLimit(fixture, 'stripe', { most: 0 });
    const keys = Array.from({ length: 45 }, (_, at) => limitKey('stripe', `k${at}`));
    const messages = keys.map((key) => limitedMessage(fixture, { limits: [key] }));
    await fixture.broker.enqueueLimited(QUEUE, messages, {});
    await silence();
    const child = await LimitedChild.start(fixture);
    expect(await child.ids(MANY)).toEqual([]);
    expect([await inList(), await rings()]).toEqual([messages.slice(40).map(idOf), 1]);
    expect(await child.ids(MANY)).toEqual([]);
    expect([await inList(), await marks()]).toEqual([[], {}]);
  });
});

describe('a task that is taken out of the list', () => {
  const unique = encodeUnique('Some.task', 'k', 'finished');
  const inPlaceOf = { due: undefined, replace: true };
  const RUN = { name: 'Reports.daily', queue: 'bulk' };
  const run = encodeUnique(RUN.name, 'cron', 'finished');

  const WAYS: [string, Limited, (id: string) => Promise<unknown>][] = [
    ['cancelled', {}, async (id) => expect(await fixture.broker.cancel(id)).toMatchObject({ state: 'pending' })],
    [
      'purged',
      { task: 'First.task' },
      async () => {
        const purged = await fixture.broker.places.purge(QUEUE, { ...EVERY, task: 'First.task' });
        expect(purged).toMatchObject({ purged: 1, looked: 1 });
      },
    ],
    [
      'replaced by a task without a line',
      { unique },
      () => fixture.broker.enqueueUnique('bulk', fixture.uniqueMessage('k'), inPlaceOf),
    ],
    [
      'moved to another queue, as the run of a cron',
      { unique: run },
      async () => expect(await fixture.broker.crons.moveRun(RUN, QUEUE)).toBe(true),
    ],
  ];

  /** A task with a unique key lies in the list. */
  async function listed(given: Limited): Promise<string> {
    const message = fresh({ limits: [ACME], ...given });
    const labels = [ACME, 'acme'];
    if (given.unique === undefined) await fixture.broker.enqueueLimited(QUEUE, [message], { labels });
    else await fixture.broker.enqueueUnique(QUEUE, message, { due: undefined, replace: false, labels });
    expect(await inList()).toEqual([idOf(message)]);
    return idOf(message);
  }

  it.each(WAYS)('that is %s lets the next start that waited behind it, and rings', async (_, given, way) => {
    const first = await listed(given);
    const second = await send();
    expect(await marks()).toEqual({ [`=${ACME}`]: 'with others' });
    await silence();
    await way(first);
    expect([await inList(), await inLines(), await marks(), await rings()]).toEqual([[], [second], {}, 1]);
    expect(await fixture.redis.hgetall(LABELS)).toEqual({ [ACME]: 'acme' });
    expect(await claimed()).toEqual([second]);
  });

  it.each(WAYS)('that is %s leaves nothing of its line', async (_, given, way) => {
    const first = await listed(given);
    await silence();
    await way(first);
    expect(await fixture.redis.exists(LIST, HELD, READY)).toBe(0);
    expect(await rings()).toBe(0);
  });

  it('with others in one purge rings when those behind one of them may start', async () => {
    await send();
    const [, second] = await sendMany(2, { limits: [OTHER] });
    await silence();
    expect(await fixture.broker.places.purge(QUEUE, EVERY)).toMatchObject({ purged: 2 });
    expect([await inLines(), await rings()]).toEqual([[second], 1]);
  });

  it('is replaced by one of its line, which may start', async () => {
    await listed({ unique });
    const next = fresh({ limits: [ACME], unique });
    await silence();
    await fixture.broker.enqueueUnique(QUEUE, next, inPlaceOf);
    expect([await marks(), await rings()]).toEqual([{}, 1]);
    expect(await claimed()).toEqual([idOf(next)]);
  });

  it('leaves the mark of another line, and those of its line where a limit is full', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    const { end } = await holderOf([ACME]);
    const [first, second] = await sendMany(2);
    const other = await send({ limits: [OTHER] });
    await silence();
    await fixture.broker.cancel(first);
    expect([await marks(), await rings()]).toEqual([{ [`=${OTHER}`]: 'alone' }, 0]);
    expect(await stateOf()).toMatchObject({ pending: 1, heldBack: 1 });
    await fixture.redis.lpush(`${NAMESPACE}bell:default`, '');
    expect(await claimed()).toEqual([other]);
    await end();
    expect(await claimed()).toEqual([second]);
  });

  it('is cancelled all the same when a claim has moved it into its line since it was found', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    const { end } = await holderOf([ACME]);
    await send();
    const [message = ''] = await fixture.redis.lrange(LIST, 0, -1);
    await holdBack(fixture);
    expect(await cancelAt('pending', message)).toBe(1);
    expect(await fixture.redis.exists(HELD, READY, LIST, WAITERS)).toBe(0);
    await end();
  });

  it('is not cancelled when a child has it by now, and the next one stays as it is', async () => {
    const first = await send();
    const [message = ''] = await fixture.redis.lrange(LIST, 0, -1);
    const child = await LimitedChild.start(fixture);
    expect(await child.ids()).toEqual([first]);
    // of the same time, so that its mark looks the same
    const second = await send({ limits: [ACME], enqueuedAt: Number.parseInt(message.slice(25, 34), 36) });
    expect(await cancelAt('pending', message)).toBe(0);
    expect([await inList(), await marks()]).toEqual([[second], { [`=${ACME}`]: 'alone' }]);
    expect(await fixture.redis.hgetall(SLOTS)).toEqual({ [ACME]: '1' });
  });

  it.each<[string, (message: string) => Promise<unknown>]>([
    ['cancelled', (message) => cancelAt('pending', message, DEEP)],
    [
      'purged',
      async () => {
        const deep = { ...EVERY, passed: DEEP, look: 10, task: 'First.task' };
        expect(await fixture.broker.places.purge(QUEUE, deep)).toMatchObject({ purged: 1 });
      },
    ],
  ])('that is %s deep in the list lets the next start', async (_, way) => {
    await listed({ task: 'First.task' });
    const second = await send();
    const [message = ''] = await fixture.redis.lrange(LIST, 0, -1);
    const others = fixture.message();
    for (let at = 0; at < DEEP; at += 10_000)
      await fixture.redis.rpush(LIST, ...new Array(Math.min(10_000, DEEP - at)).fill(others));
    await silence();
    await way(message);
    const found = [await fixture.redis.llen(LIST), await inLines(), await marks(), await rings()];
    const state = Number(await fixture.redis.zscore(READY, ACME));
    await fixture.redis.flushall();
    expect(found).toEqual([DEEP, [second], {}, 1]);
    expect(state).toBeLessThan(WAITS);
  });

  it('by another program does not keep those behind it from their start', async () => {
    const [, second] = await sendMany(2);
    await send({ limits: [OTHER] });
    await fixture.redis.del(LIST);
    expect(await claimed()).toEqual([second]);
    expect(await fixture.redis.exists(HELD, READY)).toBe(0);
  });

  it('by another program is forgotten with 44 others in a claim', async () => {
    const messages = Array.from({ length: 60 }, (_, at) =>
      limitedMessage(fixture, { limits: [limitKey('k', `${at}`)] }),
    );
    await fixture.broker.enqueueLimited(QUEUE, messages, {});
    await fixture.redis.del(LIST);
    const child = await LimitedChild.start(fixture);
    expect(await child.ids()).toEqual([]);
    expect(Object.keys(await marks())).toHaveLength(15);
    expect(await child.ids()).toEqual([]);
    expect(await fixture.redis.exists(READY)).toBe(0);
  });
});

it('a task that comes back makes a line, though it is the first', async () => {
  const { child, id } = await holderOf([ACME]);
  await fixture.broker.release(child.claimant, [id]);
  expect([await inList(), await inLines(), await marks()]).toEqual([[], [id], {}]);
});

describe('a task that comes back to a line of which another lies in the list', () => {
  it('goes first, as it is older', async () => {
    const child = await LimitedChild.start(fixture);
    const first = await send();
    expect(await child.ids()).toEqual([first]);
    const [second, third] = await sendMany(2);
    expect(await marks()).toEqual({ [`=${ACME}`]: 'with others' });
    await fixture.redis.hset(`${NAMESPACE}claims:${child.claimant.child}`, first, `default ${older(first)}`);
    await fixture.broker.release(child.claimant, [first]);
    // the line has a state of its own, as its first task is not in the list
    expect(await marks()).toEqual({ [`=${ACME}`]: 'alone' });
    expect(Number(await fixture.redis.zscore(READY, ACME))).toBeLessThan(WAITS);
    const another = await LimitedChild.start(fixture);
    expect(await another.ids({ limit: 1 })).toEqual([first]);
    // from now on it waits behind that again
    expect(await marks()).toEqual({ [`=${ACME}`]: 'with others' });
    expect(await fixture.redis.zscore(READY, ACME)).toBeNull();
    expect(await another.ids()).toEqual([second, third]);
  });

  it('goes first, also when more of them come back than a claim gives', async () => {
    const listed = await send();
    const older = await arrive(
      fixture,
      Array.from({ length: 34 }, (_, at) => limitedMessage(fixture, { limits: [ACME], enqueuedAt: 1_000 + at })),
    );
    const child = await LimitedChild.start(fixture);
    expect(await child.ids(MANY)).toEqual(older.slice(0, 32));
    expect(await child.ids(MANY)).toEqual([...older.slice(32), listed]);
  });

  /** The message of such a task that came long ago. */
  function older(id: string): string {
    const message = limitedMessage(fixture, { limits: [ACME], enqueuedAt: Date.now() - 60_000 });
    return id + message.slice(20);
  }

  it('keeps the slot of its ordered limit, past which the one in the list does not go', async () => {
    await declareLimit(fixture, 'stripe', { most: 1, ordered: true });
    const { child, id: first } = await holderOf([ACME]);
    const second = await send();
    expect(await inList()).toEqual([second]);
    await fixture.broker.release(child.claimant, [first]);
    const another = await LimitedChild.start(fixture);
    expect(await another.ids()).toEqual([first]);
    expect(await fixture.redis.hgetall(SLOTS)).toEqual({ [ACME]: '1' });
    expect(await child.ids()).toEqual([]);
    await another.end(first);
    expect(await child.ids()).toEqual([second]);
  });

  it('keeps that slot in its line, also when it was on the schedule before', async () => {
    await declareLimit(fixture, 'stripe', { most: 1, ordered: true });
    const { child, id } = await holderOf([ACME]);
    const later = { inMs: 60_000, failures: 0, line: '\n{"at":7}', counts: true };
    await fixture.broker.retry(child.claimant, { id, queue: QUEUE }, later);
    const [message = ''] = await fixture.redis.zrange(`${NAMESPACE}scheduled:default`, '0', '-1');
    await fixture.redis.zadd(`${NAMESPACE}scheduled:default`, 1, message);
    expect(await fixture.broker.promote(10)).toMatchObject({ moved: 1 });
    expect([await inList(), await inLines(), await marks()]).toEqual([[], [id], {}]);
    expect(await claimed()).toEqual([id]);
  });

  it('keeps that slot while it waits for its next attempt, too', async () => {
    await declareLimit(fixture, 'stripe', { most: 1, ordered: true });
    const { child, id: first } = await holderOf([ACME]);
    const second = await send();
    const later = { inMs: 60_000, failures: 0, line: '\n{"at":7}', counts: true };
    await fixture.broker.retry(child.claimant, { id: first, queue: QUEUE }, later);
    expect(await claimed()).toEqual([]);
    expect(await inLines()).toEqual([second]);
    await fixture.broker.cancel(first);
    expect(await claimed()).toEqual([second]);
  });
});

describe('a child that may have no more tasks with limits', () => {
  async function plain(): Promise<string> {
    const message = fixture.message();
    await fixture.broker.enqueue(QUEUE, [message]);
    return idOf(message);
  }

  it('takes those of the list that lie before one, claims none ahead, and rings for the others', async () => {
    const before = await plain();
    const limited = await send();
    const behind = await plain();
    await silence();
    const child = await LimitedChild.start(fixture);
    expect(await child.claim({ limited: 0 })).toMatchObject({ ids: [before], more: 0 });
    expect(await rings()).toBe(1);
    expect(await child.claim({ limited: 0 })).toMatchObject({ ids: [], more: 0 });
    expect([await inList(), await marks()]).toEqual([[limited, behind], { [`=${ACME}`]: 'alone' }]);
    expect(await claimed()).toEqual([limited, behind]);
  });

  it('has as many of them as it may', async () => {
    const ids = [await send(), await send({ limits: [OTHER] }), await plain()];
    const child = await LimitedChild.start(fixture);
    expect(await child.claim({ limited: 1 })).toMatchObject({ ids: ids.slice(0, 1), more: 0 });
    expect(await marks()).toEqual({ [`=${OTHER}`]: 'alone' });
    expect(await child.claim({ limited: 1 })).toMatchObject({ ids: ids.slice(1), more: 0 });
  });

  it('does not count those that a limit keeps from their start', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    const { end } = await holderOf([ACME]);
    const [blocked, next] = [await send(), await send({ limits: [OTHER] })];
    const child = await LimitedChild.start(fixture);
    expect(await child.claim({ limited: 1 })).toMatchObject({ ids: [next] });
    expect(await inLines()).toEqual([blocked]);
    await end();
  });

  it('takes those behind one that a limit keeps from its start, which goes into its line', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    const { end } = await holderOf([ACME]);
    const blocked = await send();
    const behind = await plain();
    const child = await LimitedChild.start(fixture);
    expect(await child.ids({ limited: 0 })).toEqual([behind]);
    expect([await inList(), await inLines(), await marks()]).toEqual([[], [blocked], {}]);
    await end();
  });

  it('takes the task of a tenant past one in the list, though it is not the turn of tenants', async () => {
    const limited = await send();
    const fair = await send({ tenant: 'a' });
    const child = await LimitedChild.start(fixture);
    expect(await child.ids({ limited: 0, number: 1 })).toEqual([fair]);
    expect(await inList()).toEqual([limited]);
  });

  it('takes tasks of lines without limits past one in the list', async () => {
    const limited = await send();
    const urgent = await send({ priority: 1 });
    const fair = await send({ tenant: 'a' });
    const child = await LimitedChild.start(fixture);
    expect(new Set(await child.ids({ limited: 0 }))).toEqual(new Set([urgent, fair]));
    expect(await inList()).toEqual([limited]);
  });
});

describe('scripts that count and find tasks', () => {
  const claimable = () => fixture.broker.backlog.claimable([QUEUE]);

  it('have one in the list and those behind it as claimable as far as there is room under their limits', async () => {
    await declareLimit(fixture, 'stripe', { most: 3 });
    await sendMany(10);
    expect(await claimable()).toBe(3);
    await sendMany(2, { limits: [OTHER] });
    expect(await claimable()).toBe(5);
    await fixture.broker.enqueue(QUEUE, fixture.messages(4));
    expect(await claimable()).toBe(9);
    await declareLimit(fixture, 'stripe', { most: 0 });
    expect(await claimable()).toBe(4);
  });

  it('have no task as claimable less than none where another program has taken the list away', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    const { end } = await holderOf([ACME]);
    await send();
    await fixture.redis.del(LIST);
    expect(await claimable()).toBe(0);
    expect(await claimed()).toEqual([]);
    await end();
  });

  it('have none as claimable that any of its limits keeps from its start', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    const { end } = await holderOf([ACME]);
    await send({ limits: [ACME, WHOLE] });
    expect(await claimable()).toBe(0);
    await end();
    expect(await claimable()).toBe(1);
  });

  it('count each task once of a line that has one in the list and an older one of its own', async () => {
    await declareLimit(fixture, 'stripe', { most: 5 });
    await send();
    await send({ limits: [ACME], priority: 1 });
    expect(await marks()).toEqual({ [`=${ACME}`]: 'alone' });
    expect(await claimable()).toBe(2);
    await declareLimit(fixture, 'stripe', { most: 1 });
    expect(await claimable()).toBe(1);
  });

  it('have an older one of such a line as pending once, and as the first there', async () => {
    await declareLimit(fixture, 'whole', { most: 0 });
    for (const key of ['a', 'b']) await send({ limits: [limitKey('whole', key)] });
    await holdBack(fixture);
    await send();
    const urgent = await send({ limits: [ACME], priority: 1 });
    expect(await stateOf()).toMatchObject({ pending: 2, heldBack: 2 });
    expect(await fixture.broker.places.find(urgent, [QUEUE])).toMatchObject({ ahead: 0, inLine: true });
  });

  it.each([
    [1, 2],
    [2, 1],
  ])('have those behind one in the list as pending, of %i such lines beside %i that wait', async (ready, waiting) => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    await declareLimit(fixture, 'whole', { most: 0 });
    for (let key = 0; key < waiting; key += 1) await sendMany(2, { limits: [limitKey('whole', String(key))] });
    await holdBack(fixture);
    for (let key = 0; key < ready; key += 1) await sendMany(3, { limits: [limitKey('stripe', String(key))] });
    expect(await stateOf()).toMatchObject({ pending: ready * 3, heldBack: waiting * 2 });
  });

  it('have the one in the list as a task that comes before those behind it', async () => {
    await fixture.broker.enqueue(QUEUE, fixture.messages(2));
    const ids = await sendMany(3);
    const find = (id: string) => fixture.broker.places.find(id, [QUEUE]);
    // before the first are those of the list
    expect(await find(ids[0])).toMatchObject({ state: 'pending', ahead: 2, heldBack: false });
    expect(await find(ids[0])).not.toHaveProperty('inLine');
    expect(await find(ids[1])).toMatchObject({ state: 'pending', ahead: 1, inLine: true, heldBack: false });
    expect(await find(ids[2])).toMatchObject({ ahead: 2, inLine: true });
    const child = await LimitedChild.start(fixture);
    await child.ids({ limit: 3 });
    expect(await find(ids[2])).toMatchObject({ ahead: 1 });
  });
});

describe('the key of a limit in clear', () => {
  const labels = [ACME, 'acme'];
  const sendWithKey = async (count: number): Promise<[string, string]> => {
    const messages = limitedMessages(fixture, count, { limits: [ACME] });
    await fixture.broker.enqueueLimited(QUEUE, messages, { labels });
    return messages.map(idOf) as [string, string];
  };

  it('is kept while a task lies in the list, and forgotten with it', async () => {
    const child = await LimitedChild.start(fixture);
    const [first] = await sendWithKey(1);
    expect(await child.ids()).toEqual([first]);
    const [second] = await sendWithKey(1);
    await child.end(first);
    expect(await inList()).toEqual([second]);
    expect(await fixture.redis.hgetall(LABELS)).toEqual({ [ACME]: 'acme' });
    await fixture.broker.cancel(second);
    expect(await fixture.redis.exists(LABELS)).toBe(0);
  });

  it('is kept until the last task behind it has ended', async () => {
    const [first, second] = await sendWithKey(2);
    await fixture.broker.cancel(first);
    expect(await fixture.redis.hgetall(LABELS)).toEqual({ [ACME]: 'acme' });
    const child = await LimitedChild.start(fixture);
    expect(await child.ids()).toEqual([second]);
    expect(await fixture.redis.hgetall(LABELS)).toEqual({ [ACME]: 'acme' });
    await child.end(second);
    expect(await fixture.redis.exists(LABELS)).toBe(0);
  });

  it('is forgotten when the first and those behind it are purged', async () => {
    await sendWithKey(2);
    await fixture.broker.places.purge(QUEUE, EVERY);
    expect(await fixture.redis.hgetall(LABELS)).toEqual({ [ACME]: 'acme' });
    await fixture.broker.places.purge(QUEUE, { ...EVERY, state: 'held' });
    expect(await fixture.redis.exists(LABELS, HELD, READY)).toBe(0);
  });
});

describe('something foreign', () => {
  it.each([
    ['ready:default', 1],
    ['waiters', 1],
    ['ready:default', 3],
    ['waiters', 3],
    ['held:default', 3],
    ['queue:default', 1],
    ['queue:default', 3],
  ])('at %s is named where %i tasks of a line are sent, and leaves nothing of them behind', async (name, count) => {
    const messages = limitedMessages(fixture, count, { limits: [ACME] });
    await fixture.redis.set(NAMESPACE + name, 'foreign');
    const before = await fixture.state();
    const sent = fixture.broker.enqueueLimited(QUEUE, messages, { labels: [ACME, 'acme'] });
    await expect(sent).rejects.toThrow(`WRONGTYPE ${NAMESPACE}${name} is a string`);
    expect(await fixture.state()).toEqual(before);
    await fixture.redis.del(NAMESPACE + name);
    expect(await fixture.broker.enqueueLimited(QUEUE, messages, {})).toMatchObject({ added: count });
    expect([await inList(), await inLines()]).toEqual([messages.slice(0, 1).map(idOf), messages.slice(1).map(idOf)]);
  });

  it.each(['held:default', 'slots', 'rates', 'limits'])(
    'at %s is no matter of the sender of a first task, and named by the claim',
    async (name) => {
      await fixture.redis.set(NAMESPACE + name, 'foreign');
      const id = await send();
      expect(await inList()).toEqual([id]);
      const before = await fixture.state();
      const child = await LimitedChild.start(fixture);
      await expect(child.claim()).rejects.toThrow(`WRONGTYPE ${NAMESPACE}${name} is a string`);
      expect(await inList()).toEqual([id]);
      expect((await fixture.state())['ready:default']).toEqual(before['ready:default']);
      await fixture.redis.del(NAMESPACE + name);
      expect(await child.ids()).toEqual([id]);
    },
  );
});

describe('tasks of a flow that start together', () => {
  it('come one of each line to the list, and the others behind it', async () => {
    const flow = await openGroup(fixture.broker.groups, fixture.ids.next(), { kind: 'flow' });
    const { nodes, ...rest } = nodesOf(fixture, flow, [[], [], [], []]);
    const limits = [ACME, ACME, OTHER, OTHER];
    const limited = nodes.map((node, at) => ({ ...node, message: withLimit(node.message, limits[at] as string) }));
    await fixture.broker.groups.reserve(flow, 4);
    await fixture.broker.groups.addNodes(flow, { ...rest, nodes: limited });
    await fixture.broker.promote(10);
    const [first, second, third, fourth] = limited.map(({ message }) => idOf(message));
    expect([await inList(), await inLines()]).toEqual([
      [first, third],
      [second, fourth],
    ]);
  });

  function withLimit(message: string, limit: string): string {
    return `${message.slice(0, 34)}l${limit}${message.slice(34)}`;
  }
});

describe('a task that another program has written', () => {
  const put = (message: string) => fixture.redis.rpush(LIST, message);
  afterEach(() => fixture.redis.flushall());

  it('starts from there, as one with a mark', async () => {
    const message = limitedMessage(fixture, { limits: [ACME] });
    await put(message);
    // a claim looks at lists with limits where something has some
    await fixture.redis.zadd(READY, 8e15, `=${OTHER}`);
    expect(await claimed()).toEqual([idOf(message)]);
    expect(await fixture.redis.hgetall(SLOTS)).toEqual({ [ACME]: '1' });
  });

  it('is cancelled there, and leaves the mark of another one of its line', async () => {
    const message = limitedMessage(fixture, { limits: [ACME], enqueuedAt: Date.UTC(2000, 0, 1) });
    await put(message);
    expect(await cancelAt('pending', message)).toBe(1);
    const ids = await sendMany(2);
    await put(message);
    expect(await cancelAt('pending', message)).toBe(1);
    expect([await inList(), await inLines()]).toEqual([ids.slice(0, 1), ids.slice(1)]);
    expect(await marks()).toEqual({ [`=${ACME}`]: 'with others' });
  });

  it('is purged there, and leaves the mark of another one of its line', async () => {
    const ids = await sendMany(2);
    await put(limitedMessage(fixture, { limits: [ACME], enqueuedAt: Date.UTC(2000, 0, 1), task: 'First.task' }));
    const purge = { ...EVERY, task: 'First.task' };
    expect(await fixture.broker.places.purge(QUEUE, purge)).toMatchObject({ purged: 1 });
    expect([await inList(), await inLines()]).toEqual([ids.slice(0, 1), ids.slice(1)]);
    expect(await marks()).toEqual({ [`=${ACME}`]: 'with others' });
  });

  it('starts in the same claim when it keeps the slot of its limit', async () => {
    await declareLimit(fixture, 'stripe', { most: 1, ordered: true });
    const message = limitedMessage(fixture, { limits: [ACME] }).replace(`l${ACME}`, `L${ACME}`);
    await fixture.redis.hset(SLOTS, ACME, '1');
    await put(message);
    expect(await claimed()).toEqual([idOf(message)]);
    expect(await fixture.redis.hgetall(SLOTS)).toEqual({ [ACME]: '1' });
  });

  it('is claimed ahead when its tags are no line', async () => {
    const [first, second] = [fixture.message(), limitedMessage(fixture, { limits: new Array(5).fill(ACME) })];
    await put(first);
    await put(second);
    const child = await LimitedChild.start(fixture);
    expect(await child.claim({ limit: 1 })).toMatchObject({ ids: [idOf(first)], more: 1 });
  });

  it('lies in a line that is not its own, and is not cancelled there', async () => {
    const message = fixture.message();
    await fixture.redis.zadd(HELD, 0, `${ACME} 0000000000001${message}`);
    await fixture.redis.zadd(READY, 1, ACME);
    expect(await cancelAt('held', message)).toBe(0);
  });
});
