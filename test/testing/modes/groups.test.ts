import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  type BatchStatus,
  DeadLetters,
  DropTask,
  QueueClient,
  type Ref,
  Task,
  TaskContext,
  TaskFailedError,
  type TaskSenders,
} from '../../../src/index.js';
import { TaskQueueTestingModule, type TestMode, TestQueue } from '../../../src/testing/index.js';
import { Lines } from '../../module/apps.js';

const broken = new Set<number>();
const notes: unknown[] = [];

@Injectable()
class PartTasks {
  constructor(
    private readonly context: TaskContext,
    private readonly queue: QueueClient,
  ) {}

  @Task({ result: '1h', retries: 0 })
  async extract(id: number): Promise<string> {
    if (broken.has(id)) throw new RangeError(`no part ${id}`);
    return `<${id}>`;
  }

  @Task({ result: '1h' })
  merge(parts: readonly string[], title = ''): string {
    return title + parts.join('');
  }

  @Task({ result: '1h' })
  careful(part: string | TaskFailedError): string {
    return part instanceof TaskFailedError ? part.code : part;
  }

  @Task({ result: '1h' })
  split(ids: number[]): Ref<string>[] {
    return ids.map((id) => this.context.flow.add(this.queue.of(PartTasks).extract, id));
  }

  @Task()
  note(text: string): void {
    notes.push(text);
  }

  @Task()
  drop(): void {
    throw new DropTask('not wanted');
  }

  @Task({ retries: 1, backoff: { type: 'fixed', delay: '1m' } })
  flaky(): void {
    if (this.context.attempt === 1) throw new Error('no luck');
  }

  @Task()
  report({ state, done, failed, total }: BatchStatus): void {
    notes.push(`${state}: ${done} + ${failed} of ${total}`);
  }

  @Task()
  async alarm({ id, culprit }: BatchStatus): Promise<void> {
    notes.push(`alarm: ${culprit?.error ?? culprit?.how}`);
    await this.queue.batchById(id).cancel();
  }

  @Task()
  async more(): Promise<void> {
    await this.context.batch.add(this.queue.of(PartTasks).note, [['more']]);
  }

  @Task()
  async stop(): Promise<void> {
    await this.queue.batchById(this.context.group ?? '').cancel();
    notes.push(this.context.signal.aborted);
  }

  @Task()
  async await(): Promise<void> {
    const flow = this.queue.flow();
    const tasks = this.queue.of(PartTasks);
    const merged = flow.add(tasks.merge, [flow.add(tasks.extract, 1), flow.add(tasks.extract, 2)]);
    const sent = await flow.delay();
    notes.push(await sent.result(merged));
  }
}

let app: TestingModule | undefined;
afterEach(async () => {
  broken.clear();
  notes.length = 0;
  await app?.close();
});

async function start(mode: TestMode): Promise<{ queue: QueueClient; tasks: TaskSenders<PartTasks>; test: TestQueue }> {
  app = await Test.createTestingModule({
    imports: [TaskQueueTestingModule.forRoot({ mode })],
    providers: [PartTasks],
  })
    .setLogger(new Lines())
    .compile();
  await app.init();
  const queue = app.get(QueueClient);
  return { queue, tasks: queue.of(PartTasks), test: app.get(TestQueue) };
}

const namesOf = (runs: readonly { name: string }[]): string[] => runs.map(({ name }) => name.replace('PartTasks.', ''));

describe('in the mode memory', () => {
  it('a batch counts its tasks, and sends its callback with the counts', async () => {
    const { queue, tasks, test } = await start('memory');
    const batch = await queue
      .batch({ onDone: tasks.report, onFailed: tasks.alarm })
      .add(tasks.note, [['a'], ['b']])
      .add(tasks.more, [[]])
      .delay();
    expect(await batch.status()).toMatchObject({ state: 'open', total: 3, waiting: 3 });
    expect(namesOf(await test.drain())).toEqual(['note', 'note', 'more', 'note', 'report']);
    expect(notes).toEqual(['a', 'b', 'more', 'done: 4 + 0 of 4']);
    expect(test.enqueued(tasks.report)).toMatchObject([{ args: [{ state: 'done', total: 4 }], partOf: undefined }]);
    expect(test.enqueued(tasks.note)).toMatchObject([{ partOf: batch.id }, { partOf: batch.id }, { partOf: batch.id }]);
  });

  it('a batch fails with its culprit, and its onFailed may cancel it', async () => {
    const { queue, tasks, test } = await start('memory');
    broken.add(1);
    const batch = await queue
      .batch({ onFailed: tasks.alarm })
      .add(tasks.extract, [[1], [2]])
      .add(tasks.note.with({ delay: '1m' }), [['never']])
      .delay();
    await test.advance('1h');
    expect(notes).toEqual(['alarm: RangeError: no part 1']);
    expect(await batch.status()).toMatchObject({ state: 'cancelled', done: 1, failed: 1, cancelled: 1 });
  });

  it('a batch waits for the retries of its tasks, and expires when time passes', async () => {
    const { queue, tasks, test } = await start('memory');
    const good = await queue.batch({ deadline: '2m', onDone: tasks.report }).add(tasks.flaky, [[]]).delay();
    const late = await queue
      .batch({ deadline: '2m', onFailed: tasks.report })
      .add(tasks.note.with({ delay: '3m' }), [['late']])
      .delay();
    await test.advance('90s');
    expect(notes).toEqual(['done: 1 + 0 of 1']);
    expect(namesOf(await test.advance('30s'))).toEqual(['report']);
    await test.advance('1h');
    expect(notes).toEqual(['done: 1 + 0 of 1', 'expired: 0 + 0 of 1']);
    expect((await good.status()).state).toBe('done');
    expect(await late.status()).toMatchObject({ state: 'expired', cancelled: 1 });
  });

  it('a task that cancels its batch has its own signal aborted', async () => {
    const { queue, tasks, test } = await start('memory');
    const batch = await queue
      .batch()
      .add(tasks.stop, [[]])
      .add(tasks.note, [['never']])
      .delay();
    await test.drain();
    expect(notes).toEqual([true]);
    expect(await batch.status()).toMatchObject({ state: 'cancelled', waiting: 0 });
  });

  it('a flow gives its tasks the results of others, which the attempts show', async () => {
    const { queue, tasks, test } = await start('memory');
    const flow = queue.flow();
    const parts = [1, 2].map((id) => flow.add(tasks.extract, id));
    const merged = flow.add(tasks.merge, parts, 'all: ');
    flow.add(tasks.note, merged);
    const sent = await flow.delay();
    expect(test.enqueued(tasks.merge)).toMatchObject([
      { args: [parts.map((part) => ({ resultOf: sent.idOf(part) })), 'all: '], partOf: sent.id, options: {} },
    ]);
    const runs = await test.drain();
    expect(runs.map(({ args }) => args)).toEqual([[1], [2], [['<1>', '<2>'], 'all: '], ['all: <1><2>']]);
    expect(await sent.result(merged)).toBe('all: <1><2>');
    expect(await sent.status()).toMatchObject({ state: 'done', total: 4, done: 4 });
    expect(notes).toEqual(['all: <1><2>']);
    expect(test.enqueued()).toHaveLength(4);
  });

  it('a flow goes on when its culprit is redriven', async () => {
    const { queue, tasks, test } = await start('memory');
    broken.add(2);
    const flow = queue.flow();
    const merged = flow.add(tasks.merge, [flow.add(tasks.extract, 1), flow.add(tasks.extract, 2)]);
    const sent = await flow.delay();
    await test.drain();
    expect(await sent.status()).toMatchObject({
      state: 'failed',
      waiting: 1,
      culprit: { error: 'RangeError: no part 2' },
    });
    broken.clear();
    await app?.get(DeadLetters).redriveAll({});
    await test.drain();
    expect(await sent.result(merged)).toBe('<1><2>');
  });

  it('a flow leaves out what failed, or hands over its error', async () => {
    const { queue, tasks, test } = await start('memory');
    broken.add(2);
    const flow = queue.flow();
    const parts = [1, 2, 3].map((id) => flow.add(tasks.extract, id));
    const some = flow.with({ onFailure: 'skip' }).add(tasks.merge, parts);
    const code = flow.with({ onFailure: 'run' }).add(tasks.careful, parts[1] as Ref<string>);
    const sent = await flow.delay();
    await test.drain();
    expect([await sent.result(some), await sent.result(code)]).toEqual(['<1><3>', 'TASK_FAILED']);
  });

  it('a flow buries what waits for a task that was dropped', async () => {
    const { queue, tasks, test } = await start('memory');
    const flow = queue.flow();
    const last = flow.with({ after: flow.add(tasks.drop) }).add(tasks.extract, 1);
    const sent = await flow.delay();
    await test.drain();
    await expect(sent.result(last)).rejects.toMatchObject({ code: 'GROUP_FAILED' });
  });

  it('a flow waits for the tasks that one of its tasks adds', async () => {
    const { queue, tasks, test } = await start('memory');
    const flow = queue.flow();
    const merged = flow.add(tasks.merge, flow.add(tasks.split, [1, 2, 3]));
    const sent = await flow.delay();
    await test.drain();
    await expect(sent.result(merged)).resolves.toBe('<1><2><3>');
    expect(await sent.status()).toMatchObject({ state: 'done', total: 5 });
  });

  it('a running task can wait for a flow', async () => {
    const { tasks, test } = await start('memory');
    await tasks.await.delay();
    expect(namesOf(await test.drain())).toEqual(['extract', 'extract', 'merge', 'await']);
    expect(notes).toEqual(['<1><2>']);
  });

  it('a running task cannot wait for a flow that has failed', async () => {
    const { tasks, test } = await start('memory');
    broken.add(2);
    await tasks.await.with({ retries: 0 }).delay();
    await test.drain();
    expect(test.failures()).toMatchObject([
      { name: 'PartTasks.extract', args: [2] },
      {
        name: 'PartTasks.await',
        error: {
          code: 'RESULT_OUT_OF_REACH',
          message: expect.stringContaining('which waits for tasks of its flow that have failed'),
        },
      },
    ]);
  });

  it('clear() forgets batches and flows', async () => {
    const { queue, tasks, test } = await start('memory');
    const batch = await queue
      .batch()
      .add(tasks.note, [['a']])
      .delay();
    test.clear();
    await expect(batch.status()).rejects.toMatchObject({ code: 'GROUP_UNKNOWN' });
    expect(await test.drain()).toEqual([]);
  });
});

describe('in the mode inline', () => {
  it('a batch has ended, and its callback has run, when it is sent', async () => {
    const { queue, tasks, test } = await start('inline');
    const batch = await queue
      .batch({ onDone: tasks.report })
      .add(tasks.note, [['a'], ['b']])
      .add(tasks.flaky, [[]])
      .add(tasks.more, [[]])
      .delay();
    expect(notes).toEqual(['a', 'b', 'more', 'done: 5 + 0 of 5']);
    expect((await batch.status()).state).toBe('done');
    expect(test.failures()).toEqual([]);
  });

  it('a flow has ended when it is sent, and failures() lists what failed in order', async () => {
    const { queue, tasks, test } = await start('inline');
    broken.add(1).add(2);
    const flow = queue.flow();
    const [first, second] = [flow.add(tasks.extract, 1), flow.add(tasks.extract, 3)];
    const code = flow.with({ onFailure: 'run' }).add(tasks.careful, first);
    flow.with({ after: code }).add(tasks.extract, 2);
    const merged = flow.add(tasks.merge, flow.add(tasks.split, [4, 5]));
    flow.with({ after: second }).add(tasks.note, 'last');
    const sent = await flow.delay();
    expect([await sent.result(code), await sent.result(merged)]).toEqual(['TASK_FAILED', '<4><5>']);
    expect(notes).toEqual(['last']);
    expect(test.failures().map(({ args }) => args)).toEqual([[1], [2]]);
    expect(await sent.status()).toMatchObject({ state: 'failed', total: 9, done: 7, failed: 2 });
  });

  it('a batch that a callback cancels starts nothing more', async () => {
    const { queue, tasks } = await start('inline');
    broken.add(1);
    const batch = await queue
      .batch({ onFailed: tasks.alarm })
      .add(tasks.extract, [[1], [2], [3]])
      .delay();
    expect(notes).toEqual(['alarm: RangeError: no part 1']);
    expect(await batch.status()).toMatchObject({ state: 'cancelled', failed: 1, cancelled: 2 });
  });

  it('a running task can wait for a flow', async () => {
    const { tasks, test } = await start('inline');
    await tasks.await.delay();
    expect(notes).toEqual(['<1><2>']);
    expect(test.failures()).toEqual([]);
  });
});

describe('in the mode fake', () => {
  it('the tasks of a batch and of a flow are listed, and none has run', async () => {
    const { queue, tasks, test } = await start('fake');
    const batch = await queue
      .batch({ onDone: tasks.report })
      .add(tasks.note, [['a'], ['b']])
      .delay();
    const flow = queue.flow();
    const part = flow.add(tasks.extract, 1);
    const merged = flow.add(tasks.merge, [part]);
    const sent = await flow.delay();
    expect(test.enqueued().map(({ name, args, partOf }) => [name, args, partOf])).toEqual([
      ['PartTasks.note', ['a'], batch.id],
      ['PartTasks.note', ['b'], batch.id],
      ['PartTasks.extract', [1], sent.id],
      ['PartTasks.merge', [[{ resultOf: sent.idOf(part) }]], sent.id],
    ]);
    expect(await batch.status()).toMatchObject({ state: 'open', total: 2, waiting: 2 });
    expect(await sent.status()).toMatchObject({ state: 'open', total: 2, waiting: 2 });
    await expect(sent.result(merged)).rejects.toMatchObject({ code: 'WRONG_TEST_MODE' });
    expect(notes).toEqual([]);
  });

  it('a batch that is cancelled sends its onFailed', async () => {
    const { queue, tasks, test } = await start('fake');
    const batch = await queue
      .batch({ onFailed: tasks.report })
      .add(tasks.note, [['a']])
      .delay();
    expect(await batch.cancel()).toBe(true);
    expect(test.enqueued(tasks.report)).toMatchObject([{ args: [{ id: batch.id, state: 'cancelled' }] }]);
  });
});
