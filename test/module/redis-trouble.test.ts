import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { jest } from '@jest/globals';
import { Test } from '@nestjs/testing';
import type { RedisSettings } from '../../src/broker/port/broker.js';
import { QueueClient } from '../../src/client/queue-client.js';
import { RedisServer } from '../../src/testing/redis-server.js';
import type { Duration } from '../../src/values/duration.js';
import { info, type Script, ScriptedServer } from '../support/scripted-server.js';
import { Apps } from './apps.js';

const SECRET = 'correct-horse-battery-staple';

let apps: Apps;
beforeAll(async () => {
  apps = await Apps.start({ args: ['--maxmemory-policy', 'allkeys-lru'] });
  await apps.redis.acl('SETUSER', 'limited', 'on', `>${SECRET}`, '~*', '+@all', '-info');
});
beforeEach(() => apps.redis.config('SET', 'maxmemory-policy', 'noeviction'));
afterEach(() => apps.close());
afterAll(() => apps.stop());

async function boot(redis: RedisSettings, commandTimeout?: Duration): Promise<unknown> {
  return apps.boot({ imports: [apps.queue({ redis, commandTimeout })] });
}

describe('an app does not boot', () => {
  it('while no server listens', async () => {
    const gone = await RedisServer.start();
    await gone.stop();
    await expect(boot(gone.url, '300ms')).rejects.toMatchObject({
      code: 'REDIS_UNAVAILABLE',
      message: expect.stringMatching(
        `127.0.0.1:${gone.port} did not answer within 300 ms: no server listens there \\(.*ECONNREFUSED`,
      ),
      cause: expect.objectContaining({ code: 'ECONNREFUSED' }),
    });
  });

  it('while the server accepts, but does not answer', async () => {
    apps.server.pause();
    try {
      await expect(boot(apps.url, '300ms')).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    } finally {
      apps.server.resume();
    }
  });

  it('on a server that is too old', async () => {
    const old = await ScriptedServer.start({ info: () => info('6.2.14') });
    try {
      await expect(boot(old.url)).rejects.toMatchObject({
        code: 'REDIS_TOO_OLD',
        message: expect.stringContaining('Redis 6.2.14 is too old'),
      });
    } finally {
      await old.stop();
    }
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['another format', () => apps.redis.set('{nestwork}:format', 'nestwork/2'), '"nestwork/2"'],
    ['other data', () => apps.redis.hset('{nestwork}:format', 'some', 'field'), '"a hash"'],
  ])('where the namespace holds %s', async (_what, seed, shown) => {
    await seed();
    await expect(boot(apps.url)).rejects.toMatchObject({
      code: 'FOREIGN_KEYS',
      message: expect.stringContaining(`{nestwork}:format holds ${shown}`),
    });
    await expect(apps.boot({ imports: [apps.queue({ namespace: 'mine' })] })).resolves.toBeDefined();
  });
});

describe('a Redis that is away from the beginning', () => {
  const absent = (port: number): RegExp =>
    new RegExp(
      `^error \\[TaskQueue\\] Redis at 127.0.0.1:${port} has not answered for 1000 ms, of the 10000 ms .*REDIS_UNAVAILABLE.*TaskQueueTestingModule`,
      's',
    );
  const logged = async (what: string): Promise<void> => {
    const endMs = performance.now() + 4_000; // a loop that goes on after the test would keep Jest from ending
    while (apps.lines.with(what).length === 0 && performance.now() < endMs) await delay(10);
  };

  it('is logged while the app still waits for it, once, and again when it is back', async () => {
    const late = await RedisServer.start();
    await late.kill();
    const booted = boot(late.url, '10s');
    await logged('has not answered');
    await late.restart();
    await booted;
    expect(apps.lines.with(`127.0.0.1:${late.port}`)).toEqual([
      expect.stringMatching(absent(late.port)),
      expect.stringMatching(/^log .* is back after/),
    ]);
    await late.stop();
  });

  it('is logged at the first delay() of an app that was only compiled', async () => {
    const gone = await RedisServer.start();
    await gone.stop();
    const queue = apps.queue({ redis: gone.url, commandTimeout: '10s' });
    const app = await Test.createTestingModule({ imports: [queue] })
      .setLogger(apps.lines)
      .compile();
    const sent = app.get(QueueClient).task('Some.task').with({ queue: 'default' }).delay();
    await logged('has not answered');
    await app.close();
    await expect(sent).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    expect(apps.lines.with(`127.0.0.1:${gone.port}`)).toEqual([expect.stringMatching(absent(gone.port))]);
  });

  it('that refuses the connection is logged with its reason, once', async () => {
    const closed = await RedisServer.start({ args: ['--requirepass', SECRET] });
    const booted = boot(closed.url, '3s').catch((error: unknown) => error);
    await expect(booted).resolves.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    expect(apps.lines.with('NOAUTH')).toEqual([
      expect.stringMatching(/^error .*refuses the connection: NOAUTH .*Check user name and password/s),
    ]);
    await closed.stop();
  });
});

describe('an app that does not boot names remedies for a start, and none for a call', () => {
  const START = 'An app and a worker need Redis to start: start Redis first, and then this process again';
  const USABLE = { exists: () => ':1\r\n', type: () => '+string\r\n' };

  it.each<[string, Script, string, string]>([
    [
      'whose server has a script that runs for long',
      { info: () => '-BUSY a script runs\r\n' },
      'REDIS_UNAVAILABLE',
      '',
    ],
    [
      'whose server is a replica',
      { ...USABLE, get: () => '-MASTERDOWN the link is down\r\n' },
      'REDIS_UNAVAILABLE',
      'Point the `redis` option to the primary',
    ],
    [
      'whose server answers no command',
      { ...USABLE, exists: () => undefined },
      'REDIS_TIMEOUT',
      'a longer `commandTimeout` waits longer',
    ],
  ])('%s', async (_what, script, code, remedy) => {
    const server = await ScriptedServer.start(script);
    try {
      const error = await boot(server.url, '300ms').catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code, message: expect.stringContaining(START) });
      expect(error).toMatchObject({ message: expect.stringContaining(remedy) });
      expect(error).not.toMatchObject({ message: expect.stringMatching(/repeat|executed/) });
    } finally {
      await server.stop();
    }
  });

  it.each<[string, (port: number) => string, string]>([
    ['where no server listens', () => 'redis://127.0.0.1:1', 'Check that a Redis 7 server runs there'],
    ['with a wrong password', (port) => `redis://:wrong@127.0.0.1:${port}`, 'as in redis://user:password@'],
    ['without a password', (port) => `redis://127.0.0.1:${port}`, 'as in redis://user:password@'],
    ['in a database that is not there', (port) => `redis://:another@127.0.0.1:${port}/99`, 'Set `databases 100`'],
  ])('%s', async (_what, url, remedy) => {
    await apps.redis.config('SET', 'requirepass', 'another');
    try {
      const error = await boot(url(apps.server.port), '300ms').catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'REDIS_UNAVAILABLE', message: expect.stringContaining(remedy) });
      expect(error).toMatchObject({ message: expect.stringContaining(START) });
      expect(error).not.toMatchObject({ message: expect.stringContaining('repeat') });
    } finally {
      await apps.redis.config('SET', 'requirepass', '');
    }
  });
});

describe('the password', () => {
  it.each<[string, (port: number) => RedisSettings]>([
    ['that is wrong, in a URL', (port) => `redis://:${SECRET}@127.0.0.1:${port}`],
    ['of a user who does not exist', (port) => `redis://nobody:${SECRET}@127.0.0.1:${port}`],
    ['that is wrong, as an option', (port) => ({ host: '127.0.0.1', port, password: SECRET })],
    ['in a URL that leads nowhere', () => `redis://:${SECRET}@127.0.0.1:1`],
    ['in a URL that is none', () => `redis://:${SECRET}@127.0.0.1:port`],
    ['in a URL without its scheme', () => `:${SECRET}@127.0.0.1:6379`],
  ])('%s is in no error', async (_how, redis) => {
    // a server that asks the default user for a password
    await apps.redis.config('SET', 'requirepass', 'another');
    try {
      const error = await boot(redis(apps.server.port), '300ms').then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ code: expect.stringMatching(/REDIS_UNAVAILABLE|INVALID_OPTION/) });
      expect(inspect(error, { depth: 10 })).not.toContain(SECRET);
      expect(apps.lines.with(SECRET)).toEqual([]);
    } finally {
      await apps.redis.config('SET', 'requirepass', '');
    }
  });
});

describe('an evicting maxmemory-policy', () => {
  it('is logged once, with the policy and the remedy', async () => {
    await apps.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await boot(apps.url);
    const warnings = apps.lines.with('maxmemory-policy');
    expect(warnings).toEqual([expect.stringMatching(/^warn \[TaskQueue\].*is allkeys-lru.*Set it to noeviction/)]);
  });

  it('that is not set logs nothing', async () => {
    await boot(apps.url);
    expect(apps.lines.all.filter((line) => !line.startsWith('log'))).toEqual([]);
  });
});

it('a user without the right to INFO is accepted, without a warning', async () => {
  const warn = jest.spyOn(console, 'warn').mockImplementation(() => {});
  const { port } = apps.server;
  await expect(boot({ host: '127.0.0.1', port, username: 'limited', password: SECRET })).resolves.toBeDefined();
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});

it('a boot that failed leaves no connection behind', async () => {
  await apps.redis.set('{nestwork}:format', 'nestwork/2');
  const clients = async (): Promise<string[]> => ((await apps.redis.client('LIST')) as string).trim().split('\n');
  const before = (await clients()).length;
  await expect(boot(apps.url)).rejects.toMatchObject({ code: 'FOREIGN_KEYS' });
  while ((await clients()).length > before); // the server needs a moment to see it go
}, 5_000);
