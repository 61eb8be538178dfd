import { Injectable, Scope, type Type } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { QueueClient } from '../../src/client/queue-client.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { TaskHooks } from '../../src/decorators/task-hooks.decorator.js';
import type { NestworkError } from '../../src/errors.js';
import type { TaskQueueOptions } from '../../src/options/options.js';
import type { SendInfo, SentTask, WrapSend } from '../../src/task/task-hooks.js';
import { drainTasks } from '../../src/testing/drain-tasks.js';
import { TaskContext } from '../../src/worker/task-context.js';
import { Apps } from './apps.js';

type Next = () => Promise<readonly SentTask[]>;

let apps: Apps;
beforeAll(async () => {
  apps = await Apps.start();
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

let seen: string[];
let wrap: (send: SendInfo, next: Next) => Promise<unknown>;
beforeEach(() => {
  seen = [];
  wrap = (_send, next) => next();
});

@Injectable()
class NoteTasks {
  constructor(
    private readonly context: TaskContext,
    private readonly queue: QueueClient,
  ) {}

  @Task()
  note(value: number): void {
    const headers = Object.entries(this.context.headers).map(([name, header]) => ` ${name}=${header}`);
    seen.push(`${value}${headers.sort().join('')}`);
  }

  @Task()
  async chain(): Promise<void> {
    await this.queue.of(NoteTasks).note.delay(7);
  }
}

@TaskHooks()
@Injectable()
class Wrapper implements WrapSend {
  wrapSend(send: SendInfo, next: Next): Promise<unknown> {
    return wrap(send, next);
  }
}

function boot(wrappers: Type[] = [Wrapper], options: Partial<TaskQueueOptions> = {}): Promise<TestingModule> {
  return apps.boot({ imports: [apps.queue(options)], providers: [...wrappers, NoteTasks] });
}

async function sender(wrappers?: Type[], options?: Partial<TaskQueueOptions>) {
  const app = await boot(wrappers, options);
  return { app, send: app.get(QueueClient).of(NoteTasks).note };
}

function waiting(): Promise<number> {
  return apps.redis.llen('{nestwork}:queue:default');
}

describe('a wrapper of sends', () => {
  it('receives the name and the number of calls, and after next() the tasks that were sent', async () => {
    const { send } = await sender();
    wrap = async ({ name, count }, next) => {
      seen.push(`${name} ${count}`);
      const sent = await next();
      seen.push(...sent.map(({ id, queue, added }) => `${id} ${queue} ${added}`));
    };
    const { id } = await send.delay(1);
    const [second] = await send.delayMany([[2], [3]]);
    expect(seen.slice(0, 3)).toEqual(['NoteTasks.note 1', `${id} default true`, 'NoteTasks.note 2']);
    expect(seen.slice(3)).toEqual([`${second?.id} default true`, expect.stringMatching(/ default true$/)]);
  });

  it('adds headers, which win over `propagate` and yield to those of the call', async () => {
    const { app, send } = await sender([Wrapper], {
      propagate: () => ({ a: 'propagated', b: 'propagated', c: 'propagated' }),
    });
    wrap = (call, next) => {
      Object.assign(call.headers, { b: 'wrapped', c: 'wrapped' });
      return next();
    };
    await send.with({ headers: { c: 'own' } }).delay(1);
    await send.delayMany([[2]]);
    await drainTasks(app);
    expect(seen).toEqual(['1 a=propagated b=wrapped c=own', '2 a=propagated b=wrapped c=wrapped']);
  });

  it('runs around tasks that a task sends, too', async () => {
    const { app } = await sender();
    wrap = (call, next) => {
      call.headers.by = call.name;
      return next();
    };
    await app.get(QueueClient).of(NoteTasks).chain.delay();
    await drainTasks(app);
    expect(seen).toEqual(['7 by=NoteTasks.note']);
  });

  it('that throws before it has called next refuses the call, and nothing is sent', async () => {
    const { send } = await sender();
    wrap = async () => {
      throw new Error('not now');
    };
    await expect(send.delay(1)).rejects.toThrow('not now');
    await expect(send.delayMany([[1]])).rejects.toThrow('not now');
    expect(await waiting()).toBe(0);
  });

  it('that throws after the tasks were sent is logged, and the call resolves', async () => {
    const { send } = await sender();
    wrap = async (_call, next) => {
      await next();
      throw new Error('too late');
    };
    expect((await send.delay(1)).added).toBe(true);
    expect(await waiting()).toBe(1);
    expect(
      apps.lines.with('wrapSend() of Wrapper failed after task "NoteTasks.note" was sent: Error: too late'),
    ).toHaveLength(1);
  });

  it('that does not call next sends nothing, which is an error', async () => {
    const { send } = await sender();
    wrap = async () => {};
    await expect(send.delay(1)).rejects.toMatchObject({ code: 'TASK_NOT_SENT' });
    expect(await waiting()).toBe(0);
  });

  it.each([
    ['returned', async () => {}],
    [
      'thrown',
      async () => {
        throw new Error('not now');
      },
    ],
  ])('that calls next after it has %s sends nothing: the call has failed by then', async (_how, end) => {
    const { send } = await sender();
    let late: Next = () => Promise.resolve([]);
    wrap = (_call, next) => {
      late = next;
      return end();
    };
    await expect(send.delay(1)).rejects.toThrow();
    await expect(late()).rejects.toMatchObject({ code: 'TASK_NOT_SENT' });
    expect(await waiting()).toBe(0);
  });

  it('cannot hide that one within it has refused the call', async () => {
    @TaskHooks()
    @Injectable()
    class Strict implements WrapSend {
      async wrapSend(): Promise<void> {
        throw new Error('not now');
      }
    }
    const { send } = await sender([Wrapper, Strict]);
    wrap = (_call, next) => next().catch(() => {});
    await expect(send.delay(1)).rejects.toThrow('not now');
    expect(await waiting()).toBe(0);
  });

  it('may run the inner ones again after they have refused', async () => {
    @TaskHooks()
    @Injectable()
    class Unsure implements WrapSend {
      async wrapSend(_send: SendInfo, next: Next): Promise<void> {
        seen.push('asked');
        if (seen.length === 1) throw new Error('not now');
        await next();
      }
    }
    const { send } = await sender([Wrapper, Unsure]);
    wrap = (_call, next) => next().catch(() => next());
    expect((await send.delay(1)).added).toBe(true);
    expect(await waiting()).toBe(1);
  });

  it('that waits before it calls next sends the arguments as they were when the call was made', async () => {
    @Injectable()
    class ListTasks {
      @Task()
      list(values: number[]): void {
        seen.push(values.join(' '));
      }
    }
    const { app } = await sender([Wrapper, ListTasks]);
    wrap = async (_call, next) => {
      await Promise.resolve();
      await next();
    };
    const values = [1, 2];
    const sent = app.get(QueueClient).of(ListTasks).list.delay(values);
    values.push(3);
    await sent;
    await drainTasks(app);
    expect(seen).toEqual(['1 2']);
  });

  it('is not asked about arguments that cannot be sent', async () => {
    const { send } = await sender();
    wrap = async () => seen.push('asked');
    await expect(send.delay((() => {}) as never)).rejects.toMatchObject({ code: 'UNSERIALIZABLE_ARGUMENT' });
    expect(seen).toEqual([]);
  });

  it('may be a property that holds a function', async () => {
    @TaskHooks()
    @Injectable()
    class Arrow implements WrapSend {
      readonly wrapSend = (send: SendInfo, next: Next): Promise<unknown> => wrap(send, next);
    }
    const { send } = await sender([Arrow]);
    wrap = ({ name }, next) => {
      seen.push(name);
      return next();
    };
    await send.delay(1);
    expect(seen).toEqual(['NoteTasks.note']);
  });

  it('that calls next twice, or does not await it, sends once, and the call resolves when the task is in Redis', async () => {
    const { send } = await sender();
    wrap = async (_call, next) => {
      void next();
      void next();
    };
    expect((await send.delay(1)).added).toBe(true);
    expect(await waiting()).toBe(1);
  });

  it('cannot hide that the tasks were not sent', async () => {
    const { send } = await sender();
    wrap = (_call, next) => next().catch(() => {});
    await send.with({ key: 'k' }).delay(1);
    const again = send.with({ key: 'k', onConflict: 'reject' }).delay(2);
    await expect(again).rejects.toMatchObject({ code: 'DUPLICATE_KEY' });
  });

  it('whose headers are none refuses the call', async () => {
    const { send } = await sender();
    wrap = (call, next) => {
      Object.assign(call.headers, { a: 7 });
      return next();
    };
    const refused = send.delay(1);
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_HEADERS' });
    await expect(refused).rejects.toThrow('Header "a" of wrapSend() on task "NoteTasks.note" is not a string');
  });

  it('is called once around the others when it is the first', async () => {
    @TaskHooks()
    @Injectable()
    class Inner implements WrapSend {
      async wrapSend(_send: SendInfo, next: Next): Promise<void> {
        seen.push('inner');
        await next();
        seen.push('inner done');
      }
    }
    const { send } = await sender([Wrapper, Inner]);
    wrap = async (_call, next) => {
      seen.push('outer');
      const sent = await next();
      seen.push(`outer done ${sent.length}`);
    };
    await send.delay(1);
    expect(seen).toEqual(['outer', 'inner', 'inner done', 'outer done 1']);
  });

  it('keeps the order of calls that are made in one turn', async () => {
    const { app, send } = await sender();
    await Promise.all([send.delay(1), send.delayMany([[2], [3]]), send.delay(4)]);
    await drainTasks(app);
    expect(seen).toEqual(['1', '2', '3', '4']);
  });

  it('must be a singleton: an app whose wrapper is request-scoped does not start', async () => {
    @TaskHooks()
    @Injectable({ scope: Scope.REQUEST })
    class Scoped implements WrapSend {
      wrapSend(_send: SendInfo, next: Next): Promise<unknown> {
        return next();
      }
    }
    const code = await boot([Scoped]).then(
      () => 'started',
      (error: NestworkError) => error.code,
    );
    expect(code).toBe('SCOPE_UNRESOLVED');
  });
});
