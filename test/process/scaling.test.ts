import { Inspector } from '../../src/inspector/inspector.js';
import type { WorkerReport } from '../../src/inspector/workers/worker-report.js';
import { nestwork } from '../support/command-line.js';
import { isAlive, WorkerFixture } from '../support/worker-fixture.js';

const RANGE = { children: { min: 1, max: 3, shrinkAfter: '3s' } } as const;

let fixture: WorkerFixture;
let inspector: Inspector;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
  inspector = new Inspector(fixture.broker.broker);
});
afterEach(async () => {
  fixture.open('gate');
  await fixture.stop();
});

/** The only worker, once so many children claim, none boots and none ends. */
async function settled(children: number): Promise<WorkerReport> {
  let worker: WorkerReport | undefined;
  await fixture.until(`${children} children`, async () => {
    await inspector.workers.watch();
    [worker] = await inspector.workers.list();
    return worker?.forked === children && worker.children.every(({ state }) => state === 'running');
  });
  return worker as WorkerReport;
}

async function hold(labels: readonly string[]): Promise<void> {
  await fixture.sendMany(
    'hold',
    labels.map((label) => [label, 'gate']),
  );
}

it('a worker with a range of children grows with its backlog, and shrinks when that is gone; no task is interrupted', async () => {
  const process = fixture.worker(RANGE);
  await fixture.logged(process, 'Serving urgent, default, bulk with 1 to 3 children');
  await settled(1);
  const labels = Array.from({ length: 8 }, (_, index) => String(index));
  await hold(labels);
  const grown = await settled(3);
  expect(grown.range).toEqual({ min: 1, max: 3 });
  await fixture.logged(process, 'Growing from 1 to 2 children: 7 tasks wait, and 1 is active.');
  await fixture.logged(process, 'Growing from 2 to 3 children: 6 tasks wait, and 2 are active.');
  const env = { NESTWORK_REDIS_URL: fixture.broker.server.url };
  expect((await nestwork(['workers', 'ls'], { env })).stdout).toContain('\t3 (1–3)\t');
  fixture.open('gate');
  await fixture.drained();
  await settled(1);
  await fixture.logged(process, 'Shrinking from 3 to 1 child');
  const finished = fixture.events('finished');
  expect(finished.map(({ label }) => label).sort()).toEqual(labels);
  expect(finished.every(({ attempt }) => attempt === 1)).toBe(true);
  expect(process.lines('died')).toEqual([]);
  process.kill('SIGTERM');
  expect(await process.ended()).toBe(0);
});

it('a child that is one too many finishes the task that it has begun', async () => {
  const process = fixture.worker({ concurrency: 2, children: { ...RANGE.children, max: 2 } });
  const labels = ['1', '2', '3', '4'];
  await fixture.sendMany(
    'hold',
    labels.map((label) => [label, label]),
  );
  const started = await Promise.all(labels.map((label) => fixture.event('started', label)));
  const pids = [...new Set(started.map(({ pid }) => pid))];
  expect(pids).toHaveLength(2);
  // one of the two tasks in each
  for (const pid of pids) fixture.open(started.find((event) => event.pid === pid)?.label ?? '');
  await fixture.logged(process, 'Shrinking from 2 to 1 child: 1 was enough for 3 s.');
  await fixture.until('a child ends', async () => {
    await inspector.workers.watch();
    const [worker] = await inspector.workers.list();
    return worker?.children.some(({ state, running }) => state === 'stopping' && running === 1) ?? false;
  });
  for (const label of labels) fixture.open(label);
  await fixture.drained();
  await settled(1);
  expect(pids.filter(isAlive)).toHaveLength(1);
  expect(fixture.events('finished').map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1]);
  expect(process.lines('died')).toEqual([]);
});

it('children that die of their tasks make no growth', async () => {
  const process = fixture.worker(RANGE);
  await settled(1);
  await fixture.sendMany(
    'exit',
    Array.from({ length: 10 }, (_, index) => [String(index)]),
  );
  await fixture.until(
    'two of them are dead',
    async () => (await fixture.broker.redis.zcard('{nestwork}:dead:default')) === 2,
  );
  expect(process.lines('Growing')).toEqual([]);
});

it('a worker recycles, becomes quiet and ends as usual while it is large', async () => {
  const process = fixture.worker({ children: { ...RANGE.children, shrinkAfter: '1m' }, maxTasksPerChild: 1_000 });
  await hold(['1', '2', '3', '4']);
  const before = await settled(3);
  const old = before.children.map(({ pid }) => pid);
  await inspector.workers.recycle(before.id, { by: 'anna' });
  await fixture.until('three successors claim', async () => {
    await inspector.workers.watch();
    const [worker] = await inspector.workers.list();
    return worker?.children.filter(({ pid, state }) => state === 'running' && !old.includes(pid)).length === 3;
  });
  await inspector.workers.quiet(before.id, { by: 'anna' });
  fixture.open('gate');
  await fixture.until('its children have ended', async () => {
    await inspector.workers.watch();
    return (await inspector.workers.list())[0]?.forked === 0;
  });
  await fixture.sendMany('run', [['a'], ['b'], ['c'], ['d']]);
  process.kill('SIGTERM');
  expect(await process.ended()).toBe(0);
  const finished = fixture.events('finished').map(({ label }) => label);
  expect(finished.sort()).toEqual(['1', '2', '3', '4']);
  expect(fixture.events('run')).toEqual([]);
});
