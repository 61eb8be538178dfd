import { BrokerFixture } from '../support/broker-fixture.js';

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterAll(() => fixture.stop());

it('the backlog counts what can be claimed now: pending and quarantined tasks, those of paused queues and foreign keys aside', async () => {
  const { broker, redis } = fixture;
  const claimable = (): Promise<number> => broker.backlog.claimable(['default', 'bulk', 'critical']);
  expect(await claimable()).toBe(0);
  await broker.enqueue('default', fixture.messages(3));
  await redis.lmove('{nestwork}:queue:default', '{nestwork}:suspects:default', 'LEFT', 'RIGHT');
  await broker.enqueue('bulk', fixture.messages(5));
  await broker.enqueue('bulk', fixture.messages(7), { in: 60_000 });
  await redis.set('{nestwork}:queue:critical', 'foreign');
  expect(await claimable()).toBe(8);
  expect(await broker.backlog.claimable(['default'])).toBe(3);
  await broker.pauses.pause('bulk', { forMs: undefined, by: 'anna', reason: undefined });
  expect(await claimable()).toBe(3);
  await broker.pauses.resume('bulk');
  expect(await claimable()).toBe(8);
});
