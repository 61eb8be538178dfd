import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { NotesWrite } from '../../src/broker/port/notes-port.js';
import { NestworkError } from '../../src/errors.js';
import { decodeMessage } from '../../src/message/task-message.js';
import type { Outcome } from '../../src/worker/executor.js';
import { NotesWriter } from '../../src/worker/notes/notes-writer.js';
import { RunningTask } from '../../src/worker/running-task.js';
import { runningTask, TaskContext } from '../../src/worker/task-context.js';
import { claimed } from './messages.js';

const EVERY_MS = 5;
const NEVER_MS = 60_000;
const DONE: Outcome = { kind: 'done', result: undefined, durationMs: 1 };
const failed = (kind: 'dead' | 'drop'): Outcome => ({
  kind: 'failed',
  error: new Error('no'),
  decision: { kind },
  attempted: true,
  durationMs: 1,
});

const context = new TaskContext();

/** Redis, as far as notes go. */
class Written {
  readonly writes: NotesWrite[] = [];
  readonly callers: unknown[] = [];
  /** how the next writes are answered */
  answer: () => Promise<boolean> = async () => true;

  readonly write = async (notes: NotesWrite): Promise<boolean> => {
    this.writes.push(notes);
    this.callers.push(caller.getStore());
    return this.answer();
  };

  /** The texts of each write. */
  get texts(): string[][] {
    return this.writes.map(({ lines }) => lines.map(({ line }) => line.replace(/^\d+ /, '')));
  }

  async until(count: number): Promise<void> {
    while (this.writes.length < count) await delay(2);
  }
}

const caller = new AsyncLocalStorage<string>();

/** A task that runs, as a claim loop starts it. */
function running(writer: NotesWriter, counters = '0000'): RunningTask {
  const task = new RunningTask(decodeMessage(claimed('Some.task', [], counters).message), 'default');
  task.notes = writer;
  return task;
}

function within<T>(task: RunningTask, act: () => T): T {
  return runningTask.run(task, act);
}

describe('context.progress() and context.log()', () => {
  it('are written at once when they are the first, then together, with their attempt and their time', async () => {
    const redis = new Written();
    const writer = new NotesWriter({ ...redis, everyMs: EVERY_MS, clock: () => 7_000 });
    const task = running(writer, '0200');
    within(task, () => {
      context.progress(0.1);
      context.log('a');
      context.progress(0.4, 'parsed');
      context.log('b');
    });
    const common = { id: task.id, noted: 'default Some.task', ended: false };
    expect(redis.writes).toEqual([{ ...common, number: 1, progress: '7000 3 0.1 ', lines: [] }]);
    await redis.until(2);
    expect(redis.writes.slice(1)).toEqual([
      {
        ...common,
        number: 4,
        progress: '7000 3 0.4 parsed',
        lines: [
          { number: 2, line: '7000 3 a' },
          { number: 4, line: '7000 3 b' },
        ],
      },
    ]);
    await writer.settled();
    writer.onOutcome(task, DONE);
  });

  it('are written before the call returns when the last write is a second old, though none was answered', async () => {
    const redis = new Written();
    let now = 7_000;
    const writer = new NotesWriter({ ...redis, clock: () => now });
    const task = running(writer);
    const seen = [0, 999, 1_000, 1_001, 1_999, 2_000].map((passed) => {
      now = 7_000 + passed;
      within(task, () => context.log(`${passed}`));
      return [passed, redis.writes.length];
    });
    expect(seen).toEqual([
      [0, 1],
      [999, 1],
      [1_000, 2],
      [1_001, 2],
      [1_999, 2],
      [2_000, 3],
    ]);
    expect(redis.texts.at(-1)).toEqual(['1 0', '1 999', '1 1000', '1 1001', '1 1999', '1 2000']);
    writer.onOutcome(task, DONE);
    await writer.end();
  });

  it('write a progress of the end of an attempt that no timer had written, and how the task ended', async () => {
    const redis = new Written();
    const writer = new NotesWriter({ ...redis, everyMs: NEVER_MS, clock: () => 7_000 });
    const ends: [Outcome, boolean, string][] = [
      [DONE, false, 'default Some.task done 7000'],
      [failed('drop'), false, 'default Some.task dropped 7000'],
      [failed('dead'), false, 'default Some.task'],
      [failed('dead'), true, 'default Some.task'],
    ];
    for (const [outcome, givenBack, noted] of ends) {
      const task = running(writer);
      within(task, () => context.progress(0));
      within(task, () => context.progress(1));
      writer.onOutcome(task, outcome, givenBack);
      expect(redis.writes.splice(0)).toMatchObject([
        { noted: 'default Some.task', ended: false, progress: '7000 1 0 ' },
        { noted, ended: noted !== 'default Some.task', progress: '7000 1 1 ' },
      ]);
    }
    const cancelled = running(writer);
    within(cancelled, () => context.log('a'));
    cancelled.cancelled = true;
    writer.onOutcome(cancelled, failed('drop'));
    expect(redis.writes.slice(1)).toMatchObject([{ noted: 'default Some.task cancelled 7000', ended: true }]);
    await writer.end();
  });

  it('say how a task ended whose notes were all written before, and nothing for one that runs again', async () => {
    const redis = new Written();
    const writer = new NotesWriter({ ...redis, everyMs: EVERY_MS });
    const [done, dead] = [running(writer), running(writer)];
    for (const task of [done, dead]) within(task, () => context.log('a'));
    await redis.until(2);
    await writer.settled();
    writer.onOutcome(done, DONE);
    writer.onOutcome(dead, failed('dead'));
    expect(redis.writes.slice(2).map(({ id, ended, lines }) => [id, ended, lines])).toEqual([[done.id, true, []]]);
    await writer.end();
  });

  it('are written once at once and once at the end within a second, however many calls there are', async () => {
    const redis = new Written();
    const writer = new NotesWriter({ ...redis, everyMs: NEVER_MS, clock: () => 7 });
    const task = running(writer);
    within(task, () => {
      for (let at = 0; at < 10_000; at += 1) context.progress(at / 10_000);
    });
    expect(redis.writes.map(({ progress }) => progress.split(' ')[2])).toEqual(['0']);
    writer.onOutcome(task, DONE);
    expect(redis.writes.map(({ progress }) => progress.split(' ')[2])).toEqual(['0', '0.9999']);
    await writer.end();
  });

  it('keep the last 100 lines and 8 KiB until they are written', async () => {
    const redis = new Written();
    const writer = new NotesWriter({ ...redis, everyMs: NEVER_MS, clock: () => 7 });
    const [many, long] = [running(writer), running(writer)];
    within(many, () => {
      for (let at = 0; at < 150; at += 1) context.log(`line ${at}`);
    });
    within(long, () => {
      for (let at = 0; at < 20; at += 1) context.log('x'.repeat(2_000));
    });
    expect(redis.texts.map((lines) => lines.length)).toEqual([1, 1]);
    for (const task of [many, long]) writer.onOutcome(task, DONE);
    const [manyTexts = [], longTexts = []] = redis.texts.slice(2);
    expect([manyTexts.length, manyTexts[0], manyTexts.at(-1)]).toEqual([100, '1 line 50', '1 line 149']);
    expect(longTexts.map((text) => text.length)).toEqual(Array(8).fill('1 '.length + 1_000 + '…'.length));
    await writer.end();
  });

  it('are on one line, cut, with control characters spelled out', async () => {
    const redis = new Written();
    const writer = new NotesWriter({ ...redis, everyMs: NEVER_MS, clock: () => 7 });
    const task = running(writer);
    within(task, () => {
      context.log('a\nb\u001b[31m');
      context.progress(0.5, 'c\n'.repeat(150));
    });
    writer.onOutcome(task, DONE);
    expect(redis.texts.at(-1)).toEqual(['1 a\\nb\\x1b[31m']);
    expect(redis.writes.at(-1)?.progress).toBe(`7 1 0.5 ${'c\\n'.repeat(100)}…`);
    await writer.end();
  });

  it.each([Number.NaN, 1.5, -1, 40, Number.POSITIVE_INFINITY, '0.5', undefined, null, 1n])(
    'refuse %s as a progress',
    (value) => {
      const task = running(new NotesWriter(new Written()));
      const act = (): void => within(task, () => context.progress(value as number));
      expect(act).toThrow(expect.objectContaining({ code: 'INVALID_NOTE' }));
    },
  );

  it.each([7, {}, undefined, null, new Error('x'), Symbol('x')])('refuse %p as a text', (text) => {
    const task = running(new NotesWriter(new Written()));
    const refused = expect.objectContaining({ code: 'INVALID_NOTE' });
    expect(() => within(task, () => context.log(text as string))).toThrow(refused);
    if (text !== undefined) expect(() => within(task, () => context.progress(0, text as string))).toThrow(refused);
  });

  it('take 1 for a sum of fractions that is a little more', async () => {
    const redis = new Written();
    const writer = new NotesWriter({ ...redis, everyMs: NEVER_MS });
    const [above, below] = [running(writer), running(writer)];
    within(above, () => context.progress(1.0000000000000002));
    within(below, () => context.progress(-1e-12));
    expect(redis.writes.map(({ progress }) => progress.split(' ')[2])).toEqual(['1', '0']);
    for (const task of [above, below]) writer.onOutcome(task, DONE);
    await writer.end();
  });

  it('do nothing after the end of the attempt, and where nobody keeps notes, but check their arguments', async () => {
    const redis = new Written();
    const writer = new NotesWriter({ ...redis, everyMs: EVERY_MS });
    const task = running(writer);
    writer.onOutcome(task, DONE);
    const broadcast = new RunningTask(decodeMessage(claimed('Some.task').message), '(broadcast)');
    for (const silent of [task, broadcast]) {
      within(silent, () => context.progress(0.5));
      within(silent, () => context.log('late'));
      expect(() => within(silent, () => context.progress(2))).toThrow(NestworkError);
    }
    await writer.end();
    expect(redis.writes).toEqual([]);
  });

  it('throw OUTSIDE_TASK outside of a task', () => {
    expect(() => context.log('x')).toThrow(expect.objectContaining({ code: 'OUTSIDE_TASK' }));
    expect(() => context.progress(0)).toThrow(expect.objectContaining({ code: 'OUTSIDE_TASK' }));
  });
});

describe('notes that Redis does not take', () => {
  it('are part of the next write, with what came since, under their numbers', async () => {
    const redis = new Written();
    redis.answer = async () => {
      throw new NestworkError('REDIS_TIMEOUT', 'No answer.', 'Wait.');
    };
    const writer = new NotesWriter({ ...redis, everyMs: EVERY_MS, clock: () => 7 });
    const task = running(writer);
    within(task, () => context.log('a'));
    await redis.until(2);
    redis.answer = async () => true;
    within(task, () => context.log('b'));
    writer.onOutcome(task, DONE);
    expect(redis.writes.at(-1)?.lines).toEqual([
      { number: 1, line: '7 1 a' },
      { number: 2, line: '7 1 b' },
    ]);
    await writer.end();
  });

  it('that are under way are not written twice by the timer, but once more at the end', async () => {
    const redis = new Written();
    let answer = (): void => {};
    redis.answer = () => new Promise((resolve) => (answer = () => resolve(true)));
    const writer = new NotesWriter({ ...redis, everyMs: EVERY_MS, clock: () => 7 });
    const task = running(writer);
    within(task, () => context.log('a'));
    within(task, () => context.log('b'));
    await delay(5 * EVERY_MS);
    expect(redis.writes.length).toBe(1);
    const answerFirst = answer;
    writer.onOutcome(task, DONE);
    expect(redis.texts).toEqual([['1 a'], ['1 a', '1 b']]);
    answerFirst();
    answer();
    await writer.end();
  });

  it('because others have the task are dropped, and so is what the attempt notes later', async () => {
    for (const lost of [
      async () => false,
      async () => {
        throw new NestworkError('LEASE_LOST', 'Lost.', 'Wait.');
      },
    ]) {
      const redis = new Written();
      redis.answer = lost;
      const writer = new NotesWriter({ ...redis, everyMs: EVERY_MS });
      const task = running(writer);
      within(task, () => context.log('a'));
      await redis.until(1);
      await writer.settled();
      within(task, () => context.log('b'));
      writer.onOutcome(task, DONE);
      await writer.end();
      expect(redis.texts).toEqual([['1 a']]);
    }
  });

  it('are not waited for longer than a second at the end of a child', async () => {
    const redis = new Written();
    redis.answer = () => new Promise(() => {});
    const writer = new NotesWriter({ ...redis, everyMs: NEVER_MS });
    const task = running(writer);
    within(task, () => context.log('a'));
    writer.onOutcome(task, DONE);
    await writer.end();
    expect(redis.writes.map(({ ended }) => ended)).toEqual([false, true]);
  });
});

it('a write, at once or by the timer, is not part of the async context of the task', async () => {
  const redis = new Written();
  const writer = new NotesWriter({ ...redis, everyMs: EVERY_MS, clock: () => 7 });
  const task = running(writer);
  for (const line of ['a', 'b']) caller.run('the task', () => within(task, () => context.log(line)));
  await redis.until(2);
  expect(redis.callers).toEqual([undefined, undefined]);
  await writer.settled();
  writer.onOutcome(task, DONE);
  await writer.end();
});

it('a task that notes nothing makes no object, no timer and no write', async () => {
  const redis = new Written();
  const writer = new NotesWriter({ ...redis, everyMs: EVERY_MS });
  for (let count = 0; count < 100; count += 1) writer.onOutcome(running(writer), DONE);
  const { books, timer } = writer as unknown as { books: Map<unknown, unknown>; timer: unknown };
  expect([books.size, timer]).toEqual([0, undefined]);
  await writer.end();
  expect(redis.writes).toEqual([]);
});
