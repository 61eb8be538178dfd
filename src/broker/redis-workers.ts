import { TaskIdSequence } from '../message/task-id.js';
import { KEPT_BROADCASTS } from '../task/broadcast.js';
import { pairsOf } from '../values/pairs.js';
import type {
  DigestPort,
  LapsedRecord,
  LiveSession,
  LiveSessions,
  WorkerDigest,
  WorkerOrder,
  WorkerPort,
  WorkerRecord,
} from './port/worker-port.js';
import type { ForeignValues } from './redis/foreign-values.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { isChild, leaseMsOf, queuesIn, SERVED_QUEUES } from './session-lists.js';
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
    const found = new Map<string, Pick<LiveSession, 'fields' | 'digest'>>();
    const read = async (
      known: readonly string[],
    ): Promise<readonly [at: number, leases: ReadonlyMap<string, number>]> => {
      const [at, leases, sessions] = await this.connection.call('live-sessions', { known });
      for (const [session, fields, digest] of sessions) {
        found.set(session, { fields: Object.fromEntries(pairsOf(fields)), digest: digest || undefined });
      }
      return [at, new Map(pairsOf(leases).map(([session, until]) => [session, Number(until)]))];
    };
    let [at, leases] = await read(this.known.slice(0, AT_ONCE));
    // one that opens meanwhile is there the next time
    const missing = [...leases.keys()].filter((session) => !found.has(session));
    for (let from = 0; from < missing.length; from += AT_ONCE) {
      [at, leases] = await read(missing.slice(from, from + AT_ONCE));
    }
    this.known = [...leases.keys()];
    const all = [...leases].flatMap(([session, until]): LiveSession[] => {
      const known = found.get(session);
      return known ? [{ session, until, ...known }] : [];
    });
    return { at, live: all.filter(({ until }) => until >= at), lapsed: all.filter(({ until }) => until < at) };
  }

  async workers(sessions?: LiveSessions): Promise<WorkerRecord[]> {
    const { live } = sessions ?? (await this.sessions());
    return live.map((session) => ({
      ...placeOf(session),
      renewedAt: session.until - leaseMsOf(session.session),
      published: this.parse(session.session, session.digest),
    }));
  }

  async lapsed(sessions?: LiveSessions): Promise<LapsedRecord[]> {
    const { lapsed } = sessions ?? (await this.sessions());
    return lapsed.map((session) => ({
      ...placeOf(session),
      children: Object.keys(session.fields).filter(isChild).length,
      until: session.until,
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

function placeOf({ session, fields }: LiveSession): Pick<WorkerRecord, 'session' | 'host' | 'pid' | 'queues'> {
  const queues = queuesIn(fields[SERVED_QUEUES]);
  return { session, host: fields['@host'] ?? '', pid: Number(fields['@pid']), queues };
}
