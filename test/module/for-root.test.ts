import { Injectable, Module } from '@nestjs/common';
import { QueueClient } from '../../src/client/queue-client.js';
import { TaskQueueModule } from '../../src/module/task-queue.module.js';
import type { TaskQueueOptions } from '../../src/options/options.js';
import { TaskContext } from '../../src/worker/task-context.js';
import { Apps } from './apps.js';

let apps: Apps;
beforeAll(async () => {
  apps = await Apps.start();
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

/** A module as an app has it for its configuration. */
@Injectable()
class Config {
  readonly redis = apps.url;
}

@Module({ providers: [Config], exports: [Config] })
class ConfigModule {}

@Injectable()
class QueueOptionsFactory {
  constructor(private readonly config: Config) {}

  async createTaskQueueOptions(): Promise<TaskQueueOptions> {
    return { redis: this.config.redis, queues: ['by-factory'], defaultQueue: 'by-factory' };
  }
}

@Module({ imports: [ConfigModule], providers: [QueueOptionsFactory], exports: [QueueOptionsFactory] })
class QueueOptionsModule {}

/** Injects the client far away from the module that imports TaskQueueModule. */
@Injectable()
class Signup {
  constructor(
    readonly queue: QueueClient,
    readonly context: TaskContext,
  ) {}
}

@Module({ providers: [Signup] })
class FeatureModule {}

describe('TaskQueueModule', () => {
  it('forRoot makes QueueClient and TaskContext injectable in a module that does not import it', async () => {
    const app = await apps.boot({ imports: [apps.queue(), FeatureModule] });
    const { queue, context } = app.get(Signup, { strict: false });
    await queue.task<[string]>('Greeter.greet').delay('you');
    expect(await apps.waiting()).toMatchObject([{ name: 'Greeter.greet', args: ['you'] }]);
    expect(context).toBeInstanceOf(TaskContext);
  });

  it('forRootAsync takes options from a factory and the providers that it injects', async () => {
    const queue = TaskQueueModule.forRootAsync({
      imports: [ConfigModule],
      inject: [Config],
      useFactory: async (config: Config) => ({ redis: config.redis, queues: ['a', 'b'], defaultQueue: 'b' }),
    });
    const app = await apps.boot({ imports: [queue, FeatureModule] });
    await app.get(QueueClient, { strict: false }).task('Some.task').delay();
    expect(await apps.waiting('b')).toHaveLength(1);
  });

  it('forRootAsync takes a class that it instantiates', async () => {
    const queue = TaskQueueModule.forRootAsync({ imports: [ConfigModule], useClass: QueueOptionsFactory });
    const app = await apps.boot({ imports: [queue] });
    await app.get(QueueClient, { strict: false }).task('Some.task').delay();
    expect(await apps.waiting('by-factory')).toHaveLength(1);
  });

  it('forRootAsync takes a class that another module provides', async () => {
    const queue = TaskQueueModule.forRootAsync({ imports: [QueueOptionsModule], useExisting: QueueOptionsFactory });
    const app = await apps.boot({ imports: [queue] });
    await app.get(QueueClient, { strict: false }).task('Some.task').delay();
    expect(await apps.waiting('by-factory')).toHaveLength(1);
  });

  it.each([
    ['{}', {}],
    ['options instead of a factory', { redis: 'redis://127.0.0.1:6379' }],
    ['nothing', undefined],
  ])('forRootAsync given %s is refused with the remedy', (_what, options) => {
    expect(() => TaskQueueModule.forRootAsync(options as never)).toThrow(
      /without options\. \[INVALID_OPTION\][\s\S]*useFactory[\s\S]*`useClass` or `useExisting`/,
    );
  });

  it('forRoot without an argument is refused with the remedy', () => {
    expect(() => TaskQueueModule.forRoot(undefined as never)).toThrow('without options. [INVALID_OPTION]');
  });

  it('keeps apps with different namespaces apart', async () => {
    const app = await apps.boot({ imports: [apps.queue({ namespace: 'shop' })] });
    await app.get(QueueClient, { strict: false }).task('Some.task').delay();
    expect(await apps.redis.llen('{shop}:queue:default')).toBe(1);
    expect(await apps.redis.keys('{nestwork}:*')).toEqual([]);
  });

  it('opens one connection for an app that only enqueues, and closes it with the app', async () => {
    const before = await connections();
    const app = await apps.boot({ imports: [apps.queue()] });
    await app.get(QueueClient, { strict: false }).task('Some.task').delay();
    expect(await connections()).toBe(before + 1);
    await app.close();
    while ((await connections()) > before); // the server needs a moment to see it go
  });
});

describe('the hooks of the app', () => {
  @Injectable()
  class Enqueuer {
    constructor(private readonly queue: QueueClient) {}

    onModuleInit = () => this.send('onModuleInit');
    onApplicationBootstrap = () => this.send('onApplicationBootstrap');
    onModuleDestroy = () => this.send('onModuleDestroy');
    beforeApplicationShutdown = () => this.send('beforeApplicationShutdown');
    onApplicationShutdown = () => this.send('onApplicationShutdown');

    private async send(hook: string): Promise<void> {
      await this.queue.task<[string]>('Some.task').delay(hook);
    }
  }

  @Module({ providers: [Enqueuer] })
  class EnqueuingModule {}

  it.each([
    ['the root module', () => ({ imports: [apps.queue()], providers: [Enqueuer] })],
    ['a module imported before', () => ({ imports: [EnqueuingModule, apps.queue()] })],
    ['a module imported after', () => ({ imports: [apps.queue(), EnqueuingModule] })],
  ])('may enqueue, the first and the last, in %s', async (_where, metadata) => {
    await apps.boot(metadata());
    await apps.closeApps(); // once: Nest 11 calls the hooks of an app each time that it is closed
    expect((await apps.waiting()).map(({ args }) => args[0])).toEqual([
      'onModuleInit',
      'onApplicationBootstrap',
      'onModuleDestroy',
      'beforeApplicationShutdown',
      'onApplicationShutdown',
    ]);
  });
});

async function connections(): Promise<number> {
  return Number(/^connected_clients:(\d+)/m.exec(await apps.redis.info('clients'))?.[1]);
}
