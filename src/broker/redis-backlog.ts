import { mapInParts } from '../values/parts.js';
import type { BacklogPort } from './port/backlog-port.js';
import type { PausePort } from './port/pause-port.js';
import type { RedisConnection } from './redis/redis-connection.js';

/** Queues that one script looks at: it holds up everyone else while it runs. */
const QUEUES_AT_ONCE = 100;

/** Counts what could be claimed: the lengths of two parts of the queues need not be of one moment. */
export class RedisBacklog implements BacklogPort {
  constructor(
    private readonly connection: RedisConnection,
    private readonly pauses: Pick<PausePort, 'pauses'>,
  ) {}

  async claimable(queues: readonly string[]): Promise<number> {
    const [paused, counts] = await Promise.all([this.pauses.pauses(), this.counts(queues)]);
    const closed = new Set(paused.map(({ queue }) => queue));
    return counts.reduce((sum, count, at) => sum + (closed.has(queues[at] ?? '') ? 0 : count), 0);
  }

  private counts(queues: readonly string[]): Promise<number[]> {
    return mapInParts(queues, QUEUES_AT_ONCE, (part) => this.connection.call('claimable', { queues: part }));
  }
}
