import { Inject, Injectable, Module, Optional } from '@nestjs/common';
import { Task } from '../../src/decorators/task.decorator.js';
import { TaskHooks } from '../../src/decorators/task-hooks.decorator.js';
import { Apps } from './apps.js';

let apps: Apps;
beforeAll(async () => {
  apps = await Apps.start();
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

/** As esbuild and tsx compile it. */
function WithoutMetadata(): ClassDecorator {
  return (type) => {
    Reflect.deleteMetadata('design:paramtypes', type);
  };
}

@Injectable()
class Stats {}

@WithoutMetadata()
@Injectable()
class BareTasks {
  constructor(
    @Inject(Stats) readonly named: Stats,
    readonly stats: Stats,
  ) {}

  @Task()
  run(): void {}
}

@Module({ providers: [Stats, BareTasks] })
class BareModule {}

describe('a class that was compiled without metadata', () => {
  it('is refused, with the argument that has no @Inject()', async () => {
    await expect(apps.boot({ imports: [apps.queue(), BareModule] })).rejects.toMatchObject({
      code: 'METADATA_MISSING',
      message: expect.stringMatching(
        /as argument 1 of the constructor of BareTasks in BareModule.*emitDecoratorMetadata/s,
      ),
    });
  });

  it('is refused as a provider of hooks, too', async () => {
    @WithoutMetadata()
    @TaskHooks()
    @Injectable()
    class BareHooks {
      constructor(readonly stats: Stats) {}
    }

    await expect(apps.boot({ imports: [apps.queue()], providers: [Stats, BareHooks] })).rejects.toMatchObject({
      code: 'METADATA_MISSING',
    });
  });

  it.each<[string, () => Promise<object>]>([
    [
      'names all that it injects',
      async () => {
        @WithoutMetadata()
        @Injectable()
        class NamedTasks {
          constructor(
            @Inject(Stats) readonly stats: Stats,
            @Optional() readonly note: string,
          ) {}

          @Task()
          run(): void {}
        }
        return apps.boot({ imports: [apps.queue()], providers: [Stats, NamedTasks] });
      },
    ],
    [
      'has no argument without a default',
      async () => {
        @WithoutMetadata()
        @Injectable()
        class DefaultTasks {
          constructor(readonly limit = 3) {}

          @Task()
          run(): void {}
        }
        return apps.boot({ imports: [apps.queue()], providers: [DefaultTasks] });
      },
    ],
    [
      'is made by a factory',
      async () => {
        const made = { provide: BareTasks, useFactory: (stats: Stats) => new BareTasks(stats, stats), inject: [Stats] };
        return apps.boot({ imports: [apps.queue()], providers: [Stats, made] });
      },
    ],
    [
      'is given as a value',
      async () => {
        const made = { provide: BareTasks, useValue: new BareTasks(new Stats(), new Stats()) };
        return apps.boot({ imports: [apps.queue()], providers: [made] });
      },
    ],
    [
      'inherits the constructor of a class with metadata',
      async () => {
        @Injectable()
        class BaseTasks {
          constructor(readonly stats: Stats) {}
        }

        @WithoutMetadata()
        @Injectable()
        class ChildTasks extends BaseTasks {
          @Task()
          run(): void {}
        }
        return apps.boot({ imports: [apps.queue()], providers: [Stats, ChildTasks] });
      },
    ],
    [
      'has no tasks, and so is no concern of ours',
      async () => {
        @WithoutMetadata()
        @Injectable()
        class Service {
          constructor(readonly stats: Stats) {}
        }
        return apps.boot({ imports: [apps.queue()], providers: [Stats, Service] });
      },
    ],
  ])('is accepted when it %s', async (_when, boot) => {
    await expect(boot()).resolves.toBeDefined();
  });
});
