import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { RedisServer } from 'nestwork/testing';
import type { Programs } from '../contestants.js';
import { Producer, type TaskKind } from './producer.js';
import { type Environment, Program } from './program.js';
import { Worker } from './worker.js';

/** How a worker runs; a contestant ignores options that it does not have. */
export interface WorkerSettings {
  /** @default 1 */
  readonly concurrency?: number;
  /** processes; only nestwork forks them by itself
   * @default 1 */
  readonly children?: number;
  /** the tasks of a peer, whose tasks have no name of their own
   * @default 'ping' */
  readonly kind?: TaskKind;
  /** which of the ways to run that its program has
   * @default '' */
  readonly variant?: string;
}

/** A Redis of its own, and the processes that a figure starts on it. `close` leaves nothing behind. */
export class Stage {
  private readonly programs = new Set<Program>();
  private readonly neighbours = new Map<string, Promise<Stage>>();
  private started = 0;

  private constructor(
    readonly quick: boolean,
    readonly server: RedisServer,
    /** the bench's own connection */
    readonly redis: Redis,
    private readonly directory: string,
  ) {}

  static async open(quick: boolean): Promise<Stage> {
    const server = await RedisServer.start();
    return new Stage(quick, server, new Redis(server.url), mkdtempSync(join(tmpdir(), 'nestwork-bench-')));
  }

  /** A size, for full and for quick runs. */
  pick(full: number, quick: number): number {
    return this.quick ? quick : full;
  }

  /** Ends all processes that still run, and empties Redis. */
  async clear(): Promise<void> {
    await this.endPrograms();
    await this.redis.flushall();
    await this.redis.config('RESETSTAT');
  }

  /** Another stage with a Redis of its own that keeps its content between rounds; made at the first call with this name. */
  neighbour(name: string, prepare: (stage: Stage) => Promise<void>): Promise<Stage> {
    const known = this.neighbours.get(name);
    if (known) return known;
    const made = Stage.open(this.quick).then(async (stage) => {
      await prepare(stage);
      return stage;
    });
    this.neighbours.set(name, made);
    return made;
  }

  /** Starts an app that enqueues. */
  producer({ producer }: Programs): Producer {
    return new Producer(this.keep(Program.callable(producer, { REDIS_URL: this.server.url })));
  }

  /** Has an app enqueue so many tasks, and ends it. */
  async fill(contestant: Programs, kind: TaskKind, count: number): Promise<void> {
    const producer = this.producer(contestant);
    await producer.call('fill', kind, count);
    await producer.stop();
  }

  /** Has an app schedule so many tasks for one moment, and ends it. */
  async schedule(contestant: Programs, kind: TaskKind, count: number, at: number): Promise<void> {
    const producer = this.producer(contestant);
    await producer.call('schedule', kind, count, at);
    await producer.stop();
  }

  /** Starts a worker. */
  worker({ worker }: Programs, settings: WorkerSettings = {}): Worker {
    const { concurrency = 1, children = 1, kind = 'ping', variant = '' } = settings;
    this.started += 1;
    const tally = join(this.directory, `tally-${this.started}`);
    const environment: Environment = {
      REDIS_URL: this.server.url,
      TALLY_DIRECTORY: tally,
      CONCURRENCY: String(concurrency),
      CHILDREN: String(children),
      TASK_KIND: kind,
      VARIANT: variant,
    };
    return new Worker(this.keep(Program.start(worker, environment)), tally);
  }

  /** Starts any program as from a shell. */
  start(file: string, environment: Environment = {}): Program {
    return this.keep(Program.start(file, { REDIS_URL: this.server.url, ...environment }));
  }

  /** Starts any program that answers calls. */
  callable(file: string, environment: Environment = {}): Program {
    return this.keep(Program.callable(file, { REDIS_URL: this.server.url, ...environment }));
  }

  /** A file that goes away with the stage. */
  path(name: string): string {
    return join(this.directory, name);
  }

  /** Resolves when a state is reached that only Redis shows. */
  async until(what: string, condition: () => Promise<boolean>, patienceMs = 60_000): Promise<void> {
    const deadline = performance.now() + patienceMs;
    while (!(await condition())) {
      if (performance.now() > deadline) throw new Error(`Waited in vain until ${what}.`);
      await delay(10);
    }
  }

  async close(): Promise<void> {
    for (const neighbour of this.neighbours.values()) await neighbour.then((stage) => stage.close());
    await this.endPrograms();
    this.redis.disconnect();
    await this.server.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private keep(program: Program): Program {
    this.programs.add(program);
    return program;
  }

  private async endPrograms(): Promise<void> {
    await Promise.all([...this.programs].map((program) => program.running && program.stop()));
    this.programs.clear();
  }
}
