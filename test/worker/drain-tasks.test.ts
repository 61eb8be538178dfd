import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { QueueClient, type TaskSenders } from '../../src/client/queue-client.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { Inspector } from '../../src/inspector/inspector.js';
import { drainTasks } from '../../src/testing/drain-tasks.js';
import { TaskContext } from '../../src/worker/task-context.js';
import { Apps } from '../module/apps.js';
import { checkInvariants } from '../support/invariants.js';

const caller = new AsyncLocalStorage<string>();

@Injectable()
class CountTasks {
  readonly counted: unknown[] = [];

  constructor(
    private readonly queue: QueueClient,
    private readonly context: TaskContext,
  ) {}

  @Task()
  count(value: unknown): void {
    this.counted.push(value);
  }

  /** Fans out. */
  @Task({ queue: 'urgent' })
  async down(from: number): Promise<void> {
    this.counted.push(from);
    if (from > 0) await this.queue.of(CountTasks).down.delay(from - 1);
  }

  @Task()
  fail(): void {
    throw new RangeError('no luck');
  }

  @Task()
  throwNothing(): void {
    throw Object.create(null);
  }

  @Task()
  surroundings(): void {
    this.counted.push(caller.getStore());
  }

  @Task({ limits: [{ name: 'lock', concurrency: 1, key: (value: string) => value }], priority: 2 })
  lock(value: string): void {
    this.counted.push(value);
  }

  @Task({ keepDone: 5 })
  note(): void {
    this.context.log('noted');
  }

  @Task()
  look(): void {
    this.counted.push(this.context.name, this.context.attempt);
  }
}

let apps: Apps;
let app: TestingModule;
let tasks: CountTasks;
let send: TaskSenders<CountTasks>;
beforeAll(async () => {
  apps = await Apps.start();
});
beforeEach(async () => {
  app = await apps.boot({ imports: [apps.queue({ queues: ['urgent', 'default'] })], providers: [CountTasks] });
  tasks = app.get(CountTasks);
  send = app.get(QueueClient, { strict: false }).of(CountTasks);
});
afterEach(async () => {
  try {
    await checkInvariants(apps.redis);
  } finally {
    await apps.close();
  }
});
afterAll(() => apps.stop());

/** The keys of tasks and workers that are left. */
async function leftovers(): Promise<string[]> {
  return (await apps.redis.keys('{nestwork}:*')).filter((key) => /:(queue|claims|quarantined|session)/.test(key));
}

async function deathReport(id: string): Promise<unknown> {
  const [report] = (await apps.redis.hget('{nestwork}:dead-records:default', id))?.split('\n') ?? [];
  return JSON.parse(report ?? '');
}

describe('drainTasks', () => {
  it('runs tasks with limits, and frees what they hold', async () => {
    await send.lock.delayMany([['a'], ['b'], ['a']]);
    await drainTasks(app);
    expect(tasks.counted.toSorted()).toEqual(['a', 'a', 'b']);
    expect(await apps.redis.exists('{nestwork}:slots', '{nestwork}:held:default', '{nestwork}:limit-labels')).toBe(0);
    expect(await leftovers()).toEqual([]);
  });

  it('runs pending tasks in the order of a worker', async () => {
    await send.count.delayMany([['a'], ['b']]);
    await send.down.delay(0);
    const drained = await drainTasks(app);
    expect(tasks.counted).toEqual([0, 'a', 'b']);
    expect(drained).toMatchObject(
      ['CountTasks.down', 'CountTasks.count', 'CountTasks.count'].map((name) => ({
        id: expect.stringMatching(/^[0-9a-z]{20}$/),
        name,
        error: undefined,
      })),
    );
  });

  it('runs tasks outside of the AsyncLocalStorage of the test', async () => {
    await caller.run('test', async () => {
      await send.surroundings.delay();
      await drainTasks(app);
    });
    expect(tasks.counted).toEqual([undefined]);
  });

  it('runs the tasks that tasks enqueue, too', async () => {
    await send.down.delay(3);
    expect(await drainTasks(app)).toHaveLength(4);
    expect(tasks.counted).toEqual([3, 2, 1, 0]);
  });

  it('returns an empty list for an empty queue', async () => {
    expect(await drainTasks(app)).toEqual([]);
  });

  it('leaves nothing behind, and can be called again', async () => {
    await send.count.delay('a');
    await drainTasks(app);
    expect(await leftovers()).toEqual([]);
    await send.count.delay('b');
    await drainTasks(app);
    expect(tasks.counted).toEqual(['a', 'b']);
  });

  it('runs scheduled tasks that are due, and leaves the others', async () => {
    await send.count.with({ delay: 1 }).delay('soon');
    await send.count.with({ delay: '1h' }).delay('later');
    while (tasks.counted.length === 0) await drainTasks(app);
    expect(tasks.counted).toEqual(['soon']);
    expect(await apps.redis.zcard('{nestwork}:scheduled:default')).toBe(1);
  });

  it('runs tasks in their context', async () => {
    await send.look.delay();
    await drainTasks(app);
    expect(tasks.counted).toEqual(['CountTasks.look', 1]);
  });
});

describe('a task that cannot run', () => {
  it('is returned with its error, and is dead; the others run', async () => {
    const { id } = await send.fail.delay();
    await send.count.delay('behind');
    expect(await drainTasks(app)).toMatchObject([
      { id, name: 'CountTasks.fail', error: expect.objectContaining({ name: 'RangeError', message: 'no luck' }) },
      { error: undefined },
    ]);
    expect(tasks.counted).toEqual(['behind']);
    expect(await deathReport(id)).toMatchObject({ code: 'TASK_FAILED', error: 'RangeError: no luck' });
    expect(await leftovers()).toEqual([]);
  });

  it('is returned even when the handler throws undefined', async () => {
    await send.throwNothing.delay();
    await send.count.delay('behind');
    expect(await drainTasks(app)).toMatchObject([{ name: 'CountTasks.throwNothing' }, { error: undefined }]);
    expect(await apps.redis.zcard('{nestwork}:dead:default')).toBe(1);
  });

  it('because its name is unknown is returned under its name, and is dead with UNKNOWN_TASK', async () => {
    const { id } = await app.get(QueueClient, { strict: false }).task('Other.task').delay();
    expect(await drainTasks(app)).toMatchObject([{ id, name: 'Other.task', error: { code: 'UNKNOWN_TASK' } }]);
    expect(await deathReport(id)).toMatchObject({ code: 'UNKNOWN_TASK' });
  });
});

it('notes of tasks are in Redis after a drain, and the done tasks that are kept', async () => {
  const { id } = await send.note.delay();
  await drainTasks(app);
  const inspector = app.get(Inspector, { strict: false });
  expect(await inspector.tasks.get(id)).toMatchObject({ state: 'done', log: [{ message: 'noted', attempt: 1 }] });
  const { tasks: kept } = await inspector.tasks.list({ state: 'done', task: 'CountTasks.note' });
  expect(kept).toMatchObject([{ id, state: 'done' }]);
});
