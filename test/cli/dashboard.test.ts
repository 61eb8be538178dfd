import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisServer } from '../../src/testing/redis-server.js';
import { inShell, nestwork, startNestwork } from '../support/command-line.js';
import { freePort } from '../support/free-port.js';

/** It has both platforms of Nest. */
const PROJECT = new URL('../../', import.meta.url).pathname;
const ADDRESS = /http:\/\/\S+\/open\?token=[\w-]{32}/;

let server: RedisServer;
let directory: string;
const running: ReturnType<typeof startNestwork>[] = [];
beforeAll(async () => {
  server = await RedisServer.start();
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nestwork-test-'));
});
afterEach(async () => {
  for (const { signal } of running) signal('SIGKILL');
  await Promise.all(running.splice(0).map(({ ended }) => ended));
  rmSync(directory, { recursive: true });
});
afterAll(() => server.stop());

interface Started {
  readonly url: URL;
  readonly command: ReturnType<typeof startNestwork>;
  /** Asks with the cookie of somebody who has opened the address. */
  get(path: string, headers?: Record<string, string>): Promise<Response>;
}

async function start(args: readonly string[] = [], env: Record<string, string> = {}, cwd = PROJECT): Promise<Started> {
  const own = args.includes('--port') ? [] : ['--port', '0'];
  const all = { NESTWORK_REDIS_URL: server.url, ...env };
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
  const command = startNestwork(['dashboard', ...own, ...args], { cwd, env: given });
  running.push(command);
  const url = new URL(await command.wrote(ADDRESS));
  const opened = await fetch(url, { redirect: 'manual' });
  const cookie = opened.headers.get('set-cookie')?.split(';')[0] ?? '';
  return {
    url,
    command,
    get: (path, headers = {}) => fetch(new URL(path, url), { headers: { cookie, ...headers }, redirect: 'manual' }),
  };
}

describe('nestwork dashboard', () => {
  it('serves the dashboard of a namespace to those who opened its address, until Ctrl-C', async () => {
    const { url, command, get } = await start(['--by', 'anna', '--namespace', 'shop']);
    expect(url.hostname).toBe('127.0.0.1');
    expect((await get('/')).headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect((await get('/assets/main.js')).status).toBe(200);
    expect(await (await get('/api/session')).json()).toMatchObject({
      by: 'anna',
      namespaces: [{ name: 'shop', rights: { view: true, arguments: true, purge: true } }],
    });
    // a tab that is open holds up nothing
    const live = await get('/api/live');
    expect(live.status).toBe(200);
    command.signal('SIGINT');
    expect(await command.ended).toMatchObject({ code: 0, stdout: `${url.href}\n` });
    await live.body?.cancel().catch(() => {});
  });

  it('writes its address as JSON, with --json', async () => {
    const { url, command } = await start(['--json']);
    command.signal('SIGTERM');
    const { code, stdout } = await command.ended;
    expect([code, JSON.parse(stdout)]).toEqual([0, { url: url.href, host: '127.0.0.1', port: Number(url.port) }]);
  });

  it('needs neither Redis nor a platform for its help', async () => {
    const { code, stdout } = await nestwork(['dashboard', '--help'], { cwd: directory });
    expect([code, stdout]).toEqual([0, expect.stringContaining('4983, or a free one')]);
  });

  it('warns when other machines can reach it', async () => {
    const { command, url } = await start(['--host', '0.0.0.0']);
    expect(url.hostname).not.toBe('0.0.0.0');
    command.signal('SIGINT');
    expect((await command.ended).stderr).toContain('warning: Other machines can reach it');
  });
});

describe('a running dashboard', () => {
  let shared: Started;
  beforeAll(async () => {
    shared = await start();
    // the other tests end theirs
    running.length = 0;
  });
  afterAll(async () => {
    shared.command.signal('SIGINT');
    await shared.command.ended;
  });

  it('makes its token a cookie that no script reads and no other site sends', async () => {
    const { url } = shared;
    const opened = await fetch(url);
    const cookie = opened.headers.get('set-cookie');
    expect(cookie).toMatch(new RegExp(`^nestwork-${url.port}=[\\w-]+; HttpOnly; SameSite=Strict; Path=/$`));
    expect(opened.headers.get('refresh')).toBe('0; url=./');
    expect(opened.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it.each([
    ['no cookie', {}],
    ['the cookie of another run', { cookie: 'nestwork-PORT=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
    ['the cookie of another port', { cookie: 'nestwork-1=TOKEN' }],
    ['a broken cookie', { cookie: '=; ;nestwork-PORT' }],
    ['the token in the address', {}],
  ])('answers 403 on every route for %s', async (_, given) => {
    const { url } = shared;
    const token = url.searchParams.get('token') ?? '';
    const headers = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, value.replace('PORT', url.port).replace('TOKEN', token)]),
    );
    for (const path of ['/', '/assets/main.js', '/api/session', '/api/live']) {
      const answer = await fetch(new URL(`${path}?token=${token}`, url), { headers });
      expect([path, answer.status]).toEqual([path, 403]);
    }
  });

  it('answers a browser without the token with a page that says which address to open, others with JSON', async () => {
    const { url } = shared;
    const accept = 'text/html,application/xhtml+xml,*/*;q=0.8';
    const refused = await fetch(new URL('/', url), { headers: { accept } });
    expect([refused.status, refused.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8']);
    expect(refused.headers.get('content-security-policy')).toContain("default-src 'none'");
    const text = await refused.text();
    expect(text).toContain('<p>Open the address that nestwork dashboard has printed in its terminal');
    expect(text).not.toContain(url.searchParams.get('token'));
    const data = await fetch(new URL('/api/session', url), { headers: { accept: 'application/json' } });
    expect([data.status, await data.json()]).toEqual([403, expect.objectContaining({ statusCode: 403 })]);
  });

  it('refuses a wrong token', async () => {
    const { url } = shared;
    for (const token of ['', 'x', `${url.searchParams.get('token')}x`]) {
      const { status, headers } = await fetch(new URL(`/open?token=${token}`, url));
      expect([status, headers.get('set-cookie')]).toEqual([403, null]);
    }
  });

  it('refuses a page that gave its own name the address of this machine', async () => {
    const { url, get } = shared;
    const { request } = await import('node:http');
    const statusFor = (path: string, host: string, cookie: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const sent = request({ host: url.hostname, port: url.port, path, headers: { host, cookie } });
        sent.once('error', reject).once('response', (answer) => resolve(answer.resume().statusCode));
        sent.end();
      });
    const cookie = `nestwork-${url.port}=${url.searchParams.get('token')}`;
    expect(await statusFor('/api/session', `evil.example:${url.port}`, cookie)).toBe(403);
    expect(await statusFor(`${url.pathname}${url.search}`, 'evil.example', '')).toBe(403);
    expect(await statusFor('/api/session', `LOCALHOST:${url.port}`, cookie)).toBe(200);
    expect((await get('/api/session')).status).toBe(200);
  });
});

describe('its port', () => {
  it('that is given and taken ends it with 2', async () => {
    const taken = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve));
    const ended = await nestwork(['dashboard', '--port', String(port)], { cwd: PROJECT });
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining(`The port ${port} of 127.0.0.1 is taken`)]);
    taken.close();
  });

  it('that is given and free is used', async () => {
    const port = await freePort();
    expect((await start(['--port', String(port)])).url.port).toBe(String(port));
  });

  it('of a host that is not of this machine ends it with 2', async () => {
    const ended = await nestwork(['dashboard', '--host', '192.0.2.1'], { cwd: PROJECT });
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining('192.0.2.1')]);
  });
});

describe('its namespaces', () => {
  const file = (content: object): void => writeFileSync(join(directory, 'config.json'), JSON.stringify(content));
  const config = (): string[] => ['--config', join(directory, 'config.json')];
  const unset = { NESTWORK_REDIS_URL: '' };

  it('are those that the file lists, each with what the file says for all', async () => {
    file({ redis: server.url, namespaces: { shop: { namespace: 'shop' }, mail: { redis: 'redis://127.0.0.1:1' } } });
    const { get } = await start(config(), unset);
    const { namespaces } = (await (await get('/api/session')).json()) as { namespaces: { name: string }[] };
    expect(namespaces.map(({ name }) => name)).toEqual(['shop', 'mail']);
    expect((await get('/api/live?in=mail')).status).toBe(503);
  });

  it('give way to the one that an option names', async () => {
    file({ redis: server.url, namespaces: { shop: { namespace: 'shop' } } });
    const { get } = await start([...config(), '--namespace', 'other'], unset);
    expect(await (await get('/api/session')).json()).toMatchObject({ namespaces: [{ name: 'other' }] });
  });

  it.each([[{ shop: { url: 'x' } }], [{}], ['shop']])('%j in the file end it with 2', async (namespaces) => {
    file({ namespaces });
    const ended = await nestwork(['dashboard', ...config()], { cwd: PROJECT });
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining('INVALID_OPTION')]);
  });

  it('are no trouble for other commands', async () => {
    file({ redis: server.url, namespaces: { shop: { namespace: 'shop' } } });
    expect((await nestwork(['queues', 'ls', ...config()])).code).toBe(0);
  });
});

describe('the HTTP platform', () => {
  const withPlatform = (name: string, text: string): string => {
    const place = join(directory, 'node_modules/@nestjs', name);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'package.json'), JSON.stringify({ name: `@nestjs/${name}`, main: 'index.cjs' }));
    writeFileSync(join(place, 'index.cjs'), text);
    return directory;
  };

  it.each([
    ['platform-express', 'ExpressAdapter'],
    ['platform-fastify', 'FastifyAdapter'],
  ])('is that of the working directory: %s', async (name, adapter) => {
    const real = new URL(`../../node_modules/@nestjs/${name}/index.js`, import.meta.url).pathname;
    const text = `console.error('from here'); module.exports = { ${adapter}: require('${real}').${adapter} };`;
    const { command, get } = await start([], {}, withPlatform(name, text));
    expect((await get('/api/session')).status).toBe(200);
    command.signal('SIGINT');
    expect((await command.ended).stderr).toContain('from here');
  });

  it('that is nowhere ends it with 1 and a remedy', async () => {
    const modules = join(directory, 'node_modules');
    mkdirSync(join(modules, '@nestjs'), { recursive: true });
    cpSync(join(PROJECT, 'dist'), join(modules, 'nestwork/dist'), { recursive: true });
    cpSync(join(PROJECT, 'package.json'), join(modules, 'nestwork/package.json'));
    const { dependencies } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'));
    const peers = ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs'];
    for (const name of [...Object.keys(dependencies), ...peers]) {
      symlinkSync(join(PROJECT, 'node_modules', name), join(modules, name));
    }
    const main = join(modules, 'nestwork/dist/cli/main.js');
    const ended = await inShell(`'${process.execPath}' '${main}' dashboard`, { cwd: directory });
    expect([ended.code, ended.stdout]).toEqual([1, '']);
    expect(ended.stderr).toMatch(/NO_HTTP_PLATFORM.*npm install @nestjs\/platform-express/s);
  });
});
