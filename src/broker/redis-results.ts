import { producerOf, TASK_ID_LENGTH } from '../message/task-id.js';
import type { Claimant } from './port/broker.js';
import type {
  EndedTask,
  FinishedTask,
  FinishingBroker,
  KeptOutcome,
  KeptResult,
  OutcomeBroker,
  ResultBroker,
} from './port/result-port.js';
import type { BlockingConnection } from './redis/blocking-connection.js';
import type { RedisConnection } from './redis/redis-connection.js';

/** Ids that one command takes from a list of answers. */
const MOST_ANSWERS = 1_000;
/** Results that one command reads: each may have 256 KiB. */
const MOST_READ = 100;

/** The results of tasks: a string for each task that keeps one, and a list for each sender that may wait. */
export class RedisResults implements FinishingBroker, ResultBroker, OutcomeBroker {
  /**
   * @param blocking waits for at most `longestMs` at once
   * @param queues of the app
   */
  constructor(
    private readonly connection: RedisConnection,
    private readonly blocking: BlockingConnection,
    private readonly longestMs: number,
    private readonly queues: readonly string[],
  ) {}

  finish({ session, child }: Pick<Claimant, 'session' | 'child'>, tasks: readonly FinishedTask[]): Promise<number> {
    const kept = tasks.map(({ id }) => id);
    const results = tasks.map(({ result }) => result);
    // into these the end of a group may send what waited for it, and in these tasks wait for limits
    const queues = tasks.some(({ inGroup, limited }) => inGroup || limited) ? this.queues : [];
    return this.connection.call('finish', { sessionId: session, child, ...answersOf(kept), queues, results });
  }

  async read(ids: readonly string[]): Promise<(KeptResult | undefined)[]> {
    const found: (KeptResult | undefined)[] = [];
    for (let at = 0; at < ids.length; at += MOST_READ)
      found.push(...(await this.readPart(ids.slice(at, at + MOST_READ))));
    return found;
  }

  async kept(id: string): Promise<KeptOutcome | undefined> {
    const [[result], until] = await Promise.all([
      this.readPart([id]),
      this.connection.command((redis, keys) => redis.pexpiretime(keys.result(id))),
    ]);
    // negative for a key without an end, and for none
    return result && { result, until: until > 0 && result !== 'cancelled' ? until : undefined };
  }

  async ended(producer: string, timeoutMs: number): Promise<readonly EndedTask[] | undefined> {
    // 0 would wait for ever
    const seconds = Math.max(Math.min(timeoutMs, this.longestMs), 1) / 1_000;
    const key = this.connection.keys.answers(producer);
    const answer = await this.blocking.take(this.longestMs, (redis) =>
      redis.blmpop(seconds, 1, key, 'LEFT', 'COUNT', MOST_ANSWERS),
    );
    if (answer === null && this.blocking.isEnded) return undefined;
    return (answer?.[1] ?? []).map(announcementOf);
  }

  stopWaiting(): void {
    this.blocking.end();
  }

  private readPart(ids: readonly string[]): Promise<(KeptResult | undefined)[]> {
    return this.connection.command(async (redis, keys) => {
      const [stored, cancelled, removed] = await Promise.all([
        // it answers nothing for a foreign key of another type
        redis.mget(ids.map(keys.result)),
        redis.zmscore(keys.cancelled(), ...ids),
        redis.zmscore(keys.removed(), ...ids),
      ]);
      return ids.map((_, at) => {
        const text = stored[at];
        if (typeof text === 'string') return { stored: text };
        // one that was cancelled and redriven since is among them no more
        return (cancelled[at] ?? removed[at] ?? null) === null ? undefined : 'cancelled';
      });
    });
  }
}

/** An id, and what is kept of the task if that is short. */
function announcementOf(text: string): EndedTask {
  const [id, stored] = [text.slice(0, TASK_ID_LENGTH), text.slice(TASK_ID_LENGTH)];
  return stored === '' ? { id } : { id, result: { stored } };
}

/** The keys for the results of tasks, as scripts take them. */
export function answersOf(ids: readonly string[]): { kept: readonly string[]; answering: readonly string[] } {
  return { kept: ids, answering: [...new Set(ids.map(producerOf))] };
}
