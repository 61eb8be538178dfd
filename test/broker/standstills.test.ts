import { Redis } from 'ioredis';
import { RedisBroker } from '../../src/broker/redis-broker.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { ScriptedServer } from '../support/scripted-server.js';

let fixture: BrokerFixture;
let redis: Redis;
beforeAll(async () => {
  fixture = await BrokerFixture.start(['--busy-reply-threshold', '1', '--enable-protected-configs', 'local']);
  redis = fixture.redis;
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** A broker that gives up soon, and the outages that it reports. */
async function impatient(settings = fixture.settings): Promise<{ broker: RedisBroker; reported: string[] }> {
  const reported: string[] = [];
  const onOutage = {
    lost: () => reported.push('lost'),
    refused: (_where: string, reason: string) => reported.push(reason),
    restored: () => reported.push('restored'),
  };
  const options = { namespace: 'nestwork', queues: ['default'], commandTimeoutMs: 300, onOutage };
  const broker = new RedisBroker({ redis: settings, ...options });
  await broker.connect();
  return { broker, reported };
}

/** Resolves when the server answers a command so. */
async function until(answered: (error: Error | undefined) => boolean, command: () => Promise<unknown>): Promise<void> {
  for (;;) {
    const error = await command().then(
      () => undefined,
      (reason: Error) => reason,
    );
    if (answered(error)) return;
  }
}

/** How many commands the server has refused so. */
async function refusals(prefix: string): Promise<number> {
  const info = await redis.info('errorstats');
  return Number(new RegExp(`^errorstat_${prefix}:count=(\\d+)`, 'm').exec(info)?.[1] ?? 0);
}

describe('while a script of another client blocks Redis', () => {
  let other: Redis;
  let script: Promise<unknown>;
  beforeEach(async () => {
    other = new Redis(fixture.server.url);
    script = other.eval('while true do end', 0).catch(() => {});
    await until(
      (error) => error?.message.startsWith('BUSY') === true,
      () => redis.ping(),
    );
  });

  async function over(): Promise<void> {
    await redis.call('SCRIPT', 'KILL');
    await script;
    other.disconnect();
  }

  it('commands wait until it is over, and are executed once', async () => {
    const messages = fixture.messages(3);
    const sent = Promise.all([
      fixture.broker.enqueue('default', messages),
      fixture.broker.queueStates(['default']),
      fixture.broker.waitForBell(['bulk'], 1),
    ]);
    // a turn of the event loop in which they are answered
    await until(
      () => true,
      () => redis.ping(),
    );
    await over();
    expect(await sent).toEqual([3, [expect.objectContaining({ queue: 'default' })], false]);
    expect(await redis.lrange('{nestwork}:queue:default', 0, -1)).toEqual(messages);
    expect(await refusals('BUSY')).toBeGreaterThanOrEqual(3);
  });

  it('commands reject after the timeout with the reason, which is logged once', async () => {
    await over();
    const { broker, reported } = await impatient();
    script = other
      .connect()
      .then(() => other.eval('while true do end', 0))
      .catch(() => {});
    await until(
      (error) => error?.message.startsWith('BUSY') === true,
      () => redis.ping(),
    );
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(broker.enqueue('default', fixture.messages(1))).rejects.toMatchObject({
        code: 'REDIS_UNAVAILABLE',
        message: expect.stringMatching(/has served nobody for 300 ms: BUSY [\s\S]*SCRIPT KILL/),
      });
    }
    await over();
    expect(await broker.enqueue('default', fixture.messages(1))).toBe(1);
    expect(reported).toEqual([expect.stringMatching(/^serves nobody: BUSY /), 'restored']);
    await broker.close();
  });
});

describe('while Redis cannot save its data', () => {
  async function savesTo(directory: string, outcome: 'ok' | 'err'): Promise<void> {
    await redis.config('SET', 'dir', directory);
    await redis.bgsave();
    while (!(await redis.info('persistence')).includes(`rdb_last_bgsave_status:${outcome}`));
  }

  async function fails(): Promise<void> {
    await redis.config('SET', 'save', '3600 1000000');
    await savesTo('/proc', 'err');
  }

  afterEach(() => redis.config('SET', 'save', ''));

  it('a command that writes waits until Redis can save, and is executed once', async () => {
    await fails();
    const messages = fixture.messages(2);
    const sent = fixture.broker.enqueue('default', messages);
    while ((await refusals('MISCONF')) < 2);
    await savesTo(fixture.server.directory, 'ok');
    expect(await sent).toBe(2);
    expect(await redis.lrange('{nestwork}:queue:default', 0, -1)).toEqual(messages);
  });

  it('a command that writes rejects after the timeout, with a remedy', async () => {
    const { broker, reported } = await impatient();
    await fails();
    const refused = broker.enqueue('default', fixture.messages(1));
    await expect(refused).rejects.toMatchObject({
      code: 'REDIS_REFUSED',
      message: expect.stringMatching(/MISCONF [\s\S]*whether its disk is full/),
    });
    await expect(refused).rejects.not.toThrow(/rights/);
    expect(await broker.staleAcks()).toBe(0);
    expect(reported).toEqual([]);
    await savesTo(fixture.server.directory, 'ok');
    await broker.close();
  });
});

it.each(['LOADING Redis is loading the dataset in memory', 'TRYAGAIN Multiple keys request during rehashing of slot'])(
  'a command that is answered with %s is repeated',
  async (answer) => {
    let asked = 0;
    const server = await ScriptedServer.start({
      info: () => "-ERR unknown command 'INFO', with args beginning with: \r\n",
      get: () => '$10\r\nnestwork/1\r\n',
      type: () => '+string\r\n',
      exists: () => ':1\r\n',
      hget: () => (++asked < 3 ? `-${answer}\r\n` : '$1\r\n7\r\n'),
    });
    const { broker } = await impatient(server.url);
    expect(await broker.staleAcks()).toBe(7);
    expect(asked).toBe(3);
    await broker.close();
    await server.stop();
  },
);
