import type { INestApplication, ModuleMetadata, NestApplicationOptions } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { QueueDashboardModule, type QueueDashboardOptions } from '../../src/dashboard/index.js';
import { TaskQueueModule } from '../../src/module/task-queue.module.js';
import { RedisServer } from '../../src/testing/redis-server.js';
import { Lines } from '../module/apps.js';

export type Platform = 'Express' | 'Fastify';
export const PLATFORMS: readonly Platform[] = ['Express', 'Fastify'];

/** The headers of a request by the page itself. */
export const OWN_PAGE = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' };

export interface DashboardAppOptions extends ModuleMetadata {
  readonly platform?: Platform;
  /** of `QueueDashboardModule`; open to all unless it says who may */
  readonly dashboard?: QueueDashboardOptions;
  /** whether the app has no TaskQueueModule */
  readonly withoutQueues?: boolean;
  readonly settings?: NestApplicationOptions;
  /** of the adapter of Fastify */
  readonly fastify?: ConstructorParameters<typeof FastifyAdapter>[0];
  /** happens before the app listens */
  readonly setUp?: (app: INestApplication & NestExpressApplication & NestFastifyApplication) => unknown;
}

/** A running app with a dashboard. */
export interface DashboardApp {
  readonly app: INestApplication;
  /** `http://127.0.0.1:1234` */
  readonly origin: string;
  /** as the router of the platform has them: `POST /queues/api/...` */
  readonly routes: readonly string[];
  /** Asks for a path of the app. */
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** Sends JSON as the page of the dashboard does, unless other headers say otherwise. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
}

/** Apps of Nest with a dashboard, on real HTTP servers and a Redis of their own. */
export class DashboardApps {
  readonly lines = new Lines();
  private readonly running: INestApplication[] = [];

  private constructor(readonly server: RedisServer) {}

  static async start(): Promise<DashboardApps> {
    return new DashboardApps(await RedisServer.start());
  }

  async boot({
    platform = 'Express',
    dashboard = { access: 'public', can: () => true },
    withoutQueues = false,
    settings,
    fastify,
    setUp,
    imports = [],
    ...metadata
  }: DashboardAppOptions = {}): Promise<DashboardApp> {
    const module = await Test.createTestingModule({
      imports: [
        ...(withoutQueues ? [] : [TaskQueueModule.forRoot({ redis: this.server.url })]),
        QueueDashboardModule.forRoot(dashboard),
        ...imports,
      ],
      ...metadata,
    })
      .setLogger(this.lines)
      .compile();
    const adapter: AbstractHttpAdapter = platform === 'Express' ? new ExpressAdapter() : new FastifyAdapter(fastify);
    const app = module.createNestApplication(adapter, { forceCloseConnections: true, ...settings });
    const routes: string[] = [];
    if (platform === 'Fastify') {
      adapter.getInstance().addHook('onRoute', ({ method, url }: { method: string | string[]; url: string }) => {
        routes.push(...[method].flat().map((each) => `${each} ${url}`));
      });
    }
    try {
      await setUp?.(app as never);
      await app.listen(0, '127.0.0.1');
    } catch (error) {
      await app.close().catch(() => {});
      throw error;
    }
    this.running.push(app);
    const { port } = app.getHttpServer().address();
    const origin = `http://127.0.0.1:${port}`;
    return {
      app,
      origin,
      routes: routesOf(app, routes),
      get: (path, headers = {}) => fetch(origin + path, { headers, redirect: 'manual' }),
      post: (path, body, headers = OWN_PAGE) =>
        fetch(origin + path, {
          method: 'POST',
          headers,
          body: typeof body === 'string' ? body : JSON.stringify(body),
        }),
    };
  }

  /** Closes the apps; the server stays. */
  async close(): Promise<void> {
    await Promise.all(this.running.splice(0).map((app) => app.close()));
    this.lines.all.length = 0;
  }

  async stop(): Promise<void> {
    await this.close();
    await this.server.stop();
  }
}

interface ExpressLayer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
}

/** The routes that the router of the platform has, in whatever way they came there. */
function routesOf(app: INestApplication, ofFastify: readonly string[]): string[] {
  const { router } = app.getHttpAdapter().getInstance() as { router?: { stack: readonly ExpressLayer[] } };
  if (!router) return [...ofFastify];
  return router.stack.flatMap(({ route }) =>
    route ? Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${route.path}`) : [],
  );
}
