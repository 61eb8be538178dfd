import { encodeLimitTag, limitKey } from '../../src/message/limit-tag.js';
import type { PolicyOptions } from '../../src/policy/policy-options.js';
import { startRules } from '../../src/policy/start-options.js';
import { RetryTask } from '../../src/policy/task-errors.js';
import { Executor, type Failure } from '../../src/worker/executor.js';
import { claimed, registry } from './messages.js';

const STRIPE = limitKey('stripe', 'acme');
const TAGS = encodeLimitTag(limitKey('mail')) + encodeLimitTag(STRIPE);

/** How an attempt fails that throws this. */
async function failureOf(error: unknown, { tags = TAGS, policy = {} }: { tags?: string; policy?: PolicyOptions } = {}) {
  const start = startRules({ limits: [{ name: 'stripe', rate: '20/s', key: (id: string) => id }] }, '@Task()');
  const tasks = registry({ 'Some.task': () => Promise.reject(error) }, policy);
  const executor = new Executor(tasks, []);
  const task = claimed('Some.task');
  const message = task.message.slice(0, 34) + tags + task.message.slice(34);
  const prepared = executor.prepare({ ...task, message });
  if ('kind' in prepared) throw prepared.error;
  return (await executor.run({ ...prepared, definition: { ...prepared.definition, start } })) as Failure;
}

describe('RetryTask({ limit })', () => {
  it('stops the limit, for the key of the task, until the task is tried again', async () => {
    const error = new RetryTask({ in: '30s', limit: 'stripe' });
    expect(await failureOf(error)).toMatchObject({
      error,
      decision: { kind: 'retry', inMs: 30_000, stop: { limit: STRIPE, ms: 30_000 } },
    });
  });

  it('stops it for the time of the backoff where it names none', async () => {
    const policy: PolicyOptions = { retries: 2, backoff: { type: 'fixed', delay: '7s' } };
    const failure = await failureOf(new RetryTask({ limit: 'stripe' }), { policy });
    expect(failure.decision).toEqual({ kind: 'retry', inMs: 7_000, stop: { limit: STRIPE, ms: 7_000 } });
  });

  it('stops nothing when the task is dead', async () => {
    const policy: PolicyOptions = { retries: 0 };
    const failure = await failureOf(new RetryTask({ in: '1s', limit: 'stripe' }), { policy });
    expect(failure.decision).toEqual({ kind: 'dead' });
  });

  it('stops nothing for a task that was sent before its limit was declared', async () => {
    const failure = await failureOf(new RetryTask({ in: '1s', limit: 'stripe' }), { tags: '' });
    expect(failure.decision).toEqual({ kind: 'retry', inMs: 1_000 });
  });

  it.each(['strype', '', 7])('fails the attempt with INVALID_OPTION when the task has no limit %p', async (limit) => {
    const cause = new RetryTask({ in: '1s', limit: limit as string });
    expect(await failureOf(cause)).toMatchObject({
      error: {
        code: 'INVALID_OPTION',
        cause,
        message: expect.stringMatching(/has no such limit[\s\S]+It has: stripe\./),
      },
      decision: { kind: 'dead' },
    });
  });

  it('without a limit stops nothing', async () => {
    expect((await failureOf(new RetryTask({ in: '1s' }))).decision).toEqual({ kind: 'retry', inMs: 1_000 });
  });
});
