import { createRequire } from 'node:module';
import fastifyCompress from '@fastify/compress';
import fastifyHelmet from '@fastify/helmet';
import {
  type ArgumentsHost,
  type CallHandler,
  Catch,
  ClassSerializerInterceptor,
  type ExecutionContext,
  type NestInterceptor,
  ValidationPipe,
  VersioningType,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import helmet from 'helmet';
import { map, tap } from 'rxjs';
import { type DashboardAppOptions, DashboardApps, PLATFORMS } from '../support/dashboard-apps.js';
import { did, openGate } from '../support/dashboard-probes.js';

/** It has no types. */
const compression = createRequire(import.meta.url)('compression');

let apps: DashboardApps;
beforeAll(async () => {
  apps = await DashboardApps.start();
});
afterEach(async () => {
  did.length = 0;
  await apps.close();
});
afterAll(() => apps.stop());

type SetUp = NonNullable<DashboardAppOptions['setUp']>;

/** The lines of an answer, one by one. */
async function* linesOf(response: Response): AsyncGenerator<unknown> {
  let text = '';
  for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += piece;
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line);
  }
}

describe.each(PLATFORMS)('on %s', (platform) => {
  const boot = (setUp?: SetUp, rest: DashboardAppOptions = {}) =>
    apps.boot({ platform, ...(setUp && { setUp }), ...rest });

  const PLACES: readonly [string, SetUp, string][] = [
    ['plain', () => {}, '/queues'],
    ['with a global prefix', (app) => app.setGlobalPrefix('/v1/admin'), '/v1/admin/queues'],
    ['with versions in the address', (app) => app.enableVersioning({ type: VersioningType.URI }), '/queues'],
    [
      'with a default version in the address',
      (app) => app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' }),
      '/queues',
    ],
    [
      'with versions in a header',
      (app) => app.enableVersioning({ type: VersioningType.HEADER, header: 'x-version', defaultVersion: '2' }),
      '/queues',
    ],
  ];

  it.each(PLACES)('an app %s serves page, files, answers and actions', async (_, setUp, base) => {
    const app = await boot(setUp);
    const page = await app.get(base);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    for (const [, file = ''] of (await page.text()).matchAll(/(?:href|src)="([^"]+)"/g)) {
      const { pathname } = new URL(file, app.origin + base);
      const { status, headers } = await app.get(pathname);
      expect([pathname, status, headers.get('content-type')]).toEqual([
        expect.stringContaining(`${base}/assets/`),
        200,
        expect.stringMatching(/^(text\/(javascript|css)|image\/svg\+xml)/),
      ]);
    }
    expect(await (await app.get(`${base}/api/test/echo?a=%3Cb%3E`)).json()).toMatchObject({ query: { a: '<b>' } });
    expect((await app.post(`${base}/api/test/act`, { queue: 'mail' })).status).toBe(200);
    expect(did).toEqual(['act mail']);
  });

  it('pipes, interceptors, serializers and filters of the app change no answer', async () => {
    const wrap: NestInterceptor = {
      intercept: (_, next: CallHandler) => next.handle().pipe(map((data) => ({ data }))),
    };
    @Catch()
    class Masked {
      catch(_: unknown, host: ArgumentsHost): void {
        const response = host.switchToHttp().getResponse();
        response.status(418).send('masked');
      }
    }
    const app = await boot((nest) => {
      nest.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true }), {
        transform: () => 'piped',
      });
      nest.useGlobalInterceptors(wrap, new ClassSerializerInterceptor(new Reflector()));
      nest.useGlobalFilters(new Masked());
    });
    expect(await (await app.get('/queues/api/session')).json()).toMatchObject({ namespaces: [{ name: 'nestwork' }] });
    expect(await (await app.post('/queues/api/test/act', { queue: 'a', more: [1] })).json()).toEqual({ size: 24 });
    const failed = await app.get('/queues/api/test/explain?id=nonsense');
    expect([failed.status, await failed.json()]).toEqual([400, expect.objectContaining({ code: 'INVALID_TASK_ID' })]);
  });

  it('a filter of the app that answers first is heard, and the late answer is dropped', async () => {
    const impatient: NestInterceptor = {
      intercept: (_: ExecutionContext, next: CallHandler) => {
        next.handle().subscribe();
        throw new Error('late');
      },
    };
    const app = await boot((nest) => nest.useGlobalInterceptors(impatient));
    const answer = await app.get('/queues/api/test/queues');
    expect([answer.status, await answer.json()]).toEqual([500, expect.objectContaining({ statusCode: 500 })]);
    expect((await app.get('/queues/api/test/queues')).status).toBe(500);
  });

  it('an interceptor sees the end of a bulk action when it begins to answer, so that its timeout cuts off nothing', async () => {
    let handled: () => void = () => {};
    const whenHandled = new Promise<void>((resolve) => {
      handled = resolve;
    });
    const watch: NestInterceptor = { intercept: (_, next) => next.handle().pipe(tap({ complete: () => handled() })) };
    const app = await boot((nest) => nest.useGlobalInterceptors(watch));
    const lines = linesOf(await app.post('/queues/api/test/bulk', { wait: true }));
    expect((await lines.next()).value).toEqual({ progress: { handled: 1, count: 1, total: 2 } });
    await whenHandled;
    openGate();
    expect((await lines.next()).value).toEqual({ result: { count: 2 } });
    expect((await lines.next()).done).toBe(true);
  });

  it('compression in the app changes no bytes, and holds back no line of a bulk action', async () => {
    const plain = await (await (await boot()).get('/queues/assets/main.js', { 'accept-encoding': 'identity' })).text();
    const app = await boot(async (nest) => {
      if (platform === 'Express') nest.use(compression({ threshold: 0 }));
      else await nest.register(fastifyCompress as never, { threshold: 0 } as never);
    });
    for (const encoding of ['gzip', 'br, gzip', 'br', 'identity']) {
      const file = await app.get('/queues/assets/main.js', { 'accept-encoding': encoding });
      expect(await file.text()).toBe(plain);
    }
    const session = await app.get('/queues/api/session', { 'accept-encoding': 'gzip' });
    expect(await session.json()).toMatchObject({ namespaces: [{ name: 'nestwork' }] });
    const lines = linesOf(await app.post('/queues/api/test/bulk', { wait: true }));
    expect((await lines.next()).value).toEqual({ progress: { handled: 1, count: 1, total: 2 } });
    openGate();
    expect((await lines.next()).value).toEqual({ result: { count: 2 } });
  });

  it('the policy of the dashboard wins over that of helmet, on every answer', async () => {
    const app = await boot(async (nest) => {
      if (platform === 'Express') nest.use(helmet());
      else await nest.register(fastifyHelmet as never);
    });
    for (const path of ['', '/assets/style.css', '/api/session', '/api/test/fails', '/api/live?in=nowhere']) {
      const { headers } = await app.get(`/queues${path}`);
      expect(headers.get('content-security-policy')).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      // of helmet alone
      expect(headers.get('strict-transport-security')).toContain('max-age');
    }
  });

  it('an app that lets other origins read keeps its headers, and they read nothing of the dashboard', async () => {
    const app = await boot((nest) => nest.enableCors({ origin: ['https://shop.example'], credentials: true }));
    const foreign = { origin: 'https://shop.example', 'sec-fetch-site': 'cross-site' };
    const refused = await app.get('/queues/api/session', foreign);
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([403, 'https://shop.example']);
    expect((await app.get('/queues/api/session', { origin: foreign.origin })).status).toBe(403);
    const file = await app.get('/queues/assets/main.js', foreign);
    expect(file.headers.get('vary')?.toLowerCase()).toMatch(/origin.*accept-encoding/);
  });

  const BODIES: readonly [string, DashboardAppOptions][] = [
    ['JSON', {}],
    ['no parser of Nest', { settings: { bodyParser: false } }],
    [
      'text',
      platform === 'Express'
        ? { settings: { bodyParser: false }, setUp: (nest) => nest.useBodyParser('text', { type: '*/*' }) }
        : { settings: { bodyParser: false }, setUp: (nest) => parseAs(nest, 'string') },
    ],
    [
      'bytes',
      platform === 'Express'
        ? { settings: { bodyParser: false }, setUp: (nest) => nest.useBodyParser('raw', { type: '*/*' }) }
        : { settings: { bodyParser: false }, setUp: (nest) => parseAs(nest, 'buffer') },
    ],
    ['JSON, with the raw body kept', { settings: { rawBody: true } }],
  ];

  it.each(BODIES)('an app that reads bodies as %s takes actions', async (_, options) => {
    const app = await boot(undefined, options);
    const answer = await app.post('/queues/api/test/act', { queue: 'größer' });
    expect([answer.status, await answer.json()]).toEqual([200, { size: 18 }]);
    expect(did).toEqual(['act größer']);
    const broken = await app.post('/queues/api/test/act', '{"queue"');
    expect(broken.status).toBe(400);
  });

  it('HEAD has the headers of GET and no body, and follows no stream', async () => {
    const app = await boot();
    for (const path of ['', '/assets/main.js', '/api/session', '/api/live']) {
      const answer = await fetch(`${app.origin}/queues${path}`, { method: 'HEAD' });
      expect([path, answer.status, await answer.text()]).toEqual([path, 200, '']);
    }
  });

  it('a file that the browser has is not sent again, and one is compressed only for who takes it', async () => {
    const app = await boot();
    const path = '/queues/assets/main.js';
    const file = await app.get(path);
    const tag = file.headers.get('etag') ?? '';
    expect(file.headers.get('content-encoding')).toBe('gzip');
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`]) {
      const again = await app.get(path, { 'if-none-match': known });
      expect([again.status, again.headers.get('etag'), await again.text()]).toEqual([304, tag, '']);
    }
    expect((await app.get(path, { 'if-none-match': '"other"' })).status).toBe(200);
    for (const encoding of ['identity', 'gzip;q=0', 'br, gzip;q=0.0', 'x-gzip']) {
      const plain = await app.get(path, { 'accept-encoding': encoding });
      expect([encoding, plain.headers.get('content-encoding')]).toEqual([encoding, null]);
    }
  });

  it('the page finds its files behind a proxy that takes a prefix away', async () => {
    const app = await boot();
    const page = await (await app.get('/queues?theme=dark')).text();
    expect(page).toContain('queues/assets/main.js"');
    const [, script = ''] = /src="([^"]+)"/.exec(page) ?? [];
    expect(new URL(script, 'https://intern.example/tools/queues').pathname).toBe('/tools/queues/assets/main.js');
  });

  it('a dashboard at the root of an app works', async () => {
    const app = await boot(undefined, { dashboard: { path: '/', access: 'public' } });
    const page = await (await app.get('/')).text();
    expect(page).toContain('src="assets/main.js"');
    expect((await app.get('/api/session')).status).toBe(200);
  });
});

it('on Express a slash at the end of the address changes nothing', async () => {
  const app = await apps.boot();
  const page = await (await app.get('/queues/')).text();
  const [, script = ''] = /src="([^"]+)"/.exec(page) ?? [];
  expect(new URL(script, `${app.origin}/queues/`).pathname).toBe('/queues/assets/main.js');
});

it('on Fastify a slash at the end of the address changes nothing where the router ignores it', async () => {
  const app = await apps.boot({ platform: 'Fastify', fastify: { routerOptions: { ignoreTrailingSlash: true } } });
  const page = await (await app.get('/queues/')).text();
  const [, script = ''] = /src="([^"]+)"/.exec(page) ?? [];
  expect(new URL(script, `${app.origin}/queues/`).pathname).toBe('/queues/assets/main.js');
});

function parseAs(nest: Parameters<SetUp>[0], parseAs: 'string' | 'buffer'): void {
  const server = nest.getHttpAdapter().getInstance();
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    '*',
    { parseAs },
    (_: unknown, body: unknown, done: (error: null, body: unknown) => void) => done(null, body),
  );
}
