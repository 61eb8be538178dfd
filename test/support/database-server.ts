import { readFileSync } from 'node:fs';
import type { ProcessUser } from '../../src/testing/guarded-process.js';
import type { PrivateServer, ServerKind } from '../../src/testing/private-server.js';

/** A database makes its files within a second; a machine under heavy load may take many. */
const PATIENCE = { startTimeoutMs: 60_000, slowStartMs: 20_000 };

/** Options of the `start` of a database. */
export interface DatabaseOptions {
  /**
   * Further arguments of the server.
   * @default []
   */
  readonly args?: readonly string[];
}

/** A database that belongs to one test: on a free port of 127.0.0.1, ended and deleted with this process at the latest. */
export abstract class DatabaseServer {
  /** Where clients connect; the same after a restart. */
  abstract readonly url: string;

  protected constructor(private readonly server: PrivateServer) {}

  /** The port on 127.0.0.1 that it listens on; the same after a restart. */
  get port(): number {
    return this.server.port;
  }

  /** Where the server keeps its files; deleted by `stop()`. */
  get directory(): string {
    return this.server.directory;
  }

  /** Process id of the server; another one after a restart. */
  get pid(): number {
    return this.server.pid;
  }

  /** Freezes the server, but not the processes that it has for connections. */
  pause(): void {
    this.server.pause();
  }

  /** Ends a `pause()`. */
  resume(): void {
    this.server.resume();
  }

  /**
   * Ends the server and resolves when nothing of it is left; its files stay for `restart()`.
   *
   * @param signal SIGKILL is a crash; SIGINT with PostgreSQL, and SIGTERM with MariaDB, a shutdown in order that does not
   *   wait for clients
   */
  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    return this.server.kill(signal);
  }

  /** Starts the server again on the same port, with the data it had; kills it first if it still runs. */
  restart(): Promise<void> {
    return this.server.restart();
  }

  /** Ends the server and deletes its directory. May be called more than once, and in any condition of the server. */
  stop(): Promise<void> {
    return this.server.stop();
  }
}

/** Adds the properties that all databases share to those of one. */
export function databaseKind(
  kind: Pick<ServerKind, 'product' | 'readyLog' | 'endSignal' | 'command'> & Required<Pick<ServerKind, 'prepare'>>,
): ServerKind {
  return {
    ...PATIENCE,
    user: unprivilegedUser(),
    inOwnDirectory: true,
    failure: (message, cause) => new Error(message, { cause }),
    ...kind,
  };
}

/** Databases refuse to run as root: then they run as `nobody`. */
function unprivilegedUser(): ProcessUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [, uid, gid] = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
  if (!uid || !gid) throw new Error('Databases do not run as root, and /etc/passwd has no user "nobody".');
  return { uid: Number(uid), gid: Number(gid) };
}
