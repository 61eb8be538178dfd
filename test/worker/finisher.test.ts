import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Claimant, ClaimedTask } from '../../src/broker/port/broker.js';
import { ScoreboardReader } from '../../src/ipc/scoreboard-reader.js';
import { ScoreboardWriter } from '../../src/ipc/scoreboard-writer.js';
import { attemptsOf } from '../../src/message/attempt-record.js';
import { limitKey } from '../../src/message/limit-tag.js';
import { decodeMessage } from '../../src/message/task-message.js';
import { RetryTask, SoftTimeoutError, TaskCancelledError } from '../../src/policy/task-errors.js';
import type { Decision } from '../../src/policy/task-policy.js';
import type { Failure } from '../../src/worker/executor.js';
import { Finisher } from '../../src/worker/finisher.js';
import { unknownTask } from '../../src/worker/preflight.js';
import { RunningTask } from '../../src/worker/running-task.js';
import { runningTask } from '../../src/worker/task-context.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';

const NAMESPACE = '{nestwork}:';
const CAPACITY = 4;

let fixture: BrokerFixture;
let lines: string[];
let stacks: unknown[];
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  const log = (line: string, ...rest: unknown[]): void => {
    lines.push(line);
    // the last is the context
    stacks.push(...rest.slice(0, -1));
  };
  Logger.overrideLogger({ log, warn: log, error: log });
});
beforeEach(() => {
  lines = [];
  stacks = [];
});
afterEach(() => fixture.reset());
afterAll(async () => {
  Logger.overrideLogger(false);
  await fixture.stop();
});

/** A child that has claimed a task and noted its start, and the finisher that ends it. */
class Run {
  readonly scoreboard = new ScoreboardReader(CAPACITY);
  readonly ended: string[] = [];
  private readonly notes: ScoreboardWriter;
  readonly task: RunningTask;
  private readonly finisher: Finisher;

  private constructor(
    claimant: Claimant,
    readonly claimed: ClaimedTask,
  ) {
    const notes = new ScoreboardWriter(CAPACITY, this.scoreboard.fd);
    this.notes = notes;
    notes.started(claimed.id);
    this.finisher = new Finisher({
      broker: fixture.broker,
      claimant,
      scoreboard: notes,
      onEnded: (ids) => this.ended.push(...ids),
      onLeaseLost: () => {},
      onError: () => {},
      onRefused: () => {},
    });
    this.task = new RunningTask(decodeMessage(claimed.message), claimed.queue);
  }

  static async of(message: string): Promise<Run> {
    const child = await fixture.holderOf([message]);
    await fixture.redis.del(`${NAMESPACE}bell:default`);
    return new Run(child, { id: idOf(message), queue: 'default', message });
  }

  /** Its handler has ended; `stopping` once the grace of a shutdown is over. */
  ends(decision: Decision | 'done', { error = new TypeError('no') as unknown, stopping = false } = {}): void {
    const { task } = this;
    const failure = { kind: 'failed', error, task, attempted: true, durationMs: 1 } as const;
    const outcome =
      decision === 'done' ? ({ kind: 'done', result: undefined, durationMs: 1 } as const) : { ...failure, decision };
    const giveBack = stopping ? (): void => void this.finisher.release([this.claimed.id], 1) : undefined;
    this.finisher.finish(this.claimed, task, outcome, giveBack);
    this.notes.flush();
  }

  /** It could not be started. */
  cannotStart(failure: Partial<Failure>): void {
    const unstarted = { kind: 'failed', error: new Error('no'), attempted: false, durationMs: 0 } as const;
    this.finisher.fail(this.claimed, { ...unstarted, decision: { kind: 'dead' }, ...failure });
  }

  get acksWait(): boolean {
    return this.finisher.acksWait;
  }

  /** Resolves, once all is answered, to the state of Redis without sessions, and to the scoreboard as the supervisor could read it before. */
  async settled(): Promise<{ score: { running: readonly string[]; done: readonly string[] }; state: object }> {
    const { running, done } = this.scoreboard.read();
    await this.finisher.settled();
    this.scoreboard.close();
    const state = Object.entries(await fixture.state()).filter(([key]) => !/^sessions?/.test(key));
    return { score: { running, done }, state: Object.fromEntries(state) };
  }
}

describe('the log lines about the end of a task', () => {
  it.each<[string, Decision]>([
    ['is tried again', { kind: 'retry', inMs: 0 }],
    ['was dropped', { kind: 'drop' }],
    ['is dead', { kind: 'dead' }],
  ])('that %s are written within the task, so that a logger can add it', async (_what, decision) => {
    const seen: unknown[] = [];
    const note = (): void => void seen.push(runningTask.getStore()?.id);
    const run = await Run.of(fixture.message());
    const spies = (['log', 'warn', 'error'] as const).map((level) =>
      jest.spyOn(Logger.prototype, level).mockImplementation(note),
    );
    run.ends(decision);
    for (const spy of spies) spy.mockRestore();
    expect(seen).toEqual([run.claimed.id]);
    await run.settled();
  });
});

describe('a task that is done', () => {
  it('is acked with the next claim, and noted on the scoreboard', async () => {
    const run = await Run.of(fixture.message());
    run.ends('done');
    expect(run.acksWait).toBe(true);
    expect(await run.settled()).toEqual({ score: { running: [], done: [run.claimed.id] }, state: {} });
    expect(run.ended).toEqual([run.claimed.id]);
    expect(lines).toEqual([]);
  });

  it.each([
    ['finished', false],
    ['started', true],
  ] as const)('with a key until it is %s is acked with a claim: %p', async (until, waits) => {
    const message = fixture.uniqueMessage('k', until);
    await fixture.broker.enqueueUnique('default', message, { due: undefined, replace: false });
    const run = await Run.of(message);
    run.ends('done');
    expect(run.acksWait).toBe(waits);
    expect(await run.settled()).toEqual({ score: { running: [], done: [run.claimed.id] }, state: {} });
  });

  it('is done even when the grace of a shutdown is over', async () => {
    const run = await Run.of(fixture.message());
    run.ends('done', { stopping: true });
    expect((await run.settled()).state).toEqual({});
  });
});

describe('a task that failed', () => {
  it('is tried again, is logged with its attempt, and stays on the scoreboard as running until Redis has confirmed', async () => {
    const run = await Run.of(fixture.message());
    run.ends({ kind: 'retry', inMs: 60_000 });
    const { score, state } = await run.settled();
    expect(score).toEqual({ running: [run.claimed.id], done: [] });
    const [[again = ''] = []] = await fixture.dueTimes();
    expect(state).toEqual({ 'scheduled:default': [again], alarm: ['1'] });
    expect(decodeMessage(again)).toMatchObject({ id: run.claimed.id, failures: 1 });
    expect(attemptsOf(again)).toMatchObject([
      { attempt: 1, code: 'TASK_FAILED', error: 'TypeError: no', pid: process.pid },
    ]);
    expect(lines).toEqual([
      `Task Some.task ${run.claimed.id} failed at attempt 1 and is tried again in 60000 ms: TypeError: no`,
    ]);
  });

  it('is dead, with its report, its attempt and its stack', async () => {
    const run = await Run.of(fixture.message());
    run.ends({ kind: 'dead' });
    const { state } = await run.settled();
    expect(Object.keys(state).sort()).toEqual(['dead-records:default', 'dead:default']);
    const record = (await fixture.redis.hget(`${NAMESPACE}dead-records:default`, run.claimed.id)) ?? '';
    expect(JSON.parse(record.split('\n', 1).join())).toMatchObject({
      code: 'TASK_FAILED',
      task: 'Some.task',
      attempt: 1,
      error: 'TypeError: no',
      stack: expect.stringContaining('finisher.test'),
    });
    expect(attemptsOf(record.slice(record.indexOf('\n') + 1))).toMatchObject([{ attempt: 1, code: 'TASK_FAILED' }]);
    expect(lines).toEqual([`Task Some.task ${run.claimed.id} is dead: TypeError: no`]);
  });

  it('is logged on one line for any error message, and its stack forges no line', async () => {
    const run = await Run.of(fixture.message());
    const forged = 'no\r\n[Nest] 7 LOG \u001b[32mall is well\u202e\0';
    run.ends({ kind: 'dead' }, { error: new TypeError(forged) });
    await run.settled();
    expect(lines).toEqual([
      `Task Some.task ${run.claimed.id} is dead: TypeError: no\\r\\n[Nest] 7 LOG \\x1b[32mall is well\\u202e\\x00`,
    ]);
    expect(stacks).toEqual([expect.stringContaining('TypeError: no\n    [Nest] 7 LOG \\x1b[32mall is well')]);
    const record = (await fixture.redis.hget(`${NAMESPACE}dead-records:default`, run.claimed.id)) ?? '';
    expect(JSON.parse(record.split('\n', 1).join())).toMatchObject({ error: `TypeError: ${forged}` });
  });

  it('is logged with its name and its id cut and escaped when others wrote them', async () => {
    const message = fixture.message();
    const run = await Run.of(message);
    const name = `\u001b[2J\nforged ${'x'.repeat(3_000_000)}`;
    const task = new RunningTask({ ...decodeMessage(message), name }, 'default');
    run.cannotStart({ task, error: unknownTask(name), decision: { kind: 'dead' } });
    await run.settled();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^Task \\x1b\[2J\\nforged x+… [0-9a-z]{20} is dead: NestworkError: No provider of this worker has a task named "\\x1b/,
    );
    expect(lines[0]?.length).toBeLessThan(1_500);
    const record = (await fixture.redis.hget(`${NAMESPACE}dead-records:default`, run.claimed.id)) ?? '';
    expect(record.split('\n', 1).join().length).toBeLessThan(10_000);
  });

  it.each([
    ['dropped', false],
    ['cancelled', true],
  ])('leaves no trace when it was %s', async (what, cancelled) => {
    const run = await Run.of(fixture.message());
    if (cancelled) run.task.abort(new TaskCancelledError('Some.task'));
    run.ends({ kind: 'drop' }, { error: new TypeError('no\nmore') });
    expect(await run.settled()).toEqual({ score: { running: [], done: [run.claimed.id] }, state: {} });
    expect(lines).toEqual([`Task Some.task ${run.claimed.id} was ${what}: TypeError: no`]);
  });

  it.each<[string, Decision]>([
    ['to be tried again', { kind: 'retry', inMs: 0 }],
    ['to be dead', { kind: 'dead' }],
  ])('after the grace of a shutdown goes back uncounted, though it was %s', async (_what, decision) => {
    const run = await Run.of(fixture.message());
    run.ends(decision, { stopping: true });
    const { score, state } = await run.settled();
    expect(score).toEqual({ running: [run.claimed.id], done: [] });
    expect(state).toEqual({ 'queue:default': [run.claimed.message], 'bell:default': ['1'] });
    expect(lines).toEqual([]);
  });

  it('on purpose is logged as one that asked for it, with the cause', async () => {
    const run = await Run.of(fixture.message());
    run.ends({ kind: 'retry', inMs: 7 }, { error: new RetryTask({ in: 7, cause: new Error('429') }) });
    await run.settled();
    expect(lines).toEqual([
      `Task Some.task ${run.claimed.id} asked at attempt 1 to run again in 7 ms: RetryTask: The task asked to run again. (caused by Error: 429)`,
    ]);
  });

  it('is tried again with the limit that it stops', async () => {
    const retry = jest.spyOn(fixture.broker, 'retry');
    const run = await Run.of(fixture.message());
    const stop = { limit: limitKey('stripe', 'acme'), ms: 30_000 };
    run.ends({ kind: 'retry', inMs: 30_000, stop }, { error: new RetryTask({ in: '30s', limit: 'stripe' }) });
    await run.settled();
    expect(lines).toEqual([
      `Task Some.task ${run.claimed.id} asked at attempt 1 to run again in 30000 ms, and stops the limit stripe until then: RetryTask: The task asked to run again.`,
    ]);
    expect(retry).toHaveBeenCalledWith(expect.anything(), run.claimed, expect.objectContaining({ inMs: 30_000, stop }));
    retry.mockRestore();
  });

  it('because of its soft timeout is logged with that timeout', async () => {
    const run = await Run.of(fixture.message());
    run.ends({ kind: 'dead' }, { error: new SoftTimeoutError('Some.task', 5) });
    await run.settled();
    expect(lines.join()).toContain(
      'is dead: SoftTimeoutError: Task "Some.task" ran longer than its soft timeout of 5 ms',
    );
  });
});

describe('a task that could not be started', () => {
  it('is parked, uncounted', async () => {
    const run = await Run.of(fixture.message());
    run.cannotStart({ decision: { kind: 'retry', inMs: 5_000 }, task: run.task });
    await run.settled();
    const [[parked = ''] = []] = await fixture.dueTimes();
    expect(decodeMessage(parked)).toMatchObject({ failures: 0, tried: true });
    expect(attemptsOf(parked)).toEqual([expect.not.objectContaining({ attempt: 1 })]);
    expect(lines).toEqual([
      `Task Some.task ${run.claimed.id} cannot be run here and is tried again in 5000 ms: Error: no`,
    ]);
  });

  it('because its name is unknown is logged once for each name', async () => {
    const run = await Run.of(fixture.message());
    const failure = { decision: { kind: 'retry', inMs: 5_000 }, error: unknownTask('Some.task') } as const;
    run.cannotStart({ ...failure, task: run.task });
    run.cannotStart({ ...failure, task: run.task });
    await run.settled();
    expect(lines).toEqual([expect.stringContaining('No provider of this worker has a task named "Some.task"')]);
  });

  it('is dead with its bytes as they were', async () => {
    const run = await Run.of(fixture.message());
    run.cannotStart({});
    await run.settled();
    const record = (await fixture.redis.hget(`${NAMESPACE}dead-records:default`, run.claimed.id)) ?? '';
    expect(record.slice(record.indexOf('\n') + 1)).toBe(run.claimed.message);
    expect(lines).toEqual([`Task without a handler ${run.claimed.id} is dead: Error: no`]);
  });
});

it('a severed finisher ends what it repeats until Redis answers, and sends nothing more', async () => {
  const own = await BrokerFixture.start();
  const { broker, lost: outage } = await own.anotherBroker(2_000);
  const claimant = await own.holderOf([own.message()]);
  const codes: unknown[] = [];
  let lost = 0;
  const scoreboard = new ScoreboardReader(1);
  const finisher = new Finisher({
    broker,
    claimant,
    scoreboard: new ScoreboardWriter(1, scoreboard.fd),
    onEnded: () => {},
    onLeaseLost: () => {
      lost += 1;
    },
    onRefused: () => {},
    onError: (error) => {
      codes.push(Reflect.get(Object(error), 'code'));
      finisher.sever();
    },
  });
  await own.server.kill();
  // until then an ack leaves over the dead connection, and nobody knows whether it arrived
  await outage;
  finisher.ack('some task');
  await finisher.settled();
  await finisher.release(['another task']);
  expect(codes).toEqual(['REDIS_UNAVAILABLE']);
  expect(lost).toBe(2);
  scoreboard.close();
  await broker.close();
  await own.stop();
});
