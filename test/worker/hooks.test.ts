import { Logger } from '@nestjs/common';
import { EMPTY, of } from 'rxjs';
import type { TaskHookProvider, TaskInfo } from '../../src/task/task-hooks.js';
import { Executor, type Outcome } from '../../src/worker/executor.js';
import { TaskContext } from '../../src/worker/task-context.js';
import { Lines } from '../module/apps.js';
import { claimed, registry } from './messages.js';

let calls: string[];
let lines: Lines;
beforeEach(() => {
  calls = [];
  lines = new Lines();
  Logger.overrideLogger(lines);
});

/** Notes every call under its name. */
class Witness implements TaskHookProvider {
  constructor(private readonly name: string) {}

  async onTaskStart(): Promise<void> {
    calls.push(`${this.name} start`);
  }

  async onTaskSuccess(): Promise<void> {
    calls.push(`${this.name} success`);
  }

  async onTaskFailure(_task: TaskInfo, error: unknown): Promise<void> {
    calls.push(`${this.name} failure: ${(error as Error).message}`);
  }

  async wrapTask(_task: TaskInfo, next: () => Promise<void>): Promise<void> {
    calls.push(`${this.name} before`);
    try {
      await next();
    } finally {
      calls.push(`${this.name} after`);
    }
  }
}

const tasks = registry({
  'Some.task': async () => {
    calls.push('handler');
  },
  'Failing.task': async () => {
    calls.push('handler');
    throw new Error('no luck');
  },
});

async function run(name: string, ...hooks: TaskHookProvider[]): Promise<Outcome> {
  const executor = new Executor(tasks, hooks);
  const prepared = executor.prepare(claimed(name));
  return 'kind' in prepared ? prepared : executor.run(prepared);
}

describe('the result of a handler', () => {
  const results = registry({
    'Plain.task': () => 7,
    'Async.task': async () => ({ rows: 7 }),
    'Stream.task': () => of(6, 7),
    'Empty.task': () => EMPTY,
  });

  async function resultOf(name: string, ...hooks: TaskHookProvider[]): Promise<unknown> {
    const executor = new Executor(results, hooks);
    const prepared = executor.prepare(claimed(name));
    return 'kind' in prepared ? prepared : executor.run(prepared);
  }

  const EXPECTED: [string, unknown][] = [
    ['Plain.task', 7],
    ['Async.task', { rows: 7 }],
    ['Stream.task', 7],
    ['Empty.task', undefined],
  ];

  it.each(EXPECTED)('of %s reaches the end of the attempt', async (name, result) => {
    expect(await resultOf(name)).toMatchObject({ kind: 'done', result });
    expect(await resultOf(name, new Witness('a'))).toMatchObject({ kind: 'done', result });
  });

  it.each(EXPECTED)(
    'of %s can be read by every wrapper and by onTaskSuccess, and replaced by none',
    async (name, result) => {
      const read: unknown[] = [];
      const reader = (): TaskHookProvider => ({
        wrapTask: async (_task, next) => {
          read.push(await next());
          return 'another';
        },
        onTaskSuccess: (_task, given) => void read.push(given),
      });
      expect(await resultOf(name, reader(), reader())).toMatchObject({ kind: 'done', result });
      expect(read).toEqual([result, result, result, result]);
    },
  );

  it('is undefined where a wrapper has handled the error of the handler', async () => {
    const executor = new Executor(tasks, [{ wrapTask: (_task, next) => next().catch(() => 'handled') }]);
    const prepared = executor.prepare(claimed('Failing.task'));
    if ('kind' in prepared) throw prepared.error;
    expect(await executor.run(prepared)).toMatchObject({ kind: 'done', result: undefined });
  });
});

describe('hooks are called', () => {
  it('around a task that succeeds', async () => {
    expect(await run('Some.task', new Witness('a'))).toMatchObject({ kind: 'done' });
    expect(calls).toEqual(['a start', 'a before', 'handler', 'a after', 'a success']);
  });

  it('around a task that fails, with its error', async () => {
    expect(await run('Failing.task', new Witness('a'))).toMatchObject({
      kind: 'failed',
      error: { message: 'no luck' },
    });
    expect(calls).toEqual(['a start', 'a before', 'handler', 'a after', 'a failure: no luck']);
  });

  it('of several providers in their order; the first wraps the others', async () => {
    await run('Some.task', new Witness('a'), new Witness('b'));
    const wrapped = ['a before', 'b before', 'handler', 'b after', 'a after'];
    expect(calls).toEqual(['a start', 'b start', ...wrapped, 'a success', 'b success']);
  });

  it('of a provider that has only some of them', async () => {
    const observer: TaskHookProvider = { onTaskSuccess: (task) => void calls.push(`${task.name} succeeded`) };
    await run('Some.task', observer, {});
    expect(calls).toEqual(['handler', 'Some.task succeeded']);
  });

  it('with the task, whose context they can read', async () => {
    const context = new TaskContext();
    const seen: unknown[] = [];
    await run('Some.task', {
      onTaskStart: (task) => void seen.push(task.id === context.id, task.name, task.queue, task.attempt),
      wrapTask: async (task, next) => {
        await next();
        seen.push(task.id === context.id);
      },
      onTaskSuccess: (task) => void seen.push(task.id === context.id),
    });
    expect(seen).toEqual([true, 'Some.task', 'default', 1, true, true]);
  });

  it('on the provider, so that they can use its dependencies', async () => {
    class Counter {
      count = 0;
      onTaskStart(): void {
        this.count += 1;
      }
      wrapTask(_task: TaskInfo, next: () => Promise<void>): Promise<void> {
        this.count += 1;
        return next();
      }
    }
    const counter = new Counter();
    await run('Some.task', counter);
    expect(counter.count).toBe(2);
  });
});

describe('a hook that throws', () => {
  const thrown = [new Error('hook'), 'hook', undefined, Object.create(null) as object];
  it.each(thrown)('%p is logged, and changes nothing', async (error) => {
    const fail = (): never => {
      throw error;
    };
    const bad = { onTaskStart: fail, onTaskSuccess: fail, onTaskFailure: fail };
    expect(await run('Some.task', bad, new Witness('a'))).toMatchObject({ kind: 'done' });
    expect(calls).toEqual(['a start', 'a before', 'handler', 'a after', 'a success']);
    expect(await run('Failing.task', bad)).toMatchObject({ kind: 'failed', error: { message: 'no luck' } });
    expect(lines.all).toHaveLength(4);
    expect(lines.with('error [TaskHooks]').filter((line) => /Some\.task|Failing\.task/.test(line))).toHaveLength(4);
  });
});

describe('a wrapper', () => {
  it('that throws before the handler fails the task, which does not run', async () => {
    const bad: TaskHookProvider = { wrapTask: () => Promise.reject(new Error('no transaction')) };
    expect(await run('Some.task', new Witness('a'), bad)).toMatchObject({
      kind: 'failed',
      error: { message: 'no transaction' },
    });
    expect(calls).toEqual(['a start', 'a before', 'a after', 'a failure: no transaction']);
  });

  it('that throws after the handler fails the task', async () => {
    const bad: TaskHookProvider = {
      wrapTask: async (_task, next) => {
        await next();
        throw new Error('no commit');
      },
    };
    expect(await run('Some.task', bad)).toMatchObject({ kind: 'failed', error: { message: 'no commit' } });
    expect(calls).toEqual(['handler']);
  });

  it('may replace the error', async () => {
    const translate: TaskHookProvider = {
      wrapTask: (_task, next) => next().catch((cause: unknown) => Promise.reject(new Error('translated', { cause }))),
    };
    expect(await run('Failing.task', translate)).toMatchObject({ kind: 'failed', error: { message: 'translated' } });
  });

  it('that never calls next fails the task: acknowledged without having run, it would be lost', async () => {
    class Forgetful {
      async wrapTask(): Promise<void> {}
    }
    expect(await run('Some.task', new Forgetful(), new Witness('a'))).toMatchObject({
      kind: 'failed',
      error: { message: expect.stringContaining('next()') },
    });
    expect(calls).not.toContain('handler');
  });

  it('that calls next twice runs the handler once', async () => {
    const twice: TaskHookProvider = {
      wrapTask: async (_task, next) => {
        await next();
        await next();
      },
    };
    await run('Some.task', twice);
    expect(calls).toEqual(['handler']);
  });
});
