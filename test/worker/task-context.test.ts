import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ClaimedTask } from '../../src/broker/port/broker.js';
import { Executor, type PreparedTask } from '../../src/worker/executor.js';
import { TaskContext } from '../../src/worker/task-context.js';
import { claimed, registry } from './messages.js';

const context = new TaskContext();

function prepare(
  handler: () => unknown,
  task: ClaimedTask = claimed('Some.task'),
): PreparedTask & { run(): Promise<unknown> } {
  const executor = new Executor(registry({ 'Some.task': handler }), []);
  const prepared = executor.prepare(task);
  if ('kind' in prepared) throw prepared.error;
  return { ...prepared, run: () => executor.run(prepared) };
}

it('a task reads its own data in its context', async () => {
  const enqueuedAt = Date.UTC(2030, 0, 1);
  const task = claimed('Some.task', [], '0000', enqueuedAt);
  let seen: unknown;
  await prepare(() => {
    const { id, name, queue, attempt, signal, active } = context;
    seen = { id, name, queue, attempt, enqueuedAt: context.enqueuedAt, active, aborted: signal.aborted };
  }, task).run();
  expect(seen).toEqual({
    id: task.id,
    name: 'Some.task',
    queue: 'default',
    attempt: 1,
    enqueuedAt: new Date(enqueuedAt),
    active: true,
    aborted: false,
  });
});

it.each([
  ['0000', 1],
  ['0100', 2],
  ['0020', 3],
  ['0110', 3],
  ['0z00', 36],
  // it ran beside a task that may have ended the process, and did not fail
  ['0005', 1],
])('attempts include failures and crashes, but not suspicions: %s is attempt %i', async (counters, attempt) => {
  let seen: unknown;
  await prepare(
    () => {
      seen = context.attempt;
    },
    claimed('Some.task', [], counters),
  ).run();
  expect(seen).toBe(attempt);
});

it('each of several tasks at once reads its own context, also after an await', async () => {
  const seen: string[][] = [];
  const tasks = ['a', 'b', 'c'].map(() => claimed('Some.task'));
  const look = async (): Promise<void> => {
    const before = context.id;
    await nextTurn();
    seen.push([before, await Promise.resolve().then(() => context.id)]);
  };
  await Promise.all(tasks.map((task) => prepare(look, task).run()));
  expect(seen).toEqual(tasks.map(({ id }) => [id, id]));
});

describe('outside a task', () => {
  it.each(['id', 'name', 'queue', 'attempt', 'enqueuedAt', 'signal'] as const)('%s throws', (property) => {
    expect(() => context[property]).toThrow(expect.objectContaining({ code: 'OUTSIDE_TASK' }));
  });

  it('isActive is false', async () => {
    expect(context.active).toBe(false);
    await prepare(() => {}).run();
    expect(context.active).toBe(false);
  });
});

describe('the signal', () => {
  it('aborts with its reason when the task read it before', async () => {
    let signal: AbortSignal | undefined;
    const { run, task } = prepare(async () => {
      signal = context.signal;
      await nextTurn();
    });
    const ended = run();
    const reason = new Error('stopping');
    task.abort(reason);
    await ended;
    expect(signal?.reason).toBe(reason);
  });

  it('calls its listeners within the task, and within the AsyncLocalStorage that the task has opened', async () => {
    const tenants = new AsyncLocalStorage<string>();
    let seen: unknown;
    const { run, task } = prepare(async () => {
      tenants.run('acme', () =>
        context.signal.addEventListener('abort', () => {
          seen = [context.id, tenants.getStore(), (context.signal.reason as Error).message];
        }),
      );
      await nextTurn();
    });
    const ended = run();
    task.abort(new Error('stopping'));
    await ended;
    expect(seen).toEqual([task.id, 'acme', 'stopping']);
  });

  it('is aborted already when the task reads it later, and keeps the first reason', async () => {
    const { run, task } = prepare(() => {
      expect(context.signal).toMatchObject({ aborted: true, reason: { message: 'first' } });
      expect(context.signal).toBe(context.signal);
    });
    task.abort(new Error('first'));
    task.abort(new Error('second'));
    expect(await run()).toMatchObject({ kind: 'done' });
  });
});
