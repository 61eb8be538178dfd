import { setTimeout as delay } from 'node:timers/promises';
import type { BroadcastRecord } from '../../../src/broker/port/broker.js';
import { BroadcastRecorder } from '../../../src/supervisor/broadcasts/broadcast-recorder.js';
import { BrokerFixture } from '../../support/broker-fixture.js';

const ID = 'k3v9x0q2m7ab00000007';

let fixture: BrokerFixture;
let errors: unknown[];
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(() => {
  errors = [];
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

function recorder(): BroadcastRecorder {
  return new BroadcastRecorder(fixture.broker.broadcasts, (error) => errors.push(error));
}

function recordOf(pid: number): BroadcastRecord {
  return { id: ID, target: `a.${pid}`, outcome: { host: 'here', pid, ok: true, at: 0 } };
}

it('a recorder has sent all outcomes when it has stopped', async () => {
  const recording = recorder();
  for (let pid = 0; pid < 250; pid += 1) recording.add(recordOf(pid));
  recording.addGap({ reason: 'rewound', missed: undefined, after: '5-0', host: 'here', pid: 7, at: 0 });
  await recording.stop();
  expect(await fixture.broker.broadcasts.outcomes(ID)).toHaveLength(250);
  expect(await fixture.broker.broadcasts.gaps()).toHaveLength(1);
});

it('a recorder repeats records that Redis refuses, and loses none', async () => {
  const recording = recorder();
  await fixture.redis.set(`{nestwork}:broadcast:${ID}`, 'foreign');
  for (let pid = 0; pid < 150; pid += 1) recording.add(recordOf(pid));
  while (errors.length === 0) await delay(5);
  await fixture.redis.del(`{nestwork}:broadcast:${ID}`);
  while ((await fixture.broker.broadcasts.outcomes(ID)).length < 150) await delay(5);
  await recording.stop();
});

it('a recorder that stops does not wait for a Redis that refuses', async () => {
  const recording = recorder();
  await fixture.redis.set(`{nestwork}:broadcast:${ID}`, 'foreign');
  recording.add(recordOf(1));
  while (errors.length === 0) await delay(5);
  await recording.stop();
  expect(await fixture.redis.get(`{nestwork}:broadcast:${ID}`)).toBe('foreign');
});
