import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { RedisSettings } from '../../src/broker/port/broker.js';
import { RedisServer } from '../../src/testing/redis-server.js';
import { freePort } from './free-port.js';
import { libraryArgs, libraryCredentials } from './least-rights.js';

const NAME = 'tasks';
const DOWN_AFTER_MS = 500;
/**
 * By default a sentinel looks every 10 s, say, whether a primary that came back follows the new one. It promotes a
 * replica that has answered it within five ping periods, and asks once a second while the primary is down.
 */
const HURRIED = ['info-period', '200', 'publish-period', '200', 'ping-period', '500', 'ask-period', '100'];
const PATIENCE_MS = 60_000;

/** A sentinel that ends with its input, and so with the process that started it, however that one ends. */
const SENTINEL = '$(command -v redis-server || command -v valkey-server) "$0" --sentinel & read -r _; kill -KILL $!';

/** A primary, two replicas, and three sentinels that watch them and agree by two; they give up on a silent primary soon. */
export class SentinelGroup {
  /** How to find the primary. */
  readonly admin: Exclude<RedisSettings, string>;
  /** The option `redis` of an app that asks the sentinels. */
  readonly settings: Exclude<RedisSettings, string>;

  private constructor(
    private readonly directory: string,
    readonly servers: readonly RedisServer[],
    private readonly sentinels: readonly ChildProcess[],
    ports: readonly number[],
    /** connections to the sentinels */
    private readonly eyes: readonly Redis[],
  ) {
    this.admin = { sentinels: ports.map((port) => ({ host: '127.0.0.1', port })), name: NAME };
    this.settings = { ...this.admin, ...libraryCredentials() };
  }

  static async start(): Promise<SentinelGroup> {
    const directory = mkdtempSync(join(tmpdir(), 'nestwork-sentinels-'));
    const fast = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1', ...libraryArgs()];
    const primary = await RedisServer.start({ args: fast });
    const following = [...fast, '--replicaof', '127.0.0.1', String(primary.port)];
    const replicas = await Promise.all([
      RedisServer.start({ args: following }),
      RedisServer.start({ args: following }),
    ]);
    const ports = [await freePort(), await freePort(), await freePort()];
    const sentinels = ports.map((port) => startSentinel(directory, port, primary.port));
    const eyes = ports.map((port) => new Redis(port, '127.0.0.1', { maxRetriesPerRequest: null }));
    for (const eye of eyes) eye.on('error', () => {}); // it may be faster than its sentinel
    await Promise.all(eyes.map((eye) => eye.call('SENTINEL', 'DEBUG', ...HURRIED)));
    const group = new SentinelGroup(directory, [primary, ...replicas], sentinels, ports, eyes);
    await group.until('all know each other', async () => (await group.quorum()) === 3);
    return group;
  }

  /** The server that the sentinels hold for the primary. */
  async primary(): Promise<RedisServer> {
    const [, port] = (await this.ask(0, 'GET-MASTER-ADDR-BY-NAME')) as [string, string];
    const found = this.servers.find((server) => server.port === Number(port));
    if (!found) throw new Error(`No server of the group listens to ${port}.`);
    return found;
  }

  /** Asks the sentinels to make another server the primary, which they do without a failure, too. */
  async switchOver(): Promise<void> {
    await this.ask(0, 'FAILOVER');
  }

  /** Resolves when the sentinels have made another server than this one the primary. */
  async failedOver(from: RedisServer): Promise<void> {
    await this.until('another server is the primary', async () => (await this.primary()) !== from);
  }

  /** Resolves when this server follows another one. */
  async demoted(server: RedisServer): Promise<void> {
    const redis = new Redis(server.url);
    await this.until('it is a replica', async () => /^role:slave/m.test(await redis.info('replication')));
    redis.disconnect();
  }

  async until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}.`);
      await delay(20);
    }
  }

  async stop(): Promise<void> {
    for (const eye of this.eyes) eye.disconnect();
    for (const sentinel of this.sentinels) sentinel.stdin?.end();
    await Promise.all(this.sentinels.map((sentinel) => sentinel.exitCode ?? once(sentinel, 'exit')));
    await Promise.all(this.servers.map((server) => server.stop()));
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** How many sentinels see both replicas and both other sentinels. */
  private async quorum(): Promise<number> {
    const views = await Promise.all(this.eyes.map((_, index) => this.ask(index, 'MASTER')));
    const complete = views.filter((view) => {
      const fields = new Map(view.map((value, index) => [value, view[index + 1]]));
      return fields.get('num-slaves') === '2' && fields.get('num-other-sentinels') === '2';
    });
    return complete.length;
  }

  private async ask(index: number, question: string): Promise<string[]> {
    return (await this.eyes[index]?.call('SENTINEL', question, NAME)) as string[];
  }
}

function startSentinel(directory: string, port: number, primary: number): ChildProcess {
  const file = join(directory, `${port}.conf`);
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${directory}`,
    `sentinel monitor ${NAME} 127.0.0.1 ${primary} 2`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${NAME} 3000`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return spawn('sh', ['-c', SENTINEL, file], { stdio: ['pipe', 'ignore', 'ignore'] });
}
