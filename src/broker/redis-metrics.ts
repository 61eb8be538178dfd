import { decodeCounts, decodeNumbers, encodeCounts } from '../task/task-counts.js';
import { pairsOf } from '../values/pairs.js';
import type {
  Claimant,
  CountingBroker,
  MetricsBroker,
  MetricsBucket,
  MetricsRange,
  Population,
  QueueSample,
  SamplingBroker,
  TaskSeries,
} from './port/broker.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { serverTime } from './redis/server-time.js';
import { isChild, ofLiveSessions } from './session-lists.js';

const MINUTE_MS = 60_000;
/** Hashes that are read at once, if they are small. */
const READ_AT_ONCE = 250;
/** Bytes of counts after which a read has enough: a script holds up everyone else while it runs. */
const ENOUGH_BYTES = 300_000;

/** The counts of a namespace: by minute and ten minutes of Redis time, and since the first. */
export class RedisMetrics implements CountingBroker, SamplingBroker, MetricsBroker {
  /** by how much Redis is ahead, in ms */
  private aheadMs = 0;

  constructor(private readonly connection: RedisConnection) {}

  async flush({ child }: Pick<Claimant, 'child'>, number: number, series: readonly TaskSeries[]): Promise<void> {
    const counts = series.flatMap(({ queue, task, counts }) => [`${queue} ${task}`, encodeCounts(counts)]);
    await this.inMinute((time) => this.connection.call('flush', { ...time, child, number, counts }));
  }

  async sample(queues: readonly string[]): Promise<number> {
    await this.inMinute((time) => this.connection.call('sample', { ...time, queues }));
    return MINUTE_MS - (this.time % MINUTE_MS);
  }

  now(): Promise<number> {
    return this.connection.command(serverTime);
  }

  async *buckets({ minutes, from, to }: MetricsRange): AsyncGenerator<MetricsBucket> {
    const lengthMs = minutes * MINUTE_MS;
    const last = Math.floor(to / lengthMs);
    for (let next = Math.floor(from / lengthMs); next <= last; ) {
      const numbers = Array.from({ length: Math.min(READ_AT_ONCE, last - next + 1) }, (_, at) => String(next + at));
      const which = minutes === 1 ? { minutes: numbers, tens: [] } : { minutes: [], tens: numbers };
      const hashes = await this.connection.call('metrics-page', { ...which, mostBytes: ENOUGH_BYTES });
      for (const fields of hashes) {
        yield bucketOf(next * lengthMs, pairsOf(fields));
        next += 1;
      }
    }
  }

  async totals(): Promise<TaskSeries[]> {
    const [totals, endings] = await this.connection.call('totals', {});
    const counts = new Map(pairsOf(totals));
    for (const [field, number] of pairsOf(endings)) {
      const end = field.lastIndexOf(' ');
      const series = field.slice(0, end);
      counts.set(series, withOne(counts.get(series) ?? '', field.slice(end + 1), Number(number)));
    }
    return [...counts].flatMap(([field, text]) => seriesOf(field, text));
  }

  async population(): Promise<Population> {
    const sessions = await ofLiveSessions(this.connection, async (redis, session, keys) => {
      const { '@host': host = '', ...fields } = await redis.hgetall(keys.session(session));
      const children = Object.keys(fields).filter(isChild);
      const held = await Promise.all(children.map((child) => redis.hlen(keys.claims(child))));
      return { host, children: children.length, tasks: sumOf(held) };
    });
    const active = new Map<string, number>();
    for (const { host, tasks } of sessions) active.set(host, (active.get(host) ?? 0) + tasks);
    return {
      workers: sessions.length,
      children: sumOf(sessions.map(({ children }) => children)),
      active: [...active].map(([host, tasks]) => ({ host, tasks })),
    };
  }

  private get time(): number {
    return Date.now() + this.aheadMs;
  }

  /** Keys have the minute of Redis in their names. A refusal has it as well, so the next try fails only if that minute has ended. */
  private async inMinute(
    call: (time: { minute: string; ten: string }) => Promise<readonly [number, number, number?]>,
  ): Promise<void> {
    for (let done = 0; done !== 1; ) {
      const minute = Math.floor(this.time / MINUTE_MS);
      const [isDone, now] = await call({ minute: String(minute), ten: String(Math.floor(minute / 10)) });
      this.aheadMs = now - Date.now();
      done = isDone;
    }
  }
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function bucketOf(at: number, fields: readonly (readonly [field: string, text: string])[]): MetricsBucket {
  return {
    at,
    series: fields.flatMap(([field, text]) => seriesOf(field, text)),
    samples: fields.flatMap(([field, text]) => (field.includes(' ') ? [] : [sampleOf(field, text)])),
  };
}

/** Empty for a field that is no series. */
function seriesOf(field: string, text: string): TaskSeries[] {
  const [queue = '', task, ...more] = field.split(' ');
  return task === undefined || more.length > 0 ? [] : [{ queue, task, counts: decodeCounts(text) }];
}

function sampleOf(queue: string, text: string): QueueSample {
  const numbers = decodeNumbers(text);
  const [pending = 0, heldBack = 0, quarantined = 0, scheduled = 0, oldestMs = 0] = [
    'pending',
    'held',
    'quarantined',
    'scheduled',
    'oldest',
  ].map((name) => numbers.get(name));
  return { queue, pending, heldBack, quarantined, scheduled, oldestMs };
}

function withOne(text: string, name: string, more: number): string {
  const numbers = decodeNumbers(text);
  numbers.set(name, (numbers.get(name) ?? 0) + more);
  return [...numbers].map(([each, number]) => `${each} ${number}`).join(' ');
}
