import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { NestworkError } from '../errors.js';
import { assertKnownOptions } from '../values/known-options.js';
import { PrivateServer } from './private-server.js';

/** Redis is ready within milliseconds; a machine under heavy load may take a second or two. */
const START_TIMEOUT_MS = 10_000;
/** A test runner gives a hook 5 s by default: an error at the end of that timeout would come too late to be shown. */
const SLOW_START_MS = 3_000;

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
  /** The port on 127.0.0.1 that it listens on; the same after a restart. */
  readonly port: number;
  /** Where the server keeps its files; deleted by `stop()`. */
  readonly directory: string;

  private constructor(private readonly server: PrivateServer) {
    this.port = server.port;
    this.directory = server.directory;
    this.url = `redis://127.0.0.1:${this.port}`;
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
    return new RedisServer(
      await PrivateServer.start({
        product: 'Redis',
        readyLog: 'Ready to accept connections',
        startTimeoutMs: START_TIMEOUT_MS,
        slowStartMs: SLOW_START_MS,
        endSignal: 'SIGKILL',
        command: (port, directory) => [binary, '--save', '', ...args, ...settings(port, directory)],
        failure: notStarted,
      }),
    );
  }

  /** Process id of the server; another one after a restart. */
  get pid(): number {
    return this.server.pid;
  }

  /**
   * Ends the server and resolves when it is gone; its files stay for `restart()`.
   *
   * @param signal SIGKILL is a crash, SIGTERM an orderly shutdown
   */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    await this.server.kill(signal);
  }

  /** Freezes the server: it keeps its connections, accepts new ones, and answers nothing. */
  pause(): void {
    this.server.pause();
  }

  /** Ends a `pause()`; the server answers what it was sent meanwhile. */
  resume(): void {
    this.server.resume();
  }

  /**
   * Starts the server again on the same port, with the files it had; kills it first if it still runs.
   *
   * The data that it persisted comes back: all with `args: ['--appendonly', 'yes']`, nothing by default.
   */
  async restart(): Promise<void> {
    await this.server.restart();
  }

  /** Ends the server and deletes its directory. May be called more than once, and in any condition of the server. */
  stop(): Promise<void> {
    return this.server.stop();
  }
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

function notStarted(message: string, cause?: unknown): NestworkError {
  return new NestworkError(
    'REDIS_UNAVAILABLE',
    message,
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
