import type { RedisConnection, Run } from './redis-connection.js';

/** A connection for commands that wait in Redis, which is made for the first of them. */
export class BlockingConnection {
  private connection: RedisConnection | undefined;
  private ended = false;

  /** @param open makes a connection on which a command may take so many ms */
  constructor(private readonly open: (timeoutMs: number) => RedisConnection) {}

  /** Resolves to whether the command, which waits for at most so many ms, got anything; to false at the end. */
  async wait(timeoutMs: number, command: Run<unknown>): Promise<boolean> {
    return (await this.take(timeoutMs, command)) !== null;
  }

  /** Resolves to the answer of the command, which waits for at most so many ms; to null for none, and at the end. */
  async take<T>(timeoutMs: number, command: Run<T>): Promise<T | null> {
    if (this.ended) return null;
    this.connection ??= this.open(timeoutMs);
    try {
      return await this.connection.command(command);
    } catch (error) {
      if (this.ended) return null;
      // ioredis would repeat over the next connection what timed out: it would take a token that no caller gets, and make the
      // next wait too late as well
      this.connection.close();
      this.connection = undefined;
      throw error;
    }
  }

  get isEnded(): boolean {
    return this.ended;
  }

  /** Ends a wait under way, and all to come. */
  end(): void {
    this.ended = true;
    this.connection?.close();
  }
}
