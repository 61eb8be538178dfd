import { type DoneRecord, decodeDone, encodeDone } from '../task/done-record.js';
import { pairsOf } from '../values/pairs.js';
import type { DoneBroker, DoneKeepingBroker, DonePage, DoneQuery } from './port/done-port.js';
import type { RedisConnection } from './redis/redis-connection.js';

/** They go with the last of their name. */
const KEPT_SECONDS = 7 * 86_400;
/** Looked at by one command. */
const SCANNED = 1_000;

/** The done tasks that are kept: a sorted set for each name, by the time of their end. */
export class RedisDone implements DoneKeepingBroker, DoneBroker {
  constructor(private readonly connection: RedisConnection) {}

  async keep(task: string, most: number, records: readonly DoneRecord[]): Promise<void> {
    const entries = records.flatMap((record) => [record.endedAt, encodeDone(record)]);
    await this.connection.call('keep-done', { task, most, seconds: KEPT_SECONDS, entries });
  }

  async page(task: string, { order, passed, limit }: DoneQuery): Promise<DonePage> {
    const [size, flat] = await this.connection.command((redis, keys) => {
      const key = keys.done(task);
      const [first, last] = [String(passed), String(passed + limit - 1)];
      const range =
        order === 'oldest'
          ? redis.zrange(key, first, last, 'WITHSCORES')
          : redis.zrange(key, first, last, 'REV', 'WITHSCORES');
      return Promise.all([redis.zcard(key), range]);
    });
    const looked = flat.length / 2;
    return { records: recordsOf(flat), looked, left: Math.max(size - passed - looked, 0) };
  }

  async find(task: string, id: string): Promise<DoneRecord | undefined> {
    let cursor = '0';
    let last: DoneRecord | undefined;
    do {
      const [next, flat] = await this.connection.command((redis, keys) =>
        redis.zscan(keys.done(task), cursor, 'MATCH', `${id} *`, 'COUNT', SCANNED),
      );
      for (const record of recordsOf(flat)) if (record.endedAt >= (last?.endedAt ?? 0)) last = record;
      cursor = next;
    } while (cursor !== '0');
    return last;
  }
}

/** `[record, end, record, ...]` */
function recordsOf(flat: readonly string[]): DoneRecord[] {
  return pairsOf(flat).flatMap(([stored, endedAt]) => decodeDone(stored, Number(endedAt)) ?? []);
}
