import type { ClaimedTask } from '../../src/broker/port/broker.js';
import { encodeAttempt } from '../../src/message/attempt-record.js';
import { Executor, type Failure, type Outcome } from '../../src/worker/executor.js';
import { claimed, registry } from './messages.js';

const executor = new Executor(
  registry({
    'Maths.add': ([a, b]) => {
      results.push((a as number) + (b as number));
    },
    'Maths.later': async ([value]) => {
      await Promise.resolve();
      results.push(value);
    },
    'Maths.throw': ([value]) => {
      throw value;
    },
    'Maths.reject': async ([value]) => {
      throw value;
    },
  }),
  [],
);
let results: unknown[];
beforeEach(() => {
  results = [];
});

async function execute(task: ClaimedTask): Promise<Outcome> {
  const prepared = executor.prepare(task);
  return 'kind' in prepared ? prepared : executor.run(prepared);
}

describe('an attempt', () => {
  it('gives the handler the arguments, and is done when it returns', async () => {
    expect(await execute(claimed('Maths.add', [1, 2]))).toEqual({ kind: 'done', durationMs: expect.any(Number) });
    expect(results).toEqual([3]);
  });

  it('is done when the promise of the handler resolves', async () => {
    expect(await execute(claimed('Maths.later', ['x']))).toMatchObject({ kind: 'done' });
    expect(results).toEqual(['x']);
  });

  it.each([
    ['Maths.throw', 'a string'],
    ['Maths.throw', undefined],
    ['Maths.reject', null],
    ['Maths.reject', { code: 7 }],
  ])('fails when %s throws %p', async (name, error) => {
    const outcome = await execute(claimed(name, [error]));
    expect(outcome).toMatchObject({
      kind: 'failed',
      attempted: true,
      decision: { kind: 'dead' },
      task: { attempt: 1 },
    });
    expect((outcome as Failure).error).toEqual(error);
  });

  it('measures how long the handler took', async () => {
    let release: () => void = () => {};
    const slow = new Executor(registry({ 'Slow.task': () => new Promise<void>((resolve) => (release = resolve)) }), []);
    const prepared = slow.prepare(claimed('Slow.task'));
    if ('kind' in prepared) throw prepared.error;
    const startedAt = performance.now();
    const outcome = slow.run(prepared);
    while (performance.now() - startedAt < 20); // busy, so that the time is certain
    release();
    expect((await outcome).durationMs).toBeGreaterThanOrEqual(19);
  });
});

describe('a message that cannot be run', () => {
  it.each(['Maths.subtract', 'constructor', 'toString', '__proto__'])('names the unknown task %s', async (name) => {
    expect(await execute(claimed(name, [], '0210'))).toMatchObject({
      kind: 'failed',
      attempted: false,
      decision: { kind: 'retry', inMs: 5_000 },
      task: { attempt: 4 },
      error: { code: 'UNKNOWN_TASK', message: expect.stringContaining(`a task named "${name}"`) },
    });
  });

  it.each<[string, (message: string) => string]>([
    ['is cut off', (message) => message.slice(0, 30)],
    ['is of a later version', (message) => `${message.slice(0, 20)}2${message.slice(21)}`],
    ['has no JSON for a body', (message) => `${message.slice(0, 34)}{`],
    ['is not a pair of name and payload', (message) => `${message.slice(0, 34)}["Maths.add"]`],
    ['has a __proto__ key in an argument', (message) => `${message.slice(0, 34)}["Maths.add",[{"__proto__":{}}]]`],
    ['is foreign', () => `undecodable012345678?LPUSH by hand`],
  ])('because it %s, fails as undecodable', async (_what, broken) => {
    const task = claimed('Maths.add', [1, 2]);
    const outcome = await execute({ ...task, message: broken(task.message) });
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'UNDECODABLE_MESSAGE' } });
    expect((outcome as Failure).attempted).toBe(false);
    expect(results).toEqual([]);
  });
});

describe('a task with a tag of a newer version', () => {
  const NEWER = `x${'1'.repeat(27)}`;
  const tagged = (name: string): ClaimedTask => {
    const task = claimed(name, [1, 2]);
    return { ...task, message: `${task.message.slice(0, 34)}${NEWER}${task.message.slice(34)}` };
  };

  it.each(['Maths.add', 'Unknown.task'])(
    'is not run but parked, whether this worker has the task or not: %s',
    async (name) => {
      const outcome = (await execute(tagged(name))) as Failure;
      expect(outcome).toMatchObject({ attempted: false, decision: { kind: 'retry', inMs: 5_000 }, task: { name } });
      expect(outcome.error).toMatchObject({ code: 'UNKNOWN_TAG', message: expect.stringContaining('has the tag "x"') });
      expect(results).toEqual([]);
    },
  );

  it('is dead after half an hour, like a task whose name is unknown', async () => {
    const task = tagged('Maths.add');
    const parked = encodeAttempt({ at: 7, code: 'UNKNOWN_TAG' }).repeat(11);
    expect(await execute({ ...task, message: task.message + parked })).toMatchObject({ decision: { kind: 'dead' } });
  });
});
