import { NestworkError } from '../errors.js';
import { BROADCAST_QUEUE, KEPT_BROADCASTS } from '../task/broadcast.js';
import { type ChunkBounds, chunksOf } from '../values/chunks.js';
import { groupedBy } from '../values/grouped-by.js';
import { pairsOf } from '../values/pairs.js';
import { CHUNK_CHARACTERS, SEEN_SECONDS, seenBlock } from './enqueue.js';
import { outboxesIn } from './outbox-notes.js';
import type { NotedOutbox, OutboxCall, OutboxNote, RelayPort } from './port/relay-port.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { ifWrongType } from './redis/redis-errors.js';
import { serverTime } from './redis/server-time.js';
import { labelsOf } from './redis-producer.js';
import { hasOldTagsOnly } from './tag-readers.js';

/** The answer of a script that was called too late. */
const TOO_LATE = -1;

/** Sends messages, and waits for the replicas if any are asked for. */
type Confirmed = <T>(messages: readonly string[], send: () => Promise<T>) => Promise<T>;

/** Rows of one queue that one script takes, each with its place among all. */
type Chunk = readonly Entry[];
type Entry = readonly [at: number, call: OutboxCall];

/** Other commands wait for a script. */
const IN_ONE_SCRIPT: ChunkBounds<Entry> = {
  most: 500,
  largest: CHUNK_CHARACTERS,
  sizeOf: ([, { message }]) => message.length,
};

/** Adds the tasks of an outbox to Redis, one script for many rows of a queue. */
export class RedisRelay implements RelayPort {
  /** @param queues of the app: a task that has the key of another may wait in any of them */
  constructor(
    private readonly connection: RedisConnection,
    private readonly queues: readonly string[],
    private readonly confirmed: Confirmed,
  ) {}

  now(): Promise<number> {
    return this.connection.command((redis) => serverTime(redis));
  }

  async relay(outbox: string, calls: readonly OutboxCall[], startedMs: number): Promise<(Error | undefined)[]> {
    const errors: (Error | undefined)[] = calls.map(() => undefined);
    const ofQueues = groupedBy([...calls.entries()], ([, { queue }]) => queue);
    await Promise.all(
      [...ofQueues.values()].map(async (ofQueue) => {
        let refusal: Error | undefined;
        for (const chunk of chunksOf(ofQueue, IN_ONE_SCRIPT)) {
          // what stands behind a row that stays would overtake it
          const answer: Answer = refusal ? { handled: 0, refusal } : await this.add(outbox, chunk, startedMs);
          for (const [at] of chunk.slice(answer.handled)) errors[at] = answer.refusal;
          refusal = answer.refusal;
        }
      }),
    );
    return errors;
  }

  async forget(outbox: string, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.connection.command((redis, keys) => redis.zrem(keys.relayed(outbox), ...ids));
  }

  marked(outbox: string, beforeMs: number, limit: number): Promise<string[]> {
    return this.connection.command((redis, keys) =>
      redis.zrangebyscore(keys.relayed(outbox), '-inf', `(${beforeMs}`, 'LIMIT', 0, limit),
    );
  }

  async takeTurn(outbox: string, relay: string, forMs: number): Promise<boolean> {
    return (await this.connection.call('take-relay', { outbox, relay, forMs })) === 1;
  }

  async note(outbox: string, note: OutboxNote, former = outbox): Promise<void> {
    const { table, waiting, putAside, oldestMs } = note;
    const text = JSON.stringify({ table, waiting, putAside, oldestMs });
    await this.connection.call('note-outbox', { outbox, former, note: text });
  }

  async noted(): Promise<{ outboxes: NotedOutbox[]; now: number }> {
    return this.connection.command(async (redis, keys) => {
      const outboxes = outboxesIn(await redis.hgetall(keys.outboxes()).catch(ifWrongType({})));
      // most apps have no outbox, and then nothing has an age
      return { outboxes, now: outboxes.length > 0 ? await serverTime(redis) : 0 };
    });
  }

  /** Workers that do not read some of the tasks must not keep the others. */
  private async add(outbox: string, chunk: Chunk, startedMs: number): Promise<Answer> {
    try {
      return await this.send(outbox, chunk, startedMs);
    } catch (error) {
      const refusal = error as Error;
      const readable = chunk.findIndex(([, { message }]) => !hasOldTagsOnly(message));
      const isUnread = error instanceof NestworkError && error.code === 'WORKERS_TOO_OLD';
      if (!isUnread || readable <= 0) return { handled: 0, refusal };
      const { handled, refusal: other } = await this.add(outbox, chunk.slice(0, readable), startedMs);
      return { handled, refusal: other ?? refusal };
    }
  }

  private async send(outbox: string, chunk: Chunk, startedMs: number): Promise<Answer> {
    const calls = chunk.map(([, call]) => call);
    const messages = calls.map(({ message }) => message);
    const [handled] = await this.confirmed(messages, () =>
      this.connection.call('relay', this.input(outbox, calls, startedMs)),
    );
    if (handled === TOO_LATE) return { handled: 0, refusal: tooLate(outbox) };
    // the next call begins with the row that was refused, and gets the reason
    return handled === chunk.length ? { handled } : { handled, refusal: interrupted(outbox) };
  }

  private input(outbox: string, calls: readonly OutboxCall[], startedMs: number) {
    const [{ queue } = { queue: '' }] = calls;
    const messages = calls.map(({ message }) => message);
    const labelOf = new Map(calls.flatMap(({ labels = [] }) => pairsOf(labels)));
    return {
      outbox,
      queue,
      startedMs,
      seconds: SEEN_SECONDS,
      kept: KEPT_BROADCASTS,
      sequences: [...new Set(messages.map(seenBlock))],
      queues: this.queuesFor(queue, calls),
      labels: labelsOf(messages, labelOf),
      rows: calls.flatMap(({ dueAt = 0, onConflict = '', message }) => [dueAt, onConflict, message]),
    };
  }

  private queuesFor(queue: string, calls: readonly OutboxCall[]): readonly string[] {
    if (queue === BROADCAST_QUEUE) return [];
    if (calls.every(({ onConflict }) => onConflict === undefined)) return [queue];
    return [...new Set([...this.queues, queue])];
  }
}

/** How many rows of a chunk are done with, from the first on, and why the others are not. */
interface Answer {
  readonly handled: number;
  readonly refusal?: Error;
}

function tooLate(outbox: string): NestworkError {
  return new NestworkError(
    'REDIS_UNAVAILABLE',
    `Redis got rows of the outbox ${outbox} more than 5 minutes after they were read; it took none.`,
    ['Nothing is lost: the relay reads them again.'],
  );
}

function interrupted(outbox: string): NestworkError {
  return new NestworkError(
    'REDIS_REFUSED',
    `Redis took only some of the rows of the outbox ${outbox}; the others stay.`,
    ['Nothing is lost: the relay sends them again, and gets the reason if Redis refuses them once more.'],
  );
}
