import { randomBytes } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { attemptsOf, encodeAttempt } from '../../src/message/attempt-record.js';
import { PayloadCodec } from '../../src/payload/payload-codec.js';
import { DropTask, TaskCancelledError } from '../../src/policy/task-errors.js';
import type { AttemptOutcome, TaskHookProvider, TaskInfo } from '../../src/task/task-hooks.js';
import { Executor, type Failure, isFailure } from '../../src/worker/executor.js';
import { lineOf } from '../../src/worker/failure-record.js';
import { RunningTask } from '../../src/worker/running-task.js';
import { Lines } from '../module/apps.js';
import { eventually } from '../support/eventually.js';
import { claimed, registry } from './messages.js';

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

let lines: Lines;
let seen: [task: TaskInfo, outcome: AttemptOutcome][];
beforeEach(() => {
  lines = new Lines();
  Logger.overrideLogger(lines);
  seen = [];
});

const witness: TaskHookProvider = { onTaskOutcome: (task, outcome) => void seen.push([task, outcome]) };

const tasks = registry(
  {
    'Some.task': () => 7,
    'Failing.task': () => {
      throw new Error('no luck');
    },
    'Dropped.task': () => {
      throw new DropTask('not needed');
    },
  },
  { retries: 1, backoff: 2_000, expires: '1h' },
);

const NOW = 1_800_000_000_000;

/** What the one that ends claims does with a task. */
async function attempt(
  what: ReturnType<typeof claimed>,
  { hooks = [witness], givenBack = false, act = (_task: RunningTask): void => {} } = {},
): Promise<Failure | undefined> {
  const executor = new Executor(tasks, hooks, undefined, () => NOW);
  const prepared = executor.prepare(what);
  if (isFailure(prepared)) {
    executor.outcomes.unstarted(what, prepared);
    return prepared;
  }
  act(prepared.task);
  const outcome = await executor.run(prepared);
  executor.outcomes.ended(prepared.task, outcome, givenBack);
  return outcome.kind === 'failed' ? outcome : undefined;
}

const fresh = (name: string, counters = '0000') => claimed(name, [7], counters, NOW);

describe('onTaskOutcome is called', () => {
  it('with done after a task that returned', async () => {
    await attempt(fresh('Some.task'));
    expect(seen).toMatchObject([
      [
        { name: 'Some.task', attempt: 1 },
        { kind: 'done', started: true, durationMs: expect.any(Number) },
      ],
    ]);
  });

  it.each<[AttemptOutcome['kind'], string, string, object]>([
    ['retry', 'Failing.task', '0000', { started: true, retryInMs: expect.any(Number), error: { message: 'no luck' } }],
    ['dead', 'Failing.task', '0100', { started: true, error: { message: 'no luck' } }],
    ['dropped', 'Dropped.task', '0000', { started: true, error: { message: 'not needed' } }],
    ['retry', 'Unknown.task', '0000', { started: false, retryInMs: 5_000, error: { code: 'UNKNOWN_TASK' } }],
  ])('with %s after %s with the counters %s', async (kind, name, counters, rest) => {
    await attempt(fresh(name, counters));
    expect(seen).toMatchObject([[{ name }, { kind, ...rest }]]);
  });

  it('with cancelled after a task that somebody cancelled', async () => {
    await attempt(fresh('Failing.task'), { act: (task) => task.abort(new TaskCancelledError(task.name)) });
    expect(seen[0]?.[1].kind).toBe('cancelled');
  });

  it('with released after a task that was cut off by a shutdown', async () => {
    await attempt(fresh('Failing.task'), { givenBack: true });
    expect(seen[0]?.[1]).toMatchObject({ kind: 'released', started: true });
  });

  it('with dead after a task that was not started in time', async () => {
    await attempt(claimed('Some.task', [], '0000', NOW - 3_600_001));
    expect(seen[0]?.[1]).toMatchObject({
      kind: 'dead',
      started: false,
      durationMs: 0,
      error: { code: 'TASK_EXPIRED' },
    });
  });

  it('for a message that cannot be read, with what its header says', async () => {
    const { id, queue, message } = fresh('Some.task', '0200');
    await attempt({ id, queue, message: `${message.slice(0, -4)}?` });
    expect(seen).toMatchObject([
      [
        { id, queue, name: 'Some.task', attempt: 3, args: [], headers: {} },
        { kind: 'dead', started: false, error: { code: 'UNDECODABLE_MESSAGE' } },
      ],
    ]);
  });

  it('not for bytes that are no task', async () => {
    await attempt({ id: 'x', queue: 'default', message: 'bytes of others' });
    expect(seen).toEqual([]);
  });

  it('for each provider, also after one that throws, which is logged', async () => {
    const broken = {
      onTaskOutcome: () => {
        throw new Error('no metrics');
      },
    };
    await attempt(fresh('Some.task'), { hooks: [broken, witness] });
    expect(seen).toHaveLength(1);
    expect(lines.with('failed at Some.task')).toHaveLength(1);
  });

  it('also where its method is async and rejects, which is logged and ends no process', async () => {
    const broken = {
      onTaskOutcome: async () => {
        throw new Error('no metrics');
      },
    };
    await attempt(fresh('Some.task'), { hooks: [broken, witness] });
    expect(seen).toHaveLength(1);
    await eventually(async () => expect(lines.with('failed at Some.task')).toHaveLength(1));
  });
});

describe('the trace of an attempt', () => {
  const historyAfter = async (trace: string) => {
    const failure = await attempt(fresh('Failing.task'), {
      act: (task) => {
        task.trace = trace;
      },
    });
    return attemptsOf(lineOf(failure as Failure, NOW));
  };

  it('is in its line of the history', async () => {
    expect(await historyAfter(TRACE)).toMatchObject([{ attempt: 1, trace: TRACE }]);
  });

  it.each([
    'x',
    `${TRACE}-more`,
    TRACE.replace('00-', 'ff-'),
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    'x'.repeat(10_000),
  ])('is not kept when it is no traceparent: %.60s', async (trace) => {
    const [record] = await historyAfter(trace);
    expect(record).toMatchObject({ attempt: 1 });
    expect(record).not.toHaveProperty('trace');
  });
});

describe('the attempts of a running task', () => {
  it('are none at first', () => {
    const executor = new Executor(tasks, []);
    const { task } = executor.prepare(fresh('Some.task')) as { task: RunningTask };
    expect(task.attempts).toEqual([]);
  });

  it('have their errors in clear, also where its data is sealed', () => {
    const payloads = new PayloadCodec({ keys: [randomBytes(32)] });
    const call = fresh('Some.task');
    const record = { at: NOW, attempt: 1, code: 'TASK_FAILED', error: 'Error: no luck' };
    const line = encodeAttempt(record, (text) => payloads.sealText(text, call.id));
    expect(line).not.toContain('no luck');
    const executor = new Executor(tasks, [], undefined, undefined, payloads);
    const { task } = executor.prepare({ ...call, message: call.message + line }) as { task: RunningTask };
    expect(task.attempts).toEqual([record]);
  });

  it('are those of its history', async () => {
    const first = fresh('Failing.task');
    const failure = await attempt(first);
    const message = first.message + lineOf(failure as Failure, NOW);
    const { task } = new Executor(tasks, []).prepare({ ...first, message }) as { task: RunningTask };
    expect(task.attempts).toMatchObject([{ at: NOW, attempt: 1, code: 'TASK_FAILED' }]);
  });
});
