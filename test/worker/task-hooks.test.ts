import { Inject, Injectable, type Provider, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { QueueClient } from '../../src/client/queue-client.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { TaskHooks } from '../../src/decorators/task-hooks.decorator.js';
import type { OnTaskFailure, TaskInfo, WrapTask } from '../../src/task/task-hooks.js';
import { drainTasks } from '../../src/testing/drain-tasks.js';
import { Apps } from '../module/apps.js';

let apps: Apps;
let calls: string[];
beforeAll(async () => {
  apps = await Apps.start();
});
beforeEach(() => {
  calls = [];
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

@Injectable()
class MailTasks {
  @Task()
  send(to: string): void {
    calls.push(`sent to ${to}`);
  }

  @Task()
  bounce(): void {
    throw new Error('no such mailbox');
  }
}

@Injectable()
class Metrics {
  count(what: string): void {
    calls.push(`counted ${what}`);
  }
}

@TaskHooks()
@Injectable()
class MetricsHooks implements OnTaskFailure {
  constructor(private readonly metrics: Metrics) {}

  onTaskFailure({ name }: TaskInfo, error: Error): void {
    this.metrics.count(`failure of ${name}: ${error.message}`);
  }
}

@TaskHooks()
@Injectable()
class Transaction implements WrapTask {
  async wrapTask(_task: TaskInfo, next: () => Promise<void>): Promise<void> {
    calls.push('begin');
    await next();
    calls.push('commit');
  }
}

async function drain(send: (queue: QueueClient) => Promise<unknown>, ...providers: Provider[]): Promise<unknown> {
  const app = await apps.boot({ imports: [apps.queue()], providers: [MailTasks, Metrics, ...providers] });
  await send(app.get(QueueClient, { strict: false }));
  return drainTasks(app);
}

describe('a provider with @TaskHooks()', () => {
  it('is called with its dependencies', async () => {
    await drain((queue) => queue.of(MailTasks).bounce.delay(), MetricsHooks, Transaction);
    expect(calls).toEqual(['begin', 'counted failure of MailTasks.bounce: no such mailbox']);
  });

  it('is found once, however many aliases lead to it', async () => {
    const aliases = ['A', 'B'].map((provide) => ({ provide, useExisting: Transaction }));
    await drain((queue) => queue.of(MailTasks).send.delay('you'), Transaction, ...aliases);
    expect(calls).toEqual(['begin', 'sent to you', 'commit']);
  });

  it('is found as the product of a factory', async () => {
    const factory = { provide: 'TRANSACTION', useFactory: () => new Transaction() };
    await drain((queue) => queue.of(MailTasks).send.delay('you'), factory);
    expect(calls).toEqual(['begin', 'sent to you', 'commit']);
  });

  it('does not pass its mark on: a subclass needs its own decorator', async () => {
    @Injectable()
    class Unmarked extends Transaction {}
    await drain((queue) => queue.of(MailTasks).send.delay('you'), Unmarked);
    expect(calls).toEqual(['sent to you']);
  });

  it.each<[string, () => Provider[], RegExp]>([
    ['is request-scoped', scopedHooks, /provider ScopedHooks is request-scoped; but hooks/],
    ['is transient', transientHooks, /provider TransientHooks is transient: it has no instance/],
    ['is durable', durableHooks, /provider DurableHooks is durable; but hooks/],
    [
      'has a scoped dependency',
      injectingHooks,
      /provider TenantHooks injects Tenant, which injects REQUEST, which is request-scoped/,
    ],
  ])('that %s is refused, with the reason', async (_what, providers, message) => {
    await expect(drain((queue) => queue.of(MailTasks).send.delay('you'), ...providers())).rejects.toMatchObject({
      code: 'SCOPE_UNRESOLVED',
      message: expect.stringMatching(message),
    });
  });

  it('without any of the hooks is refused, because it has no effect', async () => {
    @TaskHooks()
    @Injectable()
    class Misspelt {
      onTaskStarted(): void {}
    }
    await expect(drain((queue) => queue.of(MailTasks).send.delay('you'), Misspelt)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/Misspelt has none of the hooks[\s\S]*onTaskStart, onTaskSuccess/),
    });
  });
});

function scopedHooks(): Provider[] {
  @TaskHooks()
  @Injectable({ scope: Scope.REQUEST })
  class ScopedHooks {
    onTaskStart(): void {}
  }
  return [ScopedHooks];
}

function transientHooks(): Provider[] {
  @TaskHooks()
  @Injectable({ scope: Scope.TRANSIENT })
  class TransientHooks {
    onTaskStart(): void {}
  }
  return [TransientHooks];
}

function durableHooks(): Provider[] {
  @TaskHooks()
  @Injectable({ scope: Scope.REQUEST, durable: true })
  class DurableHooks {
    onTaskStart(): void {}
  }
  return [DurableHooks];
}

function injectingHooks(): Provider[] {
  @Injectable()
  class Tenant {
    constructor(@Inject(REQUEST) readonly request: unknown) {}
  }

  @TaskHooks()
  @Injectable()
  class TenantHooks {
    constructor(
      readonly metrics: Metrics,
      readonly tenant: Tenant,
    ) {}

    onTaskStart(): void {}
  }
  return [Tenant, TenantHooks];
}
