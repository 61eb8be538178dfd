import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { EnqueueUnconfirmedError, NestworkError } from '../../src/errors.js';
import type { RedisServer } from '../../src/testing/redis-server.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { SentinelGroup } from '../support/sentinel-group.js';
import { WorkerFixture, type WorkerProcess } from '../support/worker-fixture.js';

const CHILDREN = 2;

let group: SentinelGroup;
let fixture: WorkerFixture<SentinelGroup>;
let worker: WorkerProcess;

beforeEach(async () => {
  group = await SentinelGroup.start();
  // it must find the new primary, too, when the old one is silent
  const redis = new Redis({ ...group.admin, socketTimeout: 1_000, maxRetriesPerRequest: null });
  redis.on('error', () => {}); // its server is killed on purpose
  const broker = { redis: group.settings, replicas: 1, commandTimeoutMs: 1_500 };
  fixture = WorkerFixture.on(await BrokerFixture.on(group, broker, redis));
  const options = { children: CHILDREN, concurrency: 2, lease: '3s', shutdownGrace: '1s' } as const;
  worker = fixture.worker(options, { COMMAND_TIMEOUT: '1500ms' });
  await fixture.until('all have booted', () => fixture.events('booted').length === CHILDREN);
});
afterEach(() => fixture.stop());

/** Sends one task after another until it is stopped, each until its `delay()` resolves. Resolves to all labels. */
function keepSending(): () => Promise<string[]> {
  let wanted = true;
  const labels: string[] = [];
  const sending = (async () => {
    while (wanted) {
      const label = `task ${labels.length}`;
      const message = fixture.broker.message('FixtureTasks.run', label);
      while (!(await accepted(message)));
      labels.push(label);
    }
  })();
  return async () => {
    wanted = false;
    await sending;
    return labels;
  };
}

/** Whether an enqueue resolved; a refused or unconfirmed one may be repeated. */
async function accepted(message: string): Promise<boolean> {
  try {
    await fixture.broker.broker.enqueue('default', [message]);
    return true;
  } catch (error) {
    const known = error instanceof EnqueueUnconfirmedError || (error as NestworkError).code === 'REDIS_UNAVAILABLE';
    if (!known) throw error;
    await delay(10);
    return false;
  }
}

/** Every task that was accepted has run, and new ones are claimed. */
async function allRan(labels: readonly string[]): Promise<void> {
  await fixture.until('every accepted task has run', () => {
    const ran = new Set(fixture.events('run').map(({ label }) => label));
    return labels.every((label) => ran.has(label));
  });
  expect(labels.length).toBeGreaterThan(0);
}

async function loseThePrimary(lose: (primary: RedisServer) => unknown): Promise<RedisServer> {
  const primary = await group.primary();
  await fixture.send('hold', ['through the failover', 'gate']);
  await fixture.event('started', 'through the failover');
  const sent = keepSending();
  await fixture.until('tasks run', () => fixture.events('run').length > 100);
  await lose(primary);
  await group.failedOver(primary);
  const before = fixture.events('run').length;
  await fixture.until('tasks are claimed again', () => fixture.events('run').length > before + 100);
  fixture.open('gate');
  await fixture.event('finished', 'through the failover');
  await allRan(await sent());
  await fixture.drained();
  return primary;
}

/** The old primary comes back and becomes a replica, and no client uses it as a primary. */
async function returned(old: RedisServer): Promise<void> {
  await group.demoted(old);
  await fixture.send('run', ['after its return']);
  await fixture.event('run', 'after its return');
  expect(worker.lines('died')).toEqual([]);
}

describe('a primary that the sentinels replace', () => {
  it('after a kill loses no accepted task, and workers and senders connect to the new one', async () => {
    const old = await loseThePrimary((primary) => primary.kill('SIGKILL'));
    await old.restart();
    await returned(old);
  });

  it('while it does not answer, with all its connections open, loses no accepted task either', async () => {
    const old = await loseThePrimary((primary) => primary.pause());
    old.resume();
    await returned(old);
  });

  it('while it does not answer and no task is sent is left by the waiting connections, too', async () => {
    const old = await group.primary();
    old.pause();
    await group.failedOver(old);
    const message = fixture.broker.message('FixtureTasks.run', 'after');
    await fixture.until('a task is accepted', () => accepted(message));
    await fixture.event('run', 'after');
    old.resume();
    await returned(old);
  });
});
