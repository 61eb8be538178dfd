import { QueueClient } from '../../src/client/queue-client.js';
import type { NestworkError } from '../../src/errors.js';
import { Apps } from '../module/apps.js';
import { QUEUES } from './report-tasks.js';

let apps: Apps;
beforeEach(async () => {
  apps = await Apps.start();
});
afterEach(() => apps.stop());

it('calls that fail together reject each with its own task and its own stack', async () => {
  const app = await apps.boot({ imports: [apps.queue(QUEUES)] });
  const client = app.get(QueueClient, { strict: false });
  await apps.redis.set('{nestwork}:queue:bulk', 'foreign');
  async function sendsFirst(): Promise<void> {
    await client.task('First.task').with({ queue: 'bulk' }).delay();
  }
  async function sendsSecond(): Promise<void> {
    await client.task('Second.task').with({ queue: 'bulk' }).delay();
  }
  const caught = (error: NestworkError): NestworkError => error;
  const [first, second] = (await Promise.all([sendsFirst().catch(caught), sendsSecond().catch(caught)])) as [
    NestworkError,
    NestworkError,
  ];
  expect(first).toMatchObject({ code: 'REDIS_REFUSED', cause: expect.any(Error) });
  expect(first.message).toMatch(/^Task "First.task": Redis at /);
  expect(second.message).toMatch(/^Task "Second.task": Redis at /);
  expect(first.stack).toContain('sendsFirst');
  expect(second.stack).toContain('sendsSecond');
  expect(second.stack).toContain('Task "Second.task": Redis at ');
  await apps.redis.del('{nestwork}:queue:bulk');
});
