import type { StreamBroker, StreamEntry, StreamPosition, StreamRead } from './port/broadcast-port.js';
import type { BlockingConnection } from './redis/blocking-connection.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { advance } from './stream-gap.js';

/** A message may have 256 KiB, and a script holds up everyone else while it runs. */
const READ_ENTRIES = 100;

type RawEntry = readonly [id: string, fields: readonly string[]];

/**
 * The stream over Redis. A second connection blocks until there is more; what there is then is read over the first one,
 * by a script that sees in the same instant whether anything is missing.
 */
export class BroadcastStream implements StreamBroker {
  constructor(
    private readonly connection: RedisConnection,
    private readonly blocking: BlockingConnection,
  ) {}

  async position(sinceMs: number): Promise<StreamPosition> {
    const [seconds, microseconds] = (await this.connection.command((redis) => redis.time())).map(Number);
    // the answer may have taken long: so much at most has passed, and what took it too long must not hide entries
    const since = Number(seconds) * 1_000 + Number(microseconds) / 1_000 - (performance.now() - sinceMs);
    const input = { sinceMs: Math.max(Math.floor(since), 1) };
    const [id, ordinal] = await this.connection.call('stream-position', input);
    return { id, ordinal };
  }

  async read(from: StreamPosition): Promise<StreamRead> {
    const input = { after: from.id, most: READ_ENTRIES };
    const [lastId, added, length, raw] = await this.connection.call('read-stream', input);
    const complete = raw.length < READ_ENTRIES;
    const slice = { ids: raw.map(([id]) => id), complete };
    return { ...advance(from, { lastId, added, length }, slice), entries: raw.map(parseEntry), more: !complete };
  }

  waitForMore(from: StreamPosition, timeoutMs: number): Promise<boolean> {
    return this.blocking.wait(timeoutMs, (redis, keys) =>
      redis.xread('COUNT', 1, 'BLOCK', timeoutMs, 'STREAMS', keys.broadcasts(), from.id),
    );
  }

  stopWaiting(): void {
    this.blocking.end();
  }
}

function parseEntry([id, list]: RawEntry): StreamEntry {
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < list.length; at += 2) fields.set(list[at] as string, list[at + 1] as string);
  return { id, kind: fields.get('kind') ?? '', fields };
}
