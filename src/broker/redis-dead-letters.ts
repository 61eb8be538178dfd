import type { MessageEdit } from '../message/edited-message.js';
import { mapInParts } from '../values/parts.js';
import type { Claimant } from './port/broker.js';
import type {
  DeadBatch,
  DeadEntry,
  DeadLetterBroker,
  DeadLimits,
  DeadPurgeBroker,
  DeadQuery,
  DeadRange,
  Death,
  DeathReportBroker,
  Redrive,
} from './port/dead-letter-broker.js';
import { type ForeignValues, isWhole } from './redis/foreign-values.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { ifWrongType } from './redis/redis-errors.js';
import { serverTime } from './redis/server-time.js';

/** Bytes of records after which a read has enough: a script holds up everyone else while it runs. */
const ENOUGH_BYTES = 1_000_000;
/** Queues that one script looks at. */
const QUEUES_AT_ONCE = 200;
/** The answer for a task whose result is to be forgotten, with its key. */
const KEEPS_RESULT = -2;
const REDRIVES = new Map<unknown, Redrive>([
  [1, 'redriven'],
  [0, 'not-found'],
]);

/** The dead tasks over Redis: one script per transition, and one that reads. */
export class RedisDeadLetters implements DeadLetterBroker, DeadPurgeBroker, DeathReportBroker {
  constructor(
    private readonly connection: RedisConnection,
    private readonly foreign: ForeignValues,
  ) {}

  now(): Promise<number> {
    return this.connection.command(serverTime);
  }

  async read(queue: string, { range, order, after, limit }: DeadQuery): Promise<DeadBatch> {
    const [since, till] = bounds(range);
    const limits = { since, till, most: limit, mostBytes: ENOUGH_BYTES };
    const position = after ? [after.diedAt, after.id] : [];
    const input = { queue, order, ...limits, after: position };
    const [more, foreign, ...fields] = await this.connection.call('dead-page', input);
    const batch = { more: more === 1, entries: entriesOf(queue, fields) };
    if (foreign.length === 0) return batch;
    this.foreign.found(this.connection.keys.dead(queue), foreign.toString());
    return { ...batch, foreign: foreign.toString() };
  }

  counts(queues: readonly string[], range: DeadRange): Promise<number[]> {
    const [since, till] = bounds(range);
    return mapInParts(queues, QUEUES_AT_ONCE, (part) =>
      this.connection.call('dead-counts', { queues: part, since, till }),
    );
  }

  async find(queue: string, id: string): Promise<DeadEntry | undefined> {
    return this.connection.command(async (redis, keys) => {
      const [score, record, notes] = await Promise.all([
        redis.zscore(keys.dead(queue), id),
        redis.hgetBuffer(keys.records(queue), id),
        redis.hget(keys.deadNotes(queue), id),
      ]);
      if (score === null) return undefined;
      if (!isWhole(score)) {
        this.foreign.found(keys.dead(queue), id);
        return undefined;
      }
      return { queue, id, diedAt: Number(score), record: record ?? Buffer.alloc(0), notes: notes ?? undefined };
    });
  }

  async redrive(queue: string, deaths: readonly Death[]): Promise<Redrive[]> {
    const noting = await this.noting(queue, deaths);
    const answers = await this.connection.call('redrive', { queue, deaths: flat(deaths), noting, kept: [] });
    const keeping = deaths.filter((_, at) => answers[at] === KEEPS_RESULT);
    if (keeping.length > 0) {
      const kept = keeping.map(({ id }) => id);
      const again = await this.connection.call('redrive', { queue, deaths: flat(keeping), noting, kept });
      for (const [at, answer] of answers.entries()) if (answer === KEEPS_RESULT) answers[at] = again.shift() ?? 0;
    }
    return answers.map((answer) => REDRIVES.get(answer) ?? 'refused');
  }

  async redriveEdited(queue: string, death: Death, { body, sent }: MessageEdit): Promise<Redrive> {
    const noting = await this.noting(queue, [death]);
    const { id, diedAt } = death;
    const answer = await this.connection.call('redrive-edited', { queue, id, diedAt, body, sent, noting, kept: [id] });
    return REDRIVES.get(answer) ?? 'refused';
  }

  /** Those that have notes: mostly none. */
  private async noting(queue: string, deaths: readonly Death[]): Promise<string[]> {
    return this.connection.command(async (redis, keys) => {
      const key = keys.deadNotes(queue);
      // a key of somebody else has no notes
      const all = await redis.hlen(key).catch(ifWrongType(0));
      if (all === 0) return [];
      const ids = deaths.map(({ id }) => id);
      const noted = await Promise.all(ids.map((id) => redis.hexists(key, id)));
      return ids.filter((_, at) => noted[at] === 1);
    });
  }

  remove(queue: string, deaths: readonly Death[]): Promise<number> {
    return this.connection.call('delete-dead', { queue, deaths: flat(deaths) });
  }

  purge(queue: string, { retentionMs, most }: DeadLimits, batch: number): Promise<number> {
    const limits = { retentionMs: retentionMs ?? '', kept: most ?? '', most: batch };
    return this.connection.call('purge', { queue, ...limits });
  }

  async takeDeaths(
    { child, queues }: Pick<Claimant, 'child' | 'queues'>,
    number: number,
  ): Promise<(Death & Pick<DeadEntry, 'queue'>)[]> {
    const fields = await this.connection.call('report-deaths', { child, number, queues });
    return fields.flatMap((queue, at) =>
      at % 3 === 0 ? [{ queue, diedAt: Number(fields[at + 1]), id: fields[at + 2] ?? '' }] : [],
    );
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
