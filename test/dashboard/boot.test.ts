import { type CanActivate, Injectable, Module, type ModuleMetadata } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { type QueueDashboardAsyncOptions, QueueDashboardModule } from '../../src/dashboard/index.js';
import type { NestworkError } from '../../src/errors.js';
import { TaskQueueModule } from '../../src/module/task-queue.module.js';
import { DashboardApps } from '../support/dashboard-apps.js';
import { did } from '../support/dashboard-probes.js';

class AllowAll implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

let apps: DashboardApps;
beforeAll(async () => {
  apps = await DashboardApps.start();
});
afterEach(async () => {
  did.length = 0;
  await apps.close();
});
afterAll(() => apps.stop());

function refusal(make: () => unknown): Pick<NestworkError, 'code' | 'message'> {
  try {
    make();
  } catch (error) {
    return error as NestworkError;
  }
  throw new Error('It was not refused.');
}

describe('without guards and without access, the module refuses', () => {
  const before = process.env.NODE_ENV;
  afterEach(() => {
    process.env.NODE_ENV = before;
  });

  it.each(['production', 'development', 'test', ''])('NODE_ENV %j', (env) => {
    process.env.NODE_ENV = env;
    for (const options of [{}, { guards: [] }, { path: 'admin', can: () => true }]) {
      expect(refusal(() => QueueDashboardModule.forRoot(options)).code).toBe('DASHBOARD_OPEN');
    }
    const later = { useFactory: () => ({}) };
    expect(refusal(() => QueueDashboardModule.forRootAsync(later)).code).toBe('DASHBOARD_OPEN');
  });
});

describe("with access: 'app', an app", () => {
  it('without a global guard refuses to boot', async () => {
    await expect(apps.boot({ dashboard: { access: 'app' } })).rejects.toMatchObject({ code: 'DASHBOARD_OPEN' });
  });

  it.each([
    ['APP_GUARD', { providers: [{ provide: APP_GUARD, useClass: AllowAll }] }],
    ['useGlobalGuards', { setUp: (app) => app.useGlobalGuards(new AllowAll()) }],
  ] satisfies [string, Parameters<DashboardApps['boot']>[0]][])('with %s boots', async (_, options) => {
    const app = await apps.boot({ dashboard: { access: 'app' }, ...options });
    expect((await app.get('/queues')).status).toBe(200);
  });

  it('that is a worker has no routes, boots without a guard, and opens no connection', async () => {
    const redis = new Redis(apps.server.url);
    const clients = async (): Promise<number> =>
      String(await redis.client('LIST'))
        .trim()
        .split('\n').length;
    const before = await clients();
    const namespaces = { shop: { redis: apps.server.url } };
    @Module({ imports: [QueueDashboardModule.forRoot({ access: 'app', namespaces })] })
    class Worker {}
    const app = await NestFactory.createApplicationContext(Worker, { logger: ['error'] });
    expect(await clients()).toBe(before);
    await app.close();
    redis.disconnect();
  });
});

describe('options that fit nothing are refused:', () => {
  it.each([
    [{ access: 'all' }, '`access`'],
    [{ access: true }, '`access`'],
    [{ guards: AllowAll }, '`guards`'],
    [{ guards: [undefined] }, 'circular import'],
    [{ guards: [{}] }, '`guards`'],
    [{ guards: [() => true] }, '`guards`'],
    [{ access: 'public', path: '' }, '`path`'],
    [{ access: 'public', path: ':tenant/queues' }, '`path`'],
    [{ access: 'public', path: 'queues*' }, '`path`'],
    [{ access: 'public', path: 'a b' }, '`path`'],
    [{ access: 'public', path: '//evil.example' }, '`path`'],
    [{ access: 'public', acess: 'app' }, '"acess"'],
    [{ access: 'public', can: 'view' }, '`can`'],
    [{ access: 'public', user: 'anna' }, '`user`'],
    [{ access: 'public', audit: [] }, '`audit`'],
    [{ access: 'public', redact: '**.password' }, '`redact`'],
    [{ access: 'public', redact: [''] }, '`redact`'],
    [{ access: 'public', namespaces: {} }, '`namespaces`'],
    [{ access: 'public', namespaces: { ' ': {} } }, '`namespaces`'],
    [{ access: 'public', namespaces: { shop: { url: 'x' } } }, 'namespace "shop"'],
    [{ access: 'public', namespaces: { shop: { redis: 'nonsense' } } }, 'redis'],
  ])('%j', (options, part) => {
    const { code, message } = refusal(() => QueueDashboardModule.forRoot(options as never));
    expect([code, message]).toEqual([expect.stringMatching(/^INVALID_(OPTION|NAME)$/), expect.stringContaining(part)]);
  });

  it('a setting of the routes from a factory', async () => {
    const later = QueueDashboardModule.forRootAsync({ access: 'public', useFactory: () => ({ path: 'x' }) as never });
    await expect(apps.boot({ imports: [later] })).rejects.toThrow('give it beside `useFactory`');
  });

  it('an app with neither TaskQueueModule nor namespaces', async () => {
    await expect(apps.boot({ withoutQueues: true })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('TaskQueueModule'),
    });
  });
});

@Injectable()
class Doors {
  readonly isOpen: boolean = true;
}

@Injectable()
class ByDoor implements CanActivate {
  constructor(private readonly doors: Doors) {}

  canActivate(): boolean {
    return this.doors.isOpen;
  }
}

function doorsModule(isOpen: boolean): NonNullable<ModuleMetadata['imports']>[number] {
  class DoorsModule {}
  return { module: DoorsModule, providers: [{ provide: Doors, useValue: { isOpen } }], exports: [Doors] };
}

describe('guards of the dashboard', () => {
  it.each([
    [true, 200],
    [false, 403],
  ])('that are a class get their dependencies from `imports`: open %j answers %i', async (isOpen, status) => {
    const app = await apps.boot({ dashboard: { guards: [ByDoor], imports: [doorsModule(isOpen)] } });
    for (const path of ['', '/assets/main.js', '/api/session', '/api/test/echo']) {
      expect((await app.get(`/queues${path}`)).status).toBe(status);
    }
  });

  it('that are instances are asked as well', async () => {
    const app = await apps.boot({ dashboard: { guards: [new AllowAll(), { canActivate: () => false }] } });
    expect((await app.get('/queues')).status).toBe(403);
  });
});

it('forRootAsync makes the settings with what it injects and imports', async () => {
  const options: QueueDashboardAsyncOptions = {
    path: 'later',
    guards: [ByDoor],
    imports: [doorsModule(true)],
    inject: [Doors],
    useFactory: async (doors: Doors) => ({ user: () => `doors ${doors.isOpen}` }),
  };
  const app = await apps.boot({ imports: [QueueDashboardModule.forRootAsync(options)] });
  expect(await (await app.get('/later/api/session')).json()).toMatchObject({ by: 'doors true' });
});

it.each(['reference', 'deep-hash'] as const)(
  'two dashboards in one app have their own places, guards and rights, also with modules told apart by %s',
  async (moduleIdGeneratorAlgorithm) => {
    const common = { redis: apps.server.url };
    @Module({
      imports: [
        TaskQueueModule.forRoot(common),
        QueueDashboardModule.forRoot({ path: 'look', access: 'public' }),
        QueueDashboardModule.forRoot({ path: 'act', guards: [AllowAll], namespaces: { other: common } }),
        QueueDashboardModule.forRoot({ path: 'never', guards: [{ canActivate: () => false }] }),
      ],
    })
    class Two {}
    const app = await NestFactory.create(Two, { logger: ['error'], moduleIdGeneratorAlgorithm });
    try {
      await app.listen(0, '127.0.0.1');
      const at = async (path: string): Promise<Response> => fetch(`${await app.getUrl()}/${path}/api/session`);
      const [look, act] = [await (await at('look')).json(), await (await at('act')).json()];
      expect(look).toMatchObject({ namespaces: [{ name: 'nestwork', rights: { view: true, redrive: false } }] });
      expect(act).toMatchObject({ namespaces: [{ name: 'other', rights: { view: true, redrive: true } }] });
      expect((await at('never')).status).toBe(403);
    } finally {
      await app.close();
    }
  },
);

it('an app that closes stops a bulk action, and waits for its end', async () => {
  const app = await apps.boot();
  const answer = await app.post('/queues/api/test/bulk', { wait: true });
  const reader = answer.body?.getReader();
  await reader?.read();
  await apps.close();
  expect(did).toEqual(['bulk', 'stopped']);
  await reader?.cancel().catch(() => {});
});
