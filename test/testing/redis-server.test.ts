import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Redis, type RedisOptions } from 'ioredis';
import { RedisServer, type RedisServerOptions } from '../../src/testing/redis-server.js';
import { Lines } from '../module/apps.js';
import { isAlive } from '../support/worker-fixture.js';

/** A process of its own needs JavaScript; `npm test` builds it first. */
const BUILT = new URL('../../dist/testing/redis-server.js', import.meta.url).href;

const servers: RedisServer[] = [];
const clients: Redis[] = [];
afterEach(async () => {
  // ioredis would wait two seconds for the end of a connection that has ended
  for (const client of clients.splice(0)) if (client.status !== 'end') client.disconnect();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function start(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await RedisServer.start(options);
  servers.push(server);
  return server;
}

function connect(server: RedisServer, options: RedisOptions = {}): Redis {
  const client = new Redis(server.url, { commandTimeout: 2_000, retryStrategy: () => null, ...options });
  client.on('error', () => {}); // each kill is one
  clients.push(client);
  return client;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(5); // the timeout of the test is the limit
}

it('a server answers at its url, from the moment it is returned, to this machine only', async () => {
  const server = await start();
  const client = connect(server);
  await expect(client.ping()).resolves.toBe('PONG');
  await expect(client.info('server')).resolves.toContain(`process_id:${server.pid}\r\n`);
  await expect(client.config('GET', 'bind')).resolves.toEqual(['bind', '127.0.0.1']);
  await expect(client.config('GET', 'save')).resolves.toEqual(['save', '']);
  await expect(client.config('GET', 'dir')).resolves.toEqual(['dir', server.directory]);
});

it('a server has its own port, directory and data', async () => {
  const [one, other] = await Promise.all([start(), start()]);
  expect(one.port).not.toBe(other.port);
  expect(one.directory).not.toBe(other.directory);
  await connect(one).set('key', 'of one');
  await expect(connect(other).get('key')).resolves.toBeNull();
});

it('a server takes further arguments, but keeps its own settings', async () => {
  const server = await start({ args: ['--maxmemory', '5mb', '--port', '1', '--loglevel', 'warning'] });
  await expect(connect(server).config('GET', 'maxmemory')).resolves.toEqual(['maxmemory', '5242880']);
});

it('stop() ends a server and deletes its files, however often it is called, and in any state', async () => {
  const running = await start();
  const frozen = await start();
  const dead = await start();
  frozen.pause();
  await dead.kill();
  const all = [running, frozen, dead];
  await Promise.all(all.flatMap((server) => [server.stop(), server.stop()]));
  for (const server of all) {
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
    expect(existsSync(server.directory)).toBe(false);
  }
});

it('a frozen server answers nothing; a resumed one answers the earlier commands', async () => {
  const server = await start();
  const client = connect(server);
  await client.set('counter', 1);
  server.pause();
  const answers: number[] = [];
  const asked = client.incr('counter').then((answer) => answers.push(answer));
  // a connection made later is accepted by the kernel, and not answered either
  await expect(connect(server, { commandTimeout: 100 }).ping()).rejects.toThrow('timed out');
  expect(answers).toEqual([]);
  server.resume();
  await asked;
  expect(answers).toEqual([2]);
});

it.each(['SIGKILL', 'SIGTERM'] as const)(
  'a server after %s comes back with its persisted data, on its port',
  async (signal) => {
    const server = await start({ args: ['--appendonly', 'yes'] });
    const { pid, url } = server;
    await connect(server).set('key', 'kept');
    server.pause();
    await server.kill(signal);
    expect(isAlive(pid)).toBe(false);
    await server.restart();
    expect(server.pid).not.toBe(pid);
    expect(server.url).toBe(url);
    await expect(connect(server).get('key')).resolves.toBe('kept');
  },
);

it('restart() restarts a running server, empty when it persists nothing', async () => {
  const server = await start();
  await connect(server).set('key', 'lost');
  await server.restart();
  await expect(connect(server).get('key')).resolves.toBeNull();
});

it('start() rejects with the log of a server that does not start', async () => {
  await expect(RedisServer.start({ args: ['--no-such-option', '1'] })).rejects.toMatchObject({
    code: 'REDIS_UNAVAILABLE',
    message: expect.stringContaining('no-such-option'),
  });
});

describe('a server that is slow to start', () => {
  const { PATH } = process.env;
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'nestwork-test-'));
  });
  afterEach(() => {
    process.env.PATH = PATH;
    Logger.overrideLogger(['log', 'warn', 'error']);
    rmSync(directory, { recursive: true });
  });

  it('is logged with its log during the start, and returned when it is ready', async () => {
    const lines = new Lines();
    Logger.overrideLogger(lines);
    const go = join(directory, 'go');
    const script = `#!/bin/sh
      echo reading the data
      while [ ! -e ${go} ]; do sleep 0.05; done
      echo Ready to accept connections
      exec sleep 60
    `;
    writeFileSync(join(directory, 'redis-server'), script, { mode: 0o755 });
    process.env.PATH = `${directory}:${PATH}`;
    const started = start();
    await until(() => lines.all.length > 0);
    writeFileSync(go, '');
    await started;
    expect(lines.all).toEqual([
      expect.stringMatching(
        /^error \[RedisServer\] The private Redis server has not started for 3 s.*reading the data/s,
      ),
    ]);
  }, 20_000);
});

describe('start() without a server on the PATH', () => {
  const path = process.env.PATH;
  afterEach(() => {
    process.env.PATH = path;
  });

  it('rejects with the commands that install one', async () => {
    process.env.PATH = '/nowhere';
    await expect(RedisServer.start()).rejects.toMatchObject({
      code: 'REDIS_UNAVAILABLE',
      message: expect.stringContaining('apt-get install redis-server'),
    });
  });
});

describe('start() whose port is taken', () => {
  /** Starts a server that picks this port, twice, before others. */
  async function startOn(port: number): Promise<RedisServer> {
    const picks = [port, port];
    const crypto = await import('node:crypto');
    const randomInt = (from: number, to: number): number => picks.shift() ?? crypto.randomInt(from, to);
    jest.unstable_mockModule('node:crypto', () => ({ ...crypto, randomInt }));
    jest.resetModules();
    const fresh = await import('../../src/testing/redis-server.js');
    const server = (await fresh.RedisServer.start()) as RedisServer;
    servers.push(server);
    expect(picks).toEqual([]);
    return server;
  }

  it('picks another one', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    await expect(connect(await startOn(port)).ping()).resolves.toBe('PONG');
    taken.close();
  });

  it('by a server that was killed and is to come back picks another one', async () => {
    const away = await start();
    await away.kill();
    const server = await startOn(away.port);
    expect(server.port).not.toBe(away.port);
    await away.restart();
    await expect(connect(away).ping()).resolves.toBe('PONG');
  });
});

describe('the process that started it', () => {
  let temporary: string;
  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), 'nestwork-test-'));
  });
  afterEach(() => rmSync(temporary, { recursive: true }));

  function run(script: string) {
    return spawn(process.execPath, ['--input-type=module', '-e', `import { RedisServer } from '${BUILT}';${script}`], {
      env: { ...process.env, NODE_OPTIONS: '', TMPDIR: temporary },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
  }

  /** A process that has started a server, and ends when its stdin does. */
  async function parent() {
    const child = run(`
      console.log((await RedisServer.start()).pid);
      process.stdin.resume();
    `);
    const [pid] = await once(child.stdout, 'data');
    return { child, pid: Number(pid) };
  }

  it('ends the server when it is killed', async () => {
    const { child, pid } = await parent();
    expect(isAlive(pid)).toBe(true);
    expect(readdirSync(temporary)).toHaveLength(1);
    child.kill('SIGKILL');
    await until(() => !isAlive(pid) && readdirSync(temporary).length === 0);
  });

  it('is not kept alive by the server', async () => {
    const { child, pid } = await parent();
    child.stdin.end();
    await expect(once(child, 'exit')).resolves.toEqual([0, null]);
    await until(() => !isAlive(pid) && readdirSync(temporary).length === 0);
  });

  it('keeps no files of a server that did not start', async () => {
    const child = run(`await RedisServer.start({ args: ['--no-such-option', '1'] }).catch(() => {});`);
    await expect(once(child, 'exit')).resolves.toEqual([0, null]);
    expect(readdirSync(temporary)).toEqual([]);
  });
});
