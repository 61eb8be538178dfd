import { Inject, Injectable, Module, type Provider, Scope, type Type } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
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

/** Request-scoped by what it injects. */
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
  it('is made anew for each task, together with what it injects', async () => {
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

  it('is found in its own module, where another module has the same token for another class', async () => {
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

  it('gets the task where it injects REQUEST', async () => {
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

  it('that cannot be made fails the task, and says why', async () => {
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

  it('whose task fails, fails with the error of the task', async () => {
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

describe('a transient task class', () => {
  it('is made, with what it injects', async () => {
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
