import { type INestApplication, Logger } from '@nestjs/common';
import { drainTasks, RedisServer, type TaskRun } from 'nestwork/testing';
import type { ReportResource } from '../../sample-app/src/reports/reports.controller.js';
import { libraryArgs, libraryUrl } from '../support/least-rights.js';
import { TemporaryDirectory } from './temporary-directory.js';

const PATIENCE_MS = 60_000;

/** The API of the sample app in this process, on a Redis and a data directory of its own. Its tasks run when drained. */
export class ApiFixture {
  private constructor(
    readonly app: INestApplication,
    readonly url: string,
    readonly redis: RedisServer,
    readonly data: TemporaryDirectory,
  ) {}

  /** Once in a test file: the module reads the environment when it is loaded. */
  static async start(): Promise<ApiFixture> {
    Logger.overrideLogger(false);
    const data = new TemporaryDirectory();
    const redis = await RedisServer.start({ args: libraryArgs() });
    process.env.REDIS_URL = libraryUrl(redis.url);
    process.env.CODE_STATS_DATA = data.path;
    const { createApi } = await import('../../sample-app/src/create-api.js');
    const app = await createApi();
    await app.listen(0, '127.0.0.1');
    return new ApiFixture(app, await app.getUrl(), redis, data);
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.redis.stop();
    this.data.remove();
  }

  async request<T>(method: string, path: string, body?: object): Promise<{ status: number; body: T }> {
    const response = await fetch(this.url + path, {
      method,
      body: body && JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
    return { status: response.status, body: (await response.json()) as T };
  }

  async get<T>(path: string): Promise<T> {
    return (await this.request<T>('GET', path)).body;
  }

  drain(): Promise<TaskRun[]> {
    return drainTasks(this.app);
  }

  /** Runs tasks until some have run: those that are scheduled come later. */
  async drainSome(): Promise<TaskRun[]> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const drained = await this.drain();
      if (drained.length > 0) return drained;
      if (Date.now() > deadline) throw new Error('No task became due.');
    }
  }

  async startReport(directory: string): Promise<ReportResource> {
    return (await this.request<ReportResource>('POST', '/reports', { directory })).body;
  }

  /** A report that is written. */
  async finishedReport(directory: string): Promise<ReportResource> {
    const report = await this.startReport(directory);
    await this.drain();
    return report;
  }
}
