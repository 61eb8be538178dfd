import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createInspector, type Inspector } from 'nestwork';
import { RedisServer } from 'nestwork/testing';

const PROGRAMS = new URL('../../../build/browser/fixtures/', import.meta.url);
/** Apps and workers boot slowly on a machine that is busy. */
const PATIENCE_MS = 60_000;

/** An HTTP platform of Nest. */
export type Platform = 'express' | 'fastify';

export const PLATFORMS: readonly Platform[] = ['express', 'fastify'];

/** What an app reports of an action. */
export interface Audit {
  readonly by: string;
  readonly action: string;
  readonly outcome: string;
  readonly count: number;
}

/** Resolves to the first answer that is not undefined. */
export async function eventually<T>(what: string, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`Waited in vain: ${what}.`);
    await delay(20);
  }
}

/** A program of the fixture in a process of its own. */
class Program {
  output = '';
  readonly messages: Record<string, unknown>[] = [];
  private readonly process: ChildProcess;

  constructor(file: string, environment: Readonly<Record<string, string>>) {
    // a supervisor that has a channel would take itself for a child
    const channel = file === 'worker.js' ? [] : (['ipc'] as const);
    this.process = spawn(process.execPath, [fileURLToPath(new URL(file, PROGRAMS))], {
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', ...environment },
      stdio: ['ignore', 'pipe', 'pipe', ...channel],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    this.process.on('message', (message) => this.messages.push(message as Record<string, unknown>));
  }

  /** Lets it do something, and resolves when that is done. */
  async ask(deed: string): Promise<void> {
    const before = this.messages.length;
    this.process.send(deed);
    await eventually(`the end of "${deed}"`, () => {
      this.assertRunning();
      return this.messages.slice(before).some(({ done }) => done === deed) || undefined;
    });
  }

  url(): Promise<string> {
    return eventually('an app that listens', () => {
      this.assertRunning();
      return this.messages.find(({ url }) => url)?.url as string | undefined;
    });
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.runs) return;
    const closed = once(this.process, 'close');
    this.process.kill(signal);
    await closed;
  }

  private assertRunning(): void {
    if (!this.runs) throw new Error(`The program has ended:\n${this.output}`);
  }

  private get runs(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }
}

/** A shop with real workers and tasks of all kinds on a Redis of its own, and its app on each platform. */
export class Shop {
  private constructor(
    readonly redis: RedisServer,
    readonly inspector: Inspector,
    private readonly worker: Program,
    private readonly apps: ReadonlyMap<Platform, Program>,
    private readonly urls: ReadonlyMap<Platform, string>,
  ) {}

  /** @param more environment of its programs: with `NAMESPACES`, the dashboard shows one that is empty, too */
  static async start(
    platforms: readonly Platform[] = PLATFORMS,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Shop> {
    // with its data after a restart
    const redis = await RedisServer.start({ args: ['--appendonly', 'yes'] });
    const environment = { REDIS_URL: redis.url, ...more };
    const worker = new Program('worker.js', environment);
    const mail = new Program('worker.js', { ...environment, MAIL: 'yes' });
    const apps = new Map(platforms.map((PLATFORM) => [PLATFORM, new Program('app.js', { ...environment, PLATFORM })]));
    const urls = new Map<Platform, string>();
    for (const [platform, app] of apps) urls.set(platform, await app.url());
    const inspector = await createInspector({ redis: redis.url, namespace: 'shop' });
    await eventually('the children of both workers', async () => {
      const workers = await inspector.workers.list();
      return workers.flatMap(({ children }) => children).length === 3 || undefined;
    });
    await mail.stop();
    return new Shop(redis, inspector, worker, apps, urls);
  }

  /** The address of the dashboard. */
  url(platform: Platform): string {
    return this.urls.get(platform) ?? '';
  }

  /** Tasks in all states. Resolves when each has come to its state. */
  async fill(): Promise<void> {
    await this.ask('fill');
    await this.settled();
    await eventually('done tasks that are kept', async () => {
      const { tasks } = await this.inspector.tasks.list({ state: 'done', task: 'OrderTasks.confirm' });
      return tasks.length >= 50 || undefined;
    });
    for (const deed of ['crash', 'hold'] as const) {
      await this.ask(deed);
      await this.settled();
    }
  }

  async ask(deed: 'fill' | 'crash' | 'die' | 'hold' | 'work'): Promise<void> {
    await [...this.apps.values()][0]?.ask(deed);
  }

  /** All that can end has ended, some of it dead: what kills its process is tried again after a while. */
  async settled(): Promise<void> {
    await eventually('all tasks have come to their states', async () => {
      const { queues } = await this.inspector.status();
      const busy = queues.filter(({ queue }) => !['mail', 'bulk'].includes(queue));
      const { tasks } = await this.inspector.tasks.list({ state: 'active' });
      const waits = busy.some(({ queue, pending, scheduled }) => pending > 0 || (queue === 'images' && scheduled > 0));
      return (!waits && tasks.every(({ task }) => task === 'ReportTasks.year')) || undefined;
    });
  }

  /** What was done or refused through any app, the latest last. */
  get audit(): readonly Audit[] {
    return [...this.apps.values()].flatMap(({ messages }) =>
      messages.flatMap(({ audit }) => (audit ? [audit as Audit] : [])),
    );
  }

  get output(): string {
    return [this.worker, ...this.apps.values()].map(({ output }) => output).join('\n');
  }

  async stop(): Promise<void> {
    await this.inspector.close();
    await Promise.all([...this.apps.values()].map((app) => app.stop()));
    await this.worker.stop();
    await this.redis.stop();
  }
}
