/**
 * Limits, fairness and priority as the compiler must accept them, and as it must refuse them; `tsc --noEmit` is the test. Nothing
 * here runs.
 */
import { Injectable } from '@nestjs/common';
import {
  Broadcast,
  Cron,
  Interval,
  type LimitOptions,
  type QueueClient,
  type Rate,
  RetryTask,
  type StartOptions,
  Task,
  TaskQueueModule,
} from '../../src/index.js';

interface User {
  readonly tenant: string;
}

const stripe: LimitOptions = {
  name: 'stripe',
  concurrency: 5,
  rate: '20/s',
  burst: 40,
  key: (user: User) => user.tenant,
};
export const start: StartOptions = { limits: [stripe], fair: (user: User) => user.tenant, priority: 3, age: '1m' };
export const rates: Rate[] = ['20/s', '100/m', '5/h', '1000/d', '3/10s', '0.5/s'];
// @ts-expect-error a rate has a time
export const withoutTime: Rate = '20';
// @ts-expect-error a rate has a unit that is known
export const withoutUnit: Rate = '20/y';
// @ts-expect-error a rate is a text
export const number: Rate = 20;

@Injectable()
export class InvoiceTasks {
  @Task({ ...start, retries: 3 })
  async charge(_user: User, _amount: number): Promise<void> {
    throw new RetryTask({ in: '30s', limit: 'stripe' });
  }

  @Task({ limits: [{ name: 'export', concurrency: 1, ordered: true, onLimit: 'reject' }] })
  async export(): Promise<void> {}

  @Cron('0 8 * * *', { limits: [{ name: 'export', concurrency: 1 }], priority: 1 })
  async digest(): Promise<void> {}

  @Interval('1h', { fair: () => 'digests' })
  async hourly(): Promise<void> {}
}

// @ts-expect-error a limit has a name
Task({ limits: [{ concurrency: 1 }] });
// @ts-expect-error a key is a text
Task({ limits: [{ name: 'a', concurrency: 1, key: (user: User) => user.tenant.length }] });
// @ts-expect-error a tenant is a text, and no promise of one
Task({ fair: async (user: User) => user.tenant });
// @ts-expect-error there are three ways to treat a full limit
Task({ limits: [{ name: 'a', concurrency: 1, onLimit: 'fail' }] });
// @ts-expect-error a priority is a number
Task({ priority: 'high' });
// @ts-expect-error a broadcast runs everywhere at once
Broadcast({ limits: [stripe] });
// @ts-expect-error a broadcast runs everywhere at once
Broadcast({ priority: 3 });

TaskQueueModule.forRoot({ queues: ['default', { name: 'mail', limit: { concurrency: 50, rate: '100/s', burst: 9 } }] });
// @ts-expect-error the limit of a queue has no keys
TaskQueueModule.forRoot({ queues: [{ name: 'mail', limit: { concurrency: 50, key: (user: User) => user.tenant } }] });

export async function send(queue: QueueClient): Promise<string | undefined> {
  const { charge } = queue.of(InvoiceTasks);
  await charge
    .with({ priority: 2, age: '5m', limitKeys: { stripe: 'acme' }, fairKey: 'acme' })
    .delay({ tenant: 'a' }, 7);
  // @ts-expect-error a key is a text
  charge.with({ limitKeys: { stripe: 7 } });
  // @ts-expect-error a tenant is a text
  charge.with({ fairKey: 7 });
  const { droppedBy } = await charge.delay({ tenant: 'a' }, 7);
  return droppedBy;
}
