import { Redis } from 'ioredis';
import { LUA } from '../../src/broker/redis/lua.generated.js';
import { SCRIPTS, type ScriptName } from '../../src/broker/redis/scripts.js';
import { RedisBroker, type RedisBrokerOptions } from '../../src/broker/redis-broker.js';
import { RedisServer } from '../../src/testing/redis-server.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { documentedRules, urlAs, userArgs } from '../support/least-rights.js';
import { WorkerFixture, type WorkerProcess } from '../support/worker-fixture.js';

/** Parts of an app that a worker's tasks seldom use; its rights do not cover them. */
const SELDOM = ['MetricsReader', 'QueueInspector', 'TaskInspector', 'WorkerInspector'];
const OF_A_WORKER = Object.entries(LUA).flatMap(([name, lua]) =>
  SCRIPTS[name as ScriptName].by.every((caller) => SELDOM.includes(caller)) ? [] : [lua],
);

describe('docs/redis-keys.md allows every command', () => {
  it.each(Object.entries(LUA))(
    '%s calls commands by names in full, from which the rights on the page follow',
    (_name, lua) => {
      expect(lua).not.toMatch(/redis\.p?call\((?!')/);
    },
  );

  it.each([
    ['that a script calls to a worker', 'shop-worker', OF_A_WORKER],
    ['that enqueue calls to a sender', 'shop-sender', [LUA.enqueue]],
  ] as const)('%s', (_what, user, scripts) => {
    const called = scripts.flatMap((lua) => [...lua.matchAll(/redis\.p?call\('(\w+)'/g)].map(([, name = '']) => name));
    expect(called.length).toBeGreaterThan(0);
    expect(documentedRules(user)).toEqual(expect.arrayContaining(called.map((name) => `+${name.toLowerCase()}`)));
  });
});

describe('with the rights of docs/redis-keys.md and no others', () => {
  let fixture: WorkerFixture;
  let worker: WorkerProcess;

  beforeEach(async () => {
    const users = ['shop-sender', 'shop-worker'] as const;
    const server = await RedisServer.start({ args: users.flatMap((user) => userArgs(user, documentedRules(user))) });
    const redis = urlAs('shop-sender', server.url);
    fixture = WorkerFixture.on(await BrokerFixture.on(server, { redis }, new Redis(server.url)));
    worker = start();
    await fixture.until('all have booted', () => fixture.events('booted').length === 2);
  });
  afterEach(() => fixture.stop());

  function start(): WorkerProcess {
    const REDIS_URL = urlAs('shop-worker', fixture.broker.server.url);
    return fixture.worker({ children: 2, lease: '1s' }, { REDIS_URL });
  }

  /** A broker of the sender with other options. */
  async function sender(options: Partial<Pick<RedisBrokerOptions, 'redis' | 'replicas'>>): Promise<RedisBroker> {
    const redis = urlAs('shop-sender', fixture.broker.server.url);
    const defaults = { namespace: 'nestwork', queues: ['default'], commandTimeoutMs: 1_000 };
    const broker = new RedisBroker({ redis, ...defaults, ...options });
    await broker.connect();
    return broker;
  }

  /** The commands that the server refused, without those by which a client library introduces itself. */
  async function refused(): Promise<string[]> {
    const log = (await fixture.broker.redis.call('ACL', 'LOG')) as string[][];
    return log.map((entry) => entry.join(' ')).filter((entry) => !entry.includes('client|setinfo'));
  }

  it('tasks run, fail, kill their process and block it, and a worker that is gone is reaped', async () => {
    await fixture.send('run', ['plain']);
    await fixture.send('fail', ['dead']);
    await fixture.send('exit', ['dead after three crashes']);
    await fixture.send('block', ['blocks', 'first gate']);
    for (let index = 0; index < 50; index += 1) await fixture.send('run', [`behind ${index}`]);
    await fixture.event('run', 'behind 49');
    fixture.open('first gate');
    await fixture.drained();

    await fixture.send('hold', ['held', 'second gate']);
    await fixture.event('started', 'held');
    worker.kill('SIGKILL');
    start();
    await fixture.until('it runs elsewhere', () => fixture.events('started', 'held').length === 2);
    fixture.open('second gate');
    await fixture.drained();

    expect(await fixture.broker.redis.zcard('{nestwork}:dead:default')).toBe(2);
    expect(await refused()).toEqual([]);
  });

  it('a sender looks up queues, asks for health and for replicas, and uses another database', async () => {
    const { broker } = fixture.broker;
    expect(await broker.registeredTask('FixtureTasks.run')).toMatchObject({ queue: 'default' });
    expect(await broker.queueStates(['default'])).toMatchObject([{ pending: 0, served: true }]);
    const careful = await sender({ replicas: 1 });
    await expect(careful.enqueue('default', [fixture.broker.message('FixtureTasks.run', 'x')])).rejects.toMatchObject({
      cause: { message: '0 of 1 replicas have it.' },
    });
    const elsewhere = await sender({ redis: `${urlAs('shop-sender', fixture.broker.server.url)}/1` });
    expect(await elsewhere.enqueue('default', fixture.broker.messages(1))).toBe(1);
    await careful.close();
    await elsewhere.close();
    expect(await refused()).toEqual([]);
  });

  it('a sender cannot claim', async () => {
    const { broker } = fixture.broker;
    const claimant = { session: 's-1000', child: 's-1000.1', queues: ['default'] };
    await expect(broker.claim(claimant, { number: 1, limit: 1, acks: [] })).rejects.toMatchObject({
      code: 'REDIS_FORBIDDEN',
      message: expect.stringContaining('docs/redis-keys.md'),
    });
    expect(await refused()).not.toEqual([]);
  });
});
