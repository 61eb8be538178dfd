/** What the tracing does in a worker within the app, over a real Redis. */
import { Injectable } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { QueueClient, type TaskSenders } from '../../../src/client/queue-client.js';
import { Broadcast } from '../../../src/decorators/broadcast.decorator.js';
import { Task } from '../../../src/decorators/task.decorator.js';
import { TaskHooks } from '../../../src/decorators/task-hooks.decorator.js';
import { DeadLetters } from '../../../src/inspector/dead-letters.js';
import type { AttemptOutcome, OnTaskOutcome, TaskInfo } from '../../../src/task/task-hooks.js';
import { OpenTelemetryModule } from '../../../src/telemetry/otel/index.js';
import { TaskContext } from '../../../src/worker/task-context.js';
import { Apps } from '../../module/apps.js';
import { eventually } from '../../support/eventually.js';
import { describeDatabases } from '../../support/outbox-databases.js';
import { idOf, pointsTo, TestSdk } from './test-sdk.js';

let apps: Apps;
let sdk: TestSdk;
let seen: string[];
beforeAll(async () => {
  apps = await Apps.start();
});
beforeEach(() => {
  sdk = TestSdk.start();
  seen = [];
});
afterEach(async () => {
  await apps.close();
  TestSdk.stop();
});
afterAll(() => apps.stop());

@Injectable()
class MailTasks {
  constructor(private readonly context: TaskContext) {}

  @Task({ retries: 0 })
  async fail(): Promise<void> {
    throw new Error('no luck');
  }

  /** Ends when its signal aborts, with its reason. */
  @Task()
  async heed(): Promise<void> {
    const { signal, attempt } = this.context;
    seen.push(`started ${attempt}`);
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  }

  @Task()
  async send(): Promise<void> {}

  @Broadcast()
  async clear(): Promise<void> {
    throw new Error('no cache');
  }
}

@TaskHooks()
@Injectable()
class Outcomes implements OnTaskOutcome {
  onTaskOutcome({ name, attempt }: TaskInfo, { kind }: AttemptOutcome): void {
    seen.push(`${name} ${attempt} ${kind}`);
  }
}

async function boot(options = {}): Promise<{ app: TestingModule; send: TaskSenders<MailTasks>; queue: QueueClient }> {
  const app = await apps.boot({
    imports: [apps.queue({ inProcess: { shutdownGrace: '1ms' }, ...options }), OpenTelemetryModule.forRoot()],
    providers: [MailTasks, Outcomes],
  });
  const queue = app.get(QueueClient);
  return { app, send: queue.of(MailTasks), queue };
}

describe('a worker within the app', () => {
  it('ends the span of a task that is dead, and the record of it has the place of each attempt', async () => {
    const { app, send } = await boot();
    const { id } = await send.fail.delay();
    await eventually(async () => expect(await app.get(DeadLetters).get(id)).toBeDefined());
    const ran = sdk.only('process MailTasks.fail');
    const { traceId, spanId } = ran.spanContext();
    expect(ran.attributes['nestwork.outcome']).toBe('dead');
    expect((await app.get(DeadLetters).get(id))?.attempts).toMatchObject([
      { attempt: 1, trace: `00-${traceId}-${spanId}-01` },
    ]);
    expect(seen).toEqual(['MailTasks.fail 1 dead']);
  });

  it('ends the span of a task that somebody cancelled', async () => {
    const { send } = await boot();
    const handle = await send.heed.delay();
    await eventually(() => expect(seen).toEqual(['started 1']));
    await handle.cancel();
    await eventually(() => expect(sdk.only('process MailTasks.heed').attributes['nestwork.outcome']).toBe('cancelled'));
  });

  it('ends the span of a task that its shutdown cuts off; it runs again, within the trace of its sender', async () => {
    const { send } = await boot();
    await send.heed.delay();
    await eventually(() => expect(seen).toEqual(['started 1']));
    await apps.closeApps();
    const [first] = sdk.named('process MailTasks.heed');
    expect(first?.attributes).toMatchObject({ 'nestwork.outcome': 'released', 'nestwork.attempt': 1 });
    await boot();
    await eventually(() => expect(seen).toEqual(['started 1', 'MailTasks.heed 1 released', 'started 1']));
    await apps.closeApps();
    const sent = sdk.only('send MailTasks.heed');
    for (const ran of sdk.named('process MailTasks.heed')) expect(pointsTo(ran).parent).toBe(idOf(sent));
  });

  it('ends the span of a broadcast that fails', async () => {
    const { send } = await boot();
    // a broadcast reaches the workers that are there
    await eventually(async () => expect(await apps.redis.keys('{nestwork}:session:*')).not.toEqual([]));
    await send.clear.delay();
    await eventually(() => expect(sdk.only('process MailTasks.clear').attributes['nestwork.outcome']).toBe('dead'));
    expect(pointsTo(sdk.only('process MailTasks.clear')).parent).toBe(idOf(sdk.only('send MailTasks.clear')));
  });

  it('parks a task that no provider has, with a span', async () => {
    const { queue } = await boot();
    await queue.task('Unknown.task').with({ queue: 'default' }).delay();
    await eventually(() => {
      expect(sdk.only('process Unknown.task').attributes).toMatchObject({
        'nestwork.outcome': 'retry',
        'error.type': 'UNKNOWN_TASK',
      });
    });
  });
});

describeDatabases('a task that is sent within a transaction', (database) => {
  it('is in the trace of its sender', async () => {
    const { queue } = await boot({ outbox: { database: database.outbox } });
    await database.transaction((transaction) => queue.in(transaction).of(MailTasks).send.delay());
    await eventually(() => expect(sdk.named('process MailTasks.send')).toHaveLength(1));
    const sent = sdk.only('send MailTasks.send');
    expect(sent.attributes).toMatchObject({ 'messaging.destination.name': 'default' });
    expect(pointsTo(sdk.only('process MailTasks.send')).parent).toBe(idOf(sent));
  });
});
