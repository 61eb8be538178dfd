import { type CanActivate, type ExecutionContext, type INestApplication, Injectable, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Redis } from 'ioredis';
import { TaskQueueModule } from '../../src/module/task-queue.module.js';
import { QueueMetrics } from '../../src/telemetry/queue-metrics.js';
import { QueueMetricsModule, type QueueMetricsOptions } from '../../src/telemetry/queue-metrics.module.js';
import { RedisServer } from '../../src/testing/redis-server.js';
import { BrokerFixture } from '../support/broker-fixture.js';

let server: RedisServer;
let app: INestApplication | undefined;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterEach(async () => {
  await app?.close();
  app = undefined;
});
afterAll(() => server.stop());

@Injectable()
class Password {
  readonly text = 'open sesame';
}

@Module({ providers: [Password], exports: [Password] })
class PasswordModule {}

@Injectable()
class PasswordGuard implements CanActivate {
  constructor(private readonly password: Password) {}

  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest().headers.password === this.password.text;
  }
}

const DENIES: CanActivate = { canActivate: () => false };

const ADAPTERS = {
  Express: () => new ExpressAdapter(),
  Fastify: () => new FastifyAdapter(),
};
type Platform = keyof typeof ADAPTERS;

/** Starts an app; resolves to its address. */
async function started(platform: Platform, options?: QueueMetricsOptions, guards: unknown[] = []): Promise<string> {
  const imports = [TaskQueueModule.forRoot({ redis: server.url }), QueueMetricsModule.register(options)];
  const providers = guards.map((useValue) => ({ provide: APP_GUARD, useValue }));
  const testing = await Test.createTestingModule({ imports, providers }).compile();
  app = testing.createNestApplication(ADAPTERS[platform]());
  await app.listen(0, '127.0.0.1');
  return (await app.getUrl()).replace('[::1]', '127.0.0.1');
}

describe.each(Object.keys(ADAPTERS) as Platform[])('on %s', (platform) => {
  it('the module serves the text under /metrics', async () => {
    const url = await started(platform);
    const response = await fetch(`${url}/metrics`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await response.text();
    expect(text).toContain('nestwork_redis_up 1\n');
    expect(text).toContain('nestwork_queue_tasks{queue="default",state="pending"} 0\n');
    expect(text).toBe(await app?.get(QueueMetrics).text());
  });

  it('a guard of the module protects the route, with its dependencies', async () => {
    const guarded = { path: 'internal/figures', guards: [PasswordGuard], imports: [PasswordModule] };
    const url = `${await started(platform, guarded)}/internal/figures`;
    expect((await fetch(url)).status).toBe(403);
    expect((await fetch(url, { headers: { password: 'open sesame' } })).status).toBe(200);
  });

  it('a guard of the app protects the route', async () => {
    const url = await started(platform, {}, [DENIES]);
    expect((await fetch(`${url}/metrics`)).status).toBe(403);
  });

  it('without a path there is no route, and QueueMetrics is injectable', async () => {
    const url = await started(platform, { path: false });
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    expect(await app?.get(QueueMetrics).text()).toContain('nestwork_redis_up 1');
  });
});

it('an app shows the gauges of a queue that it does not declare and a worker of the namespace serves', async () => {
  const redis = new Redis(server.url);
  const fixture = await BrokerFixture.on(server, { redis: server.url }, redis);
  const { broker } = fixture;
  try {
    await fixture.holderOf(fixture.messages(2), 'reports');
    await broker.enqueue('reports', fixture.messages(3));
    const url = await started('Express');
    const text = async (): Promise<string> => (await fetch(`${url}/metrics`)).text();
    expect(await text()).toContain('nestwork_queue_tasks{queue="reports",state="pending"} 3\n');
    expect(await text()).toContain('nestwork_queue_tasks{queue="default",state="pending"} 0\n');
    expect(await text()).toContain('nestwork_active_tasks{host="test"} 2\n');
    expect(await text()).toContain('nestwork_queue_paused{queue="reports"} 0\n');
    await broker.pauses.pause('reports', { forMs: undefined, by: 'anna', reason: undefined });
    expect(await text()).toContain('nestwork_queue_paused{queue="reports"} 1\n');
    expect(await text()).toContain('nestwork_queue_paused{queue="default"} 0\n');
  } finally {
    await broker.close();
    redis.disconnect();
  }
});

it.each<[unknown, string]>([
  [{ path: '' }, '`path`'],
  [{ path: 7 }, '`path` is 7'],
  [{ guards: PasswordGuard }, '`guards` is not a list'],
  [{ route: 'x' }, 'no option "route"'],
])('refuses the options %p', (options, text) => {
  expect(() => QueueMetricsModule.register(options as QueueMetricsOptions)).toThrow(text);
});
