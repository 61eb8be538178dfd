import type { RedisConnection } from './redis-connection.js';

/** Waits for tokens in lists over a connection of its own, which is made for the first wait. */
export class BlockingList {
  private connection: RedisConnection | undefined;
  private ended = false;

  /** @param openBlocking makes a connection on which a command may take so many ms */
  constructor(
    private readonly openBlocking: (timeoutMs: number) => RedisConnection,
    private readonly longestWaitMs: number,
  ) {}

  /** Resolves to true once one of the lists had a token, which it takes; to false after the timeout or at the end. */
  async wait(lists: readonly string[], timeoutMs: number): Promise<boolean> {
    if (this.ended) return false;
    this.connection ??= this.openBlocking(this.longestWaitMs);
    // 0 would wait for ever
    const seconds = Math.max(Math.min(timeoutMs, this.longestWaitMs), 1) / 1_000;
    try {
      return (await this.connection.command((client) => client.blpop([...lists], seconds))) !== null;
    } catch (error) {
      if (this.ended) return false;
      // ioredis would repeat over the next connection what timed out, and take a token that no caller gets
      this.connection.close();
      this.connection = undefined;
      throw error;
    }
  }

  /** Ends a wait under way, and all to come. */
  end(): void {
    this.ended = true;
    this.connection?.close();
  }
}
