import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { Logger } from '@nestjs/common';
import { NestworkError } from '../errors.js';
import { assertKnownOptions } from '../values/known-options.js';

/** Redis is ready within milliseconds; a machine under heavy load may take a second or two. */
const START_TIMEOUT_MS = 10_000;
/** A test runner gives a hook 5 s by default: an error at the end of that timeout would come too late to be shown. */
const SLOW_START_MS = 3_000;
/** Below the ports that kernels give to outgoing connections, so that none takes ours while the server is away. */
const PORTS = { from: 10_240, to: 32_768 };
const MAX_PORTS_TRIED = 20;
const LOG_KEPT = 16_384;

/**
 * Redis has no option "die with your parent", and a parent that is SIGKILLed cannot clean up. So each server has a
 * watchdog. It reads from a pipe whose other end only the parent holds: the pid of a server that is about to start, or an
 * empty line when it has ended. At the end of file the parent is done with it or gone.
 */
const WATCHDOG = 'while read -r line; do pid=$line; done; [ -z "$pid" ] || kill -KILL "$pid"; rm -rf "$0"';

/** The server starts after the watchdog has its pid, and not at all when the parent died before. */
const SERVER = 'read -r _ && exec "$@" </dev/null';

/**
 * Options of {@link RedisServer.start}.
 *
 * @example
 * const options: RedisServerOptions = { args: ['--appendonly', 'yes'] };
 * const redis = await RedisServer.start(options);
 */
export interface RedisServerOptions {
  /**
   * Further arguments of `redis-server`.
   * @default []
   * @example ['--appendonly', 'yes', '--maxmemory', '50mb']
   */
  args?: readonly string[];
}

/**
 * A Redis server that belongs to one test. Beside `stop()` it has methods for tests of faults: kill the server, freeze it,
 * bring it back with its data.
 *
 * @example
 * let redis: RedisServer;
 * beforeAll(async () => {
 *   redis = await RedisServer.start();
 *   process.env.REDIS_URL = redis.url; // for a module that reads it in forRootAsync
 * });
 * afterAll(() => redis.stop());
 */
export class RedisServer {
  /** Where clients connect; the same after a restart. */
  readonly url: string;
  private stopping: Promise<void> | undefined;

  private constructor(
    /** The port on 127.0.0.1 that it listens on; the same after a restart. */
    readonly port: number,
    /** Where the server keeps its files; deleted by `stop()`. */
    readonly directory: string,
    private readonly command: readonly string[],
    private readonly watchdog: Watchdog,
    private server: ChildProcess,
  ) {
    this.url = `redis://127.0.0.1:${port}`;
  }

  /**
   * Starts a Redis server of your own for a test: on a free port of 127.0.0.1, empty, without persistence, with a
   * temporary directory. It takes a few milliseconds, so each test file can have one.
   *
   * It needs `redis-server` or `valkey-server` on the PATH. The server never outlives the process that started it, not
   * even when that is killed, and it does not keep that process alive either.
   *
   * @returns the server, when it accepts commands
   * @throws NestworkError REDIS_UNAVAILABLE when there is no server on the PATH or it does not start; with its log
   */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    assertKnownOptions(options, ['args'], 'RedisServer.start');
    const { args = [] } = options;
    const binary = findServer();
    for (let tried = 1; ; tried += 1) {
      const port = randomInt(PORTS.from, PORTS.to);
      const directory = reserve(port);
      if (directory === undefined) continue;
      const watchdog = new Watchdog(directory);
      const command = [binary, '--save', '', ...args, ...settings(port, directory)];
      try {
        return new RedisServer(port, directory, command, watchdog, await launch(command, watchdog));
      } catch (error) {
        await watchdog.end();
        // only the server's own bind shows for sure whether a port is free
        if (tried >= MAX_PORTS_TRIED || !/address already in use/i.test(String(error))) throw error;
      }
    }
  }

  /** Process id of the server; another one after a restart. */
  get pid(): number {
    return this.server.pid as number; // it has one, since it started
  }

  /**
   * Ends the server and resolves when it is gone; its files stay for `restart()`.
   *
   * @param signal SIGKILL is a crash, SIGTERM an orderly shutdown
   */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const ended = gone(this.server);
    this.server.kill(signal);
    this.resume(); // a frozen server would not see a SIGTERM
    await ended;
  }

  /** Freezes the server: it keeps its connections, accepts new ones, and answers nothing. */
  pause(): void {
    this.server.kill('SIGSTOP');
  }

  /** Ends a `pause()`; the server answers what it was sent meanwhile. */
  resume(): void {
    this.server.kill('SIGCONT');
  }

  /**
   * Starts the server again on the same port, with the files it had; kills it first if it still runs.
   *
   * The data that it persisted comes back: all with `args: ['--appendonly', 'yes']`, nothing by default.
   */
  async restart(): Promise<void> {
    await this.kill();
    this.server = await launch(this.command, this.watchdog);
  }

  /** Ends the server and deletes its directory. May be called more than once, and in any condition of the server. */
  stop(): Promise<void> {
    this.stopping ??= this.kill().then(() => this.watchdog.end());
    return this.stopping;
  }
}

/** Ends the processes that this process leaves behind, and deletes the directory. */
class Watchdog {
  private readonly process: ChildProcessByStdio<Writable, null, null>;

  constructor(directory: string) {
    // a group of its own, here and for the server: a Ctrl-C is for the app, which may need Redis to shut down
    this.process = spawn('sh', ['-c', WATCHDOG, directory], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    this.process.stdin.on('error', () => {}); // it was killed
    unref(this.process, this.process.stdin);
  }

  guard(server: ChildProcess): void {
    this.process.stdin.write(`${server.pid}\n`);
    server.once('exit', () => this.process.stdin.write('\n'));
  }

  async end(): Promise<void> {
    this.process.stdin.end();
    await gone(this.process);
  }
}

/**
 * Makes the directory for the files of a server. Its name contains the port, so that no other test takes the port while the
 * server is killed and to come back: its clients would find another server there. Undefined when the port is taken.
 */
function reserve(port: number): string | undefined {
  const prefix = `nestwork-redis-${port}-`;
  const directory = mkdtempSync(join(tmpdir(), prefix));
  if (readdirSync(tmpdir()).filter((name) => name.startsWith(prefix)).length === 1) return directory;
  rmdirSync(directory);
  return undefined;
}

/** They come last on the command line, so that no further argument replaces them. */
function settings(port: number, directory: string): string[] {
  const fixed = {
    port: `${port}`,
    bind: '127.0.0.1',
    dir: directory,
    daemonize: 'no',
    logfile: '',
    loglevel: 'notice',
  };
  return Object.entries(fixed).flatMap(([name, value]) => [`--${name}`, value]);
}

/** Starts the server and resolves when it accepts commands. */
async function launch(command: readonly string[], watchdog: Watchdog): Promise<ChildProcess> {
  const server = spawn('sh', ['-c', SERVER, 'sh', ...command], { detached: true });
  server.stdin.on('error', () => {}); // it could not even start
  watchdog.guard(server);
  server.stdin.end('\n');
  try {
    await untilReady(server, [server.stdout, server.stderr]);
  } catch (error) {
    server.kill('SIGKILL');
    await gone(server);
    throw error;
  }
  unref(server, server.stdout, server.stderr);
  return server;
}

/** It is no reason for this process to live on. */
function unref(child: ChildProcess, ...pipes: (Readable | Writable)[]): void {
  child.unref();
  for (const pipe of pipes as Socket[]) pipe.unref();
}

/** Resolves when the process has ended. */
async function gone(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  await once(child, 'exit');
}

function untilReady(server: ChildProcess, outputs: readonly Readable[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    const read = (text: string): void => {
      log = (log + text).slice(-LOG_KEPT);
      if (log.includes('Ready to accept connections')) finish();
    };
    const fail = (what: string, cause?: Error): void => finish(notStarted(what, log, cause));
    const timer = setTimeout(fail, START_TIMEOUT_MS, `did not start within ${START_TIMEOUT_MS / 1_000} s`);
    const slow = setTimeout(() => {
      new Logger('RedisServer').error(notStarted(`has not started for ${SLOW_START_MS / 1_000} s`, log).message);
    }, SLOW_START_MS);
    server.once('error', (error) => fail('could not be run', error));
    // `close` and not `exit`: only then the whole log is in
    server.once('close', (code, signal) => fail(`ended with ${signal ?? `code ${code}`}`));
    for (const output of outputs) output.setEncoding('utf8').on('data', read);

    function finish(error?: Error): void {
      clearTimeout(timer);
      clearTimeout(slow);
      server.removeAllListeners('close');
      // without a reader a full pipe would block the server
      for (const output of outputs) output.off('data', read).resume();
      if (error) reject(error);
      else resolve();
    }
  });
}

function notStarted(what: string, log: string, cause?: Error): NestworkError {
  return new NestworkError(
    'REDIS_UNAVAILABLE',
    `The private Redis server ${what}. Its log:\n${log.trim() || '(empty)'}`,
    'Read the log: often one of the `args` of RedisServer.start is wrong.',
    { cause },
  );
}

function findServer(): string {
  for (const name of ['redis-server', 'valkey-server']) {
    for (const directory of (process.env.PATH ?? '').split(delimiter)) {
      const candidate = join(directory, name);
      if (isExecutable(candidate)) return candidate;
    }
  }
  throw new NestworkError('REDIS_UNAVAILABLE', 'Neither redis-server nor valkey-server is on the PATH.', [
    'Debian, Ubuntu: sudo apt-get install redis-server',
    'macOS: brew install redis',
  ]);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
