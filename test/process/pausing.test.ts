import { WorkerFixture } from '../support/worker-fixture.js';

const QUEUE = '{nestwork}:queue:default';
const PAUSE = { forMs: undefined, by: 'anna', reason: 'a test' };

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
});
afterEach(async () => {
  fixture.open('gate');
  await fixture.stop();
});

async function sendAndPassOver(labels: readonly string[]): Promise<void> {
  for (const label of labels) await fixture.send('run', [label]);
  // a child that claims in their order would have come to them before this one
  const open = `open behind ${labels[0]}`;
  await fixture.send('run', [open], 'bulk');
  await fixture.event('run', open);
  expect(await fixture.broker.redis.llen(QUEUE)).toBe(labels.length);
}

function ran(label: string): boolean {
  return fixture.events('run', label).length > 0;
}

it('a worker goes on with the active task of a paused queue, starts none, also after a restart, and all once it is resumed', async () => {
  const { pauses } = fixture.broker.broker;
  const first = fixture.worker({ children: 1, concurrency: 4 });
  await fixture.send('hold', ['active', 'gate']);
  await fixture.event('started', 'active');
  await pauses.pause('default', PAUSE);
  await sendAndPassOver(['a', 'b']);
  fixture.open('gate');
  await fixture.event('finished', 'active');
  first.kill('SIGTERM');
  expect(await first.ended()).toBe(0);

  fixture.worker({ children: 2 });
  await fixture.send('run', ['after the restart'], 'bulk');
  await fixture.event('run', 'after the restart');
  expect(await fixture.broker.redis.llen(QUEUE)).toBe(2);
  expect([ran('a'), ran('b')]).toEqual([false, false]);
  expect(await pauses.resume('default')).toBe(true);
  await fixture.drained();
  expect([ran('a'), ran('b')]).toEqual([true, true]);
});

it('a worker starts the tasks of a paused queue at the end of the pause by itself', async () => {
  const { pauses } = fixture.broker.broker;
  fixture.worker({ children: 1 });
  await fixture.send('run', ['ready']);
  await fixture.event('run', 'ready');
  const { until = 0 } = await pauses.pause('default', { ...PAUSE, forMs: 1_500 });
  await fixture.send('run', ['late']);
  await fixture.event('run', 'late');
  expect(await fixture.broker.now()).toBeGreaterThanOrEqual(until);
  await fixture.drained();
  expect(await pauses.pauses()).toEqual([]);
});
