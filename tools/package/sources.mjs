/** An app with one task; it is compiled as well, so that the published types are proven, too. */
export const APP = {
  'app.ts': `
    import { Injectable, Module } from '@nestjs/common';
    import { Task, TaskContext, TaskQueueModule } from 'nestwork';

    @Injectable()
    export class Phrases {
      readonly greeting = 'Hello';
    }

    @Injectable()
    export class GreetingTasks {
      constructor(private readonly phrases: Phrases, private readonly context: TaskContext) {}

      @Task({ queue: 'greetings' })
      async greet(name: string, options: { at: Date }): Promise<void> {
        const text = \`\${this.phrases.greeting} \${name}, it is \${options.at.getUTCFullYear()}\`;
        const { name: task, attempt } = this.context;
        console.log('RAN ' + JSON.stringify({ text, task, attempt, forked: process.send !== undefined }));
      }
    }

    @Module({
      imports: [
        TaskQueueModule.forRoot({
          redis: process.env.REDIS_URL,
          namespace: process.env.NAMESPACE,
          queues: ['greetings', 'default'],
        }),
      ],
      providers: [Phrases, GreetingTasks],
    })
    export class AppModule {}
  `,
  'send.ts': `
    import 'reflect-metadata';
    import { NestFactory } from '@nestjs/core';
    import { QueueClient } from 'nestwork';
    import { AppModule, GreetingTasks } from './app.js';

    async function main(): Promise<void> {
      const app = await NestFactory.createApplicationContext(AppModule, { logger: ['warn', 'error'] });
      const { greet } = app.get(QueueClient).of(GreetingTasks);
      const handle = await greet.delay('Ada', { at: new Date(0) });
      console.log('SENT ' + handle.id);
      await app.close();
      // @ts-expect-error the arguments are those of the method
      void (() => greet.delay('Ada', { at: 'noon' }));
    }
    void main();
  `,
  'worker.ts': `
    import 'reflect-metadata';
    import { WorkerFactory } from 'nestwork';
    import { AppModule } from './app.js';

    void WorkerFactory.run(AppModule, { children: 1 });
  `,
};

/** Loads the dashboard, the outbox, the test helpers, the metrics and the tracing, which an app that is bundled does not have. */
export const TESTING = {
  'testing.ts': `
    import { QueueDashboardModule, type QueueDashboardOptions } from 'nestwork/dashboard';
    import { OpenTelemetryModule } from 'nestwork/otel';
    import { pgOutbox } from 'nestwork/outbox';
    import { QueueMetricsModule } from 'nestwork/telemetry';
    import { RedisServer } from 'nestwork/testing';

    const options: QueueDashboardOptions = { guards: [{ canActivate: () => true }], can: (action) => action === 'view' };
    const { controllers = [] } = QueueDashboardModule.forRoot(options);
    if (controllers.length !== 1) throw new Error('nestwork/dashboard has no controller');
    if (typeof QueueMetricsModule.register !== 'function') throw new Error('nestwork/telemetry has no QueueMetricsModule');
    if (typeof OpenTelemetryModule.forRoot !== 'function') throw new Error('nestwork/otel has no OpenTelemetryModule');
    if (typeof pgOutbox !== 'function') throw new Error('nestwork/outbox has no pgOutbox');
    if (typeof RedisServer.start !== 'function') throw new Error('nestwork/testing has no RedisServer');
  `,
};

/** The output of the task behind RAN. */
export const RAN = { text: 'Hello Ada, it is 1970', task: 'GreetingTasks.greet', attempt: 1, forked: true };

/** A unit test as one in a new project, which takes Redis out. */
export const SPEC = `
  import { Test } from '@nestjs/testing';
  import { QueueClient } from 'nestwork';
  import { TaskQueueTestingModule, TestQueue } from 'nestwork/testing';
  import { AppModule, GreetingTasks } from './app';

  describe('greetings', () => {
    it('are sent', async () => {
      const imports = [AppModule, TaskQueueTestingModule.forRoot({ mode: 'fake' })];
      const app = await Test.createTestingModule({ imports }).compile();
      await app.init();
      await app.get(QueueClient).of(GreetingTasks).greet.delay('Ada', { at: new Date(0) });
      expect(app.get(TestQueue).enqueued()).toHaveLength(1);
      await app.close();
    });
  });
`;
