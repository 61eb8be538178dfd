import { NestworkError } from '../errors.js';
import { unreadTag } from '../message/tags.js';
import { idOf } from '../message/task-message.js';
import { printable } from '../values/printable.js';
import { unlooked } from './enqueue.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { fieldsOfLiveSessions, READS } from './session-lists.js';

/** Tags that every version reads; the sessions of those before tags were listed say nothing. */
const READ_BY_ALL = 'fs';
/** For how long sessions that were read are trusted, in ms: a worker of an earlier version may start at any time. */
const TRUSTED_MS = 5_000;

interface Reader {
  readonly reads: string;
  readonly host: string;
  readonly pid: string;
}

/**
 * Refuses messages with a tag that a live worker does not read: that worker would bury the task, or ignore what the tag asks
 * for.
 */
export class TagReaders {
  private readers: Promise<readonly Reader[]> | undefined;
  private readAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly connection: RedisConnection) {}

  /** @throws NestworkError WORKERS_TOO_OLD, REDIS_UNAVAILABLE; nothing was sent */
  async refuseUnread(messages: readonly string[]): Promise<void> {
    const readers = await this.recent();
    for (const message of messages) {
      for (const reader of readers) {
        const unread = unreadTag(message, reader.reads);
        if (unread !== undefined) throw tooOld(idOf(message), unread, reader);
      }
    }
  }

  private recent(): Promise<readonly Reader[]> {
    const nowMs = performance.now();
    if (!this.readers || nowMs - this.readAtMs > TRUSTED_MS) {
      this.readAtMs = nowMs;
      const readers = this.read();
      this.readers = readers;
      // the next call reads again after a failure
      readers.catch(() => {
        if (this.readers === readers) this.readers = undefined;
      });
    }
    return this.readers;
  }

  private async read(): Promise<Reader[]> {
    const sessions = await fieldsOfLiveSessions(this.connection, [READS, '@host', '@pid']).catch(
      unlooked('whether all workers can read the task; nothing was sent', 'Repeat the call.'),
    );
    return sessions.flatMap(([reads, host, pid]) =>
      // every session has a host: one without was reaped while the sessions were read
      host === null ? [] : [{ reads: READ_BY_ALL + (reads ?? ''), host: host ?? '', pid: pid ?? '' }],
    );
  }
}

/** Whether every version can read the message, so that Redis need not be asked. */
export function hasOldTagsOnly(message: string): boolean {
  return unreadTag(message, READ_BY_ALL) === undefined;
}

function tooOld(id: string, tag: string, { host, pid }: Reader): NestworkError {
  return new NestworkError(
    'WORKERS_TOO_OLD',
    `Task ${id} has the tag "${tag}", which the worker on ${printable(host)} with process ${printable(pid)} cannot read. Nothing was sent.`,
    [
      'Deploy workers before the apps that send, and stop those of the earlier version.',
      'A worker that has stopped counts until its lease ends: try again then.',
    ],
  );
}
