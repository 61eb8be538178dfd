import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { QueueClient } from '../../src/client/queue-client.js';
import { Broadcast } from '../../src/decorators/broadcast.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { DeadLetters } from '../../src/inspector/dead-letters.js';
import { TaskQueueModule } from '../../src/module/task-queue.module.js';
import type { TaskQueueOptions } from '../../src/options/options.js';
import { RetryTask } from '../../src/policy/task-errors.js';
import { drainTasks } from '../../src/testing/drain-tasks.js';
import { TaskContext } from '../../src/worker/task-context.js';
import { Apps } from './apps.js';

let apps: Apps;
beforeAll(async () => {
  apps = await Apps.start();
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

const tenants = new AsyncLocalStorage<string>();
/** The headers that the tasks saw, as `attempt name=value ...`. */
let seen: string[] = [];
beforeEach(() => {
  seen = [];
});

@Injectable()
class TenantTasks {
  constructor(
    private readonly context: TaskContext,
    private readonly queue: QueueClient,
  ) {}

  @Task()
  async note(): Promise<void> {
    await nextTurn();
    this.see();
  }

  @Task({ retries: 5 })
  async again(): Promise<void> {
    this.see();
    if (this.context.attempt < 3) throw new RetryTask({ in: 0 });
  }

  @Task()
  async fail(): Promise<void> {
    this.see();
    throw new Error('on purpose');
  }

  @Task()
  async chain(): Promise<void> {
    this.see();
    await this.queue.of(TenantTasks).note.delay();
  }

  @Broadcast()
  async receive(): Promise<void> {
    this.see();
  }

  private see(): void {
    const headers = Object.entries(this.context.headers).map(([name, value]) => `${name}=${value}`);
    seen.push([this.context.attempt, ...headers.sort()].join(' '));
  }
}

async function boot(propagate?: TaskQueueOptions['propagate']): Promise<TestingModule> {
  return apps.boot({ imports: [apps.queue({ propagate })], providers: [TenantTasks] });
}

const ofTenant: TaskQueueOptions['propagate'] = (task) => ({ tenant: tenants.getStore() ?? task?.headers.tenant });

it('headers travel with one call, and those of several with() add up', async () => {
  const app = await boot();
  const note = app
    .get(QueueClient)
    .of(TenantTasks)
    .note.with({ headers: { a: '1', b: '1' } });
  await note.with({ headers: { b: '2' }, queue: 'default' }).delay();
  await note.delay();
  await drainTasks(app);
  expect(seen).toEqual(['1 a=1 b=2', '1 a=1 b=1']);
});

it('a call without headers has none in its message', async () => {
  const app = await boot(() => ({ tenant: undefined }));
  await app.get(QueueClient).of(TenantTasks).note.delay();
  const [raw] = await apps.redis.lrange('{nestwork}:queue:default', 0, -1);
  expect(raw?.slice(34)).toBe('["TenantTasks.note",[]]');
});

it('`propagate` runs in the context of the caller, for every way to send', async () => {
  const app = await boot(ofTenant);
  const queue = app.get(QueueClient);
  const { note, receive } = queue.of(TenantTasks);
  await tenants.run('one', () => note.delay());
  await tenants.run('many', () => note.delayMany([[], []]));
  await tenants.run('unique', () => note.with({ key: 'k' }).delay());
  await tenants.run('due', () => note.with({ delay: 1 }).delay());
  await tenants.run('named', () => queue.task('TenantTasks.note').delay());
  await tenants.run('method', () => queue.task(TenantTasks.prototype.note).delay());
  await tenants.run('all', () => receive.delay());
  await tenants.run('hidden', () => note.with({ headers: { tenant: 'own' } }).delay());
  await tenants.run('removed', () => note.with({ headers: { tenant: undefined } }).delay());
  // scheduled for a millisecond later
  while (seen.length < 10) await drainTasks(app);
  const tenant = (name: string): string => `1 tenant=${name}`;
  const names = ['one', 'many', 'many', 'unique', 'due', 'named', 'method', 'all', 'own'];
  expect([...seen].sort()).toEqual(['1', ...names.map(tenant)].sort());
});

it('headers of a sender by name reach the task also when its queue has to be asked for first', async () => {
  const app = await apps.boot({ imports: [apps.queue({ propagate: ofTenant })] });
  await tenants.run('asked', () => app.get(QueueClient).task('Elsewhere.task').delay());
  const [raw] = await apps.redis.lrange('{nestwork}:queue:default', 0, -1);
  expect(raw).toContain('{"headers":{"tenant":"asked"}}');
});

it('headers pass on from a task to the tasks that it sends', async () => {
  const app = await boot(ofTenant);
  await tenants.run('acme', () => app.get(QueueClient).of(TenantTasks).chain.delay());
  await drainTasks(app);
  expect(seen).toEqual(['1 tenant=acme', '1 tenant=acme']);
});

it('headers stay with a task through its retries', async () => {
  const app = await boot();
  await app
    .get(QueueClient)
    .of(TenantTasks)
    .again.with({ headers: { trace: 't' }, retries: 9 })
    .delay();
  await drainTasks(app);
  expect(seen).toEqual(['1 trace=t', '2 trace=t', '3 trace=t']);
});

it('headers stay with a dead task that is redriven', async () => {
  const app = await boot();
  const { id } = await app
    .get(QueueClient)
    .of(TenantTasks)
    .fail.with({ headers: { trace: 't' } })
    .delay();
  await drainTasks(app);
  expect(await app.get(DeadLetters).redrive(id)).toBe('redriven');
  await drainTasks(app);
  expect(seen).toEqual(['1 trace=t', '1 trace=t']);
});

describe('nothing is sent', () => {
  const broken = (): never => {
    throw new TypeError('no request here');
  };

  it.each<[string, () => unknown, string, string]>([
    ['throws', broken, 'PROPAGATE_FAILED', 'no request here'],
    ['gives a promise', async () => ({}), 'INVALID_HEADERS', 'a promise'],
    ['gives a number', () => ({ user: 7 }), 'INVALID_HEADERS', '"user" of `propagate`'],
    ['gives too much', () => ({ baggage: 'x'.repeat(8_192) }), 'INVALID_HEADERS', '8 KiB'],
  ])('when `propagate` %s', async (_what, propagate, code, message) => {
    const app = await boot(propagate as TaskQueueOptions['propagate']);
    const { note } = app.get(QueueClient).of(TenantTasks);
    const failure = { code, message: expect.stringContaining(message) };
    await expect(note.delay()).rejects.toMatchObject(failure);
    await expect(note.delayMany([[]])).rejects.toMatchObject(failure);
    await expect(note.with({ key: 'k' }).delay()).rejects.toMatchObject(failure);
    expect(await apps.waiting()).toEqual([]);
  });

  it('with invalid headers', async () => {
    const { note } = (await boot()).get(QueueClient).of(TenantTasks);
    expect(() => note.with({ headers: { user: 7 as never } })).toThrow(
      expect.objectContaining({ code: 'INVALID_HEADERS' }),
    );
    await expect(note.with({ headers: { a: 'x'.repeat(8_192) } }).delay()).rejects.toMatchObject({
      code: 'INVALID_HEADERS',
    });
  });

  it('with a `propagate` that is no function', () => {
    expect(TaskQueueModule.forRoot({ propagate: {} as never })).toBeDefined();
    return expect(boot({} as never)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });
});
