import { QueueHealth } from '../../src/inspector/queue-health.js';
import { KnownQueues } from '../../src/inspector/queues/known-queues.js';
import { appTasks } from '../../src/task/app-tasks.js';
import { BrokerFixture, childExit, idOf } from '../support/broker-fixture.js';

let fixture: BrokerFixture;
let health: QueueHealth;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  health = new QueueHealth(fixture.broker, KnownQueues.declared(['default', 'bulk']));
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** A message that was enqueued so long ago. */
function aged(ms: number): string {
  const message = fixture.message();
  return message.slice(0, 25) + (Date.now() - ms).toString(36).padStart(9, '0') + message.slice(34);
}

const HOUR_MS = 3_600_000;
/** And the tasks that the test took. */
const AN_HOUR = /^the next task has waited for 36\d\d s$/;

it('queues without waiting tasks are healthy, with and without a worker', async () => {
  await fixture.child(['bulk']);
  const empty = { healthy: true, reason: undefined, pending: 0, heldBack: 0, scheduled: 0, dead: 0, waitingMs: 0 };
  expect(await health.check()).toEqual({
    healthy: true,
    queues: [
      { queue: 'default', served: false, ...empty },
      { queue: 'bulk', served: true, ...empty },
    ],
    staleAcks: 0,
  });
});

it('a queue with tasks and without a worker is not healthy, although Redis answers', async () => {
  await fixture.broker.enqueue('default', fixture.messages(2));
  await fixture.child(['bulk']);
  expect(await health.check()).toMatchObject({
    healthy: false,
    queues: [
      {
        queue: 'default',
        healthy: false,
        reason: 'tasks wait, and no worker of this namespace serves the queue',
        pending: 2,
      },
      { queue: 'bulk', healthy: true },
    ],
  });
});

it('a paused queue is healthy although its tasks wait, and reports its pause, until it is resumed', async () => {
  const pause = { forMs: HOUR_MS, by: 'anna', reason: 'mail is down' };
  await fixture.broker.enqueue('default', [aged(HOUR_MS)]);
  const { since, until } = await fixture.broker.pauses.pause('default', pause);
  expect(await health.check()).toMatchObject({
    healthy: true,
    queues: [
      {
        healthy: true,
        pending: 1,
        paused: { since: new Date(since), until: new Date(until ?? 0), by: 'anna', reason: 'mail is down' },
      },
      { paused: undefined },
    ],
  });
  await fixture.broker.pauses.resume('default');
  expect(await health.check()).toMatchObject({ healthy: false, queues: [{ paused: undefined }, {}] });
});

it('a paused queue with too many dead tasks is not healthy', async () => {
  const child = await fixture.holderOf(fixture.messages(1));
  const { ids } = await fixture.broker.holdings(child);
  const report = { code: 'TASK_FAILED', error: 'no', host: 'h', pid: 1 };
  await fixture.broker.bury(child, { id: ids[0] ?? '', queue: 'default' }, report);
  await fixture.broker.pauses.pause('default', { forMs: undefined, by: 'anna', reason: undefined });
  expect(await health.check({ maxDead: 0 })).toMatchObject({ healthy: false, queues: [{ dead: 1 }, {}] });
});

it('a queue whose workers have lost their lease is not healthy', async () => {
  const { session } = await fixture.child();
  await fixture.broker.enqueue('default', fixture.messages(1));
  await fixture.redis.zadd('{nestwork}:sessions', 1, session);
  expect(await health.check()).toMatchObject({ healthy: false, queues: [{ served: false }, {}] });
});

it('a queue whose workers live but do not consume is not healthy until they consume', async () => {
  const child = await fixture.child();
  const message = aged(HOUR_MS);
  await fixture.broker.enqueue('default', [message]);
  expect(await health.check({ maxWait: '2h' })).toMatchObject({ healthy: true });
  expect(await health.check({ maxWait: '1m' })).toMatchObject({
    healthy: false,
    queues: [{ served: true, reason: expect.stringMatching(AN_HOUR) }, {}],
  });
  await fixture.claim(child);
  expect(await health.check({ maxWait: '1m' })).toMatchObject({ healthy: true, queues: [{ pending: 0 }, {}] });
});

it('a queue that two apps serve with different tasks is healthy while it is consumed; otherwise the reason names both apps', async () => {
  const serving = { leaseMs: 30_000, queues: ['default', 'bulk'], host: 'h', pid: 1, catalog: [] };
  const apps = ['shop', 'blog'].map((name) =>
    appTasks(name, serving.queues, [
      { name: `${name}.task`, queue: 'default' },
      { name: 'Shared.task', queue: 'bulk' },
    ]),
  );
  for (const [index, app] of apps.entries()) {
    await fixture.broker.openSession({ ...serving, session: `w${index}-30000`, app });
  }
  for (const queue of serving.queues) await fixture.broker.enqueue(queue, [aged(HOUR_MS)]);
  for (const child of ['w0-30000', 'w1-30000']) await fixture.broker.register(child, `${child}.1`);
  const hint = '; the apps "blog" and "shop" serve it with different tasks: give each a `namespace` of its own';
  expect(await health.check({ maxWait: '2h' })).toMatchObject({ healthy: true });
  expect((await health.check()).queues.map(({ reason }) => reason)).toEqual([
    expect.stringMatching(new RegExp(`^the next task has waited for 36\\d\\d s${hint}$`)),
    expect.stringMatching(AN_HOUR),
  ]);
});

it('quarantined tasks count as waiting, and dead ones are counted', async () => {
  await crash(1);
  await crash(3);
  expect((await health.check()).queues[0]).toMatchObject({ pending: 1, dead: 1 });
});

/** A task whose process dies with it; dead after so many crashes. */
async function crash(maxCrashes: number): Promise<void> {
  const message = fixture.message();
  const child = await fixture.child();
  await fixture.broker.enqueue('default', [message]);
  await fixture.claim(child);
  await fixture.broker.settle(child, childExit({ blamed: [idOf(message)], maxCrashes }));
}

it('foreign bytes at the head of a queue do not disturb the check', async () => {
  await fixture.child();
  await fixture.redis.rpush('{nestwork}:queue:default', 'x');
  await fixture.redis.rpush('{nestwork}:bell:default', '1');
  expect(await health.check()).toMatchObject({ healthy: true, queues: [{ pending: 1, waitingMs: 0 }, {}] });
});

it('queues of other apps can be checked', async () => {
  await fixture.broker.enqueue('elsewhere', fixture.messages(1));
  expect(await health.check({ queues: ['elsewhere'] })).toMatchObject({
    healthy: false,
    queues: [{ queue: 'elsewhere' }],
  });
});

it('the report has the number of acks that came too late, over all workers', async () => {
  const child = await fixture.child();
  const [message] = fixture.messages(1) as [string];
  await fixture.broker.enqueue('default', [message]);
  await fixture.claim(child);
  await fixture.broker.release(child, [idOf(message)]);
  await fixture.claim(child, 0, [idOf(message)]);
  expect(await health.check()).toMatchObject({ staleAcks: 1 });
});

describe('a schedule', () => {
  async function scheduled(dueAt: number): Promise<void> {
    const message = fixture.message();
    await fixture.broker.enqueue('default', [message], { in: HOUR_MS });
    await fixture.redis.zadd('{nestwork}:scheduled:default', dueAt, message);
  }

  it('without due tasks is healthy, with and without a worker', async () => {
    await scheduled(Date.now() + HOUR_MS);
    expect(await health.check()).toMatchObject({ healthy: true, queues: [{ scheduled: 1, waitingMs: 0 }, {}] });
  });

  it('with overdue tasks and without a worker is not healthy', async () => {
    await scheduled(Date.now() - 10_000);
    expect(await health.check()).toMatchObject({
      healthy: false,
      queues: [
        { reason: 'tasks wait, and no worker of this namespace serves the queue', pending: 0, scheduled: 1 },
        {},
      ],
    });
  });

  it('with tasks that are overdue for too long is not healthy, although there is a worker', async () => {
    await fixture.child();
    await scheduled(Date.now() - HOUR_MS);
    expect(await health.check()).toMatchObject({ queues: [{ reason: expect.stringMatching(AN_HOUR) }, {}] });
  });
});

describe('limits by queue', () => {
  it('hold for the queues they name, the default for the others', async () => {
    await fixture.child(['default', 'bulk']);
    await fixture.broker.enqueue('default', [aged(30_000)]);
    await fixture.broker.enqueue('bulk', [aged(30_000)]);
    expect(await health.check({ maxWait: { bulk: '10s' } })).toMatchObject({
      queues: [
        { queue: 'default', healthy: true },
        { queue: 'bulk', healthy: false },
      ],
    });
  });

  it('apply to dead tasks', async () => {
    await crash(1);
    await crash(1);
    const reason = '2 tasks are dead, more than 1';
    expect(await health.check({ maxDead: 1 })).toMatchObject({ healthy: false, queues: [{ reason }, {}] });
    expect(await health.check({ maxDead: 2 })).toMatchObject({ healthy: true });
    expect(await health.check({ maxDead: { default: 1 } })).toMatchObject({ healthy: false });
    expect(await health.check({ maxDead: { bulk: 0 } })).toMatchObject({ healthy: true });
  });

  it.each<[object, string]>([
    [{ maxWait: { blk: '10s' } }, 'UNKNOWN_QUEUE'],
    [{ maxWait: { bulk: 'soon' } }, 'INVALID_DURATION'],
    [{ maxWait: 'soon' }, 'INVALID_DURATION'],
    [{ maxDead: { blk: 1 } }, 'UNKNOWN_QUEUE'],
    [{ maxDead: -1 }, 'INVALID_OPTION'],
    [{ maxDead: new Map([['bulk', 1]]) }, 'INVALID_OPTION'],
    [{ maxWait: new Map([['bulk', '1s']]) }, 'INVALID_OPTION'],
    [{ maxWait: ['1s'] }, 'INVALID_OPTION'],
    [new Map([['maxDead', 1]]), 'INVALID_OPTION'],
    [{ maxDeath: 1 }, 'INVALID_OPTION'],
    [{ maxDead: { bulk: 1.5 } }, 'INVALID_OPTION'],
  ])('%p is refused with %s', async (options, code) => {
    await expect(health.check(options)).rejects.toMatchObject({ code });
  });
});
