import type { BacklogPort } from './port/backlog-port.js';
import type { PausePort } from './port/pause-port.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { unlessWrongType } from './redis/redis-errors.js';

/** Counts, without a script: no task is moved by it, so the lengths need not be of one moment. */
export class RedisBacklog implements BacklogPort {
  constructor(
    private readonly connection: RedisConnection,
    private readonly pauses: Pick<PausePort, 'pauses'>,
  ) {}

  async claimable(queues: readonly string[]): Promise<number> {
    const [paused, lengths] = await Promise.all([this.pauses.pauses(), this.lengths(queues)]);
    const closed = new Set(paused.map(({ queue }) => queue));
    return lengths.reduce((sum, length, at) => sum + (closed.has(queues[at] ?? '') ? 0 : length), 0);
  }

  private lengths(queues: readonly string[]): Promise<number[]> {
    return this.connection.command((redis, keys) => {
      const length = (list: string): Promise<number> => redis.llen(list).catch(ofWrongType);
      return Promise.all(
        queues.map(async (queue) => {
          const both = await Promise.all([length(keys.pending(queue)), length(keys.quarantined(queue))]);
          return both[0] + both[1];
        }),
      );
    });
  }
}

/** Nothing can be claimed from a key of somebody else. */
function ofWrongType(error: Error): number {
  unlessWrongType(error);
  return 0;
}
