import type { DynamicModule, LoggerService, ModuleMetadata } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Redis } from 'ioredis';
import { decodeMessage, type TaskMessage } from '../../src/message/task-message.js';
import { TaskQueueModule } from '../../src/module/task-queue.module.js';
import type { TaskQueueOptions } from '../../src/options/options.js';
import { RedisServer, type RedisServerOptions } from '../../src/testing/redis-server.js';
import { libraryArgs, libraryUrl } from '../support/least-rights.js';

/** Keeps the log of Nest and nestwork, one line an entry: `warn [TaskQueue] Lost Redis ...`. */
export class Lines implements LoggerService {
  readonly all: string[] = [];

  log(message: unknown, context?: string): void {
    this.all.push(`log [${context}] ${message}`);
  }

  warn(message: unknown, context?: string): void {
    this.all.push(`warn [${context}] ${message}`);
  }

  /** Nest passes the stack before the context. */
  error(message: unknown, ...rest: string[]): void {
    this.all.push(`error [${rest.at(-1)}] ${message}`);
  }

  /** Those that contain the text. */
  with(text: string): string[] {
    return this.all.filter((line) => line.includes(text));
  }
}

/** Nest apps on a Redis of their own; `close` after each test, `stop` after the last. */
export class Apps {
  readonly lines = new Lines();
  /** A connection that reads the effects of the apps. */
  readonly redis: Redis;
  private readonly booted: TestingModule[] = [];

  private constructor(readonly server: RedisServer) {
    // after a kill it would wait two seconds for the end of a connection that has ended
    this.redis = new Redis(server.url, { disconnectTimeout: 10 });
    this.redis.on('error', () => {}); // tests of outages kill the server
  }

  static async start({ args = [] }: RedisServerOptions = {}): Promise<Apps> {
    return new Apps(await RedisServer.start({ args: [...args, ...libraryArgs()] }));
  }

  /** The option `redis` of an app on this Redis. */
  get url(): string {
    return libraryUrl(this.server.url);
  }

  /** `TaskQueueModule` on this Redis. */
  queue(options: TaskQueueOptions = {}): DynamicModule {
    return TaskQueueModule.forRoot({ redis: this.url, ...options });
  }

  /** An app with all its init hooks run. */
  async boot(metadata: ModuleMetadata): Promise<TestingModule> {
    const app = await Test.createTestingModule(metadata).setLogger(this.lines).compile();
    try {
      await app.init();
    } catch (error) {
      // Nest 11 logs the same error again
      await app.close().catch(() => {});
      throw error;
    }
    this.booted.push(app);
    return app;
  }

  /** The pending messages of a queue, oldest first. */
  async waiting(queue = 'default'): Promise<TaskMessage[]> {
    return (await this.redis.lrange(`{nestwork}:queue:${queue}`, 0, -1)).map((message) => decodeMessage(message));
  }

  /** Closes the apps and empties the server. */
  async close(): Promise<void> {
    await this.closeApps();
    this.lines.all.length = 0;
    await this.redis.flushall();
  }

  async stop(): Promise<void> {
    await this.closeApps();
    this.redis.disconnect();
    await this.server.stop();
  }

  /** Closes the apps, but not the connection that looks. */
  async closeApps(): Promise<void> {
    await Promise.all(this.booted.splice(0).map((app) => app.close()));
  }
}
