/** Which of the tasks that wait in lines and in lists a child gets, and how many. */
import { encodeUnique } from '../../src/message/unique-key.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { memberOf, openGroup } from '../support/groups.js';
import { LimitedChild } from '../support/limited-child.js';
import { arrive, declareLimit, type Limited, limitedMessage, limitKey, sendLimited } from '../support/limited-tasks.js';

const NAMESPACE = '{nestwork}:';
const QUEUE = 'default';
const READY = `${NAMESPACE}ready:default`;
const SUSPECTS = `${NAMESPACE}suspects:default`;
const ACME = limitKey('stripe', 'acme');
const MINUTE = 60_000;
const PAST = Date.UTC(2000, 0, 1);
/** A claim with an odd number begins with tasks that have no tenant, one with an even number with a tenant. */
const [BEGINS_PLAIN, BEGINS_FAIR] = [1, 2];
const MANY = { limit: 100 };

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** A task that came so many minutes after the first. */
function at(minutes: number, given: Limited = {}): string {
  return limitedMessage(fixture, { enqueuedAt: PAST + minutes * MINUTE, ...given });
}

function send(given: Limited, queue = QUEUE): Promise<string> {
  return sendLimited(fixture, given, queue);
}

/** So many tasks of one kind, sent one after the other. */
async function sendMany(count: number, given: Limited): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) ids.push(await send(given));
  return ids;
}

async function claimed(...queues: string[]): Promise<string[]> {
  const child = await LimitedChild.start(fixture, queues.length > 0 ? queues : [QUEUE]);
  return child.ids(MANY);
}

describe('of tasks without a tenant', () => {
  it('the oldest is next, be it in the list or in a line', async () => {
    const limits = [ACME];
    const ids = await arrive(fixture, [at(0), at(1, { limits }), at(2), at(3), at(4, { limits }), at(5)]);
    expect(await claimed()).toEqual(ids);
  });

  it('the oldest is next, whatever lies ahead of it in a list of more than one look', async () => {
    const plain = Array.from({ length: 70 }, (_, index) => at(index));
    const ids = await arrive(fixture, [...plain, at(70, { limits: [ACME] }), at(71)]);
    expect(await claimed()).toEqual(ids);
  });

  it('a priority is worth its time: it goes before what came within that, and behind what is older', async () => {
    const ids = await arrive(fixture, [at(0), at(1), at(2), at(3), at(3.5, { priority: 2 })]);
    const [first, second, third, fourth, urgent] = ids;
    expect(await claimed()).toEqual([first, second, urgent, third, fourth]);
  });

  it('a priority orders the tasks of one line', async () => {
    const limits = [ACME];
    const [a, b, c] = await arrive(fixture, [at(0, { limits }), at(3, { limits }), at(4, { limits, priority: 3 })]);
    expect(await claimed()).toEqual([a, c, b]);
  });

  it('an older one that comes later to its line is the next there', async () => {
    const limits = [ACME];
    const [later] = await arrive(fixture, [at(5, { limits })]);
    const [plain] = await arrive(fixture, [at(3)]);
    const [older] = await arrive(fixture, [at(1, { limits })]);
    expect(await claimed()).toEqual([older, plain, later]);
  });

  it('those of several that come at once have the oldest at their head', async () => {
    const limits = [ACME];
    const [later, older] = await arrive(fixture, [at(5, { limits }), at(1, { limits })]);
    expect(await fixture.redis.zscore(READY, ACME)).toBe(String(PAST + MINUTE));
    expect(await claimed()).toEqual([older, later]);
  });

  it('a priority that is worth more than the age of all tasks makes it the first', async () => {
    const [id] = await arrive(fixture, [limitedMessage(fixture, { priority: 9, enqueuedAt: 1_000 })]);
    expect(await fixture.redis.zrange(READY, '0', '-1', 'WITHSCORES')).toEqual(['-', '1']);
    expect(await claimed()).toEqual([id]);
  });

  it('one whose time has more digits than a time can have waits behind all others', async () => {
    const child = await fixture.child();
    const message = limitedMessage(fixture, { limits: [ACME] });
    const endless = `${message.slice(0, 25)}zzzzzzzzz${message.slice(34)}`;
    await fixture.redis.hset(`${NAMESPACE}claims:${child.child}`, idOf(message), `default ${endless}`);
    await fixture.broker.release(child, [idOf(message)]);
    expect(await fixture.redis.zscore(READY, ACME)).toBe('9999999999999');
    expect(await claimed()).toEqual([idOf(message)]);
    // no producer has sent it
    await fixture.redis.flushall();
  });
});

describe('tenants', () => {
  it('take turns with tasks that have none', async () => {
    const plain = await arrive(fixture, [at(0), at(1), at(2)]);
    const fair = await sendMany(3, { tenant: 'a' });
    const child = await LimitedChild.start(fixture);
    const order = [0, 1, 2].flatMap((turn) => [plain[turn], fair[turn]]);
    expect(await child.ids({ ...MANY, number: BEGINS_PLAIN })).toEqual(order);
  });

  it('begin in every second claim', async () => {
    const [, second] = await arrive(fixture, [at(0), at(1)]);
    const [tenant] = await sendMany(2, { tenant: 'a' });
    const child = await LimitedChild.start(fixture);
    await child.ids({ limit: 1, number: BEGINS_PLAIN });
    expect(await child.ids({ limit: 1, number: BEGINS_FAIR })).toEqual([tenant]);
    expect(await child.ids({ limit: 1 })).toEqual([second]);
  });

  it('take turns with lines that have none', async () => {
    const lines = await arrive(fixture, [at(0, { limits: [ACME] }), at(1, { limits: [ACME] })]);
    const fair = await sendMany(2, { tenant: 'a' });
    const child = await LimitedChild.start(fixture);
    const order = [0, 1].flatMap((turn) => [lines[turn], fair[turn]]);
    expect(await child.ids({ ...MANY, number: BEGINS_PLAIN })).toEqual(order);
  });

  it('use the turns of others when those have nothing', async () => {
    const ids = await sendMany(5, { tenant: 'a' });
    expect(await claimed()).toEqual(ids);
  });

  it('take turns among each other, each with its oldest', async () => {
    const a = await sendMany(4, { tenant: 'a' });
    const b = await sendMany(2, { tenant: 'b' });
    expect(await claimed()).toEqual([a[0], b[0], a[1], b[1], a[2], a[3]]);
  });

  it('that come late start with the others', async () => {
    const child = await LimitedChild.start(fixture);
    const a = await sendMany(6, { tenant: 'a' });
    await child.ids({ limit: 3 });
    const b = await sendMany(3, { tenant: 'b' });
    expect(await child.ids({ limit: 4 })).toEqual([b[0], a[3], b[1], a[4]]);
  });

  it('that were away save nothing up', async () => {
    const child = await LimitedChild.start(fixture);
    await sendMany(1, { tenant: 'b' });
    const a = await sendMany(7, { tenant: 'a' });
    await child.ids({ limit: 5 });
    const b = await sendMany(3, { tenant: 'b' });
    expect(await child.ids({ limit: 4 })).toEqual([b[0], a[4], b[1], a[5]]);
  });

  it('with many lines have one turn as the others', async () => {
    const a = await Promise.all(['1', '2', '3'].map((key) => send({ tenant: 'a', limits: [limitKey('stripe', key)] })));
    const b = await sendMany(3, { tenant: 'b' });
    const order = (await claimed()).map((id) => (a.includes(id) ? 'a' : b.includes(id) ? 'b' : id));
    expect(order.join('')).toMatch(/^(ab|ba){3}$/);
  });

  it('with a task in each of many lines save nothing up for others that come late', async () => {
    const child = await LimitedChild.start(fixture);
    for (const key of ['1', '2', '3', '4', '5']) await send({ tenant: 'a', limits: [limitKey('stripe', key)] });
    await child.ids({ limit: 3 });
    const b = await sendMany(3, { tenant: 'b' });
    const order = (await child.ids()).map((id) => (b.includes(id) ? 'b' : 'a'));
    expect(order.join('')).toMatch(/^b(ab|ba){2}$/);
  });

  it('whose task was cancelled have taken no turn by that', async () => {
    const line = (key: string) => send({ tenant: 'a', limits: [limitKey('stripe', key)] });
    const [first, second, last] = [await line('1'), await line('2'), await line('3')];
    expect(await fixture.broker.cancel(last)).toMatchObject({ state: 'pending' });
    const late = await send({ tenant: 'b' });
    expect(await claimed()).toEqual([first, late, second]);
  });

  it('keep their turn while they wait for a limit, and take none from those that started meanwhile', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    const child = await LimitedChild.start(fixture);
    const [first = ''] = await sendMany(1, { limits: [ACME] });
    await child.ids();
    const [waiting] = await sendMany(1, { tenant: 'w', limits: [ACME] });
    const a = await sendMany(6, { tenant: 'a' });
    await child.ids({ limit: 3 });
    await child.end(first);
    // the first tag of all
    expect(await fixture.redis.zscore(READY, `${ACME}${'w'.padEnd(20, '-')}`)).toBe('-2000000000000000');
    expect(await child.ids({ limit: 1 })).toEqual([waiting]);
    const b = await sendMany(2, { tenant: 'b' });
    expect(await child.ids({ limit: 4 })).toEqual([b[0], a[3], b[1], a[4]]);
  });

  it('leave nothing behind when their last task is given', async () => {
    await sendMany(2, { tenant: 'a' });
    expect(await fixture.redis.zscore(READY, `~${'a'.padEnd(20, '-')}`)).not.toBeNull();
    await claimed();
    expect(await fixture.redis.exists(READY)).toBe(0);
  });

  it('are forgotten when others are ahead of them', async () => {
    await sendMany(1, { tenant: 'gone' });
    await sendMany(5, { tenant: 'a' });
    const child = await LimitedChild.start(fixture);
    await child.ids({ limit: 4 });
    const known = await fixture.redis.zrange(READY, '0', '-1');
    expect(known.filter((member) => member.startsWith('~')).sort()).toEqual(['~', `~${'a'.padEnd(20, '-')}`]);
  });
});

describe('a claim', () => {
  it('takes as many tasks with limits as it may, and fills up with others', async () => {
    const limited = await arrive(
      fixture,
      [0, 1, 2, 3].map((minutes) => at(minutes, { limits: [ACME] })),
    );
    const others = await arrive(fixture, [at(5), at(6)]);
    const child = await LimitedChild.start(fixture);
    expect(await child.ids({ limit: 10, limited: 2 })).toEqual([...limited.slice(0, 2), ...others]);
  });

  it('that may have no tasks with limits takes those of lines that have none', async () => {
    await arrive(fixture, [at(5, { limits: [ACME] })]);
    const others = await arrive(fixture, [at(0, { priority: 1 }), at(1, { priority: 1 })]);
    const fair = await send({ tenant: 'a' });
    const child = await LimitedChild.start(fixture);
    const ids = await child.ids({ limit: 10, limited: 0 });
    expect(new Set(ids)).toEqual(new Set([...others, fair]));
  });

  it('takes no more tasks than it may, lines and lists together', async () => {
    await arrive(fixture, [at(0), at(1, { limits: [ACME] }), at(2), at(3, { limits: [ACME] })]);
    const child = await LimitedChild.start(fixture);
    expect(await child.ids({ limit: 3 })).toHaveLength(3);
  });

  it('gives the lines of more limits than it reads at once, and never more than one of them allows', async () => {
    await declareLimit(fixture, 'whole', { most: 10 });
    const whole = limitKey('whole');
    // their priority keeps them from the list
    for (let key = 0; key < 12; key += 1) await send({ limits: [limitKey('stripe', String(key)), whole], priority: 1 });
    const child = await LimitedChild.start(fixture);
    const ids = await child.ids(MANY);
    expect(ids).toHaveLength(10);
    await child.end(...ids);
    expect(await child.ids()).toHaveLength(2);
  });

  it('takes at most 32 tasks of lines, and rings for the next child', async () => {
    await fixture.broker.enqueueLimited(
      QUEUE,
      Array.from({ length: 34 }, () => at(0, { priority: 1 })),
      {},
    );
    await fixture.redis.del(`${NAMESPACE}bell:default`);
    const child = await LimitedChild.start(fixture);
    expect(await child.ids(MANY)).toHaveLength(32);
    expect(await fixture.redis.llen(`${NAMESPACE}bell:default`)).toBe(1);
    expect(await child.ids(MANY)).toHaveLength(2);
  });

  it('reads the tasks of each queue apart, though their lines have one name', async () => {
    const first = await sendMany(3, { priority: 1 });
    const other = [await send({ priority: 1 }, 'bulk'), await send({ priority: 1 }, 'bulk')];
    expect(await claimed(QUEUE, 'bulk')).toEqual([...first, ...other]);
  });

  it('that asks for too many loses no task', async () => {
    await fixture.broker.enqueue(QUEUE, fixture.messages(4_500));
    await send({ priority: 1 });
    const child = await LimitedChild.start(fixture);
    const ids = await child.ids({ limit: 4_500 });
    const left = await fixture.redis.llen(`${NAMESPACE}queue:default`);
    expect(ids.length + left).toBe(4_501);
  });

  it('says that a plain claim will do, once no line and no limit is left', async () => {
    await sendMany(2, { limits: [ACME] });
    const child = await LimitedChild.start(fixture, ['bulk', QUEUE]);
    expect(await child.claim({ limit: 1 })).toMatchObject({ needed: 1 });
    expect(await child.claim({ limit: 1 })).toMatchObject({ needed: 0 });
  });

  it('names the more that may be claimed ahead, which no line is', async () => {
    await sendMany(2, { limits: [ACME] });
    const child = await LimitedChild.start(fixture);
    expect(await child.claim({ limit: 1 })).toMatchObject({ more: 0 });
    await fixture.broker.enqueue(QUEUE, fixture.messages(1));
    expect(await child.claim({ limit: 1 })).toMatchObject({ more: 1 });
  });

  it('leaves the lines of a paused queue alone, and names it', async () => {
    await send({ limits: [ACME], priority: 1 });
    const open = await send({ limits: [ACME], priority: 1 }, 'bulk');
    await fixture.broker.pauses.pause(QUEUE, { by: 'anna', reason: undefined, forMs: undefined });
    const child = await LimitedChild.start(fixture, [QUEUE, 'bulk']);
    expect(await child.claim()).toMatchObject({ ids: [open], paused: QUEUE });
  });

  it('frees the key of a task that is unique until it starts', async () => {
    const unique = encodeUnique('Some.task', 'k', 'started');
    const message = limitedMessage(fixture, { limits: [ACME], unique });
    await fixture.broker.enqueueUnique(QUEUE, message, { due: undefined, replace: false });
    expect(await claimed()).toEqual([idOf(message)]);
    expect(await fixture.redis.exists(`${NAMESPACE}unique`)).toBe(0);
  });

  it('gives tasks with zero bytes whole', async () => {
    const message = limitedMessage(fixture, { limits: [ACME] });
    const bytes = `${message}\n\0{}`;
    await arrive(fixture, [bytes]);
    const child = await LimitedChild.start(fixture);
    expect((await child.claim()).messages).toEqual([bytes]);
  });

  it('names the tasks of a batch that somebody has stopped, also when it is repeated', async () => {
    const group = await openGroup(fixture.broker.groups, fixture.ids.next());
    const member = memberOf(fixture, group);
    await fixture.broker.groups.add(group, QUEUE, [`${member.slice(0, 34)}l${ACME}${member.slice(34)}`]);
    await fixture.broker.groups.cancel(group);
    const other = await send({ limits: [ACME] });
    const child = await LimitedChild.start(fixture);
    const { stopped, ids } = await child.claim();
    expect([stopped, new Set(ids)]).toEqual([idOf(member), new Set([idOf(member), other])]);
    expect(await child.claim({ number: 1 })).toMatchObject({ repeated: 1, stopped: idOf(member) });
    await fixture.redis.flushall();
  });

  it('gives foreign bytes of a list under an id of their own', async () => {
    await fixture.redis.rpush(`${NAMESPACE}queue:default`, 'short');
    await send({ priority: 1 });
    const child = await LimitedChild.start(fixture);
    expect((await child.claim()).messages).toContainEqual(expect.stringMatching(/^undecodable[0-9a-f]{9}\?short$/));
    await fixture.redis.flushall();
  });
});

describe('a number', () => {
  it('that is repeated gives what the child holds, and nothing more', async () => {
    await declareLimit(fixture, 'stripe', { most: 5 });
    const [first, second] = await sendMany(2, { limits: [ACME] });
    const child = await LimitedChild.start(fixture);
    expect(await child.ids({ limit: 1 })).toEqual([first]);
    expect(await child.claim({ limit: 1, number: 1 })).toMatchObject({ repeated: 1, ids: [first], needed: 1 });
    expect(await fixture.redis.hgetall(`${NAMESPACE}slots`)).toEqual({ [ACME]: '1' });
    expect(await child.ids({ limit: 1 })).toEqual([second]);
  });

  it('that is stale is refused before its acks', async () => {
    const [first = ''] = await sendMany(1, { limits: [ACME] });
    const child = await LimitedChild.start(fixture);
    await child.ids();
    await child.ids();
    await expect(child.claim({ number: 1, acks: [first] })).rejects.toThrow('STALE_CLAIM');
    expect(await fixture.redis.hkeys(`${NAMESPACE}claims:${child.claimant.child}`)).toEqual([first]);
  });

  it('of a child that is not registered is refused, and its acks count as stale', async () => {
    await send({ limits: [ACME] });
    const child = await LimitedChild.start(fixture);
    await fixture.redis.hdel(`${NAMESPACE}session:${child.claimant.session}`, child.claimant.child);
    await expect(child.claim({ acks: [fixture.ids.next(), fixture.ids.next()] })).rejects.toThrow('LEASE_LOST');
    expect(await fixture.broker.staleAcks()).toBe(2);
  });

  it('counts the acks of tasks that the child no longer holds, but not repeated ones', async () => {
    await send({ priority: 1 });
    const child = await LimitedChild.start(fixture);
    const [mine = ''] = await child.ids();
    const acks = [mine, fixture.ids.next()];
    expect(await child.claim({ acks })).toMatchObject({ acked: 1 });
    await child.claim({ acks, number: 2 });
    expect(await fixture.broker.staleAcks()).toBe(1);
  });
});

describe('quarantined tasks', () => {
  /** A task with a limit with which a process has died. */
  const suspect = (given: Limited = { limits: [ACME] }): string => {
    const message = limitedMessage(fixture, given);
    return `${message.slice(0, 23)}10${message.slice(25)}`;
  };
  const suspects = (): Promise<number> => fixture.redis.llen(SUSPECTS);

  it('are given alone, to a child that holds nothing', async () => {
    const [id] = await arrive(fixture, [suspect()]);
    await send({ limits: [limitKey('stripe', 'other')] });
    const child = await LimitedChild.start(fixture);
    expect(await child.ids()).toEqual([id]);
    expect(await fixture.redis.hgetall(`${NAMESPACE}slots`)).toEqual({ [ACME]: '1' });
  });

  it('are not given after others, nor to a child that may have none with limits', async () => {
    await arrive(fixture, [suspect()], 'bulk');
    const other = await send({ limits: [ACME] });
    const child = await LimitedChild.start(fixture, [QUEUE, 'bulk']);
    expect(await child.ids()).toEqual([other]);
    expect(await (await LimitedChild.start(fixture, ['bulk'])).ids({ limited: 0 })).toEqual([]);
  });

  it('count as more that may be claimed, as they do where no queue has limits', async () => {
    await arrive(fixture, [suspect({}), suspect({})]);
    const child = await LimitedChild.start(fixture);
    expect(await child.claim()).toMatchObject({ ids: [expect.any(String)], more: 1 });
  });

  it('are drained for by one child, and passed over by the others', async () => {
    const [holder, other] = [await LimitedChild.start(fixture), await LimitedChild.start(fixture)];
    for (const child of [holder, other]) {
      await send({ limits: [ACME] });
      await child.ids();
    }
    await arrive(fixture, [suspect()]);
    const next = await send({ limits: [ACME] });
    expect(await holder.claim()).toMatchObject({ drain: 1, ids: [] });
    expect(await other.claim()).toMatchObject({ drain: 0, ids: [next] });
  });

  describe('with a full limit', () => {
    let holder: LimitedChild<BrokerFixture['server']>;
    let held: string;
    beforeEach(async () => {
      await declareLimit(fixture, 'stripe', { most: 1 });
      holder = await LimitedChild.start(fixture);
      held = await send({ limits: [ACME] });
      await holder.ids();
    });

    it('wait in their line, and hold up no other task', async () => {
      await arrive(fixture, [suspect()]);
      const other = await send({ limits: [limitKey('stripe', 'other')] });
      expect(await claimed()).toEqual([other]);
      expect(await suspects()).toBe(0);
      expect(await fixture.redis.zcard(`${NAMESPACE}held:default`)).toBe(1);
    });

    it('are looked at 40 in a claim', async () => {
      await arrive(
        fixture,
        Array.from({ length: 45 }, () => suspect()),
      );
      expect(await claimed()).toEqual([]);
      expect(await suspects()).toBe(5);
    });

    it('are given alone out of their line, too', async () => {
      const [id] = await arrive(fixture, [suspect()]);
      expect(await claimed()).toEqual([]);
      await holder.end(held);
      await fixture.broker.enqueue(QUEUE, [limitedMessage(fixture, { enqueuedAt: Date.now() + MINUTE })]);
      expect(await claimed()).toEqual([id]);
    });

    it('go back among the quarantined when their turn comes and the child holds something', async () => {
      const [id] = await arrive(fixture, [suspect()]);
      expect(await claimed()).toEqual([]);
      const another = await LimitedChild.start(fixture);
      await arrive(fixture, [at(0)]);
      expect(await another.ids()).toHaveLength(1);
      await holder.end(held);
      expect(await another.ids()).toEqual([]);
      expect((await fixture.redis.lrange(SUSPECTS, 0, -1)).map(idOf)).toEqual([id]);
      expect(await fixture.redis.exists(`${NAMESPACE}held:default`, READY)).toBe(0);
      expect(await claimed()).toEqual([id]);
    });

    it('go back among the quarantined when another task of the same claim precedes them', async () => {
      const [id] = await arrive(fixture, [suspect()]);
      expect(await claimed()).toEqual([]);
      await holder.end(held);
      const [older] = await arrive(fixture, [at(0)]);
      expect(await claimed()).toEqual([older]);
      expect((await fixture.redis.lrange(SUSPECTS, 0, -1)).map(idOf)).toEqual([id]);
    });
  });
});
