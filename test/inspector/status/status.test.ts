import type { LimitDeclaration } from '../../../src/broker/port/broker.js';
import { createInspector } from '../../../src/inspector/create-inspector.js';
import { Inspector } from '../../../src/inspector/inspector.js';
import { encodeMessage } from '../../../src/message/task-message.js';
import { noCounts } from '../../../src/task/task-counts.js';
import { BrokerFixture } from '../../support/broker-fixture.js';
import { seedDead } from '../../support/dead-tasks.js';
import { eventually } from '../../support/eventually.js';

let fixture: BrokerFixture;
let inspector: Inspector;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(() => {
  inspector = new Inspector(fixture.broker);
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

describe('status', () => {
  it('reports a namespace in which no worker has ever started', async () => {
    const { healthy, findings, queues, throughput } = await inspector.status();
    expect([healthy, queues, findings]).toEqual([false, [], [expect.objectContaining({ code: 'no-worker' })]]);
    expect(throughput).toMatchObject({ done: 0, failed: 0, failureRate: 0, perMinute: 0 });
    expect(throughput.minutes).toHaveLength(61);
  });

  it('has queues with their workers, counts and dead tasks, by the clock of Redis', async () => {
    const child = await fixture.child(['default']);
    await fixture.child(['default', 'bulk']);
    const now = await fixture.now();
    await seedDead(fixture, [{ diedAt: now - 60_000 }, { diedAt: now - 7_200_000 }]);
    const counts = { ...noCounts(), started: 4, done: 3, failed: 1, dead: 1 };
    await fixture.broker.metrics.flush(child, 1, [{ queue: 'default', task: 'Some.task', counts }]);
    const report = await inspector.status();
    expect(report.queues).toMatchObject([
      { queue: 'bulk', workers: 1, deadLastHour: 0 },
      { queue: 'default', workers: 2, deadLastHour: 1, dead: 2 },
    ]);
    expect(report.dead).toEqual({ total: 2, lastHour: 1 });
    expect(report.throughput).toMatchObject({ done: 3, failed: 1, failureRate: 0.25 });
    expect(report.workers).toHaveLength(2);
    expect(report.at.getTime()).toBeGreaterThanOrEqual(now);
    expect(report.findings.map(({ code }) => code)).toEqual(['dead-tasks', 'worker-silent', 'worker-silent']);
    expect(report.healthy).toBe(false);
    expect((await inspector.status({ maxDead: 1 })).healthy).toBe(true);
  });

  it('has no memory for a user without the right to INFO', async () => {
    await fixture.redis.acl('SETUSER', 'blind', 'on', '>secret', '~*', '&*', '+@all', '-info');
    const { port } = fixture.server;
    const blind = await createInspector({ redis: `redis://blind:secret@127.0.0.1:${port}` });
    expect((await blind.status()).memory).toBeUndefined();
    await blind.close();
    expect((await inspector.status()).memory).toEqual({ used: expect.any(Number), limit: undefined });
  });

  it('names the limits and keys that are set to 0, until that ends', async () => {
    const [stripe, exports] = ['stripe', 'exports'].map((name) => ({
      ...{ name, concurrency: 1, keyed: name === 'stripe', ordered: false },
    })) as [LimitDeclaration, LimitDeclaration];
    const place = { queues: ['default'], host: 'test', pid: 1, catalog: [], limits: [stripe, exports] };
    await fixture.broker.openSession({ session: `s${fixture.ids.next()}-30000`, leaseMs: 30_000, ...place });
    const { limits } = inspector;
    const { replaced: _, ...override } = await limits.set('stripe', { key: 'acme', concurrency: 0 }, { by: 'anna' });
    await limits.set('stripe', { key: 'bell', concurrency: 1 });
    await limits.set('stripe', { allKeys: true, rate: '1/s' });
    await limits.set('exports', { concurrency: 0 }, { for: 1 });
    await eventually(async () => {
      const { closedLimits } = await inspector.status();
      expect(closedLimits).toEqual([{ name: 'stripe', keyed: true, key: 'acme', override }]);
    });
    const { findings, healthy } = await inspector.status();
    expect(findings.find(({ code }) => code === 'limit-closed')).toMatchObject({
      ...{ severity: 'notice', limit: 'stripe', command: ['limits', 'reset', 'stripe', '--key', 'acme'] },
    });
    expect(healthy).toBe(true);
  });

  it('takes the limits of a health check', async () => {
    await fixture.child(['default']);
    const old = { id: fixture.ids.next(), name: 'Some.task', payload: '[]', enqueuedAt: Date.now() - 30_000 };
    await fixture.broker.enqueue('default', [encodeMessage(old)]);
    const { findings } = await inspector.status({ maxWait: { default: '10s' } });
    expect(findings[0]).toMatchObject({ code: 'queue-late', queue: 'default' });
    expect((await inspector.status()).healthy).toBe(true);
  });

  it.each([
    [{ maxDead: -1 }, 'INVALID_OPTION'],
    [{ maxDeaths: 1 }, 'INVALID_OPTION'],
    [{ maxWait: 'long' }, 'INVALID_DURATION'],
    [{ maxWait: { mial: '1s' } }, 'UNKNOWN_QUEUE'],
  ])('refuses %j', async (options, code) => {
    await expect(inspector.status(options as never)).rejects.toMatchObject({ code });
  });
});
