/** Scripts that read many queues, sessions and minutes at once. */
import { LUA } from '../../src/broker/redis/lua.generated.js';
import { createInspector } from '../../src/inspector/create-inspector.js';
import { encodeCounts, noCounts } from '../../src/task/task-counts.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { CommandMonitor } from '../support/command-monitor.js';
import { seedDead } from '../support/dead-tasks.js';
import { DIGEST } from '../support/worker-digests.js';

const MINUTE_MS = 60_000;
const NOW = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

async function session(queues: string[]): Promise<string> {
  return (await fixture.child(queues)).session;
}

const names = (number: number): string[] => Array.from({ length: number }, (_, at) => `queue-${1_000 + at}`);

describe('queueStates', () => {
  it('looks at more queues than one script does, in their order', async () => {
    const queues = names(205);
    for (const queue of [queues[0], queues[204]]) await fixture.broker.enqueue(queue ?? '', fixture.messages(3));
    const states = await fixture.broker.queueStates(queues);
    expect(states.map(({ queue }) => queue)).toEqual(queues);
    expect(states.flatMap(({ pending }, at) => (pending === 3 ? [at] : []))).toEqual([0, 204]);
  });

  it('reads only the beginning of a large head', async () => {
    const message = fixture.message('Some.task', 'x'.repeat(10_000));
    await fixture.broker.enqueue('default', [message]);
    const [state] = await fixture.broker.queueStates(['default']);
    expect(state?.head).toBe(message.slice(0, 100));
  });

  it('counts the dead since a moment only when it is asked for', async () => {
    await seedDead(fixture, [{}, {}]);
    expect(await fixture.broker.queueStates(['default'])).toMatchObject([{ dead: 2, died: 0 }]);
    expect(await fixture.broker.queueStates(['default'], { diedSince: 1_001 })).toMatchObject([{ dead: 2, died: 1 }]);
  });

  it('fails on a key of somebody else, and names it', async () => {
    await fixture.redis.set('{nestwork}:queue:default', 'x');
    await expect(fixture.broker.queueStates(['bulk', 'default'])).rejects.toThrow(/{nestwork}:queue:default/);
    await fixture.redis.flushall();
  });
});

describe('counts of dead tasks', () => {
  it('are of more queues than one script looks at, in their order', async () => {
    const queues = names(405);
    for (const queue of [queues[0], queues[404]]) await seedDead(fixture, [{ queue }, { queue }]);
    const counts = await fixture.broker.deadLetters.counts(queues, {});
    expect(counts.length).toBe(405);
    expect(counts.flatMap((count, at) => (count === 2 ? [at] : []))).toEqual([0, 404]);
  });

  it('fail on a key of somebody else, and name it', async () => {
    await fixture.redis.set('{nestwork}:dead:default', 'x');
    await expect(fixture.broker.deadLetters.counts(['bulk', 'default'], {})).rejects.toThrow(/{nestwork}:dead:default/);
    await fixture.redis.flushall();
  });
});

describe('sessions', () => {
  it('are all read, however many there are, also when each of them is new', async () => {
    const opened = [];
    for (let number = 0; number < 60; number += 1) opened.push(await session(['default']));
    const { live, at } = await fixture.broker.workers.sessions();
    expect(live.map(({ session }) => session).sort()).toEqual(opened.sort());
    expect(live.every(({ fields }) => fields['@queues'] === 'default')).toBe(true);
    expect(Math.abs(at - Date.now())).toBeLessThan(MINUTE_MS);
    const another = await session(['bulk']);
    const again = await fixture.broker.workers.sessions();
    expect(again.live.map(({ session }) => session).sort()).toEqual([...opened, another].sort());
  });

  it('are apart once their lease has run out, and none once they are closed, although they were known', async () => {
    const known = await session(['default']);
    await fixture.broker.workers.sessions();
    await fixture.redis.zadd('{nestwork}:sessions', 1, known);
    expect(await fixture.broker.workers.sessions()).toMatchObject({
      live: [],
      lapsed: [{ session: known, until: 1, fields: { '@queues': 'default' } }],
    });
    await fixture.redis.zrem('{nestwork}:sessions', known);
    expect(await fixture.broker.workers.sessions()).toMatchObject({ live: [], lapsed: [] });
    // the client leaves it out, too: the script need not send its fields and digest
    const keys = ['sessions', `session:${known}`, `digest:${known}`].map((key) => `{nestwork}:${key}`);
    const reply = await fixture.redis.eval(LUA['live-sessions'], keys.length, ...keys, known);
    expect(reply).toEqual([expect.any(Number), [], []]);
    await fixture.redis.zadd('{nestwork}:sessions', Date.now() + 60_000, known);
  });

  it('have the digest that their workers published, and none that is a key of somebody else', async () => {
    const [one, other] = [await session(['default']), await session(['default'])];
    await fixture.broker.workers.publish(one, DIGEST, 60_000);
    await fixture.redis.rpush(`{nestwork}:digest:${other}`, 'x');
    const workers = await fixture.broker.workers.workers();
    const published = new Map(workers.map((worker) => [worker.session, worker.published?.digest.state]));
    expect(published).toEqual(
      new Map([
        [one, 'running'],
        [other, undefined],
      ] as const),
    );
  });

  it.each([
    ['list of sessions', '{nestwork}:sessions'],
    ['session', undefined],
  ])('fail on a %s of somebody else, and name it', async (_what, given) => {
    const key = given ?? `{nestwork}:session:${await session(['default'])}`;
    await fixture.redis.del(key);
    await fixture.redis.set(key, 'x');
    await expect(fixture.broker.workers.sessions()).rejects.toThrow(key);
    await fixture.redis.flushall();
  });
});

describe('the counts of minutes', () => {
  const series = (number: number): string[] =>
    Array.from({ length: number }, (_, at) => [
      `default Some.task${at}`,
      encodeCounts({ ...noCounts(), done: at + 1 }),
    ]).flat();

  async function read(minutes: number): Promise<number[]> {
    const sizes: number[] = [];
    const range = { minutes: 1, from: NOW - minutes * MINUTE_MS, to: NOW } as const;
    for await (const bucket of fixture.broker.metrics.buckets(range)) sizes.push(bucket.series.length);
    return sizes;
  }

  it('are read in one command where they are small', async () => {
    await fixture.redis.hset(`{nestwork}:metrics:${NOW / MINUTE_MS - 3}`, ...series(5));
    const monitor = await CommandMonitor.start(fixture.server.port, 'without scripts');
    expect(await read(59)).toEqual(Array.from({ length: 60 }, (_, at) => (at === 56 ? 5 : 0)));
    expect((await monitor.seen(fixture.redis)).map(([command]) => command)).toEqual([expect.stringMatching(/eval/)]);
    monitor.stop();
  });

  it('are read in several commands where they are large, each once', async () => {
    for (let ago = 0; ago < 4; ago += 1) {
      const fields = Array.from({ length: 40 }, (_, at) => [`default ${'x'.repeat(10_000)}${at}`, 'done 1']).flat();
      await fixture.redis.hset(`{nestwork}:metrics:${NOW / MINUTE_MS - ago}`, ...fields);
    }
    const monitor = await CommandMonitor.start(fixture.server.port, 'without scripts');
    expect(await read(3)).toEqual([40, 40, 40, 40]);
    expect((await monitor.seen(fixture.redis)).length).toBe(4);
    monitor.stop();
  });

  it('fail on a key of somebody else, and name it', async () => {
    const key = `{nestwork}:metrics:${NOW / MINUTE_MS}`;
    await fixture.redis.set(key, 'x');
    await expect(read(1)).rejects.toThrow(key);
    await fixture.redis.flushall();
  });
});

it('a status of 100 queues and 20 workers takes at most eleven commands, once it has the last hour', async () => {
  for (let number = 0; number < 20; number += 1) await fixture.child(names(100));
  const [dead = ''] = await seedDead(fixture, [{ queue: 'queue-1000' }]);
  const inspector = await createInspector({ redis: fixture.settings });
  await inspector.status();
  const monitor = await CommandMonitor.start(fixture.server.port, 'without scripts');
  const { queues, workers } = await inspector.status();
  const commands = await monitor.seen(fixture.redis);
  monitor.stop();
  await inspector.close();
  expect([queues.length, workers.length, queues[0]?.dead]).toEqual([100, 20, 1]);
  expect(commands.length).toBeLessThanOrEqual(11);
  expect(idOf(dead)).toHaveLength(20);
});
