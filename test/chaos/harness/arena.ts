import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Duration, WorkerOptions } from 'nestwork';
import { RedisServer } from 'nestwork/testing';
import { libraryArgs, libraryUrl } from '../../support/least-rights.js';
import { FaultProxy } from './fault-proxy.js';
import { Ledger } from './ledger.js';
import { isAlive, isWorker, signalPid, WorkerProcess } from './processes.js';
import { Producer } from './producer.js';
import { ServerClock } from './server-clock.js';
import { PATIENCE_MS, QUEUES } from './settings.js';
import { judge, type Tally } from './tally.js';

const TAG = '{nestwork}:';

/** In one moment: tasks that are counted key by key may move in between, and be counted nowhere. */
const REMAINING = `
local remaining = 0
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
  local place = string.match(string.sub(key, #ARGV[1] + 1), '^(%a+):')
  if place == 'queue' or place == 'suspects' then remaining = remaining + redis.call('LLEN', key) end
  if place == 'scheduled' or place == 'held' then remaining = remaining + redis.call('ZCARD', key) end
  if place == 'claims' then remaining = remaining + redis.call('HLEN', key) end
end
return remaining`;

export interface ArenaOptions {
  /** further arguments of the Redis server */
  readonly redisArgs?: readonly string[];
  /** whether the clock of the Redis server can be set */
  readonly settableClock?: boolean;
  /** whether workers and producers reach Redis through a proxy that can lose replies */
  readonly proxied?: boolean;
  /** how long commands of workers and producers wait for Redis; by default as long as those of any app */
  readonly commandTimeout?: Duration;
}

/** Everything a scenario breaks: a Redis of its own, workers, an app that enqueues, and the ledger. `stop` leaves nothing behind. */
export class Arena {
  readonly ledger: Ledger;
  readonly clock: ServerClock;
  readonly workers: WorkerProcess[] = [];
  private readonly deaths = new Map<number, number>();

  private constructor(
    private readonly directory: string,
    readonly server: RedisServer,
    /** where workers and producers find it */
    private readonly url: string,
    /** a connection that looks at the server, past the proxy */
    readonly redis: Redis,
    private readonly lossy: FaultProxy | undefined,
    readonly producer: Producer,
    private readonly commandTimeout: Duration | undefined,
    private readonly serverEnvironment: Readonly<Record<string, string>>,
  ) {
    this.ledger = new Ledger(join(directory, 'ledger'));
    this.clock = new ServerClock(directory, redis);
  }

  static async start(options: ArenaOptions = {}): Promise<Arena> {
    const directory = mkdtempSync(join(tmpdir(), 'nestwork-chaos-'));
    const environment = options.settableClock ? ServerClock.environment(directory) : {};
    const args = [...(options.redisArgs ?? []), ...libraryArgs()];
    const server = await within(environment, () => RedisServer.start({ args }));
    const proxy = options.proxied ? await FaultProxy.start(server.port) : undefined;
    const url = libraryUrl(proxy?.url ?? server.url);
    const redis = new Redis(server.url, { maxRetriesPerRequest: null });
    redis.on('error', () => {}); // the server is killed on purpose
    const { commandTimeout } = options;
    const producer = await Producer.start(url, commandTimeout);
    return new Arena(directory, server, url, redis, proxy, producer, commandTimeout, environment);
  }

  get proxy(): FaultProxy {
    if (!this.lossy) throw new Error('This scenario has no proxy: set `proxied` in its arena.');
    return this.lossy;
  }

  /** Starts a worker; `booted` resolves when its children are up. */
  worker(options: WorkerOptions, environment: Readonly<Record<string, string>> = {}): WorkerProcess {
    return this.process('worker', { WORKER_OPTIONS: JSON.stringify(options), ...environment });
  }

  /** Starts another program of the fixtures, which ends with the workers. */
  process(fixture: string, environment: Readonly<Record<string, string>>): WorkerProcess {
    const settings = {
      REDIS_URL: this.url,
      LEDGER_FILE: this.ledger.path,
      ...(this.commandTimeout && { COMMAND_TIMEOUT: String(this.commandTimeout) }),
    };
    const worker = new WorkerProcess({ WORKER_FILE: `${fixture}.js`, ...settings, ...environment }, this.directory);
    this.workers.push(worker);
    return worker;
  }

  /** Resolves when so many children of a worker have booted. */
  booted(worker: WorkerProcess, children: number): Promise<void> {
    return this.until(`${children} children have booted`, () => this.ledger.childrenOf(worker.pid).length >= children);
  }

  /** SIGKILL, noted as an explanation for every task that the process, or a supervisor's children, had started. */
  kill(pid: number): void {
    this.explain(pid);
    signalPid(pid, 'SIGKILL');
  }

  /** The server is killed, and comes back with what it persisted and with its clock. */
  async crashServer(pauseMs = 0): Promise<void> {
    await this.server.kill('SIGKILL');
    await delay(pauseMs);
    await within(this.serverEnvironment, () => this.server.restart());
  }

  /** Notes that a process was, or is being, ended; or a child frozen until others have its tasks. */
  explain(pid: number, at = Date.now()): void {
    if (!this.deaths.has(pid)) this.deaths.set(pid, at);
  }

  /** When a process ended that this arena has killed, in ms since 1970; its children end with a supervisor. */
  deathOf(pid: number): number | undefined {
    return this.deaths.get(pid);
  }

  /** Children that run tasks and were not killed. */
  victims(): number[] {
    return [...this.ledger.update().workingPids].filter((pid) => !this.deaths.has(pid) && isAlive(pid));
  }

  open(gate: string): void {
    writeFileSync(`${this.ledger.path}.${gate}`, '');
  }

  /** Waits for a state, looking again and again; fails with the output of the workers. */
  async until(what: string, condition: () => boolean | Promise<boolean>, patienceMs = PATIENCE_MS): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}.\n${await this.report()}`);
      await delay(10);
    }
  }

  /** Resolves when so many starts of tasks with this label were noted. */
  started(label: string, times = 1): Promise<void> {
    return this.until(`${label} starts ${times} times`, () => this.ledger.startsOf(label).length >= times);
  }

  /** Resolves when no task waits or is held. */
  drained(patienceMs = PATIENCE_MS): Promise<void> {
    return this.until('no work is left', async () => (await this.remaining()) === 0, patienceMs);
  }

  /** How many tasks wait or are held. */
  async remaining(): Promise<number> {
    return (await this.redis.eval(REMAINING, 0, TAG)) as number;
  }

  /** Whether the worker of this supervisor has a lease, or had one that nobody has ended yet. */
  async hasSession(supervisor: number): Promise<boolean> {
    for (const session of await this.redis.zrange(`${TAG}sessions`, '0', '-1')) {
      if ((await this.redis.hget(`${TAG}session:${session}`, '@pid')) === String(supervisor)) return true;
    }
    return false;
  }

  /** id -> record of all dead tasks: the report, a newline, the message */
  async dead(): Promise<Map<string, string>> {
    const dead = new Map<string, string>();
    for (const queue of QUEUES) {
      const records = await this.redis.hgetall(`${TAG}dead-records:${queue}`);
      for (const [id, record] of Object.entries(records)) dead.set(id, record);
    }
    return dead;
  }

  async tally(): Promise<Tally> {
    return judge(this.producer.accepted, new Set((await this.dead()).keys()), this.ledger, this.deaths);
  }

  /** How many lines of all workers contain the text. */
  said(text: string): number {
    return this.workers.reduce((sum, worker) => sum + worker.said(text), 0);
  }

  /** Ends everything. Resolves to the processes that did not end by themselves. */
  async stop(): Promise<string[]> {
    const leftovers: string[] = [];
    await Promise.all(
      this.workers.map(async (worker) => {
        worker.signal('SIGTERM');
        await worker.ended().catch((error: unknown) => leftovers.push(String(error)));
      }),
    );
    for (const pid of this.ledger.update().processes()) {
      if (!isWorker(pid)) continue;
      leftovers.push(`process ${pid} was left behind`);
      signalPid(pid, 'SIGKILL');
    }
    await this.producer.stop();
    await this.lossy?.stop();
    this.redis.disconnect();
    await this.server.stop();
    this.ledger.close();
    rmSync(this.directory, { recursive: true, force: true });
    return leftovers;
  }

  private async report(): Promise<string> {
    const keys = await Promise.race([this.redis.keys(`${TAG}*`), delay(1_000, ['(no answer)'], { ref: false })]);
    const outputs = this.workers.map(({ pid, output }) => `--- worker ${pid}\n${output.slice(-3_000)}`);
    return [`keys: ${keys.join(' ')}`, ...outputs].join('\n');
  }
}

/** The server inherits the environment that this process has at the start of it. */
async function within<T>(environment: Readonly<Record<string, string>>, start: () => Promise<T>): Promise<T> {
  const before = { ...process.env };
  Object.assign(process.env, environment);
  try {
    return await start();
  } finally {
    for (const name of Object.keys(environment)) {
      if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before[name];
    }
  }
}
