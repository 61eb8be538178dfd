import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { DeadLetters } from '../../src/inspector/dead-letters.js';
import { KnownQueues } from '../../src/inspector/queues/known-queues.js';
import { seedDead } from '../support/dead-tasks.js';
import { checkInvariants } from '../support/invariants.js';
import { WorkerFixture } from '../support/worker-fixture.js';

const REDRIVER = new URL('../../build/fixtures/redriver.js', import.meta.url).pathname;
const MANY = 10_000;

let fixture: WorkerFixture;
let deadLetters: DeadLetters;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
  deadLetters = new DeadLetters(
    fixture.broker.broker.deadLetters,
    KnownQueues.declared(['urgent', 'default', 'bulk']),
    fixture.broker.broker.actions,
  );
});
afterEach(async () => {
  await checkInvariants(fixture.broker.redis);
  await fixture.stop();
});

/** Dead tasks, each with its number as label. */
async function seed(count: number, task: (index: number) => string): Promise<void> {
  const seeds = Array.from({ length: count }, (_, index) => {
    const name = `FixtureTasks.${task(index)}`;
    return { message: fixture.broker.message(name, String(index)), report: { task: name } };
  });
  await seedDead(fixture.broker, seeds);
}

/** The labels of all runs, sorted. */
function runs(): number[] {
  return fixture
    .events('run')
    .map(({ label }) => Number(label))
    .sort((a, b) => a - b);
}

it('redriveAll() redrives ten thousand dead tasks, which a worker then runs once each', async () => {
  await seed(MANY, () => 'run');
  fixture.worker({ children: 2, concurrency: 10 });
  const progress: { done: number; total: number }[] = [];
  const result = await deadLetters.redriveAll({ task: 'FixtureTasks.run' }, { onProgress: (at) => progress.push(at) });
  expect(result).toEqual({ redriven: MANY, refused: 0 });
  expect(progress.length).toBeGreaterThan(10);
  expect(progress.at(0)).toMatchObject({ done: 0, total: MANY });
  expect(progress.at(-1)).toMatchObject({ done: MANY, total: MANY });
  await fixture.drained();
  expect(runs()).toEqual(Array.from({ length: MANY }, (_, index) => index));
  expect(fixture.events('run').every(({ attempt }) => attempt === 1)).toBe(true);
});

it('redriveAll() takes no task twice while a worker buries them again', async () => {
  const count = 600;
  await seed(count, (index) => (index % 2 === 0 ? 'run' : 'fail'));
  const worker = fixture.worker({ children: 2, concurrency: 10 });
  await fixture.until('it serves', () => worker.lines('Serving').length > 0);
  expect(await deadLetters.redriveAll({}, { batchSize: 7 })).toEqual({ redriven: count, refused: 0 });
  await fixture.until('half of them are dead again', async () => (await deadLetters.count()) === count / 2);
  await fixture.drained();
  expect(runs()).toEqual(Array.from({ length: count / 2 }, (_, index) => 2 * index));
  const { tasks } = await deadLetters.list({ task: 'FixtureTasks.fail' }, { limit: 1_000 });
  expect(tasks.map(({ redrivenAt }) => redrivenAt.length)).toEqual(Array(count / 2).fill(1));
});

it('redriveAll() loses no task when its process is killed, and another call redrives the rest', async () => {
  await seed(MANY / 2, () => 'run');
  const redriver = spawn(process.execPath, [REDRIVER], {
    env: { ...process.env, NODE_OPTIONS: '', REDIS_URL: fixture.broker.server.url },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await once(redriver, 'close');
  expect(redriver.signalCode).toBe('SIGKILL');
  const left = await deadLetters.count();
  expect(left).toBeGreaterThan(0);
  expect(left + (await fixture.broker.redis.llen('{nestwork}:queue:default'))).toBe(MANY / 2);
  await checkInvariants(fixture.broker.redis);
  expect(await deadLetters.redriveAll({})).toEqual({ redriven: left, refused: 0 });
  fixture.worker({ children: 2, concurrency: 10 });
  await fixture.until('all have run', () => runs().length >= MANY / 2);
  await fixture.drained();
  expect(runs()).toEqual(Array.from({ length: MANY / 2 }, (_, index) => index));
});

it('redrive() keeps the whole history of a task that dies again, and counts its attempts anew', async () => {
  fixture.worker({ children: 1 });
  const { id } = await fixture.sender('failUntil').with({ retries: 1, backoff: 1 }).delay('never', 99);
  await fixture.until('it is dead', async () => (await deadLetters.get(id)) !== undefined);
  expect(await deadLetters.redrive(id)).toBe('redriven');
  await fixture.until('it is dead again', async () => (await deadLetters.get(id)) !== undefined);
  const task = await deadLetters.get(id);
  expect(task).toMatchObject({ code: 'TASK_FAILED', attempt: 2, redrivenAt: [expect.any(Date)], args: ['never', 99] });
  const failed = (attempt: number): unknown =>
    expect.objectContaining({
      attempt,
      code: 'TASK_FAILED',
      error: 'TypeError: failed: never',
      pid: expect.any(Number),
    });
  expect(task?.attempts).toEqual([1, 2, 1, 2].map(failed));
});

it('redrive() removes the expiry of a task', async () => {
  const { id } = await fixture.sender('run').with({ expires: 1 }).delay('late');
  const first = fixture.worker({ children: 1 });
  await fixture.until('it is dead', async () => (await deadLetters.get(id))?.code === 'TASK_EXPIRED');
  first.kill('SIGTERM');
  await first.ended();
  expect(await deadLetters.redrive(id)).toBe('redriven');
  fixture.worker({ children: 1 });
  expect(await fixture.event('run', 'late')).toMatchObject({ attempt: 1 });
});

it('`deadRetention` makes workers remove older dead tasks', async () => {
  await seed(1_200, () => 'run');
  fixture.worker({ children: 1 }, { DEAD_RETENTION: '1h' });
  await fixture.until('none is left', async () => (await deadLetters.count()) === 0);
});
