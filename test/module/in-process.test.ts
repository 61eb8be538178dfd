import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Module, type OnApplicationBootstrap, type OnModuleDestroy, type Type } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { QueueClient, type TaskSenders } from '../../src/client/queue-client.js';
import { Broadcast } from '../../src/decorators/broadcast.decorator.js';
import { Interval } from '../../src/decorators/interval.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { TaskHooks } from '../../src/decorators/task-hooks.decorator.js';
import type { NestworkError } from '../../src/errors.js';
import { DeadLetters } from '../../src/inspector/dead-letters.js';
import { QueueHealth } from '../../src/inspector/queue-health.js';
import type { TaskQueueOptions } from '../../src/options/options.js';
import { TaskContext } from '../../src/worker/task-context.js';
import { Apps } from './apps.js';

let apps: Apps;
beforeAll(async () => {
  apps = await Apps.start();
});
beforeEach(() => {
  log = [];
  gates.clear();
});
afterEach(async () => {
  for (const open of gates.values()) open();
  await apps.close();
});
afterAll(() => apps.stop());

/** The events, in order. */
let log: string[] = [];
const gates = new Map<string, () => void>();

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > deadline)
      throw new Error(`Waited in vain until ${what}: ${log.join(', ')}\n${apps.lines.all.join('\n')}`);
    await delay(5);
  }
}

const logged = (entry: string): Promise<void> => until(entry, () => log.includes(entry));

/** A dependency of a task. */
@Injectable()
class Store implements OnModuleDestroy {
  destroyed = false;

  onModuleDestroy(): void {
    this.destroyed = true;
    log.push('store destroyed');
  }
}

@Injectable()
class Tasks {
  constructor(
    private readonly context: TaskContext,
    private readonly store: Store,
  ) {}

  @Task()
  async run(label: string): Promise<void> {
    log.push(`${label} #${this.context.attempt}`);
  }

  /** Waits for a gate, also when its signal aborts. */
  @Task()
  async hold(gate: string): Promise<void> {
    log.push(`${gate} started`);
    await new Promise<void>((resolve) => gates.set(gate, resolve));
    log.push(`${gate} ended, store ${this.store.destroyed ? 'destroyed' : 'there'}`);
  }

  /** Waits for its signal, and fails with its reason. */
  @Task()
  async heed(label: string): Promise<void> {
    log.push(`${label} started #${this.context.attempt}`);
    const { signal } = this.context;
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    const { code } = signal.reason as NestworkError;
    log.push(`${label} ${code}`);
    throw new Error('cannot go on', { cause: signal.reason });
  }

  @Task({ retries: 3, backoff: { type: 'fixed', delay: 1 } })
  async fail(label: string): Promise<void> {
    log.push(`${label} #${this.context.attempt}`);
    if (this.context.attempt < 3) throw new Error('not yet');
  }

  @Broadcast()
  async receive(what: string): Promise<void> {
    log.push(`received ${what}`);
  }
}

@Injectable()
class Ticking {
  @Interval(100)
  tick(): void {
    log.push('tick');
  }
}

const starter = new AsyncLocalStorage<string>();

/** Log in whose async context they run. */
@Injectable()
class Surroundings {
  @Task({ retries: 1, backoff: (attempt) => note('backoff', attempt) })
  async task(): Promise<void> {
    note('task');
    throw new Error('not yet');
  }

  @Broadcast()
  async broadcast(): Promise<void> {
    note('broadcast');
  }

  @Interval(100)
  cron(): void {
    note('cron');
  }
}

@TaskHooks()
@Injectable()
class HookSurroundings {
  onTaskStart(): void {
    note('hook');
  }
}

function note<T>(what: string, result?: T): T {
  log.push(`${what} in ${starter.getStore()}`);
  return result as T;
}

async function boot(
  inProcess: TaskQueueOptions['inProcess'] = true,
  providers: NonNullable<Parameters<Apps['boot']>[0]['providers']> = [],
): Promise<{ app: TestingModule; send: TaskSenders<Tasks> }> {
  const app = await apps.boot({
    imports: [apps.queue({ inProcess, queues: ['default', 'bulk'] })],
    providers: [Tasks, Store, ...providers],
  });
  return { app, send: app.get(QueueClient).of(Tasks) };
}

/** Redis knows of no session, and nothing is claimed. */
async function expectGivenUp(): Promise<void> {
  const keys = await apps.redis.keys('{nestwork}:*');
  expect(keys.filter((key) => /:(claims|session|sessions)/.test(key))).toEqual([]);
}

describe('a worker within the app', () => {
  it('runs tasks that are sent, scheduled, tried again, broadcast and fired by a cron', async () => {
    const { send } = await boot({ concurrency: 2 }, [Ticking]);
    await send.run.delay('now');
    await send.run.with({ delay: 20 }).delay('later');
    await send.fail.delay('again');
    await send.receive.delay('news');
    await logged('now #1');
    await logged('later #1');
    await logged('again #3');
    await logged('received news');
    await logged('tick');
  });

  it('runs all of its work outside of the async context of the code that starts the app', async () => {
    const providers = [Surroundings, HookSurroundings];
    const { app } = await starter.run('starter', () => boot(true, providers));
    const send = app.get(QueueClient).of(Surroundings);
    await starter.run('sender', () => Promise.all([send.task.delay(), send.broadcast.delay()]));
    for (const what of ['task', 'backoff', 'broadcast', 'cron', 'hook'])
      await until(what, () => log.some((entry) => entry.startsWith(what)));
    expect(log.filter((entry) => !entry.endsWith('in undefined'))).toEqual([]);
  });

  it('wakes up for a task that comes while it is idle', async () => {
    const { app, send } = await boot();
    const { queues } = await app.get(QueueHealth).check();
    expect(queues).toMatchObject([{ served: true }, { served: true }]);
    await send.run.delay('first');
    await logged('first #1');
    await send.run.delay('second');
    await logged('second #1');
  });

  it('does not exist unless an option asks for it', async () => {
    const { send } = await boot(false);
    await send.run.delay('never');
    expect(await apps.redis.exists('{nestwork}:sessions')).toBe(0);
    expect(await apps.waiting()).toHaveLength(1);
  });

  it('serves the queues, and runs as many tasks at once, as its options say', async () => {
    const { send } = await boot({ queues: ['bulk'], concurrency: 2 });
    await send.run.delay('unserved');
    for (const gate of ['a', 'b', 'c']) await send.hold.with({ queue: 'bulk' }).delay(gate);
    await logged('a started');
    await logged('b started');
    gates.get('a')?.();
    await logged('c started');
    expect(log).toEqual(['a started', 'b started', 'a ended, store there', 'c started']);
    expect(await apps.waiting()).toHaveLength(1);
  });
});

describe('a worker within the app begins', () => {
  function slow(name: string): Type<OnApplicationBootstrap> {
    class Slow implements OnApplicationBootstrap {
      async onApplicationBootstrap(): Promise<void> {
        log.push(`${name} begins`);
        await delay(30);
        log.push(`${name} booted`);
      }
    }
    Reflect.defineProperty(Slow, 'name', { value: name });
    return Slow;
  }

  it('only after every bootstrap hook: of providers, modules near and far, and the root', async () => {
    const names = ['far provider', 'far', 'near provider', 'near', 'root provider', 'root'];
    const classes = new Map(names.map((name) => [name, slow(name)]));
    const get = (name: string): Type => classes.get(name) as Type;
    Module({ providers: [get('far provider')] })(get('far'));
    Module({ imports: [get('far')], providers: [get('near provider')] })(get('near'));
    Module({
      imports: [apps.queue({ inProcess: true }), get('near')],
      providers: [Tasks, Store, get('root provider')],
    })(get('root'));
    await (await boot(false)).send.run.delay('waiting');
    await apps.boot({ imports: [get('root')] });
    await logged('waiting #1');
    expect(log.indexOf('waiting #1')).toBe(log.length - 1);
    expect(log.filter((entry) => entry.endsWith('booted')).sort()).toEqual(
      names.map((name) => `${name} booted`).sort(),
    );
  });

  it('not at all when Redis is gone by then: the app does not start, and keeps nothing open', async () => {
    const sockets = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
    const before = sockets();
    const other = await Apps.start();
    class Outage implements OnApplicationBootstrap {
      async onApplicationBootstrap(): Promise<void> {
        await other.server.stop();
      }
    }
    const imports = [other.queue({ inProcess: true, commandTimeout: '1s' })];
    const app = apps.boot({ imports, providers: [Tasks, Store, Outage] });
    await expect(app).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    await other.stop();
    await until('no connection is left', () => sockets() <= before);
  });
});

describe('when the app is closed', () => {
  it('running tasks end first, with their dependencies; pending ones are left to other workers', async () => {
    const { app, send } = await boot();
    await send.hold.delay('slow');
    await logged('slow started');
    await send.run.delay('waiting');
    const closed = app.close();
    await until('it says so', () => apps.lines.with('Finishing the running tasks').length === 1);
    expect(log).toEqual(['slow started']);
    gates.get('slow')?.();
    await closed;
    expect(log).toEqual(['slow started', 'slow ended, store there', 'store destroyed']);
    await expectGivenUp();
    expect(await apps.waiting()).toMatchObject([{ args: ['waiting'], failures: 0, crashes: 0 }]);
  });

  it('and the grace is over, signals abort, and interrupted tasks go back uncounted', async () => {
    const { app, send } = await boot({ shutdownGrace: 1 });
    await send.heed.delay('obedient');
    await logged('obedient started #1');
    await app.close();
    expect(log).toEqual(['obedient started #1', 'obedient SHUTDOWN', 'store destroyed']);
    expect(await apps.waiting()).toMatchObject([{ args: ['obedient'], failures: 0, crashes: 0, suspicions: 0 }]);
    await expectGivenUp();
  });

  it('and a task does not end at all, it goes back too, and the rest of its attempt changes nothing', async () => {
    const { app, send } = await boot({ shutdownGrace: 1 });
    await send.hold.delay('stubborn');
    await logged('stubborn started');
    await app.close();
    expect(apps.lines.with('closed before the end of Tasks.hold')).toHaveLength(1);
    expect(await apps.waiting()).toMatchObject([{ args: ['stubborn'], failures: 0, crashes: 0 }]);
    gates.get('stubborn')?.();
    await logged('stubborn ended, store destroyed');
    expect(await apps.waiting()).toHaveLength(1);
    await expectGivenUp();
  });

  it('and Redis is slow, tasks that ended within the grace are acked, and the log does not say that they will run again', async () => {
    const { app, send } = await boot({ shutdownGrace: 0 });
    await send.hold.delay('just');
    await logged('just started');
    apps.server.pause();
    gates.get('just')?.();
    const closed = app.close();
    await delay(50); // the grace is over
    apps.server.resume();
    await closed;
    expect(log).toEqual(['just started', 'just ended, store there', 'store destroyed']);
    expect(apps.lines.with('They will run again')).toEqual([]);
    expect(await apps.waiting()).toEqual([]);
    await expectGivenUp();
  });

  it('while Redis is away, the close still ends', async () => {
    const other = await Apps.start();
    const inProcess = { shutdownGrace: 1 };
    const module = { imports: [other.queue({ inProcess, commandTimeout: '1s' })], providers: [Tasks, Store] };
    const app = await other.boot(module);
    await app.get(QueueClient).of(Tasks).hold.delay('cut off');
    await logged('cut off started');
    await other.server.kill();
    gates.get('cut off')?.();
    await logged('cut off ended, store there');
    await app.close();
    expect(log.at(-1)).toBe('store destroyed');
    expect(other.lines.with('tasks whose end Redis has not confirmed')).toHaveLength(1);
    await other.stop();
  });

  it('while Redis is away and its session is lost, no other session is opened', async () => {
    const other = await Apps.start();
    // longer than a test may take
    const inProcess = { shutdownGrace: '1h' } as const;
    const module = { imports: [other.queue({ inProcess, commandTimeout: '1s' })], providers: [Tasks, Store] };
    const app = await other.boot(module);
    await app.get(QueueClient).of(Tasks).run.delay('served');
    await logged('served #1');
    const [session] = await other.redis.zrange('{nestwork}:sessions', '0', '-1');
    await other.redis.del('{nestwork}:sessions', `{nestwork}:session:${session}`);
    // it claims, and is refused
    await app.get(QueueClient).of(Tasks).run.delay('refused');
    await until('it starts over', () => other.lines.with('The lease is gone').length === 1);
    await other.server.kill();
    await app.close();
    expect(log.at(-1)).toBe('store destroyed');
    await other.stop();
  });

  it('another app takes over its tasks', async () => {
    const { app, send } = await boot({ shutdownGrace: 1 });
    await send.heed.delay('moved');
    await logged('moved started #1');
    await app.close();
    await boot({ shutdownGrace: 1 });
    await until('it runs again', () => log.filter((entry) => entry === 'moved started #1').length === 2);
  });
});

describe('a worker within the app, which cannot end its process,', () => {
  it('aborts the signal at a hard timeout and logs it; the attempt counts as one that was killed', async () => {
    const { app, send } = await boot();
    const { id } = await send.heed.with({ hardTimeout: 30 }).delay('late');
    const letters = app.get(DeadLetters);
    await until('it is dead', async () => (await letters.count()) === 1);
    expect(log).toEqual(['late started #1', 'late HARD_TIMEOUT']);
    expect(await letters.get(id)).toMatchObject({ code: 'HARD_TIMEOUT', attempts: [{ code: 'HARD_TIMEOUT' }] });
    expect(apps.lines.with(`error [TaskWorker] Task Tasks.heed ${id} runs on`)).toHaveLength(1);
  });

  it('counts a task that ends well beyond its hard timeout as done', async () => {
    const { app, send } = await boot();
    await send.hold.with({ hardTimeout: 1 }).delay('deaf');
    await until('the log has it', () => apps.lines.with('beyond its hard timeout').length > 0);
    gates.get('deaf')?.();
    await logged('deaf ended, store there');
    await app.close();
    expect(await apps.redis.exists('{nestwork}:dead:default')).toBe(0);
    expect(await apps.waiting()).toEqual([]);
    expect(apps.lines.with('beyond its hard timeout')).toHaveLength(1);
  });

  it('aborts the signal of a cancelled task, which does not run again', async () => {
    const { app, send } = await boot();
    const handle = await send.heed.with({ retries: 5 }).delay('unwanted');
    await logged('unwanted started #1');
    expect(await handle.cancel()).toBe('active');
    await logged('unwanted TASK_CANCELLED');
    await until('it is gone', async () => (await handle.status()).state === 'cancelled');
    await app.close();
    expect(await apps.waiting()).toEqual([]);
  });

  it('logs a cancelled task that goes on', async () => {
    const { send } = await boot({ cancelGrace: 1 });
    const handle = await send.hold.delay('deaf');
    await logged('deaf started');
    await handle.cancel();
    await until('the log has it', () => apps.lines.with('a cancelled task did not end within its grace').length === 1);
  });
});

describe('a lost lease', () => {
  it('aborts running tasks, whose end changes nothing, and starts over', async () => {
    const { send } = await boot({ lease: '1s' });
    await send.heed.delay('robbed');
    await logged('robbed started #1');
    // as a reaper would do it
    const [session] = await apps.redis.zrange('{nestwork}:sessions', '0', '-1');
    const [message] = await apps.redis.hvals(`{nestwork}:claims:${session}.1`);
    const keys = [`{nestwork}:claims:${session}.1`, `{nestwork}:session:${session}`, '{nestwork}:sessions'];
    await apps.redis.del(keys);
    await logged('robbed LEASE_LOST');
    await until('another session is open', async () => (await apps.redis.exists('{nestwork}:sessions')) === 1);
    await send.run.delay('next');
    await logged('next #1');
    expect(message).toContain('robbed');
    // neither tried again nor dead by this one
    expect(log.filter((entry) => entry.startsWith('robbed'))).toEqual(['robbed started #1', 'robbed LEASE_LOST']);
    expect(await apps.redis.exists('{nestwork}:dead:default', '{nestwork}:scheduled:default')).toBe(0);
  });

  it('does not wait for ever for tasks that do not end', async () => {
    const { app, send } = await boot({ lease: '1s', cancelGrace: 1 });
    await send.hold.delay('deaf');
    await logged('deaf started');
    const [session] = await apps.redis.zrange('{nestwork}:sessions', '0', '-1');
    await apps.redis.del('{nestwork}:sessions', `{nestwork}:session:${session}`, `{nestwork}:claims:${session}.1`);
    await send.run.delay('next');
    await logged('next #1');
    gates.get('deaf')?.();
    await app.close();
    await expectGivenUp();
  });
});

describe('options', () => {
  it.each<[unknown, string]>([
    [{ children: 2 }, 'no option "children"'],
    [{ maxTasksPerChild: 2 }, 'no option "maxTasksPerChild"'],
    [{ bootTimeout: '1m' }, 'no option "bootTimeout"'],
    [{ maxMemoryPerChild: '1GB' }, 'no option "maxMemoryPerChild"'],
    [{ maxMemoryPercent: 50 }, 'no option "maxMemoryPercent"'],
    [{ concurency: 2 }, '"concurency"'],
    [{ concurrency: 0 }, '`concurrency`'],
    ['yes', "`inProcess` is 'yes', and neither true, false nor an object"],
    ['true', "process.env.IN_PROCESS === 'true'"],
    [3, 'Give options by name: inProcess: { concurrency: 3 }'],
    [null, '`inProcess` is null'],
    [[], '`inProcess` is []'],
    [{ queues: ['nope'] }, 'named by the option `inProcess`'],
    [{ excludeQueues: ['default', 'bulk'] }, 'leave no queue'],
  ])('%p is refused', async (inProcess, named) => {
    await expect(boot(inProcess as true)).rejects.toThrow(named);
  });
});
