import { jest } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { RedisGroups } from '../../src/broker/redis-groups.js';
import { QueueClient } from '../../src/client/queue-client.js';
import { Task } from '../../src/decorators/task.decorator.js';
import type { BatchStatus } from '../../src/groups/batch-status.js';
import type { Flow } from '../../src/groups/flow.js';
import type { FlowOfTask } from '../../src/groups/flow-of-task.js';
import type { Ref } from '../../src/groups/ref.js';
import { DeadLetters } from '../../src/inspector/dead-letters.js';
import { DropTask } from '../../src/policy/task-errors.js';
import { TaskFailedError } from '../../src/results/result-errors.js';
import { TaskContext } from '../../src/worker/task-context.js';
import { eventually } from '../support/eventually.js';
import { Apps } from './apps.js';

const broken = new Set<string>();
const ran: string[] = [];
const flows: FlowOfTask[] = [];
const gates = new Map<string, () => void>();

@Injectable()
class FlowTasks {
  constructor(
    private readonly context: TaskContext,
    private readonly queue: QueueClient,
  ) {}

  @Task({ result: '1h', retries: 0 })
  async extract(id: string): Promise<string> {
    if (broken.has(id)) throw new Error(`cannot extract ${id}`);
    return `<${id}>`;
  }

  @Task({ result: '1h', retries: 0 })
  merge(parts: readonly string[], title = ''): string {
    return title + parts.join('');
  }

  @Task({ result: '1h' })
  mergeSome(parts: readonly (string | TaskFailedError)[]): string {
    return parts.map((part) => (part instanceof TaskFailedError ? `[${part.code} ${part.error}]` : part)).join('');
  }

  @Task({ result: '1h' })
  upper(text: string): string {
    return text.toUpperCase();
  }

  @Task({ result: '1h' })
  maybe(text?: string): string {
    return `got ${text}`;
  }

  @Task()
  note(text: string): void {
    ran.push(text);
  }

  @Task()
  report({ done, total }: BatchStatus): void {
    ran.push(`${done} of ${total}`);
  }

  @Task()
  async drop(): Promise<void> {
    throw new DropTask('not wanted');
  }

  @Task({ result: '1h' })
  keepFlow(): void {
    flows.push(this.context.flow);
  }

  @Task({ result: '1h', retries: 0 })
  split(ids: string[]): Ref<string>[] {
    const tasks = this.queue.of(FlowTasks);
    return ids.map((id) => this.context.flow.add(tasks.extract, id));
  }

  @Task()
  noteFailure({ name, state }: BatchStatus): void {
    ran.push(`${name} ${state}`);
  }

  @Task({ retries: 0 })
  async addToBatch(): Promise<void> {
    await this.context.batch.add(this.queue.of(FlowTasks).note, [['added']]);
  }

  @Task({ retries: 0 })
  addToFlow(): void {
    this.context.flow.add(this.queue.of(FlowTasks).note, 'added');
  }

  @Task()
  async hold(gate: string): Promise<void> {
    ran.push(gate);
    await new Promise<void>((resolve) => gates.set(gate, resolve));
  }
}

let apps: Apps;
beforeAll(async () => {
  apps = await Apps.start();
});
afterEach(async () => {
  for (const open of gates.values()) open();
  gates.clear();
  broken.clear();
  ran.length = 0;
  flows.length = 0;
  await apps.close();
});
afterAll(() => apps.stop());

async function start() {
  const app = await apps.boot({ imports: [apps.queue({ inProcess: { concurrency: 4 } })], providers: [FlowTasks] });
  const queue = app.get(QueueClient);
  return { app, queue, tasks: queue.of(FlowTasks) };
}

const ended = (flow: Flow, state: string): Promise<void> =>
  eventually(async () => expect(await flow.status()).toMatchObject({ state, waiting: 0 }));

describe('a flow', () => {
  it('gives a task the results of those before it', async () => {
    const { queue, tasks } = await start();
    const flow = queue.flow({ name: 'import' });
    const parts = ['a', 'b', 'c'].map((id) => flow.add(tasks.extract, id));
    const merged = flow.add(tasks.merge, parts, 'all: ');
    const shouted = flow.chain(merged, tasks.upper, tasks.upper);
    const sent = await flow.delay();
    expect(await sent.result(shouted)).toBe('ALL: <A><B><C>');
    expect(await sent.result(parts[1] as (typeof parts)[number])).toBe('<b>');
    await ended(sent, 'done');
    expect(await sent.status()).toMatchObject({ name: 'import', total: 6, done: 6 });
  });

  it('gives the result of a task that still waits to those who have only its id, and ends their wait when it is cancelled', async () => {
    const { queue, tasks } = await start();
    const flow = queue.flow();
    const held = flow.add(tasks.hold, 'gate');
    const [kept, cancelled] = [1, 2].map(() => flow.with({ after: held }).add(tasks.extract, 'a')) as [Ref, Ref];
    const sent = await flow.delay();
    await eventually(() => expect(gates.has('gate')).toBe(true));
    expect(await queue.status(sent.idOf(kept))).toMatchObject({ state: 'waiting', partOf: sent.id });
    const [result, end] = [kept, cancelled].map((ref) => queue.result(sent.idOf(ref), { timeout: '20s' }));
    const ended = expect(end).rejects.toMatchObject({ code: 'TASK_CANCELLED' });
    expect(await queue.cancel(sent.idOf(cancelled))).toBe('waiting');
    await ended;
    gates.get('gate')?.();
    expect(await result).toBe('<a>');
    expect(await sent.status()).toMatchObject({ cancelled: 1 });
  });

  it('runs tasks in the order that `after` gives', async () => {
    const { queue, tasks } = await start();
    const flow = queue.flow();
    const first = flow.add(tasks.note, 'first');
    const second = flow.with({ after: first }).add(tasks.note, 'second');
    flow.with({ after: [first, second] }).add(tasks.note, 'third');
    await ended(await flow.delay(), 'done');
    expect(ran).toEqual(['first', 'second', 'third']);
  });

  it('fails with its culprit when a task is dead, and goes on when that is redriven', async () => {
    const { app, queue, tasks } = await start();
    broken.add('b');
    const flow = queue.flow();
    const parts = ['a', 'b'].map((id) => flow.add(tasks.extract, id));
    const merged = flow.add(tasks.merge, parts);
    const sent = await flow.delay();
    await eventually(async () => expect(await sent.status()).toMatchObject({ state: 'failed', done: 1, failed: 1 }));
    const culprit = { task: 'FlowTasks.extract', how: 'dead', code: 'TASK_FAILED', error: 'Error: cannot extract b' };
    expect((await sent.status()).culprit).toMatchObject(culprit);
    broken.clear();
    await app.get(DeadLetters).redriveAll({});
    expect(await sent.result(merged)).toBe('<a><b>');
    await ended(sent, 'done');
  });

  it('leaves out what failed, or hands over its error', async () => {
    const { queue, tasks } = await start();
    broken.add('b');
    const flow = queue.flow();
    const parts = ['a', 'b', 'c'].map((id) => flow.add(tasks.extract, id));
    const skipped = flow.with({ onFailure: 'skip' }).add(tasks.merge, parts);
    const some = flow.with({ onFailure: 'run' }).add(tasks.mergeSome, parts);
    const one = flow.with({ onFailure: 'skip' }).add(tasks.maybe, parts[1]);
    const sent = await flow.delay();
    expect(await sent.result(skipped)).toBe('<a><c>');
    expect(await sent.result(some)).toBe('<a>[TASK_FAILED Error: cannot extract b]<c>');
    expect(await sent.result(one)).toBe('got undefined');
    await ended(sent, 'done');
    expect(await sent.status()).toMatchObject({ failed: 1, done: 5 });
  });

  it('buries tasks that wait for one that was dropped', async () => {
    const { app, queue, tasks } = await start();
    const flow = queue.flow();
    const dropped = flow.add(tasks.drop);
    const second = flow.with({ after: dropped }).add(tasks.extract, 'a');
    flow.add(tasks.upper, second);
    const sent = await flow.delay();
    await expect(sent.result(second)).rejects.toMatchObject({ code: 'GROUP_FAILED' });
    await eventually(async () =>
      expect(await sent.status()).toMatchObject({ state: 'failed', dropped: 1, failed: 1, waiting: 1 }),
    );
    await app.get(DeadLetters).deleteAll({});
    await eventually(async () => expect(await sent.status()).toMatchObject({ failed: 2, waiting: 0 }));
  });

  it('that is cancelled starts nothing more, and aborts what runs', async () => {
    const { queue, tasks } = await start();
    const flow = queue.flow();
    const held = flow.add(tasks.hold, 'gate');
    flow.with({ after: held }).add(tasks.note, 'never');
    const sent = await flow.delay();
    await eventually(() => expect(gates.has('gate')).toBe(true));
    expect(await sent.cancel()).toBe(true);
    gates.get('gate')?.();
    await ended(sent, 'cancelled');
    expect(ran).toEqual(['gate']);
    expect(await sent.cancel()).toBe(false);
  });

  it('waits for the tasks that one of its tasks adds, and gets their results', async () => {
    const { queue, tasks } = await start();
    const flow = queue.flow();
    const pages = flow.add(tasks.split, ['x', 'y', 'z']);
    const merged = flow.add(tasks.merge, pages);
    const sent = await flow.delay();
    expect(await sent.result(merged)).toBe('<x><y><z>');
    expect(await sent.result(pages)).toEqual(['<x>', '<y>', '<z>']);
    await ended(sent, 'done');
    expect(await sent.status()).toMatchObject({ total: 5, done: 5 });
  });

  it('fails where one of its tasks adds too many for those that wait for it', async () => {
    const { queue, tasks } = await start();
    const flow = queue.flow();
    const ids = Array.from({ length: 1_000 }, (_, at) => String(at));
    const pages = flow.add(tasks.split, ids);
    for (let at = 0; at < 101; at += 1) flow.add(tasks.merge, pages);
    const sent = await flow.delay();
    await expect(sent.result(pages)).rejects.toMatchObject({
      code: 'INVALID_FLOW',
      error: expect.stringContaining('it adds too many tasks for those that wait for it'),
    });
    expect(await sent.status()).toMatchObject({ total: 102, failed: 1 });
  });

  it('takes nothing from a task that has ended, though that has added nothing', async () => {
    const { queue, tasks } = await start();
    const flow = queue.flow();
    const kept = flow.add(tasks.keepFlow);
    const sent = await flow.delay();
    await sent.result(kept);
    expect(() => flows[0]?.add(tasks.extract, 'late')).toThrow('it was sent already');
  });

  it('goes to Redis in parts of a million characters, and starts with the last one', async () => {
    const { queue, tasks } = await start();
    const flow = queue.flow();
    for (let at = 0; at < 25; at += 1) flow.add(tasks.note, `${at} ${'x'.repeat(100_000)}`);
    const addNodes = jest.spyOn(RedisGroups.prototype, 'addNodes');
    const sent = await flow.delay();
    const parts = addNodes.mock.calls.map(([, { nodes, starts }]) => [nodes.length, starts]);
    addNodes.mockRestore();
    expect(parts).toEqual([
      [9, false],
      [9, false],
      [7, true],
    ]);
    await ended(sent, 'done');
    expect(ran).toHaveLength(25);
  });

  it('takes wide fans in and out', async () => {
    const { queue, tasks } = await start();
    const flow = queue.flow();
    const first = flow.add(tasks.note, 'first');
    const parts = Array.from({ length: 1_500 }, (_, at) => flow.with({ after: first }).add(tasks.extract, String(at)));
    const merged = flow.add(tasks.merge, parts);
    const sent = await flow.delay();
    const expected = Array.from({ length: 1_500 }, (_, at) => `<${at}>`).join('');
    expect(await sent.result(merged, { timeout: '1m' })).toBe(expected);
    await ended(sent, 'done');
  });

  it('is refused with the path where it cannot be', async () => {
    const { queue, tasks } = await start();
    const other = queue.flow();
    const foreign = other.add(tasks.extract, 'a');
    const flow = queue.flow();
    flow.add(tasks.merge, [foreign]);
    await expect(flow.delay()).rejects.toMatchObject({
      code: 'INVALID_FLOW',
      message: expect.stringContaining(
        'FlowTasks.merge (node 0 of the flow), args[0][0]: the Ref belongs to another flow',
      ),
    });
    const silent = queue.flow();
    silent.add(tasks.maybe, silent.add(tasks.note, 'x') as never);
    await expect(silent.delay()).rejects.toMatchObject({
      message: expect.stringMatching(/^FlowTasks\.note \(node 0 of the flow\): another task takes its result/),
    });
    await expect(queue.flow().delay()).rejects.toMatchObject({ code: 'INVALID_FLOW' });
    const repeated = queue.flow();
    const part = repeated.add(tasks.extract, 'a');
    repeated.add(
      tasks.merge,
      Array.from({ length: 10_001 }, () => part),
    );
    await expect(repeated.delay()).rejects.toThrow('it waits for 10001 tasks, and 10,000 is the most');
    const meshed = queue.flow();
    const parts = Array.from({ length: 1_001 }, () => meshed.add(tasks.note, 'part'));
    for (let at = 0; at < 1_000; at += 1) meshed.with({ after: parts }).add(tasks.note, 'all');
    await expect(meshed.delay()).rejects.toThrow('up to here tasks wait for more than 1,000,000 others in all');
    const misled = queue.flow();
    misled.with({ after: 3 as never }).add(tasks.note, 'x');
    await expect(misled.delay()).rejects.toThrow('FlowTasks.note (node 0 of the flow), after[0]: it is no Ref');
    const once = queue.flow();
    once.add(tasks.note, 'x');
    await once.delay();
    await expect(once.delay()).rejects.toMatchObject({ code: 'INVALID_FLOW' });
    expect(() => once.add(tasks.note, 'y')).toThrow('The flow: it was sent already');
    expect(() => queue.flow().chain(tasks.note as never, tasks.merge)).toThrow('which is no Ref');
  });

  it('is refused with the way out where a Ref stands in an object, or outside of a flow', async () => {
    const { queue, tasks } = await start();
    const flow = queue.flow();
    const part = flow.add(tasks.extract, 'a');
    flow.add(tasks.note, { part } as never);
    const expected = {
      code: 'UNSERIALIZABLE_ARGUMENT',
      message: expect.stringContaining('Give a Ref as a whole argument'),
    };
    await expect(flow.delay()).rejects.toMatchObject(expected);
    await expect(tasks.note.delay(part as never)).rejects.toMatchObject(expected);
  });
});

it('a task of a batch adds to no flow, and one of a flow to no batch', async () => {
  const { queue, tasks } = await start();
  const batch = await queue.batch().add(tasks.addToFlow, [[]]).delay();
  const culprit = { code: 'NOT_IN_GROUP' };
  await eventually(async () => expect(await batch.status()).toMatchObject({ state: 'failed', culprit }));
  const flow = queue.flow();
  flow.add(tasks.addToBatch);
  const sent = await flow.delay();
  await eventually(async () => expect(await sent.status()).toMatchObject({ state: 'failed', culprit }));
  expect(ran).toEqual([]);
});

describe('a batch', () => {
  it('is abandoned when its source fails, and goes on with what it has', async () => {
    const { queue, tasks } = await start();
    function* failing(): Generator<[string]> {
      for (let row = 0; row < 300; row += 1) yield [`row ${row}`];
      throw new Error('no more rows');
    }
    const sent = queue.batch({ name: 'mailing', onFailed: tasks.noteFailure }).add(tasks.note, failing()).delay();
    await expect(sent).rejects.toThrow('no more rows');
    await eventually(() => expect(ran).toContain('mailing abandoned'));
    await eventually(() => expect(ran).toHaveLength(251));
  });

  it('takes any iterable, and sends its callback with the counts', async () => {
    const { queue, tasks } = await start();
    async function* rows(): AsyncGenerator<[string]> {
      for (let at = 0; at < 2_500; at += 1) yield [`row ${at}`];
    }
    const batch = await queue
      .batch({ name: 'mailing' })
      .add(tasks.note, rows())
      .add(tasks.note, [['last']])
      .delay();
    await eventually(async () =>
      expect(await batch.status()).toMatchObject({ state: 'done', total: 2_501, done: 2_501 }),
    );
    expect(new Set(ran).size).toBe(2_501);
    await expect(queue.batchById('00000000000000000000').status()).rejects.toMatchObject({ code: 'GROUP_UNKNOWN' });
  });

  it('is sent once, since its sources may be read only once', async () => {
    const { queue, tasks } = await start();
    const builder = queue.batch({ onDone: tasks.report }).add(
      tasks.note,
      (function* (): Generator<[string]> {
        yield ['row'];
      })(),
    );
    const [batch, second] = await Promise.allSettled([builder.delay(), builder.delay()]);
    expect(second).toMatchObject({ reason: { code: 'INVALID_OPTION' } });
    await expect(builder.delay()).rejects.toThrow('The batch was sent already');
    expect(() => builder.add(tasks.note, [['late']])).toThrow('The batch was sent already');
    expect(batch.status).toBe('fulfilled');
    await eventually(() => expect(ran).toContain('1 of 1'));
    expect(ran).toEqual(['row', '1 of 1']);
  });

  it('that was refused before Redis had it can be sent again', async () => {
    const { queue, tasks } = await start();
    const open = jest.spyOn(RedisGroups.prototype, 'open').mockRejectedValueOnce(new Error('away'));
    const builder = queue.batch().add(tasks.note, [['row']]);
    await expect(builder.delay()).rejects.toThrow('away');
    open.mockRestore();
    const batch = await builder.delay();
    await eventually(async () => expect(await batch.status()).toMatchObject({ state: 'done', done: 1 }));
  });

  it('refuses callbacks with a time of their own, and what is no list of calls', async () => {
    const { queue, tasks } = await start();
    for (const which of ['onDone', 'onFailed']) {
      const builder = queue.batch({ [which]: tasks.report.with({ delay: '1m' }) });
      await expect(builder.delay()).rejects.toThrow(
        `${which} of batch() is task "FlowTasks.report" with a \`delay\` or \`eta\``,
      );
    }
    expect(() => queue.batch().add(tasks.note, 7 as never)).toThrow('in place of a list of calls');
    expect(await apps.redis.exists('{nestwork}:groups')).toBe(0);
  });
});
