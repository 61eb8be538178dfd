import type { Claimant, TimedOut } from '../../src/broker/port/broker.js';
import { encodeAttempt } from '../../src/message/attempt-record.js';
import { BrokerFixture, childExit, counted, idOf, sessionState, triedAgain } from '../support/broker-fixture.js';

const NAMESPACE = '{nestwork}:';
const LATE = encodeAttempt({ at: 7, code: 'HARD_TIMEOUT' });
const CRASHED = encodeAttempt({ at: 7, code: 'CRASHED' });
const REPORT = '{"code":"HARD_TIMEOUT"}';

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

function timedOut(message: string, retryInMs: number): TimedOut {
  return { id: idOf(message), retryInMs, line: LATE, report: REPORT };
}

/** The session of a child whose process ended. */
function afterwards(child: Claimant): Record<string, unknown> {
  const { [child.child]: _claims, ...description } = sessionState(child)[`session:${child.session}`] as Record<
    string,
    string
  >;
  return { sessions: [child.session], [`session:${child.session}`]: description };
}

async function list(key: string): Promise<string[]> {
  return fixture.redis.lrange(NAMESPACE + key, 0, -1);
}

function enqueuedAt(message: string): number {
  return Number.parseInt(message.slice(25, 34), 36);
}

describe('a task that ran out of time', () => {
  it('runs again after its delay, with one more failure', async () => {
    const message = fixture.message();
    const child = await fixture.holderOf([message]);
    await fixture.redis.del(`${NAMESPACE}bell:default`);
    const before = await fixture.now();
    const settlement = await fixture.broker.settle(child, childExit({ timedOut: [timedOut(message, 60_000)] }));
    expect(settlement).toEqual({ released: 0, crashed: 0, quarantined: 0, dead: 0, timedOut: 1 });
    const [[, due = 0] = []] = await fixture.dueTimes();
    expect(due).toBeGreaterThanOrEqual(before + 60_000);
    expect(due).toBeLessThanOrEqual((await fixture.now()) + 60_000);
    expect(await fixture.state()).toEqual({
      ...afterwards(child),
      'scheduled:default': [triedAgain(message, '01', due, LATE)],
      alarm: ['1'],
    });
  });

  it.each([
    ['the tail of its queue', 'queue:default', {}],
    ['the quarantined tasks when it crashed before', 'suspects:default', { crashes: 2 }],
  ])('without a delay goes to %s', async (_where, key, counters) => {
    const message = counted(fixture.message(), counters);
    const child = await fixture.holderOf([message]);
    await fixture.redis.del(`${NAMESPACE}bell:default`);
    await fixture.broker.settle(child, childExit({ timedOut: [timedOut(message, 0)] }));
    const [again = ''] = await list(key);
    expect(await fixture.state()).toEqual({
      ...afterwards(child),
      [key]: [triedAgain(message, '01', enqueuedAt(again), LATE)],
      'bell:default': ['1'],
    });
  });

  it('without a retry is dead, with its report and its history', async () => {
    const message = fixture.message();
    const child = await fixture.holderOf([message]);
    const before = await fixture.now();
    const settlement = await fixture.broker.settle(child, childExit({ timedOut: [timedOut(message, -1)] }));
    expect(settlement).toEqual({ released: 0, crashed: 0, quarantined: 0, dead: 1, timedOut: 0 });
    const record = `${REPORT}\n${message.slice(0, 21)}01${message.slice(23)}${LATE}`;
    expect(await fixture.state()).toEqual({
      ...afterwards(child),
      'bell:default': ['1'],
      'dead:default': [idOf(message)],
      'dead-records:default': { [idOf(message)]: record },
    });
    const diedAt = Number(await fixture.redis.zscore(`${NAMESPACE}dead:default`, idOf(message)));
    expect(diedAt).toBeGreaterThanOrEqual(before);
    expect(diedAt).toBeLessThanOrEqual(await fixture.now());
  });

  it('is settled once, beside finished, crashed and other tasks', async () => {
    const messages = fixture.messages(6);
    const [done = '', again = '', dead = '', guilty = '', innocent = '', both = ''] = messages;
    const child = await fixture.holderOf(messages);
    const settlement = await fixture.broker.settle(
      child,
      childExit({
        done: [done, both].map(idOf),
        timedOut: [timedOut(again, 60_000), timedOut(dead, -1), timedOut(both, 0), timedOut(again, 0)],
        blamed: [guilty, again, dead, done].map(idOf),
        line: CRASHED,
      }),
    );
    expect(settlement).toEqual({ released: 1, crashed: 1, quarantined: 0, dead: 1, timedOut: 1 });
    const [[, due = 0] = []] = await fixture.dueTimes();
    expect(await fixture.state()).toEqual({
      ...afterwards(child),
      'queue:default': [innocent],
      'suspects:default': [counted(guilty, { crashes: 1 }) + CRASHED],
      'scheduled:default': [triedAgain(again, '01', due, LATE)],
      'bell:default': ['1'],
      alarm: ['1'],
      'dead:default': [idOf(dead)],
      'dead-records:default': { [idOf(dead)]: `${REPORT}\n${dead.slice(0, 21)}01${dead.slice(23)}${LATE}` },
    });
  });

  it('is ignored when the child does not hold it', async () => {
    const [held = '', other = ''] = fixture.messages(2);
    const child = await fixture.holderOf([held]);
    const owner = await fixture.holderOf([other]);
    const exit = childExit({ timedOut: [timedOut(other, 0), timedOut(other, -1)] });
    expect(await fixture.broker.settle(child, exit)).toMatchObject({ released: 1, timedOut: 0, dead: 0 });
    expect(await fixture.broker.holdings(owner)).toMatchObject({ ids: [idOf(other)] });
    expect(await list('queue:default')).toEqual([held]);
  });

  it.each([
    ['to run again', 0],
    ['to run again later', 60_000],
    ['to be dead', -1],
  ])('is released unchanged when its bytes are foreign: %s', async (_what, retryInMs) => {
    const bytes = 'Something that is not a message of ours, but long enough for one';
    await fixture.redis.rpush(`${NAMESPACE}queue:default`, bytes);
    const child = await fixture.child();
    const [task] = (await fixture.claim(child)).tasks;
    const { message = '' } = task ?? {};
    const settlement = await fixture.broker.settle(child, childExit({ timedOut: [timedOut(message, retryInMs)] }));
    expect(settlement).toEqual({ released: 1, crashed: 0, quarantined: 0, dead: 0, timedOut: 0 });
    expect(await fixture.state()).toEqual({
      ...afterwards(child),
      'queue:default': [message],
      'bell:default': ['1'],
    });
  });
});

describe('a line about a crash', () => {
  it('is in the history, also of a dead task', async () => {
    const message = fixture.message();
    await fixture.broker.enqueue('default', [message]);
    for (const _ of [1, 2]) {
      const child = await fixture.child();
      await fixture.claim(child);
      await fixture.broker.settle(child, childExit({ blamed: [idOf(message)], line: CRASHED, maxCrashes: 2 }));
    }
    const record = await fixture.redis.hget(`${NAMESPACE}dead-records:default`, idOf(message));
    expect(record).toBe(`{"code":"CRASHED"}\n${counted(message, { crashes: 2 })}${CRASHED}${CRASHED}`);
  });

  it('is the last of at most twenty', async () => {
    const message = fixture.message() + '\n{}'.repeat(20);
    const child = await fixture.holderOf([message]);
    await fixture.broker.settle(child, childExit({ blamed: [idOf(message)], line: CRASHED }));
    const [quarantined = ''] = await list('suspects:default');
    expect(quarantined.split('\n').slice(1)).toEqual([...Array(19).fill('{}'), CRASHED.slice(1)]);
  });
});

describe('a settlement', () => {
  it('handles a thousand tasks of each kind in one call', async () => {
    const messages = fixture.messages(1_000);
    const child = await fixture.holderOf(messages);
    const exit = childExit({
      timedOut: messages.flatMap((message, index) => (index % 4 < 2 ? [timedOut(message, (index % 4) - 1)] : [])),
      done: messages.filter((_, index) => index % 4 === 2).map(idOf),
      blamed: messages.filter((_, index) => index % 8 === 3).map(idOf),
    });
    expect(await fixture.broker.settle(child, exit)).toEqual({
      released: 125,
      crashed: 0,
      quarantined: 125,
      dead: 250,
      timedOut: 250,
    });
    const queue = (await list('queue:default')).map(idOf);
    const ids = messages.map(idOf);
    expect(queue.slice(0, 125)).toEqual(ids.filter((_, index) => index % 8 === 7));
    expect(queue.slice(125)).toEqual(ids.filter((_, index) => index % 4 === 1));
  });

  it.each(['scheduled:bulk', 'dead:bulk', 'dead-records:bulk', 'unique', 'suspects:bulk', 'bell:bulk'])(
    'is refused by a foreign key before it writes: %s',
    async (key) => {
      const [a = '', b = ''] = fixture.messages(2);
      const child = await fixture.holderOf([a], 'default', ['default', 'bulk']);
      await fixture.broker.enqueue('bulk', [b]);
      await fixture.claim(child);
      await fixture.redis.del(`${NAMESPACE}bell:bulk`);
      await fixture.redis.set(NAMESPACE + key, 'foreign');
      const before = await fixture.state();
      const exit = childExit({ timedOut: [timedOut(a, -1), timedOut(b, 60_000)] });
      await expect(fixture.broker.settle(child, exit)).rejects.toThrow('WRONGTYPE');
      expect(await fixture.state()).toEqual(before);
      await fixture.redis.del(NAMESPACE + key);
    },
  );

  it('works when Redis is full', async () => {
    const [again = '', later = '', dead = ''] = fixture.messages(3);
    const child = await fixture.holderOf([again, later, dead]);
    const exit = childExit({ timedOut: [timedOut(again, 0), timedOut(later, 60_000), timedOut(dead, -1)] });
    const settlement = await fixture.whenFull(() => fixture.broker.settle(child, exit));
    expect(settlement).toMatchObject({ timedOut: 2, dead: 1 });
  });
});
