import { jest } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  Broadcast,
  Inspector,
  QueueClient,
  ResultTimeoutError,
  Task,
  TaskContext,
  TaskFailedError,
  type TaskSenders,
} from '../../../src/index.js';
import { TaskQueueTestingModule, type TestMode, TestQueue } from '../../../src/testing/index.js';
import { Lines } from '../../module/apps.js';

@Injectable()
class SumTasks {
  @Task({ result: '1m' })
  async sum(a: number, b: number): Promise<number> {
    return a + b;
  }

  @Task()
  async plain(): Promise<void> {}

  @Task({ retries: 0 })
  async fail(): Promise<number> {
    throw new RangeError('no luck');
  }
}

/** What the next call of a task is to do. */
type Act = (queue: QueueClient, context: TaskContext) => Promise<unknown>;

@Injectable()
class ActTasks {
  static acts: Record<string, Act> = {};

  constructor(
    private readonly queue: QueueClient,
    private readonly context: TaskContext,
  ) {}

  @Task({ retries: 0, result: '1m' })
  async act(name: string): Promise<unknown> {
    return ActTasks.acts[name]?.(this.queue, this.context);
  }

  @Task({ queue: 'slow', retries: 2, backoff: { type: 'fixed', delay: '1m' } })
  async later(name: string): Promise<unknown> {
    return this.act(name);
  }

  @Task({ retries: 2, backoff: { type: 'fixed', delay: 0 } })
  async again(name: string): Promise<unknown> {
    return this.act(name);
  }

  @Broadcast()
  async all(name: string): Promise<unknown> {
    return this.act(name);
  }
}

let app: TestingModule | undefined;
afterEach(() => app?.close());

async function start(mode: TestMode): Promise<{ queue: QueueClient; tasks: TaskSenders<SumTasks>; test: TestQueue }> {
  app = await Test.createTestingModule({
    imports: [TaskQueueTestingModule.forRoot({ mode, queues: ['default', 'slow'] })],
    providers: [SumTasks, ActTasks],
  })
    .setLogger(new Lines())
    .compile();
  await app.init();
  const queue = app.get(QueueClient);
  return { queue, tasks: queue.of(SumTasks), test: app.get(TestQueue) };
}

describe('in the mode inline', () => {
  it('run() and result() resolve to what the task returned', async () => {
    const { queue, tasks } = await start('inline');
    expect(await tasks.sum.run(1, 2)).toBe(3);
    const handle = await tasks.sum.delay(3, 4);
    expect([await handle.result(), await queue.result(handle.id)]).toEqual([7, 7]);
    expect(await tasks.plain.run()).toBeUndefined();
  });

  it('run() rejects with the error of a task that is dead', async () => {
    const { tasks } = await start('inline');
    const error = await tasks.fail.run().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TaskFailedError);
    expect(error).toMatchObject({ code: 'TASK_FAILED', error: 'RangeError: no luck', attempts: 1 });
  });

  it('a task that keeps no result is refused at once', async () => {
    const { tasks } = await start('inline');
    await expect((await tasks.plain.delay()).result()).rejects.toMatchObject({ code: 'RESULT_NOT_KEPT' });
  });
});

describe('in the mode memory', () => {
  it('run() resolves when the test drains', async () => {
    const { tasks, test } = await start('memory');
    const run = tasks.sum.run(1, 2);
    await test.drain();
    expect(await run).toBe(3);
  });

  it('a result is awaited for its timeout, and there after it', async () => {
    const { tasks, test } = await start('memory');
    const handle = await tasks.sum.delay(1, 2);
    await expect(handle.result({ timeout: 1 })).rejects.toBeInstanceOf(ResultTimeoutError);
    await test.drain();
    expect(await handle.result()).toBe(3);
  });

  it('a task that is cancelled rejects those who wait', async () => {
    const { tasks } = await start('memory');
    const handle = await tasks.sum.delay(1, 2);
    const result = expect(handle.result()).rejects.toMatchObject({ code: 'TASK_CANCELLED' });
    await handle.cancel();
    await result;
  });
});

/** Sends a task that does this, and drains. Resolves to the attempts, and to what the task returned or threw. */
async function done(act: Act, { mode = 'memory' as TestMode, acts = {} as Record<string, Act> } = {}) {
  const { queue, test } = await start(mode);
  ActTasks.acts = { ...acts, act };
  const handle = await queue.of(ActTasks).act.delay('act');
  const runs = await test.drain();
  const [run] = runs.slice(-1);
  const value: unknown = run?.error === undefined ? await handle.result() : run.error;
  return { runs: runs.map(({ name, args, outcome }) => `${name}(${args}) ${outcome}`), value, queue, test };
}

const sum: Act = (queue) => queue.of(SumTasks).sum.run(1, 2);
const perform =
  (name: string): Act =>
  (queue) =>
    queue.of(ActTasks).act.run(name);

describe('a task that awaits another in the mode memory', () => {
  it('has it run within drain(), and goes on with its result', async () => {
    expect(await done(sum)).toMatchObject({
      value: 3,
      runs: ['SumTasks.sum(1,2) done', 'ActTasks.act(act) done'],
    });
  });

  it('does so at several levels, for several at once, and for one that was sent before', async () => {
    const both: Act = async (queue, context) => {
      const { id } = context;
      const handle = await queue.of(SumTasks).sum.delay(3, 4);
      const deep = await Promise.all([queue.of(ActTasks).act.run('deep'), queue.of(SumTasks).sum.run(5, 6)]);
      // the same task throughout, whatever ran meanwhile
      return [...deep, await handle.result(), await queue.result(handle.id), id === context.id];
    };
    const { value, runs } = await done(both, { acts: { deep: perform('deeper'), deeper: sum } });
    expect(value).toEqual([3, 11, 7, 7, true]);
    expect([runs.length, new Set(runs).size, runs.at(-1)]).toEqual([6, 6, 'ActTasks.act(act) done']);
  });

  it('leaves tasks alone for which nobody waits', async () => {
    const seen: unknown[] = [];
    const { runs } = await done(
      async (queue) => {
        await queue.of(ActTasks).act.delay('other');
        return sum(queue, undefined as never).then(() => seen.push('waited'));
      },
      { acts: { other: async () => seen.push('other') } },
    );
    expect([seen, runs.length]).toEqual([['waited', 'other'], 3]);
  });

  it('gets the error of one that is dead', async () => {
    const { value } = await done((queue) => queue.of(SumTasks).fail.run());
    expect(value).toBeInstanceOf(TaskFailedError);
    expect(value).toMatchObject({ code: 'TASK_FAILED', error: 'RangeError: no luck' });
  });

  it('awaits all attempts of one that is tried again at once', async () => {
    let tries = 0;
    const fails: Act = async () => {
      tries += 1;
      if (tries < 3) throw new Error('no');
      return tries;
    };
    const { value, runs } = await done((queue) => queue.of(ActTasks).again.run('fails'), { acts: { fails } });
    expect([value, runs.length]).toEqual([3, 4]);
  });

  it.each<[string, RegExp, Act]>([
    [
      'is due later',
      /waits for the result of task \w+, which is due at \S+Z: no time passes/,
      (queue) => queue.of(SumTasks).sum.with({ delay: '5s' }).run(1, 2),
    ],
    ['failed, and is tried again later', /which is due at/, (queue) => queue.of(ActTasks).later.run('throws')],
    [
      'is in a paused queue',
      /whose queue "slow" is paused/,
      async (queue) => {
        await app?.get(Inspector).queues.pause('slow', { by: 'anna' });
        return queue.of(ActTasks).later.run('act');
      },
    ],
    ['is itself', /which it is itself/, (queue, { id }) => queue.result(id)],
    [
      'was cleared',
      /which is not there any more/,
      async (queue) => {
        const handle = await queue.of(SumTasks).sum.delay(1, 2);
        app?.get(TestQueue).clear();
        return handle.result();
      },
    ],
  ])('is refused one that %s', async (_, message, act) => {
    const throws: Act = async () => {
      throw new Error('no');
    };
    const { value, test } = await done(act, { acts: { throws } });
    expect(value).toMatchObject({ code: 'RESULT_OUT_OF_REACH', message: expect.stringMatching(message) });
    expect(test.failures()).toHaveLength(1);
  });

  it.each(['inline', 'memory'] as const)(
    'is refused one that waits for it in turn, also in the mode %s',
    async (mode) => {
      const ids: string[] = [];
      const first: Act = (queue, { id }) => {
        ids.push(id);
        return queue.of(ActTasks).act.run('second');
      };
      const second: Act = (queue) => queue.result(ids[0] ?? '').catch(({ code, message }) => [code, message]);
      const { queue, test } = await start(mode);
      ActTasks.acts = { first, second };
      const handle = await queue.of(ActTasks).act.delay('first');
      await test.drain();
      const found = await handle.result();
      expect(found).toEqual(['RESULT_OUT_OF_REACH', expect.stringContaining('waits for it in turn')]);
    },
  );

  it('is refused an unknown one', async () => {
    const { value } = await done((queue) => queue.result('k3v9x0q2m70000000001'));
    expect(value).toMatchObject({ code: 'RESULT_EXPIRED' });
  });

  it('is refused a chain without an end', async () => {
    let calls = 0;
    const { value } = await done(async (queue) => {
      calls += 1;
      return calls > 300
        ? 'the end'
        : queue
            .of(ActTasks)
            .act.run('act')
            .catch(({ code, message }) => [code, message]);
    });
    expect(value).toEqual(['ENDLESS_TASKS', expect.stringContaining('200 tasks wait')]);
  });

  it('may be a broadcast', async () => {
    const { queue, test } = await start('memory');
    ActTasks.acts = { sum };
    await queue.of(ActTasks).all.delay('sum');
    const runs = await test.drain();
    expect(runs.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['SumTasks.sum', 'done'],
      ['ActTasks.all', 'done'],
    ]);
  });

  it('may have been started by advance() or a method that runs one task', async () => {
    const { queue, test } = await start('memory');
    ActTasks.acts = { sum };
    await queue.of(ActTasks).act.with({ delay: '1m' }).delay('sum');
    expect(await test.advance('1m')).toMatchObject([{ name: 'SumTasks.sum' }, { name: 'ActTasks.act' }]);
  });

  it('waits like everybody else once it has ended itself', async () => {
    let open: () => void = () => {};
    let late: Promise<unknown> | undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const begin: Act = async (queue) => {
      const handle = await queue.of(SumTasks).sum.with({ delay: '1m' }).delay(1, 2);
      late = gate.then(() => handle.result({ timeout: 1 })).catch(({ code }) => code);
    };
    const { queue, test } = await start('memory');
    ActTasks.acts = { begin };
    await queue.of(ActTasks).act.delay('begin');
    expect(await test.drain()).toMatchObject([{ outcome: 'done' }]);
    open();
    expect(await late).toBe('RESULT_TIMEOUT');
  });
});

it('under fake timers a result that is there resolves', async () => {
  const { tasks, test } = await start('memory');
  const handle = await tasks.sum.delay(1, 2);
  await test.drain();
  jest.useFakeTimers();
  try {
    expect([await handle.result(), await handle.result()]).toEqual([3, 3]);
  } finally {
    jest.useRealTimers();
  }
});

it('in the mode fake, which runs nothing, run() and result() are refused', async () => {
  const { tasks, test } = await start('fake');
  await expect(tasks.sum.run(1, 2)).rejects.toMatchObject({ code: 'WRONG_TEST_MODE' });
  await expect((await tasks.sum.delay(1, 2)).result()).rejects.toMatchObject({ code: 'WRONG_TEST_MODE' });
  expect(test.enqueued()).toHaveLength(2);
});
