import type {
  DeadBatch,
  DeadEntry,
  DeadLetterBroker,
  DeadLimits,
  DeadQuery,
  DeadRange,
  Death,
  Redrive,
} from './dead-letter-broker.js';
import type { RedisConnection } from './redis-connection.js';
import type { RedisKeys } from './redis-keys.js';
import { callScriptForBytes } from './scripts.js';

/** Bytes of records after which a read has enough: a script holds up everyone else while it runs. */
const ENOUGH_BYTES = 1_000_000;
const REDRIVES = new Map<unknown, Redrive>([
  [1, 'redriven'],
  [0, 'not-found'],
]);

/** The dead tasks over Redis: one script per transition, and one that reads. */
export class RedisDeadLetters implements DeadLetterBroker {
  constructor(
    private readonly connection: RedisConnection,
    private readonly keys: RedisKeys,
  ) {}

  async now(): Promise<number> {
    const [seconds, microseconds] = await this.connection.command((redis) => redis.time());
    return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
  }

  async read(queue: string, { range, order, after, limit }: DeadQuery): Promise<DeadBatch> {
    const position = after ? [after.diedAt, after.id] : [];
    const args = [order, ...bounds(range), limit, ENOUGH_BYTES, ...position];
    const reply = await this.connection.command((redis) =>
      callScriptForBytes(redis, 'dead-page', this.placesOf(queue), args),
    );
    const [more, ...fields] = reply as [number, ...Buffer[]];
    return { more: more === 1, entries: entriesOf(queue, fields) };
  }

  count(queue: string, range: DeadRange): Promise<number> {
    return this.connection.command((redis) => redis.zcount(this.keys.dead(queue), ...bounds(range)));
  }

  async find(queue: string, id: string): Promise<DeadEntry | undefined> {
    return this.connection.command(async (redis) => {
      const [score, record] = await Promise.all([
        redis.zscore(this.keys.dead(queue), id),
        redis.hgetBuffer(this.keys.deadRecords(queue), id),
      ]);
      if (score === null) return undefined;
      return { queue, id, diedAt: Number(score), record: record ?? Buffer.alloc(0) };
    });
  }

  async redrive(queue: string, deaths: readonly Death[]): Promise<Redrive[]> {
    const { queue: pending, bell, unique, cancelled } = this.keys;
    const keys = [...this.placesOf(queue), pending(queue), bell(queue), unique(), cancelled()];
    const answers = (await this.connection.call('redrive', keys, [queue, ...flat(deaths)])) as number[];
    return answers.map((answer) => REDRIVES.get(answer) ?? 'refused');
  }

  async remove(queue: string, deaths: readonly Death[]): Promise<number> {
    return (await this.connection.call('delete-dead', this.placesOf(queue), flat(deaths))) as number;
  }

  async purge(queue: string, { retentionMs, most }: DeadLimits, batch: number): Promise<number> {
    const args = [retentionMs ?? '', most ?? '', batch];
    return (await this.connection.call('purge', this.placesOf(queue), args)) as number;
  }

  private placesOf(queue: string): [string, string] {
    return [this.keys.dead(queue), this.keys.deadRecords(queue)];
  }
}

function bounds({ since, until }: DeadRange): [since: string | number, until: string | number] {
  return [since ?? '-inf', until ?? '+inf'];
}

function flat(deaths: readonly Death[]): (string | number)[] {
  return deaths.flatMap(({ id, diedAt }) => [id, diedAt]);
}

/** `[id, time of death, record, id, ...]` */
function entriesOf(queue: string, fields: readonly Buffer[]): DeadEntry[] {
  const entries: DeadEntry[] = [];
  for (let at = 0; at + 2 < fields.length; at += 3) {
    const [id, diedAt, record] = fields.slice(at, at + 3) as [Buffer, Buffer, Buffer];
    entries.push({ queue, id: id.toString(), diedAt: Number(diedAt), record });
  }
  return entries;
}
