import type { RedisSettings } from './broker.js';
import { RedisConnection } from './redis-connection.js';

/** Waits for tokens in lists over a connection of its own, which is made for the first wait. */
export class BlockingList {
  private connection: RedisConnection | undefined;
  private ended = false;

  /** @param patienceMs how much longer than the wait an answer may take */
  constructor(
    private readonly redis: RedisSettings,
    private readonly longestWaitMs: number,
    private readonly patienceMs: number,
  ) {}

  /** Resolves to true once one of the lists had a token, which it takes; to false after the timeout or at the end. */
  async wait(lists: readonly string[], timeoutMs: number): Promise<boolean> {
    if (this.ended) return false;
    this.connection ??= new RedisConnection(this.redis, this.longestWaitMs + this.patienceMs);
    // 0 would wait for ever
    const seconds = Math.max(Math.min(timeoutMs, this.longestWaitMs), 1) / 1_000;
    try {
      return (await this.connection.command((client) => client.blpop([...lists], seconds))) !== null;
    } catch (error) {
      if (this.ended) return false;
      throw error;
    }
  }

  /** Ends a wait under way, and all to come. */
  end(): void {
    this.ended = true;
    this.connection?.close();
  }
}
