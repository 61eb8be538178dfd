import { QueueClient, type TaskSenders } from '../../src/client/queue-client.js';
import type { Batch } from '../../src/groups/batch.js';
import type { Flow } from '../../src/groups/flow.js';
import type { GroupSender } from '../../src/groups/member-call.js';
import { TaskRegistry } from '../../src/task/task-registry.js';
import { WorkerFixture } from '../support/worker-fixture.js';
import type { Dies, GroupTasks } from './fixtures/group-tasks.js';

let fixture: WorkerFixture;
let queue: QueueClient;
let tasks: TaskSenders<GroupTasks>;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
  const queues = { queues: ['urgent', 'default', 'bulk'], defaultQueue: 'default' };
  queue = new QueueClient(fixture.broker.broker, new TaskRegistry(), queues);
  // by name, as of an app without the class: the registered tasks say which keep their results
  tasks = queue.of<GroupTasks>('GroupTasks');
});
afterEach(() => fixture.stop());

/** A worker whose tasks are registered. */
async function startWorker(children: number): Promise<void> {
  fixture.worker({ children, concurrency: 3 });
  const { broker } = fixture.broker;
  await fixture.until('it is registered', async () => (await broker.registeredTask('GroupTasks.part')) !== undefined);
  await fixture.until('it has booted', () => fixture.events('booted').length === children);
}

/** Nothing waits any more, and nothing was left to promoters. */
async function ended(group: Batch | Flow): Promise<void> {
  await fixture.until('it has ended', async () => (await group.status()).waiting === 0);
  await fixture.until(
    'its orders are carried out',
    async () => (await fixture.broker.redis.llen('{nestwork}:released')) === 0,
  );
  await fixture.drained();
}

const calls = (): string[] => fixture.events('called').map(({ label }) => label);
const attemptsAt = (label: string): number => fixture.events('run', label).length;
const numbers = (from: number, count: number): number[] => Array.from({ length: count }, (_, at) => from + at);

/** Kills the processes of tasks that are held, once there are two. */
async function killHolders(): Promise<void> {
  const holders = (): number[] => [...new Set(fixture.events('started').map(({ pid }) => pid))];
  await fixture.until('two processes hold tasks', () => holders().length === 2);
  const killed = holders();
  for (const pid of killed) process.kill(pid, 'SIGKILL');
  await fixture.until('others hold tasks', () => holders().some((pid) => !killed.includes(pid)));
}

describe('a batch', () => {
  it('whose children are killed while its tasks run counts each of them once, and sends onDone once', async () => {
    await startWorker(2);
    const batch = await queue
      .batch({ onDone: tasks.report, onFailed: tasks.report })
      .add(
        tasks.held,
        numbers(0, 12).map((number) => [number, 'gate']),
      )
      .delay();
    await killHolders();
    expect(await batch.status()).toMatchObject({ state: 'open', done: 0, total: 12 });
    fixture.open('gate');
    await ended(batch);
    expect(await batch.status()).toMatchObject({ state: 'done', total: 12, done: 12, failed: 0, cancelled: 0 });
    expect(calls()).toEqual(['done: 12 done, 0 failed of 12']);
    expect(fixture.events('started').length).toBeGreaterThan(12);
  });

  it.each<Dies>(['returned', 'unsent', 'sent'])(
    'whose child is killed when a task was %s, last of all, sends onDone once',
    async (dies) => {
      await startWorker(1);
      const batch = await queue
        .batch({ onDone: tasks.report, onFailed: tasks.report })
        .add(tasks.part, [
          [1, 'never'],
          [2, dies],
        ])
        .delay();
      await ended(batch);
      expect(await batch.status()).toMatchObject({ state: 'done', total: 2, done: 2 });
      expect(calls()).toEqual(['done: 2 done, 0 failed of 2']);
    },
  );

  it('with a task that kills each of its children has failed, sends onFailed once, and counts all others', async () => {
    await startWorker(2);
    const batch = await queue
      .batch({ onDone: tasks.report, onFailed: tasks.report })
      .add(tasks.part, [[0, 'always'], ...numbers(1, 10).map((number): [number, Dies] => [number, 'never'])])
      .delay();
    await fixture.until('it has failed', async () => (await batch.status()).failed === 1);
    await fixture.until('the others are done', async () => (await batch.status()).done === 10);
    await fixture.drained();
    const culprit = { task: 'GroupTasks.part', how: 'dead', code: 'CRASHED' };
    expect(await batch.status()).toMatchObject({ state: 'failed', waiting: 0, total: 11, culprit });
    expect(calls()).toEqual([expect.stringMatching(/^failed: \d+ done, 1 failed of 11$/)]);
    // once beside others, or alone from the beginning
    expect([3, 4]).toContain(attemptsAt('part 0'));
  });
});

describe('a flow', () => {
  it('whose children are killed while its tasks run gives the right result', async () => {
    await startWorker(2);
    const flow = queue.flow();
    const parts = numbers(1, 12).map((number) => flow.add(tasks.held, number, 'gate'));
    const sum = flow.add(tasks.sum, parts, 'never');
    const sent = await flow.delay();
    await killHolders();
    fixture.open('gate');
    expect(await sent.result(sum, { timeout: '1m' })).toBe(78);
    await ended(sent);
    expect(await sent.status()).toMatchObject({ state: 'done', total: 13, done: 13, failed: 0 });
    expect(attemptsAt('sum')).toBe(1);
  });

  it.each<Dies>(['returned', 'unsent', 'sent'])(
    'of which the child of each task is killed when that was %s counts all of them, and gives the right result',
    async (dies) => {
      await startWorker(1);
      // its own types are those of the built library
      const split = tasks.split as unknown as GroupSender<[readonly number[], Dies], number[]>;
      const flow = queue.flow();
      const first = flow.add(tasks.part, 1, dies);
      const pages = flow.with({ after: first }).add(split, [2, 3, 4], dies);
      const sum = flow.add(tasks.sum, pages, dies);
      const last = flow.add(tasks.sum, [first, sum], 'never');
      const sent = await flow.delay();
      expect(await sent.result(last, { timeout: '1m' })).toBe(10);
      await ended(sent);
      const status = await sent.status();
      expect(status).toMatchObject({ state: 'done', failed: 0, dropped: 0, cancelled: 0 });
      expect(status.done).toBe(status.total);
      expect(attemptsAt('sum')).toBeGreaterThanOrEqual(2);
    },
  );
});
