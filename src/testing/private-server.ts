import { randomInt } from 'node:crypto';
import { chownSync, mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { GuardedProcess, type ProcessUser, type Surroundings, Watchdog } from './guarded-process.js';

/** Below the ports that kernels give to outgoing connections, so that none takes ours while the server is away. */
const PORTS = { from: 10_240, to: 32_768 };
const MAX_PORTS_TRIED = 20;

/** A program that serves on a port of 127.0.0.1. */
export interface ServerKind {
  /** Names it in messages, `Redis`. */
  readonly product: string;
  /** It logs this when it accepts connections. */
  readonly readyLog: string;
  readonly startTimeoutMs: number;
  /** After which a start is logged as slow. */
  readonly slowStartMs: number;
  /** The user that it runs as and that owns its directory; by default that of this process. */
  readonly user?: ProcessUser | undefined;
  /** Whether its current directory is its own and not that of this process. */
  readonly inOwnDirectory?: boolean;
  /** Ends it at once, when it is not to come back. */
  readonly endSignal: NodeJS.Signals;
  /**
   * Fills the empty directory before the first start.
   *
   * @param run runs a command to its end as the server runs, and rejects when it fails
   */
  prepare?(directory: string, run: (command: readonly string[]) => Promise<void>): Promise<void>;
  command(port: number, directory: string): readonly string[];
  failure(message: string, cause?: unknown): Error;
}

/**
 * A server that belongs to one test: on a free port of 127.0.0.1, with a temporary directory. It never outlives this
 * process, and does not keep it alive either.
 */
export class PrivateServer {
  private stopping: Promise<void> | undefined;

  private constructor(
    private readonly kind: ServerKind,
    /** The port on 127.0.0.1 that it listens on; the same after a restart. */
    readonly port: number,
    /** Where the server keeps its files; deleted by `stop()`. */
    readonly directory: string,
    private readonly watchdog: Watchdog,
    private server: GuardedProcess,
  ) {}

  /** @throws the error that `failure` of the kind makes when the server does not start; with its log */
  static async start(kind: ServerKind): Promise<PrivateServer> {
    for (let tried = 1; ; tried += 1) {
      const port = randomInt(PORTS.from, PORTS.to);
      const directory = reserve(kind, port);
      if (directory === undefined) continue;
      const watchdog = new Watchdog(directory, kind.endSignal);
      try {
        if (kind.user) chownSync(directory, kind.user.uid, kind.user.gid);
        await kind.prepare?.(directory, (command) => runToEnd(kind, command, watchdog, directory));
        return new PrivateServer(kind, port, directory, watchdog, await launch(kind, port, directory, watchdog));
      } catch (error) {
        await watchdog.end();
        // only the server's own bind shows for sure whether a port is free
        if (tried >= MAX_PORTS_TRIED || !/address already in use/i.test(String(error))) throw error;
      }
    }
  }

  /** Process id of the server; another one after a restart. */
  get pid(): number {
    return this.server.pid;
  }

  /** Ends the server and resolves when it is gone; its files stay for `restart()`. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    this.server.signal(signal);
    this.resume(); // a frozen server would see SIGKILL alone
    await this.server.end();
  }

  pause(): void {
    this.server.signal('SIGSTOP');
  }

  resume(): void {
    this.server.signal('SIGCONT');
  }

  /** Starts the server again on the same port, with the files it had; kills it first if it still runs. */
  async restart(): Promise<void> {
    await this.kill('SIGKILL');
    this.server = await launch(this.kind, this.port, this.directory, this.watchdog);
  }

  /** Ends the server and deletes its directory. May be called more than once, and in any condition of the server. */
  stop(): Promise<void> {
    this.stopping ??= this.kill(this.kind.endSignal).then(() => this.watchdog.end());
    return this.stopping;
  }
}

/**
 * Makes the directory for the files of a server. Its name contains the port, so that no other test takes the port while the
 * server is killed and to come back: its clients would find another server there. Undefined when the port is taken.
 */
function reserve({ product }: ServerKind, port: number): string | undefined {
  const begin = 'nestwork-';
  const end = `-${port}-`;
  const directory = mkdtempSync(join(tmpdir(), `${begin}${product.toLowerCase()}${end}`));
  const takers = readdirSync(tmpdir()).filter((name) => name.startsWith(begin) && name.includes(end));
  if (takers.length === 1) return directory;
  rmdirSync(directory);
  return undefined;
}

/** Starts the server and resolves when it accepts connections. */
async function launch(kind: ServerKind, port: number, directory: string, watchdog: Watchdog): Promise<GuardedProcess> {
  const server = new GuardedProcess(kind.command(port, directory), watchdog, surroundings(kind, directory));
  try {
    await untilReady(kind, server);
  } catch (error) {
    server.signal('SIGKILL');
    await server.end().catch(() => {});
    throw error;
  }
  server.forget();
  return server;
}

async function runToEnd(
  kind: ServerKind,
  command: readonly string[],
  watchdog: Watchdog,
  directory: string,
): Promise<void> {
  const program = new GuardedProcess(command, watchdog, surroundings(kind, directory));
  const how = await program.end();
  if (how !== 'code 0')
    throw kind.failure(describe(kind, `could not be set up: ${command[0]} ended with ${how}`, program));
}

function surroundings({ user, inOwnDirectory }: ServerKind, directory: string): Surroundings {
  return { user, cwd: inOwnDirectory ? directory : undefined };
}

function untilReady(kind: ServerKind, server: GuardedProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const { startTimeoutMs, slowStartMs, readyLog } = kind;
    const fail = (what: string, cause?: unknown): void => finish(kind.failure(describe(kind, what, server), cause));
    const timer = setTimeout(fail, startTimeoutMs, `did not start within ${startTimeoutMs / 1_000} s`);
    const slow = setTimeout(() => {
      new Logger(`${kind.product}Server`).error(describe(kind, `has not started for ${slowStartMs / 1_000} s`, server));
    }, slowStartMs);
    const silence = server.onLog((log) => {
      if (log.includes(readyLog)) finish();
    });
    server.end().then(
      (how) => fail(`ended with ${how}`),
      (error) => fail('could not be run', error),
    );

    function finish(error?: Error): void {
      clearTimeout(timer);
      clearTimeout(slow);
      silence();
      if (error) reject(error);
      else resolve();
    }
  });
}

function describe({ product }: ServerKind, what: string, { log }: GuardedProcess): string {
  return `The private ${product} server ${what}. Its log:\n${log.trim() || '(empty)'}`;
}
