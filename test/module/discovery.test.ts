import { Injectable, Module, type Provider, Scope } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { Task } from '../../src/decorators/task.decorator.js';
import { TaskRegistry } from '../../src/task/task-registry.js';
import { Apps } from './apps.js';

let apps: Apps;
beforeAll(async () => {
  apps = await Apps.start();
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

@Injectable()
class ReportTasks {
  @Task({ queue: 'bulk' })
  send(): void {}

  @Task()
  archive(): void {}

  helper(): void {}
}

async function boot(...providers: Provider[]): Promise<TestingModule> {
  return apps.boot({ imports: [apps.queue({ queues: ['default', 'bulk'] })], providers });
}

/** Names and queues of the tasks an app with these providers has. */
async function tasksOf(...providers: Provider[]): Promise<Record<string, string>> {
  const app = await boot(...providers);
  const tasks = app.get(TaskRegistry, { strict: false }).all();
  return Object.fromEntries(tasks.map(({ name, queue }) => [name, queue]));
}

const TASKS = { 'ReportTasks.send': 'bulk', 'ReportTasks.archive': 'default' };

describe('discovery finds the decorated methods', () => {
  it('of a class', async () => {
    expect(await tasksOf(ReportTasks)).toEqual(TASKS);
  });

  it('of a class behind a token', async () => {
    expect(await tasksOf({ provide: 'REPORTS', useClass: ReportTasks })).toEqual(TASKS);
  });

  it('of a value', async () => {
    expect(await tasksOf({ provide: ReportTasks, useValue: new ReportTasks() })).toEqual(TASKS);
  });

  it('of the product of a factory', async () => {
    expect(await tasksOf({ provide: ReportTasks, useFactory: async () => new ReportTasks() })).toEqual(TASKS);
  });

  it('of a request-scoped class', async () => {
    expect(await tasksOf({ provide: ReportTasks, useClass: ReportTasks, scope: Scope.REQUEST })).toEqual(TASKS);
  });

  it('of a module', async () => {
    @Module({})
    class ReportModule {
      @Task()
      send(): void {}
    }

    const app = await apps.boot({ imports: [apps.queue(), ReportModule] });
    expect(app.get(TaskRegistry, { strict: false }).all()).toMatchObject([{ name: 'ReportModule.send' }]);
  });

  it('once, however many aliases lead to them', async () => {
    const aliases = ['A', 'B'].map((provide) => ({ provide, useExisting: ReportTasks }));
    expect(await tasksOf(ReportTasks, ...aliases)).toEqual(TASKS);
  });

  it('once, however many factories and values return the instance of another provider', async () => {
    const handed = [
      { provide: 'A', useFactory: (tasks: ReportTasks) => tasks, inject: [ReportTasks] },
      { provide: 'B', useFactory: (tasks: ReportTasks) => Promise.resolve(tasks), inject: [ReportTasks] },
    ];
    expect(await tasksOf(...handed, ReportTasks)).toEqual(TASKS);
    await apps.close();
    const factory = { provide: ReportTasks, useFactory: () => new ReportTasks() };
    expect(await tasksOf(...handed, factory)).toEqual(TASKS);
  });

  it('under an explicit name, which a renamed class keeps', async () => {
    class RenamedTasks {
      @Task({ name: 'OldTasks.send' })
      deliver(): void {}
    }
    expect(await tasksOf(RenamedTasks)).toEqual({ 'OldTasks.send': 'default' });
  });
});

describe('inherited tasks', () => {
  abstract class ImportTasks {
    @Task()
    run(): string {
      return this.constructor.name;
    }

    @Task()
    check(): void {}
  }

  @Injectable()
  class UserImport extends ImportTasks {}

  @Injectable()
  class OrderImport extends ImportTasks {
    override check(): void {}

    @Task({ queue: 'bulk' })
    override run(): string {
      return 'overridden';
    }
  }

  it('are tasks of each subclass; an override without the decorator hides one, one with it replaces it', async () => {
    expect(await tasksOf(UserImport, OrderImport)).toEqual({
      'UserImport.run': 'default',
      'UserImport.check': 'default',
      'OrderImport.run': 'bulk',
    });
  });

  it('run on the instance of their subclass', async () => {
    const app = await boot(UserImport, OrderImport);
    const registry = app.get(TaskRegistry, { strict: false });
    const run = (name: string): unknown => registry.get(name)?.handler([], {} as never);
    expect(run('UserImport.run')).toBe('UserImport');
    expect(run('OrderImport.run')).toBe('overridden');
  });
});

describe('discovery tolerates', () => {
  it.each<[string, Provider]>([
    ['null', { provide: 'NOTHING', useValue: null }],
    ['undefined', { provide: 'NOTHING', useFactory: () => undefined }],
    ['a promise of null', { provide: 'NOTHING', useFactory: async () => null }],
    ['a plain object', { provide: 'OBJECT', useValue: { send: () => {} } }],
    ['an object without a prototype', { provide: 'OBJECT', useFactory: () => Object.create(null) }],
    ['a function', { provide: 'FUNCTION', useValue: () => {} }],
    ['a class as a value', { provide: 'CLASS', useValue: ReportTasks }],
    ['a factory that makes a class', { provide: 'CLASS', useFactory: () => ReportTasks }],
    ['a string', { provide: 'STRING', useValue: 'constructor' }],
    ['a built-in', { provide: 'MAP', useFactory: () => new Map() }],
    ['an object with a strange constructor', { provide: 'STRANGE', useValue: { constructor: 'me' } }],
    // such as clients of remote services make
    ['a proxy that answers to every name', { provide: 'REMOTE', useValue: new Proxy({}, { get: () => () => {} }) }],
    ['a request-scoped factory', { provide: 'LATER', useFactory: () => ({}), scope: Scope.REQUEST }],
  ])('%s as a provider', async (_what, provider) => {
    expect(await tasksOf(ReportTasks, provider)).toEqual(TASKS);
  });
});

describe('discovery runs no accessor', () => {
  const read: string[] = [];
  const access = (name: string) => (): never => {
    read.push(name);
    throw new Error(`${name} is not connected`);
  };
  beforeEach(() => {
    read.length = 0;
  });

  class LazyTasks {
    get connection(): never {
      return access('connection')();
    }

    send(): void {}

    @Task()
    run(): void {}
  }

  it('of a class that has one', async () => {
    expect(await tasksOf(LazyTasks)).toEqual({ 'LazyTasks.run': 'default' });
    expect(read).toEqual([]);
  });

  it('that overrides a method', async () => {
    // the compiler refuses it, but libraries do it
    class LazierTasks extends LazyTasks {}
    Object.defineProperty(LazierTasks.prototype, 'send', { get: access('send') });
    expect(await tasksOf(LazierTasks)).toEqual({ 'LazierTasks.run': 'default' });
    expect(read).toEqual([]);
  });
});
