import { TaskIdSequence } from '../message/task-id.js';
import { KEPT_BROADCASTS } from '../task/broadcast.js';
import type { DigestPort, WorkerDigest, WorkerOrder, WorkerPort, WorkerRecord } from './port/worker-port.js';
import type { ForeignValues } from './redis/foreign-values.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { unlessWrongType } from './redis/redis-errors.js';
import { fieldsOf, ofLiveSessions, queuesIn, SERVED_QUEUES } from './session-lists.js';
import { isWorkerDigest } from './worker-digest.js';

/** `<Redis time> <JSON>` */
const PUBLISHED = /^(\d{1,15}) (\{.*\})$/s;

/** The workers over Redis: their digests, and orders to them. */
export class RedisWorkers implements WorkerPort, DigestPort {
  private readonly ids = new TaskIdSequence();

  constructor(
    private readonly connection: RedisConnection,
    private readonly foreign: ForeignValues,
  ) {}

  async publish(session: string, digest: WorkerDigest, forMs: number): Promise<boolean | undefined> {
    const input = { sessionId: session, forMs, json: JSON.stringify(digest) };
    const watched = await this.connection.call('publish-digest', input);
    return watched < 0 ? undefined : watched === 1;
  }

  async workers(): Promise<WorkerRecord[]> {
    const found = await ofLiveSessions(this.connection, async (redis, session, keys) => {
      const fields = await fieldsOf(redis, keys.session(session), ['@host', '@pid', SERVED_QUEUES]);
      return [session, fields, await redis.get(keys.digest(session)).catch(ofWrongType)] as const;
    });
    return found.map(([session, [host, pid, queues], value]) => ({
      session,
      host: host ?? '',
      pid: Number(pid),
      queues: queuesIn(queues),
      published: this.parse(session, value),
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

  private parse(session: string, value: string | null): WorkerRecord['published'] {
    if (value === null) return undefined;
    const place = this.connection.keys.digest(session);
    const [, at, json] = PUBLISHED.exec(value) ?? [];
    if (at === undefined) this.foreign.found(place, value);
    const digest = this.foreign.json(place, json, isWorkerDigest);
    return digest && { digest, at: Number(at) };
  }
}

/** A key of somebody else is no digest. */
function ofWrongType(error: Error): string {
  unlessWrongType(error);
  return 'no string';
}
