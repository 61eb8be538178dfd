import { Redis } from 'ioredis';
import { encodeDone } from '../../src/message/task-result.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { declareLimit, limitedMessages, limitKey } from '../support/limited-tasks.js';
import { SentinelGroup } from '../support/sentinel-group.js';

const ACME = limitKey('stripe', 'acme');
const MOST = 3;
const TASKS = 12;

let group: SentinelGroup;
let fixture: BrokerFixture<SentinelGroup>;
beforeAll(async () => {
  group = await SentinelGroup.start();
  const redis = new Redis({ ...group.admin, maxRetriesPerRequest: null });
  redis.on('error', () => {}); // its server is killed on purpose
  fixture = await BrokerFixture.on(group, { redis: group.settings, replicas: 1, commandTimeoutMs: 20_000 }, redis);
});
afterAll(() => fixture.stop());

it('a failover to a replica in step neither exceeds a limit nor loses a slot', async () => {
  const { broker } = fixture;
  await declareLimit(fixture, 'stripe', { most: MOST });
  const messages = limitedMessages(fixture, TASKS, { limits: [ACME] });
  await broker.enqueueLimited('default', messages, {});
  const child = await fixture.child();
  const running = new Set<string>();
  const ended = new Set<string>();
  const kill = async (): Promise<void> => {
    await fixture.redis.wait(2, 20_000);
    const old = await group.primary();
    await old.kill();
    await group.failedOver(old);
  };
  for (let number = 1; ended.size < TASKS; number += 1) {
    const request = { number, limit: 8, limited: 8, acks: [] };
    // a claim that got no answer is repeated, as a child does
    const { tasks } = await broker.claim(child, request).catch(() => broker.claim(child, request));
    for (const { id } of tasks) {
      expect(ended.has(id)).toBe(false);
      running.add(id);
    }
    expect(running.size).toBeLessThanOrEqual(MOST);
    if (number === 2) await kill();
    const [first] = running;
    if (first === undefined) continue;
    const finish = () => broker.results.finish(child, [{ id: first, result: encodeDone(1), limited: true }]);
    await finish().catch(finish);
    running.delete(first);
    ended.add(first);
  }
  expect(await fixture.redis.exists('{nestwork}:slots', '{nestwork}:held:default', '{nestwork}:waiters')).toBe(0);
});
