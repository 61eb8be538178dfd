/** Digests of workers, and orders to them. */
import type { WorkerDigest } from '../../src/broker/port/worker-port.js';
import { RedisBroker } from '../../src/broker/redis-broker.js';
import { Inspector } from '../../src/inspector/inspector.js';
import { BrokerFixture } from '../support/broker-fixture.js';

const SESSION = '4f1c09aa-30000';
const DIGEST_KEY = `{nestwork}:digest:${SESSION}`;
const SESSIONS = '{nestwork}:sessions';
const STREAM = '{nestwork}:broadcasts';
const QUIET = { action: 'quiet', pid: undefined, by: 'anna' } as const;
const DIGEST: WorkerDigest = {
  version: '1.2.3',
  app: 'shop',
  appVersion: '4.5.6',
  state: 'running',
  inProcess: false,
  upMs: 60_000,
  bytes: 2_000,
  forked: 1,
  range: { min: 1, max: 4 },
  children: [
    {
      pid: 7,
      state: 'running',
      upMs: 50_000,
      bytes: 1_000,
      running: 1,
      active: [{ id: 'task', name: 'Some.task', forMs: 1_500 }],
    },
  ],
  restarted: 1,
  restarts: [{ pid: 6, reason: 'SIGKILL', agoMs: 51_000, crashed: true }],
};

let fixture: BrokerFixture;
let inspector: Inspector;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(async () => {
  inspector = new Inspector(fixture.broker);
  await fixture.child(['default'], SESSION);
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

const publish = (digest = DIGEST, forMs = 30_000): Promise<boolean | undefined> =>
  fixture.broker.workers.publish(SESSION, digest, forMs);

async function sessionIsGone(): Promise<void> {
  await fixture.redis.zrem(SESSIONS, SESSION);
  await fixture.redis.del(`{nestwork}:session:${SESSION}`);
}

async function orders(): Promise<string[][]> {
  const entries = await fixture.redis.xrange(STREAM, '-', '+');
  return entries.map(([, fields]) => fields);
}

describe('a digest', () => {
  it('is read with times by the clock of Redis', async () => {
    await publish();
    const [, at] = /^(\d+) /.exec((await fixture.redis.get(DIGEST_KEY)) ?? '') ?? [];
    const ago = (ms: number): Date => new Date(Number(at) - ms);
    expect(Math.abs(Number(at) - (await fixture.now()))).toBeLessThan(10_000);
    expect(await inspector.workers.list()).toMatchObject([
      {
        id: SESSION,
        host: 'test',
        pid: 1,
        queues: ['default'],
        state: 'running',
        app: 'shop',
        appVersion: '4.5.6',
        version: '1.2.3',
        seenAt: ago(0),
        startedAt: ago(60_000),
        memory: 3_000,
        running: 1,
        forked: 1,
        range: { min: 1, max: 4 },
        children: [{ pid: 7, startedAt: ago(50_000), active: [{ id: 'task', since: ago(1_500) }] }],
        restarts: [{ pid: 6, reason: 'SIGKILL', at: ago(51_000), crashed: true }],
      },
    ]);
  });

  it('goes with the lease', async () => {
    await publish(DIGEST, 20_000);
    const ttl = await fixture.redis.pttl(DIGEST_KEY);
    expect(ttl).toBeGreaterThan(0);
    expect(ttl).toBeLessThanOrEqual(20_000);
  });

  it('is not published by a worker whose session is gone', async () => {
    await sessionIsGone();
    expect(await publish()).toBeUndefined();
    expect(await fixture.redis.exists(DIGEST_KEY)).toBe(0);
  });

  it('reports to its worker whether somebody looks', async () => {
    expect(await publish()).toBe(false);
    await inspector.workers.watch();
    expect(await publish()).toBe(true);
    expect(await fixture.redis.pttl('{nestwork}:watched')).toBeGreaterThan(0);
  });

  it('is published though Redis is full', async () => {
    expect(await fixture.whenFull(() => publish())).toBe(false);
  });

  it.each([
    ['is no JSON', '1 {'],
    ['has no time', JSON.stringify(DIGEST)],
    ['lacks a field', '1 {"state":"running"}'],
    ['has a wrong field', `1 ${JSON.stringify({ ...DIGEST, children: [{ pid: 'x' }] })}`],
  ])('that %s is passed over and named', async (_what, value) => {
    await fixture.redis.set(DIGEST_KEY, value);
    const warnings: string[] = [];
    const options = { namespace: 'nestwork', queues: ['default'], commandTimeoutMs: 5_000 };
    const onWarning = (warning: string): void => void warnings.push(warning);
    const broker = new RedisBroker({ redis: fixture.settings, ...options, onWarning });
    await broker.connect();
    const workers = await new Inspector(broker).workers.list();
    await broker.close();
    expect(workers).toMatchObject([{ id: SESSION, state: 'unknown', children: [] }]);
    expect(warnings).toEqual([expect.stringContaining(DIGEST_KEY)]);
  });

  it('whose key is of another type is passed over', async () => {
    await fixture.redis.rpush(DIGEST_KEY, 'x');
    expect(await inspector.workers.list()).toMatchObject([{ id: SESSION, state: 'unknown' }]);
  });
});

describe('an order', () => {
  it('goes into the stream with its id, its addressee and the name of who gives it', async () => {
    const id = await fixture.broker.workers.order(SESSION, { action: 'recycle', pid: 7, by: 'anna' });
    const fields = ['kind', 'order', 'session', SESSION, 'id', id, 'action', 'recycle', 'pid', '7', 'by', 'anna'];
    expect(await orders()).toEqual([fields]);
  });

  it('is not given to a worker that is gone', async () => {
    await sessionIsGone();
    expect(await fixture.broker.workers.order(SESSION, QUIET)).toBeUndefined();
    expect(await orders()).toEqual([]);
  });

  it('is not given to a worker whose lease is over', async () => {
    await fixture.redis.zadd(SESSIONS, (await fixture.now()) - 1, SESSION);
    expect(await fixture.broker.workers.order(SESSION, QUIET)).toBeUndefined();
    expect(await orders()).toEqual([]);
  });

  it('is given though Redis is full', async () => {
    expect(await fixture.whenFull(() => fixture.broker.workers.order(SESSION, QUIET))).toBeDefined();
  });

  it('is refused where the stream is a foreign key', async () => {
    await fixture.redis.set(STREAM, 'foreign');
    await expect(fixture.broker.workers.order(SESSION, QUIET)).rejects.toMatchObject({
      code: 'REDIS_REFUSED',
      message: expect.stringContaining(`${STREAM} is a string`),
    });
    await fixture.redis.del(STREAM);
  });

  it('trims the stream', async () => {
    const order = { sessionId: SESSION, action: 'quiet', pid: '', orderedBy: 'anna', kept: 100 };
    for (let id = 0; id < 300; id += 1) await fixture.call('order-worker', { ...order, id: String(id) });
    expect(await fixture.redis.xlen(STREAM)).toBeLessThan(300);
  });
});

describe('the name of a worker', () => {
  const OTHER = '4f1d7777-30000';

  it('may be shortened to what no other worker has', async () => {
    await fixture.child(['default'], OTHER);
    expect(await inspector.workers.get('4f1c')).toMatchObject({ id: SESSION });
    expect(await inspector.workers.get(OTHER)).toMatchObject({ id: OTHER });
    await expect(inspector.workers.get('4f1')).rejects.toThrow(/2 workers begin with "4f1"/);
  });

  it.each(['5', ''])('"%s", which no worker has, is refused with those there are', async (name) => {
    await expect(inspector.workers.get(name)).rejects.toMatchObject({ code: 'UNKNOWN_WORKER' });
    await expect(inspector.workers.get(name)).rejects.toThrow(/There are: 4f1c09aa/);
  });
});

describe('steering refuses', () => {
  it('a worker that has published nothing, or runs in its app', async () => {
    await expect(inspector.workers.stop('4f1c', { by: 'anna' })).rejects.toMatchObject({
      code: 'WORKER_TAKES_NO_ORDERS',
    });
    await publish({ ...DIGEST, inProcess: true });
    await expect(inspector.workers.quiet('4f1c', { by: 'anna' })).rejects.toThrow(/in the process of its app/);
    expect(await orders()).toEqual([]);
  });

  it.each(['quiet', 'stopping'] as const)('to recycle the children of a worker that is %s', async (state) => {
    await publish({ ...DIGEST, state });
    await expect(inspector.workers.recycle('4f1c', { by: 'anna' })).rejects.toMatchObject({
      code: 'WORKER_TAKES_NO_ORDERS',
      message: expect.stringContaining(`is ${state}: its children end`),
    });
    expect(await orders()).toEqual([]);
  });

  it('a child that the worker does not have', async () => {
    await publish();
    await expect(inspector.workers.recycle('4f1c', { by: 'anna', child: 8 })).rejects.toThrow(/Its children: 7/);
    expect(await orders()).toEqual([]);
  });

  it.each([{}, { by: '' }, { by: 'x'.repeat(257) }, { by: 'anna', child: -1 }, { by: 'anna', now: true }])(
    'the options %j',
    async (options) => {
      await publish();
      await expect(inspector.workers.recycle('4f1c', options as never)).rejects.toMatchObject({
        code: 'INVALID_OPTION',
      });
    },
  );
});
