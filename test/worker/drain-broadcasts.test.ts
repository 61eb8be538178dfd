import { Injectable } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { QueueClient } from '../../src/client/queue-client.js';
import { Broadcast } from '../../src/decorators/broadcast.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { TaskHooks } from '../../src/decorators/task-hooks.decorator.js';
import { TaskIdSequence } from '../../src/message/task-id.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { encodePayload } from '../../src/payload/payload.js';
import type { TaskInfo } from '../../src/task/task-hooks.js';
import { drainTasks } from '../../src/testing/drain-tasks.js';
import { TaskContext } from '../../src/worker/task-context.js';
import { Apps } from '../module/apps.js';

@Injectable()
class CacheTasks {
  readonly seen: unknown[] = [];

  constructor(
    private readonly queue: QueueClient,
    private readonly context: TaskContext,
  ) {}

  @Task()
  async change(key: string): Promise<void> {
    this.seen.push(`change ${key}`);
    await this.queue.of(CacheTasks).forget.delay(key);
  }

  @Broadcast()
  async forget(key: string): Promise<void> {
    this.seen.push(`${this.context.name} ${key} from ${this.context.queue}, attempt ${this.context.attempt}`);
    if (key === 'again') await this.queue.of(CacheTasks).count.delay();
  }

  @Broadcast({ on: 'machine' })
  fail(): void {
    throw new RangeError('no luck');
  }

  @Task()
  count(): void {
    this.seen.push('count');
  }
}

@TaskHooks()
class Hooks {
  readonly started: string[] = [];

  onTaskStart({ name }: TaskInfo): void {
    this.started.push(name);
  }
}

let apps: Apps;
let app: TestingModule;
let tasks: CacheTasks;
let queue: QueueClient;
beforeAll(async () => {
  apps = await Apps.start();
});
beforeEach(async () => {
  app = await apps.boot({ imports: [apps.queue()], providers: [CacheTasks, Hooks] });
  tasks = app.get(CacheTasks);
  queue = app.get(QueueClient, { strict: false });
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

const names = async (): Promise<string[]> => (await drainTasks(app)).map(({ name }) => name);

describe('drainTasks()', () => {
  it('runs broadcasts after the tasks, with context and hooks, and then the tasks that they send', async () => {
    await queue.of(CacheTasks).forget.delay('again');
    await queue.of(CacheTasks).change.delay('a');
    expect(await names()).toEqual(['CacheTasks.change', 'CacheTasks.forget', 'CacheTasks.forget', 'CacheTasks.count']);
    expect(tasks.seen).toEqual([
      'change a',
      'CacheTasks.forget again from (broadcast), attempt 1',
      'CacheTasks.forget a from (broadcast), attempt 1',
      'count',
    ]);
    expect(app.get(Hooks).started).toContain('CacheTasks.forget');
  });

  it('runs each broadcast once in each app, from when the app was made', async () => {
    await queue.of(CacheTasks).forget.delay('a');
    expect(await names()).toEqual(['CacheTasks.forget']);
    expect(await names()).toEqual([]);
    const later = await apps.boot({ imports: [apps.queue()], providers: [CacheTasks] });
    await queue.of(CacheTasks).forget.delay('b');
    expect(await drainTasks(later)).toHaveLength(1);
    expect(await names()).toEqual(['CacheTasks.forget']);
  });

  it('returns the error of a broadcast, and leaves nothing dead', async () => {
    const { id } = await queue.of(CacheTasks).fail.delay();
    expect(await drainTasks(app)).toMatchObject([{ id, name: 'CacheTasks.fail', error: new RangeError('no luck') }]);
    expect(await apps.redis.keys('{nestwork}:dead:*')).toEqual([]);
  });

  it('refuses a broadcast with the name of a task, and a task with the name of a broadcast', async () => {
    const messageOf = (name: string): string =>
      encodeMessage({
        id: new TaskIdSequence().next(),
        name,
        payload: encodePayload([]),
        enqueuedAt: Date.now(),
      });
    await apps.redis.xadd('{nestwork}:broadcasts', '*', 'kind', 'call', 'message', messageOf('CacheTasks.count'));
    await apps.redis.rpush('{nestwork}:queue:default', messageOf('CacheTasks.forget'));
    expect(await drainTasks(app)).toMatchObject([
      {
        error: {
          code: 'NOT_A_TASK',
          message: expect.stringMatching(/"CacheTasks\.forget" was sent to queue "default"/),
        },
      },
      {
        error: {
          code: 'NOT_A_BROADCAST',
          message: expect.stringContaining('"CacheTasks.count" was sent as a broadcast'),
        },
      },
    ]);
    expect(tasks.seen).toEqual([]);
  });
});
