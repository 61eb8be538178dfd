import { TASK_COUNTERS, type TaskCounter } from '../../src/task/task-counts.js';
import { WorkerFixture } from '../support/worker-fixture.js';

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
});
afterEach(() => fixture.stop());

type Counters = Partial<Record<TaskCounter, number>>;

/** All counts of a task of the fixture since the first, without those that are 0. */
const counted = (task: string): Promise<Counters> => totalOf(`FixtureTasks.${task}`);

async function totalOf(name: string): Promise<Counters> {
  const totals = await fixture.broker.broker.metrics.totals();
  const counts = totals.find((series) => series.task === name)?.counts;
  const counters = TASK_COUNTERS.map((counter) => [counter, counts?.[counter] ?? 0] as const);
  return Object.fromEntries(counters.filter(([, count]) => count > 0));
}

async function untilCounted(task: string, wanted: Counters): Promise<void> {
  const isThere = async (): Promise<boolean> => JSON.stringify(await counted(task)) === JSON.stringify(wanted);
  await fixture.until(`${task} is counted`, isThere);
}

describe('a worker counts', () => {
  it('the tasks of its children, with the same sums in minutes and totals', async () => {
    fixture.worker({ children: 2 });
    await fixture.sendMany(
      'run',
      Array.from({ length: 50 }, (_, index) => [String(index)]),
    );
    await fixture.sender('fail').with({ retries: 2, backoff: 1 }).delay('label');
    await untilCounted('run', { started: 50, done: 50 });
    await untilCounted('fail', { started: 3, failed: 3, retried: 2, dead: 1 });
    const { broker } = fixture.broker;
    const now = await broker.metrics.now();
    let started = 0;
    let samples = 0;
    for await (const bucket of broker.metrics.buckets({ minutes: 1, from: now - 600_000, to: now })) {
      for (const { counts } of bucket.series) started += counts.started;
      samples += bucket.samples.length;
    }
    expect(started).toBe(53);
    expect(samples).toBeGreaterThanOrEqual(3);
  });

  it('dropped and cancelled attempts, and waiting tasks that are cancelled', async () => {
    const scheduled = await fixture.sender('log').with({ delay: '1h' }).delay('scheduled');
    await scheduled.cancel();
    fixture.worker({ children: 2 });
    await fixture.send('failAs', ['dropped', 'DropTask']);
    const active = await fixture.sender('untilAborted').delay('active');
    await fixture.event('started', 'active');
    await active.cancel();
    await untilCounted('failAs', { started: 1, dropped: 1 });
    await untilCounted('untilAborted', { started: 1, cancelled: 1 });
    // no worker knew the task when it was cancelled
    await fixture.until('it is among the others', async () => (await totalOf('other')).cancelled === 1);
    const later = await fixture.sender('log').with({ delay: '1h' }).delay('later');
    await later.cancel();
    await untilCounted('log', { cancelled: 1 });
  });

  it('each task of a killed child at most once, and all but those of its last flush', async () => {
    fixture.worker({ children: 1, concurrency: 5 });
    await fixture.sendMany(
      'run',
      Array.from({ length: 30 }, (_, index) => [`flushed ${index}`]),
    );
    await fixture.send('hold', ['held', 'gate']);
    await untilCounted('run', { started: 30, done: 30 });
    await untilCounted('hold', { started: 1 });
    await fixture.sendMany(
      'run',
      Array.from({ length: 10 }, (_, index) => [`unsent ${index}`]),
    );
    const { pid } = await fixture.event('run', 'unsent 9');
    process.kill(pid, 'SIGKILL');
    fixture.open('gate');
    await untilCounted('hold', { started: 2, done: 1, crashed: 1 });
    const { started = 0, done = 0, ...others } = await counted('run');
    expect(others).toEqual({});
    expect(done).toBeGreaterThanOrEqual(30);
    expect(started).toBeGreaterThanOrEqual(done);
    expect(started).toBeLessThanOrEqual(40);
    await fixture.send('run', ['last']);
    await untilCounted('run', { started: started + 1, done: done + 1 });
  });

  it('the last tasks of a child that is stopped', async () => {
    const worker = fixture.worker({ children: 1 });
    await fixture.send('run', ['last']);
    await fixture.event('run', 'last');
    worker.kill('SIGTERM');
    expect(await worker.ended()).toBe(0);
    expect(await counted('run')).toEqual({ started: 1, done: 1 });
  });

  it('crashes and hard timeouts, whose children cannot count them', async () => {
    fixture.worker({ children: 1 });
    await fixture.send('exit', ['crash']);
    await fixture.sender('forEver').with({ hardTimeout: '2s' }).delay('hard', 'block');
    await fixture.until('crashed thrice', async () => ((await counted('exit')).crashed ?? 0) === 3);
    expect(await counted('exit')).toMatchObject({ crashed: 3, dead: 1 });
    await fixture.until('timed out', async () => ((await counted('forEver')).timedOut ?? 0) === 1);
    expect(await counted('forEver')).toMatchObject({ timedOut: 1, dead: 1 });
  });
});

it('a worker with `metrics: false` counts nothing', async () => {
  const worker = fixture.worker({ children: 1, metrics: false });
  await fixture.send('run', ['uncounted']);
  await fixture.event('run', 'uncounted');
  worker.kill('SIGTERM');
  await worker.ended();
  expect(await fixture.broker.broker.metrics.totals()).toEqual([]);
  expect((await fixture.broker.redis.keys('{nestwork}:metrics*')).length).toBe(0);
});
