import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Inject, Injectable, Module, type Provider, Scope, type Type } from '@nestjs/common';
import { type ContextId, ContextIdFactory, type HostComponentInfo, REQUEST } from '@nestjs/core';
import { QueueClient } from '../../src/client/queue-client.js';
import { Task } from '../../src/decorators/task.decorator.js';
import type { TaskInfo } from '../../src/task/task-hooks.js';
import { drainTasks } from '../../src/testing/drain-tasks.js';
import type { TaskRun } from '../../src/testing/task-run.js';
import { TaskContext } from '../../src/worker/task-context.js';
import { Apps } from '../module/apps.js';

let apps: Apps;
let runs: unknown[];
beforeAll(async () => {
  apps = await Apps.start();
});
beforeEach(() => {
  runs = [];
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

/** Runs tasks of these names in an app with these providers. */
async function drained(names: string[], ...providers: Provider[]): Promise<TaskRun[]> {
  const app = await apps.boot({ imports: [apps.queue()], providers });
  const queue = app.get(QueueClient, { strict: false });
  for (const name of names) await queue.task(name).delay('argument');
  return drainTasks(app);
}

let instances = 0;

@Injectable({ scope: Scope.REQUEST })
class Connection {
  readonly number = ++instances;
}

/** Request-scoped by its dependency. */
@Injectable()
class ImportTasks {
  readonly number = ++instances;

  constructor(
    private readonly first: Connection,
    @Inject(Connection) private readonly second: Connection,
    private readonly context: TaskContext,
  ) {}

  @Task()
  run(argument: string): void {
    const { name } = this.context;
    runs.push({ argument, name, instance: this.number, same: this.first === this.second });
  }
}

describe('a request-scoped task class', () => {
  it('is instantiated for each task, together with its dependencies', async () => {
    const names = ['ImportTasks.run', 'ImportTasks.run'];
    expect(await drained(names, ImportTasks, Connection)).toMatchObject([{ error: undefined }, { error: undefined }]);
    expect(runs).toMatchObject([
      { argument: 'argument', name: 'ImportTasks.run', same: true },
      { argument: 'argument', name: 'ImportTasks.run', same: true },
    ]);
    const [first, second] = runs as { instance: number }[];
    expect(first?.instance).not.toBe(second?.instance);
  });

  it('is found behind a token', async () => {
    await drained(['ImportTasks.run'], { provide: 'IMPORT', useClass: ImportTasks }, Connection);
    expect(runs).toHaveLength(1);
  });

  it('is found in its own module even when another module has the same token for another class', async () => {
    @Injectable()
    class ExportTasks {
      constructor(readonly connection: Connection) {}

      @Task()
      write(): void {
        runs.push('written');
      }
    }
    const moduleOf = (useClass: Type): Type => {
      @Module({ providers: [{ provide: 'TASKS', useClass }, Connection] })
      class OneOfTwoModule {}
      return OneOfTwoModule;
    };
    const app = await apps.boot({ imports: [apps.queue(), moduleOf(ImportTasks), moduleOf(ExportTasks)] });
    const queue = app.get(QueueClient, { strict: false });
    for (const name of ['ImportTasks.run', 'ExportTasks.write']) await queue.task(name).delay('argument');
    expect(await drainTasks(app)).toMatchObject([{ error: undefined }, { error: undefined }]);
    expect(runs).toEqual([expect.objectContaining({ name: 'ImportTasks.run' }), 'written']);
  });

  it('receives the task where it injects REQUEST', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class AuditTasks {
      constructor(@Inject(REQUEST) private readonly request: TaskInfo) {}

      @Task()
      run(): void {
        runs.push([this.request.name, this.request.attempt, this.request.queue]);
      }
    }
    await drained(['AuditTasks.run'], AuditTasks);
    expect(runs).toEqual([['AuditTasks.run', 1, 'default']]);
  });

  it('that cannot be instantiated fails the task with the reason', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class SessionTasks {
      readonly user: string;

      constructor(@Inject(REQUEST) request: { session: { user: string } }) {
        this.user = request.session.user;
      }

      @Task()
      run(): void {
        runs.push(this.user);
      }
    }
    const [task] = await drained(['SessionTasks.run'], SessionTasks);
    expect(task?.error).toMatchObject({
      code: 'SCOPE_UNRESOLVED',
      message: expect.stringMatching(/provider of task "SessionTasks\.run" could not be made: TypeError.*'user'/),
      cause: expect.objectContaining({ name: 'TypeError' }),
    });
    expect(runs).toEqual([]);
  });

  it('fails the attempt with the error of the handler', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class FailingTasks {
      @Task()
      async run(): Promise<void> {
        throw new RangeError('no luck');
      }
    }
    expect(await drained(['FailingTasks.run'], FailingTasks)).toMatchObject([{ error: { message: 'no luck' } }]);
  });
});

describe('a durable provider', () => {
  /** Tenants by the first argument of the task. */
  function byTenant(payload: (tenant: string) => object | undefined): void {
    const trees = new Map<string, ContextId>();
    ContextIdFactory.apply({
      attach: (scope: ContextId, { args }: TaskInfo) => {
        const tenant = String(args[0]);
        const tree = trees.get(tenant) ?? ContextIdFactory.create();
        trees.set(tenant, tree);
        const resolve = ({ isTreeDurable }: HostComponentInfo): ContextId => (isTreeDurable ? tree : scope);
        return { resolve, payload: payload(tenant) };
      },
    });
  }
  // there is no other way to take a strategy back
  afterEach(() => Reflect.set(ContextIdFactory, 'strategy', undefined));

  @Injectable({ scope: Scope.REQUEST, durable: true })
  class TenantConnection {
    readonly number = ++instances;

    constructor(@Inject(REQUEST) readonly tenant: { tenantId: string }) {}
  }

  it('is shared by the tasks of one tenant, and receives the payload of the strategy', async () => {
    @Injectable()
    class TenantTasks {
      readonly number = ++instances;

      constructor(
        private readonly connection: TenantConnection,
        private readonly context: TaskContext,
      ) {}

      @Task()
      run(tenant: string): void {
        const { number, tenant: payload } = this.connection;
        runs.push({ tenant, payload, number, own: this.number, id: this.context.id });
      }
    }
    byTenant((tenantId) => ({ tenantId }));
    const app = await apps.boot({ imports: [apps.queue()], providers: [TenantTasks, TenantConnection] });
    const { run } = app.get(QueueClient, { strict: false }).of(TenantTasks);
    const sent = await run.delayMany([['a'], ['b'], ['a']]);
    await drainTasks(app);
    const [first, second, third] = runs as { number: number; own: number }[];
    expect(runs).toMatchObject([
      { payload: { tenantId: 'a' }, id: sent[0]?.id },
      { payload: { tenantId: 'b' }, id: sent[1]?.id },
      { payload: { tenantId: 'a' }, number: first?.number, own: first?.own, id: sent[2]?.id },
    ]);
    expect(second?.number).not.toBe(first?.number);
    expect(third?.number).toBe(first?.number);
  });

  it('never holds a task, because it outlives the task', async () => {
    @Injectable()
    class TenantTasks {
      constructor(private readonly connection: TenantConnection) {}

      @Task()
      run(): void {
        runs.push(this.connection.tenant);
      }
    }
    byTenant(() => undefined);
    expect(await drained(['TenantTasks.run'], TenantTasks, TenantConnection)).toMatchObject([{ error: undefined }]);
    expect(runs).toEqual([undefined]);
  });

  it('leaves its own task to a dependent class of one task, with the payload added', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class MixedTasks {
      constructor(
        private readonly connection: TenantConnection,
        @Inject(REQUEST) private readonly task: TaskInfo & { tenantId: string },
      ) {}

      @Task()
      run(): void {
        runs.push([
          this.connection.number,
          this.connection.tenant.tenantId,
          this.task.id,
          this.task.tenantId,
          this.task.name,
        ]);
      }
    }
    byTenant((tenantId) => ({ tenantId, name: 'not of a task' }));
    const app = await apps.boot({ imports: [apps.queue()], providers: [MixedTasks, TenantConnection] });
    const task = app.get(QueueClient, { strict: false }).task<[string]>('MixedTasks.run');
    const [first, second] = await task.delayMany([['a'], ['a']]);
    expect(await drainTasks(app)).toMatchObject([{ error: undefined }, { error: undefined }]);
    const number = expect.any(Number);
    expect(runs).toEqual([
      [number, 'a', first?.id, 'a', 'MixedTasks.run'],
      [number, 'a', second?.id, 'a', 'MixedTasks.run'],
    ]);
    expect((runs[0] as number[])[0]).toBe((runs[1] as number[])[0]);
  });

  it('whose strategy only handles requests fails the task with the reason', async () => {
    ContextIdFactory.apply({
      attach: (scope: ContextId, request: { session: Record<string, string> }) => {
        const tree = ContextIdFactory.create();
        Reflect.set(tree, 'tenant', request.session.tenant);
        return ({ isTreeDurable }) => (isTreeDurable ? tree : scope);
      },
    });
    const [task] = await drained(['ImportTasks.run'], ImportTasks, Connection);
    expect(task?.error).toMatchObject({ code: 'SCOPE_UNRESOLVED', cause: expect.any(TypeError) });
  });
});

describe('an instance for one task', () => {
  it('is freed after that task', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const made: WeakRef<object>[] = [];
    @Injectable({ scope: Scope.REQUEST })
    class HeavyTasks {
      readonly heap = new Array(100_000).fill(0);

      constructor(readonly connection: Connection) {}

      @Task()
      run(): void {
        made.push(new WeakRef(this), new WeakRef(this.connection));
      }
    }
    await drained(Array(5).fill('HeavyTasks.run'), HeavyTasks, Connection);
    expect(made).toHaveLength(10);
    await new Promise(setImmediate); // calls under way still hold the last instance
    collect();
    expect(made.filter((reference) => reference.deref())).toEqual([]);
  });
});

describe('a task class from a factory', () => {
  it('is instantiated for each task when the factory is request-scoped and its token is the class', async () => {
    class FactoryTasks {
      constructor(private readonly task: TaskInfo) {}

      @Task()
      run(): void {
        runs.push(this.task.name);
      }
    }
    const provide = FactoryTasks;
    const useFactory = async (task: TaskInfo) => new FactoryTasks(task);
    await drained(['FactoryTasks.run'], { provide, useFactory, inject: [REQUEST], scope: Scope.REQUEST });
    expect(runs).toEqual(['FactoryTasks.run']);
  });

  it('waits for a dependency from an async factory', async () => {
    class AsyncTasks {
      constructor(private readonly settings: { readonly name: string }) {}

      @Task()
      run(): void {
        runs.push(this.settings.name);
      }
    }
    const settings = { provide: 'SETTINGS', useFactory: async () => ({ name: 'async' }) };
    const tasks = {
      provide: 'TASKS',
      useFactory: async (given: { name: string }) => new AsyncTasks(given),
      inject: ['SETTINGS'],
    };
    await drained(['AsyncTasks.run'], settings, tasks);
    expect(runs).toEqual(['async']);
  });
});

describe('a transient task class', () => {
  it('is instantiated with its dependencies', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class TransientTasks {
      constructor(private readonly context: TaskContext) {}

      @Task()
      run(): void {
        runs.push(this.context.name);
      }
    }
    expect(await drained(['TransientTasks.run'], TransientTasks)).toMatchObject([{ error: undefined }]);
    expect(runs).toEqual(['TransientTasks.run']);
  });
});
