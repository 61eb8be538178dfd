import { setImmediate as turn } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { RedisBroker } from '../../src/broker/redis-broker.js';
import { RedisServer } from '../../src/testing/redis-server.js';
import { urlAs } from '../support/least-rights.js';
import { ScriptedServer } from '../support/scripted-server.js';

const USER = ['--user', 'limited', 'on', '>least-rights', '~*', '&*', '+@all'];

let server: RedisServer;
/** looks at database 0 */
let admin: Redis;
let broker: RedisBroker;
const reported: string[] = [];
beforeAll(async () => {
  server = await RedisServer.start({ args: ['--databases', '4', ...USER] });
  admin = new Redis(server.url);
});
beforeEach(async () => {
  reported.length = 0;
  await admin.flushall();
  await admin.acl('SETUSER', 'limited', '+select');
  await admin.acl('LOG', 'RESET');
});
afterEach(() => broker.close());
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});

/** The broker under test, in a database of its own. */
function brokerOn(redis: string, commandTimeoutMs: number): RedisBroker {
  const onOutage = {
    lost: () => reported.push('lost'),
    refused: (_where: string, reason: string) => reported.push(reason),
    restored: () => reported.push('restored'),
  };
  broker = new RedisBroker({ redis, namespace: 'nestwork', queues: ['default'], commandTimeoutMs, onOutage });
  return broker;
}

async function limited(): Promise<RedisBroker> {
  await brokerOn(`${urlAs('limited', server.url)}/3`, 30_000).connect();
  return broker;
}

/** Resolves when the server has refused the database so often. */
async function refusals(count: number): Promise<void> {
  for (let seen = 0; seen < count; ) {
    const log = (await admin.call('ACL', 'LOG')) as unknown[][];
    seen = log.reduce((sum, entry) => sum + (entry.includes('select') ? Number(entry[1]) : 0), 0);
  }
}

async function killed(): Promise<void> {
  await admin.call('CLIENT', 'KILL', 'USER', 'limited');
}

const message = (id: string): string => `${id.padEnd(20, '0')}100000000000000 Some.task`;

describe('a database', () => {
  it.each([4, 99])(
    '%i that the server does not have is named in the error, and nothing is sent to another',
    async (database) => {
      await expect(brokerOn(`${server.url}/${database}`, 300).connect()).rejects.toMatchObject({
        code: 'REDIS_UNAVAILABLE',
        message: expect.stringMatching(
          new RegExp(
            `127.0.0.1:${server.port} refuses database ${database}: ERR DB index is out of range[\\s\\S]*\`databases ${database + 1}\``,
          ),
        ),
      });
      await expect(broker.enqueue('default', [message('a')])).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
      expect(await admin.keys('*')).toEqual([]);
    },
  );

  it('that the user may not select is named in the error with the missing right', async () => {
    await admin.acl('SETUSER', 'limited', '-select');
    await expect(brokerOn(`${urlAs('limited', server.url)}/3`, 300).connect()).rejects.toMatchObject({
      code: 'REDIS_UNAVAILABLE',
      message: expect.stringMatching(/refuses database 3: NOPERM[\s\S]*\+select/),
    });
    expect(await admin.keys('*')).toEqual([]);
  });

  it('0 needs no right to SELECT', async () => {
    await admin.acl('SETUSER', 'limited', '-select');
    await expect(brokerOn(urlAs('limited', server.url), 5_000).connect()).resolves.toBeUndefined();
  });

  it('that is refused to a new connection receives the commands that were under way once it is allowed, and no other database does', async () => {
    await limited();
    await admin.call('CLIENT', 'PAUSE', '60000', 'WRITE');
    const sent = broker.enqueue('default', [message('a')]);
    while (!/^blocked_clients:1/m.test(await admin.info('clients')));
    await admin.acl('SETUSER', 'limited', '-select');
    await killed();
    await admin.call('CLIENT', 'UNPAUSE');
    await refusals(2);
    const meanwhile = broker.enqueue('default', [message('b')]);
    await refusals(3);
    expect(reported).toEqual(['lost', expect.stringMatching(/^refuses database 3: NOPERM/)]);
    expect(await admin.keys('*')).toEqual([]);

    await admin.acl('SETUSER', 'limited', '+select');
    expect(await Promise.all([sent, meanwhile])).toEqual([1, 1]);
    expect(reported.at(-1)).toBe('restored');
    expect(await admin.keys('*')).toEqual([]);
  });

  it('that is refused to a new connection is the only one whose bells are read', async () => {
    await limited();
    const rang = broker.waitForBell(['default'], 30_000);
    while (!/^blocked_clients:1/m.test(await admin.info('clients')));
    await admin.rpush('{nestwork}:bell:default', '1');
    await admin.acl('SETUSER', 'limited', '-select');
    await killed();
    await refusals(2);
    expect(await admin.llen('{nestwork}:bell:default')).toBe(1);

    const inside = new Redis(`${server.url}/3`);
    await inside.rpush('{nestwork}:bell:default', '1');
    inside.disconnect();
    await admin.acl('SETUSER', 'limited', '+select');
    expect(await rang).toBe(true);
    expect(await admin.llen('{nestwork}:bell:default')).toBe(1);
  });

  it('that the server refuses late receives nothing, nor does another', async () => {
    const late = await ScriptedServer.start({ hello: () => '%1\r\n+server\r\n+redis\r\n', select: () => undefined });
    try {
      await expect(brokerOn(`${late.url}/3`, 200).connect()).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
      const { received } = late;
      // the client goes on, or begins anew
      while (!received.includes('info') && received.lastIndexOf('hello') === 0) await turn();
      late.release('-ERR DB index is out of range\r\n');
      await expect(broker.enqueue('default', [message('a')])).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
      expect(received).toContain('select');
      expect(received).not.toContain('evalsha');
    } finally {
      await late.stop();
    }
  });
});
