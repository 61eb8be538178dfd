import { closeSync, openSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { ChildBroker, Claimant, ClaimedTask, ClaimRequest } from '../../src/broker/port/broker.js';
import { NestworkError } from '../../src/errors.js';
import { monotonicMs } from '../../src/ipc/monotonic-clock.js';
import { ScoreboardWriter } from '../../src/ipc/scoreboard-writer.js';
import type { PolicyOptions } from '../../src/policy/policy-options.js';
import type { TaskHandler } from '../../src/task/task-definition.js';
import { ClaimLoop, type ClaimLoopOptions } from '../../src/worker/claim-loop.js';
import { Executor, type Failure, type PreparedTask } from '../../src/worker/executor.js';
import type { RunningTask } from '../../src/worker/running-task.js';
import { START_WINDOW_MS } from '../../src/worker/start-window.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { registry } from './messages.js';

const CLAIMANT: Claimant = { session: 'session', child: 'child', queues: ['default'] };

let fixture: BrokerFixture;
let scoreboard: number;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(async () => {
  const path = join(tmpdir(), `nestwork-test-${process.pid}-scoreboard`);
  scoreboard = openSync(path, 'w+');
  unlinkSync(path);
  const session = { session: 'session', leaseMs: 60_000, queues: ['default'], host: 'here', pid: process.pid };
  await fixture.broker.openSession({ ...session, catalog: [] });
  await fixture.broker.register('session', 'child');
});
afterEach(async () => {
  Logger.overrideLogger(false);
  closeSync(scoreboard);
  await fixture.reset();
});
afterAll(() => fixture.stop());

/** The broker of a child: it notes each request, and loses claims on their way to Redis while `lossy`. */
class ObservedBroker {
  readonly asked: string[] = [];
  /** the queues of each wait for a bell */
  readonly waits: string[] = [];
  /** how many tasks the child was given */
  given = 0;
  lossy = false;

  readonly broker: ChildBroker = {
    crons: fixture.broker.crons,
    metrics: fixture.broker.metrics,
    notes: fixture.broker.notes,
    done: fixture.broker.done,
    results: fixture.broker.results,
    claim: async (claimant, request) => {
      this.asked.push(this.lossy ? 'lost claim' : kindOf(request));
      if (this.lossy) throw new NestworkError('REDIS_TIMEOUT', 'No answer.', 'Wait.');
      const reply = await fixture.broker.claim(claimant, request);
      this.given += reply.tasks.length;
      return reply;
    },
    waitForBell: (queues, timeoutMs) => {
      this.asked.push('wait');
      this.waits.push(queues.join(' '));
      return fixture.broker.waitForBell(queues, timeoutMs);
    },
    stopWaiting: () => {},
    ack: (...ack) => fixture.broker.ack(...ack),
    release: (...release) => fixture.broker.release(...release),
    retry: (...retry) => fixture.broker.retry(...retry),
    bury: (...burial) => fixture.broker.bury(...burial),
  };
}

function kindOf({ recover }: ClaimRequest): string {
  return recover ? 'recover' : 'claim';
}

function executorOf(handler: TaskHandler, policy: PolicyOptions = {}): Executor {
  return new Executor(registry({ 'Some.task': handler }, policy), []);
}

function loopOf(broker: ChildBroker, handler: TaskHandler, options: Partial<ClaimLoopOptions> = {}): ClaimLoop {
  return new ClaimLoop({
    broker,
    claimant: CLAIMANT,
    concurrency: 1,
    maxTasks: 0,
    executor: executorOf(handler),
    scoreboard: new ScoreboardWriter(400, scoreboard),
    onWorn: () => {},
    onLeaseLost: () => {},
    ...options,
  });
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(2);
}

it('a child looks into the queues again after a lost claim, because that claim may have used up the bell', async () => {
  const observed = new ObservedBroker();
  let ran = false;
  const loop = loopOf(observed.broker, () => {
    ran = true;
  });
  const ended = loop.run();
  await until(() => observed.asked.includes('wait'));
  observed.lossy = true;
  await fixture.broker.enqueue('default', [fixture.message()]);
  await until(() => observed.asked.includes('lost claim'));
  observed.lossy = false;
  await until(() => ran);
  const lost = observed.asked.lastIndexOf('lost claim');
  expect(observed.asked.slice(lost, lost + 3)).toEqual(['lost claim', 'recover', 'claim']);
  loop.stop();
  await fixture.redis.rpush('{nestwork}:bell:default', '1');
  await ended;
});

describe('a paused queue', () => {
  const pause = (queue: string): Promise<unknown> =>
    fixture.broker.pauses.pause(queue, { forMs: undefined, by: 'anna', reason: undefined });

  async function stopped(loop: ClaimLoop, ended: Promise<void>): Promise<void> {
    loop.stop();
    await fixture.redis.rpush('{nestwork}:bell:default', '1');
    await fixture.redis.rpush('{nestwork}:bell:bulk', '1');
    await ended;
  }

  it('wakes a child once for tasks that are sent to it, while those of its other queues start', async () => {
    const observed = new ObservedBroker();
    const ran: unknown[] = [];
    const loop = loopOf(observed.broker, ([label]) => void ran.push(label), {
      claimant: { ...CLAIMANT, queues: ['default', 'bulk'] },
    });
    await pause('default');
    const ended = loop.run();
    await until(() => observed.waits.length === 1);
    await fixture.broker.enqueue('default', [fixture.message('Some.task', 'paused')]);
    await until(() => observed.waits.length === 2);
    await fixture.broker.enqueue('default', fixture.messages(50));
    await fixture.broker.enqueue('bulk', [fixture.message('Some.task', 'open')]);
    await until(() => ran.length > 0);
    expect(ran).toEqual(['open']);
    expect(observed.waits.slice(0, 2)).toEqual(['default bulk', 'bulk']);
    await stopped(loop, ended);
  });

  it('that is all a child has leaves it idle, until it is resumed', async () => {
    const observed = new ObservedBroker();
    let ran = 0;
    const loop = loopOf(observed.broker, () => {
      ran += 1;
    });
    await pause('default');
    const ended = loop.run();
    await until(() => observed.waits.length === 1);
    await fixture.broker.enqueue('default', fixture.messages(3));
    // a bell has woken it in vain, and so it rests; then it waits for a bell again, which has rung for those
    await until(() => observed.waits.length >= 2);
    const claims = observed.asked.filter((asked) => asked === 'claim').length;
    expect(claims).toBeLessThanOrEqual(observed.waits.length + 2);
    expect(ran).toBe(0);
    await fixture.broker.pauses.resume('default');
    await until(() => ran === 3);
    await stopped(loop, ended);
  });

  it('with a rest under way does not hold up the end of a child', async () => {
    const observed = new ObservedBroker();
    const loop = loopOf(observed.broker, () => {});
    await pause('default');
    await fixture.broker.enqueue('default', fixture.messages(1));
    const ended = loop.run();
    await until(() => observed.asked.filter((asked) => asked === 'claim').length === 2);
    loop.stop();
    await ended;
    expect(observed.given).toBe(0);
  });
});

it('a child releases an aborted task even when its last claim got no answer', async () => {
  const observed = new ObservedBroker();
  const message = fixture.message();
  let task: RunningTask | undefined;
  const loop = loopOf(
    observed.broker,
    async (_args, running) => {
      task = running as RunningTask;
      await new Promise((_, reject) => task?.signal.addEventListener('abort', () => reject(task?.signal.reason)));
    },
    { concurrency: 2 },
  );
  await fixture.broker.enqueue('default', [message]);
  const ended = loop.run();
  await until(() => task !== undefined && observed.asked.at(-1) === 'wait');
  observed.lossy = true;
  await fixture.redis.rpush('{nestwork}:bell:default', '1');
  await until(() => observed.asked.includes('lost claim'));
  loop.stop();
  loop.abort(new Error('the grace is over'));
  await ended;
  expect((await fixture.redis.lrange('{nestwork}:queue:default', 0, -1)).map(idOf)).toEqual([idOf(message)]);
});

it('a child logs once that it claims nothing while Redis refuses to take a task back, with the remedy, and logs the end', async () => {
  const lines: string[] = [];
  const log = (level: string) => (line: string) => void lines.push(`${level} ${line}`);
  Logger.overrideLogger({ log: log('log'), warn: log('warn'), error: log('error') });
  const logged = (text: string): string[] => lines.filter((line) => line.includes(text));
  const observed = new ObservedBroker();
  let asked = 0;
  const broker: ChildBroker = {
    ...observed.broker,
    retry: (...retry) => {
      asked += 1;
      return fixture.broker.retry(...retry);
    },
  };
  const ran: unknown[] = [];
  const handler = ([label]: unknown[]): void => {
    ran.push(label);
    if (label === 'fails') throw new Error('no luck');
  };
  const loop = loopOf(broker, handler, {
    concurrency: 2,
    executor: executorOf(handler, { retries: 1, backoff: { type: 'fixed', delay: 3_600_000 } }),
  });
  try {
    await fixture.redis.set('{nestwork}:scheduled:default', 'foreign');
    await fixture.broker.enqueue(
      'default',
      ['fails', 'fails'].map((label) => fixture.message('Some.task', label)),
    );
    const ended = loop.run();
    await until(() => asked > 4);
    expect(ran).toEqual(['fails', 'fails']);
    const refusals = logged('Redis refuses to take back');
    expect(refusals).toEqual([
      expect.stringMatching(
        /^error .* this child claims no task of any queue: .*WRONGTYPE \{nestwork\}:scheduled:default is a string/,
      ),
    ]);
    expect(refusals[0]).toContain('Delete or rename that key');
    await fixture.redis.del('{nestwork}:scheduled:default');
    await fixture.broker.enqueue('default', [fixture.message('Some.task', 'after')]);
    await until(() => ran.includes('after'));
    expect(logged('this child claims again')).toHaveLength(1);
    expect(logged('Redis refuses to take back')).toHaveLength(1);
    loop.stop();
    await fixture.redis.rpush('{nestwork}:bell:default', '1');
    await ended;
  } finally {
    Logger.overrideLogger(false);
  }
});

/** Takes as long to read the first messages as arguments do that are very large. */
class SlowReader extends Executor {
  override prepare(claimed: ClaimedTask): PreparedTask | Failure {
    if (claimed.message.includes('slow')) block(START_WINDOW_MS + 20);
    return super.prepare(claimed);
  }
}

/** The broker of a child on a machine that gets busier: its first answers come later and later, after their window has passed. */
function late(answers: number, limits: number[]): ChildBroker {
  let late = 0;
  return {
    ...new ObservedBroker().broker,
    claim: async (claimant, request) => {
      limits.push(request.limit);
      const reply = await fixture.broker.claim(claimant, request);
      if (reply.tasks.some(({ message }) => !message.includes('quick')) && late < answers) {
        late += 1;
        block(START_WINDOW_MS * 3 * late);
      }
      return reply;
    },
  };
}

/** Lets so many ms pass without a turn of the event loop. */
function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

async function stopped(loop: ClaimLoop, ended: Promise<void>): Promise<void> {
  loop.stop();
  await fixture.redis.rpush('{nestwork}:bell:default', '1');
  await ended;
}

it('a child starts tasks whose arguments take longer to read than the start window, and logs them once', async () => {
  const warnings: string[] = [];
  Logger.overrideLogger({ log: () => {}, warn: (line: string) => void warnings.push(line), error: () => {} });
  const ran: unknown[] = [];
  const tasks = registry({ 'Some.task': ([value]) => void ran.push(value) });
  const loop = loopOf(fixture.broker, () => {}, { executor: new SlowReader(tasks, []) });
  await fixture.broker.enqueue(
    'default',
    ['slow', 'slow', 'quick', 'quick'].map((value) => fixture.message('Some.task', value)),
  );
  const ended = loop.run();
  await until(() => ran.length === 4);
  await stopped(loop, ended);
  expect(ran.sort()).toEqual(['quick', 'quick', 'slow', 'slow']);
});

it('a child claims again only after Redis has confirmed its release', async () => {
  const asked: string[] = [];
  const ran: unknown[] = [];
  const broker: ChildBroker = {
    ...new ObservedBroker().broker,
    claim: (claimant, request) => {
      asked.push('claim');
      return fixture.broker.claim(claimant, request);
    },
    release: async (...release) => {
      asked.push('release');
      const given = await fixture.broker.release(...release);
      await delay(20);
      asked.push('released');
      return given;
    },
  };
  const tasks = registry({ 'Some.task': ([value]) => void ran.push(value) });
  const loop = loopOf(broker, () => {}, { executor: new SlowReader(tasks, []) });
  const values = ['quick', 'slow', 'quick', 'slow', 'quick'];
  await fixture.broker.enqueue(
    'default',
    values.map((value) => fixture.message('Some.task', value)),
  );
  const ended = loop.run();
  await until(() => ran.length === values.length);
  await stopped(loop, ended);
  expect(asked.join(' ')).toContain('release released');
  expect(asked.join(' ')).not.toContain('release claim');
});

it.each([
  ['is tried again', { retries: 1, backoff: { type: 'fixed', delay: 3_600_000 } } as const],
  ['is dead', { retries: 0 }],
])(
  'a second message with the id of a task that %s leaves the claims with that task',
  async (_end, policy) => {
    const message = fixture.message();
    const attempts: number[] = [];
    let fail: (error: Error) => void = () => {};
    const handler: TaskHandler = (_args, task) => {
      attempts.push((task as RunningTask).attempt);
      if (attempts.length > 1) return;
      return new Promise((_, reject) => (fail = reject));
    };
    const observed = new ObservedBroker();
    const loop = loopOf(observed.broker, handler, { concurrency: 2, executor: executorOf(handler, policy) });
    await fixture.broker.enqueue('default', [message]);
    const ended = loop.run();
    await until(() => attempts.length === 1);
    await fixture.redis.rpush('{nestwork}:queue:default', `${message.slice(0, 21)}01${message.slice(23)}`);
    await fixture.redis.rpush('{nestwork}:bell:default', '1');
    await until(() => observed.given === 2);
    fail(new Error('no luck'));
    // it is given back first, and then no claim has it, either
    await until(() => attempts.length === 2);
    await until(async () => (await fixture.redis.hlen('{nestwork}:claims:child')) === 0);
    await stopped(loop, ended);
    expect(attempts).toEqual([1, 2]);
  },
  20_000,
);

it('a child claims one task with a longer window after claims from which it could start no task', async () => {
  const warnings: string[] = [];
  Logger.overrideLogger({ log: () => {}, warn: (line: string) => void warnings.push(line), error: () => {} });
  const ran: unknown[] = [];
  const limits: number[] = [];
  const windows: number[] = [];
  const notes = new ScoreboardWriter(400, scoreboard);
  notes.window = (_claim, untilMs) => void windows.push(untilMs - monotonicMs());
  const loop = loopOf(late(3, limits), ([value]) => void ran.push(value), { concurrency: 2, scoreboard: notes });
  await fixture.broker.enqueue('default', [fixture.message('Some.task', 'quick')]);
  const ended = loop.run();
  await until(() => ran.length === 1);
  limits.length = 0;
  await fixture.broker.enqueue(
    'default',
    [1, 2].map((value) => fixture.message('Some.task', value)),
  );
  await until(() => ran.length === 3);
  await stopped(loop, ended);
  expect(limits.join()).toMatch(/\b1,1,1,2\b/);
  expect(Math.max(...windows.filter(Number.isFinite))).toBeGreaterThan(START_WINDOW_MS * 8);
  expect(warnings.filter((line) => line.includes('was claimed 3 times'))).toHaveLength(1);
});

it.each<[string, TaskHandler, PolicyOptions]>([
  ['done', () => undefined, {}],
  ['tried again', () => Promise.reject(new Error('no')), { retries: 3 }],
  ['dead', () => Promise.reject(new Error('no')), {}],
])('a severed loop changes nothing in Redis when its task is %s', async (_end, ends, policy) => {
  const observed = new ObservedBroker();
  const losses: string[] = [];
  let end: (() => void) | undefined;
  const handler: TaskHandler = async (_args, task) => {
    await new Promise<void>((resolve) => {
      end = resolve;
    });
    await ends([], task);
  };
  await fixture.broker.enqueue('default', fixture.messages(2));
  const options = { executor: executorOf(handler, policy), onLeaseLost: () => void losses.push('lost') };
  const loop = loopOf(observed.broker, handler, options);
  const run = loop.run();
  while (!end) await delay(5);
  const before = await fixture.state();
  const { length: asked } = observed.asked;
  loop.sever();
  expect(losses).toEqual(['lost']);
  end();
  await run;
  expect(await fixture.state()).toEqual(before);
  expect(observed.asked).toHaveLength(asked);
});
