import { setTimeout as delay } from 'node:timers/promises';
import { BrokerFixture, childExit, counted, idOf } from '../support/broker-fixture.js';

const LEASE_MS = 30_000;
const REPORT = { code: 'CRASHED', error: 'died', host: 'here', pid: 7 };

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** Lets the lease of a session have run out a moment ago, while other supervisors kept the pulse. */
async function expire(session: string): Promise<void> {
  const [seconds] = await fixture.redis.time();
  await fixture.redis.zadd('{nestwork}:sessions', Number(seconds) * 1_000 - 1, session);
  await fixture.redis.set('{nestwork}:pulse', Number(seconds) * 1_000);
}

describe('a session that lost its lease', () => {
  it('is reaped, and its tasks go back to their queues', async () => {
    const [a, b, quarantined] = fixture.messages(3) as [string, string, string];
    const first = await fixture.child(['urgent', 'default']);
    const second = await fixture.child(first.queues, first.session);
    const doomed = await fixture.child(first.queues, first.session);
    await fixture.broker.enqueue('default', [quarantined]);
    await fixture.claim(doomed);
    await fixture.broker.settle(
      doomed,
      childExit({ blamed: [idOf(quarantined)], maxCrashes: 3, report: JSON.stringify(REPORT) }),
    );
    await fixture.claim(second);
    await fixture.broker.enqueue('urgent', [a]);
    await fixture.broker.enqueue('default', [b]);
    await fixture.claim(first);
    await expire(first.session);

    expect((await fixture.broker.overdue(LEASE_MS)).sessions).toEqual([first.session]);
    expect(await fixture.broker.reap(first.session, LEASE_MS)).toBe(3);
    expect(await fixture.state()).toEqual({
      'queue:urgent': [a],
      'queue:default': [b],
      'suspects:default': [counted(quarantined, { crashes: 1 })],
      'bell:urgent': ['1'],
      'bell:default': ['1'],
    });
    expect(await fixture.broker.reap(first.session, LEASE_MS)).toBeUndefined();
  });

  it('is refused by every command', async () => {
    const message = fixture.message();
    const late = await fixture.child();
    await fixture.broker.enqueue('default', [message]);
    await fixture.claim(late);
    await expire(late.session);
    await fixture.broker.reap(late.session, LEASE_MS);
    const next = await fixture.child();
    await fixture.claim(next);
    const before = await fixture.state();

    const id = idOf(message);
    const lost = { code: 'LEASE_LOST' };
    await expect(fixture.broker.ack(late, [id])).rejects.toMatchObject(lost);
    await expect(fixture.broker.bury(late, { id, queue: 'default' }, REPORT)).rejects.toMatchObject(lost);
    await expect(fixture.broker.release(late, [id])).rejects.toMatchObject(lost);
    await expect(fixture.claim(late, 10, [id])).rejects.toMatchObject(lost);
    await expect(
      fixture.broker.settle(late, childExit({ blamed: [id], maxCrashes: 1, report: JSON.stringify(REPORT) })),
    ).rejects.toMatchObject(lost);
    expect(await fixture.broker.renew(late.session, LEASE_MS)).toBe(false);
    expect(await fixture.broker.register(late.session, 'another')).toBe(false);
    // of its two acks it is noted that they came too late
    expect(await fixture.state()).toEqual({ ...before, stats: { 'stale-acks': '2' } });
    expect(await fixture.broker.staleAcks()).toBe(2);
  });
});

describe('a session with a lease', () => {
  it('is not reaped', async () => {
    const child = await fixture.child();
    const { sessions, nextInMs } = await fixture.broker.overdue(LEASE_MS);
    expect(sessions).toEqual([]);
    expect(nextInMs).toBeGreaterThan(LEASE_MS - 5_000);
    expect(nextInMs).toBeLessThanOrEqual(LEASE_MS);
    expect(await fixture.broker.reap(child.session, LEASE_MS)).toBeUndefined();
  });

  it('whose new child the reaper has not read stays until the next look', async () => {
    const { session, child } = await fixture.child();
    await fixture.redis.hset(`{nestwork}:session:${session}`, 'newcomer', '0');
    await expire(session);
    const look = { sessionId: session, leaseMs: LEASE_MS, children: [child], queues: [] };
    expect(await fixture.call('reap', look)).toBe(-1);
    expect(await fixture.broker.reap(session, LEASE_MS)).toBe(0);
  });

  it('ends in order only when it has no child', async () => {
    const child = await fixture.child();
    expect(await fixture.broker.closeSession(child.session)).toBe(false);
    await fixture.broker.settle(child, childExit({ blamed: [], maxCrashes: 3, report: JSON.stringify(REPORT) }));
    expect(await fixture.broker.closeSession(child.session)).toBe(true);
    expect(await fixture.state()).toEqual({});
  });
});

describe('a gap in which no supervisor could renew', () => {
  it.each([
    ['Redis was away', -LEASE_MS],
    ['the clock jumped back', 24 * 3_600_000],
  ])('is forgiven: %s', async (_why, pulseOffsetMs) => {
    const child = await fixture.child();
    await fixture.broker.enqueue('default', [fixture.message()]);
    await fixture.claim(child);
    const now = Number((await fixture.redis.time())[0]) * 1_000;
    await fixture.redis.zadd('{nestwork}:sessions', now - 1, child.session);
    await fixture.redis.set('{nestwork}:pulse', now + pulseOffsetMs);

    expect((await fixture.broker.overdue(LEASE_MS)).sessions).toEqual([]);
    expect(Number(await fixture.redis.zscore('{nestwork}:sessions', child.session))).toBeGreaterThan(
      now + LEASE_MS - 1_000,
    );
    expect(await fixture.broker.renew(child.session, LEASE_MS)).toBe(true);
  });

  it('restores the lease of each session', async () => {
    const long = await fixture.child(['default'], 'slow-90000');
    await fixture.redis.del('{nestwork}:pulse');
    const now = Number((await fixture.redis.time())[0]) * 1_000;
    await fixture.redis.set('{nestwork}:pulse', now - LEASE_MS);
    await fixture.broker.overdue(3_000);
    expect(Number(await fixture.redis.zscore('{nestwork}:sessions', long.session))).toBeGreaterThan(now + 80_000);
  });
});

describe('a bell', () => {
  it('wakes one waiting child for several tasks', async () => {
    const other = await BrokerFixture.start();
    try {
      const waiting = other.broker.waitForBell(['default'], 10_000);
      await blocked(other);
      await other.broker.enqueue('default', other.messages(3));
      expect(await waiting).toBe(true);
      expect(await other.broker.waitForBell(['default'], 10)).toBe(false);
    } finally {
      await other.stop();
    }
  });

  it('wakes no child that has stopped waiting', async () => {
    const other = await BrokerFixture.start();
    const waiting = other.broker.waitForBell(['default'], 60_000);
    await blocked(other);
    other.broker.stopWaiting();
    expect(await waiting).toBe(false);
    expect(await other.broker.waitForBell(['default'], 60_000)).toBe(false);
    await other.stop();
  });
});

/** Resolves when a client of the server blocks. */
async function blocked({ redis }: BrokerFixture): Promise<void> {
  while (!/^blocked_clients:[1-9]/m.test(await redis.info('clients'))) await delay(5);
}
