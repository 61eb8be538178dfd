import { TaskIdSequence } from '../message/task-id.js';
import { KEPT_BROADCASTS } from '../task/broadcast.js';
import { pairsOf } from '../values/pairs.js';
import type {
  DigestPort,
  LiveSession,
  LiveSessions,
  WorkerDigest,
  WorkerOrder,
  WorkerPort,
  WorkerRecord,
} from './port/worker-port.js';
import type { ForeignValues } from './redis/foreign-values.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { queuesIn, SERVED_QUEUES } from './session-lists.js';
import { isWorkerDigest } from './worker-digest.js';

/** `<Redis time> <JSON>` */
const PUBLISHED = /^(\d{1,15}) (\{.*\})$/s;

/** Sessions that one script reads: a digest may have 100 KB. */
const AT_ONCE = 25;

/** The workers over Redis: their digests, and orders to them. */
export class RedisWorkers implements WorkerPort, DigestPort {
  private readonly ids = new TaskIdSequence();
  /** the sessions of the last reading: mostly those of the next one */
  private known: readonly string[] = [];

  constructor(
    private readonly connection: RedisConnection,
    private readonly foreign: ForeignValues,
  ) {}

  async publish(session: string, digest: WorkerDigest, forMs: number): Promise<boolean | undefined> {
    const input = { sessionId: session, forMs, json: JSON.stringify(digest) };
    const watched = await this.connection.call('publish-digest', input);
    return watched < 0 ? undefined : watched === 1;
  }

  async sessions(): Promise<LiveSessions> {
    const found = new Map<string, LiveSession>();
    const read = async (known: readonly string[]): Promise<readonly [at: number, live: readonly string[]]> => {
      const [at, live, sessions] = await this.connection.call('live-sessions', { known });
      for (const [session, fields, digest] of sessions) {
        found.set(session, { session, fields: Object.fromEntries(pairsOf(fields)), digest: digest || undefined });
      }
      return [at, live];
    };
    let [at, live] = await read(this.known.slice(0, AT_ONCE));
    // one that opens meanwhile is there the next time
    const missing = live.filter((session) => !found.has(session));
    for (let from = 0; from < missing.length; from += AT_ONCE) {
      [at, live] = await read(missing.slice(from, from + AT_ONCE));
    }
    this.known = live;
    return { at, live: live.flatMap((session) => found.get(session) ?? []) };
  }

  async workers(sessions?: LiveSessions): Promise<WorkerRecord[]> {
    const { live } = sessions ?? (await this.sessions());
    return live.map(({ session, fields, digest }) => ({
      session,
      host: fields['@host'] ?? '',
      pid: Number(fields['@pid']),
      queues: queuesIn(fields[SERVED_QUEUES]),
      published: this.parse(session, digest),
    }));
  }

  async watch(forMs: number): Promise<void> {
    await this.connection.command((redis, keys) => redis.set(keys.watched(), '1', 'PX', forMs));
  }

  async order(session: string, { action, pid, by }: WorkerOrder): Promise<string | undefined> {
    const id = this.ids.next();
    const input = { sessionId: session, kept: KEPT_BROADCASTS, id, action, pid: pid ?? '', orderedBy: by };
    return (await this.connection.call('order-worker', input)) === 1 ? id : undefined;
  }

  private parse(session: string, value: string | undefined): WorkerRecord['published'] {
    if (value === undefined) return undefined;
    const place = this.connection.keys.digest(session);
    const [, at, json] = PUBLISHED.exec(value) ?? [];
    if (at === undefined) this.foreign.found(place, value);
    const digest = this.foreign.json(place, json, isWorkerDigest);
    return digest && { digest, at: Number(at) };
  }
}
