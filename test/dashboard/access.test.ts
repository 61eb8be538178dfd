import { EventEmitter, once } from 'node:events';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ASSETS } from '../../src/dashboard/http/assets.js';
import { nameOfUser } from '../../src/dashboard/http/people.js';
import type { DashboardAuditEntry, DashboardSettings, DashboardSubject } from '../../src/dashboard/index.js';
import { DASHBOARD_ACTIONS } from '../../src/dashboard/rights.js';
import { ROUTES } from '../../src/dashboard/routes.js';
import { type DashboardApp, DashboardApps, OWN_PAGE, PLATFORMS } from '../support/dashboard-apps.js';
import { did } from '../support/dashboard-probes.js';

let apps: DashboardApps;
beforeAll(async () => {
  apps = await DashboardApps.start();
});
afterEach(async () => {
  did.length = 0;
  await apps.close();
});
afterAll(() => apps.stop());

function boot(settings: DashboardSettings): Promise<DashboardApp> {
  return apps.boot({ dashboard: { guards: [{ canActivate: () => true }], ...settings } });
}

interface Session {
  readonly namespaces: readonly { readonly rights: Record<string, boolean> }[];
}

async function rightsIn(app: DashboardApp): Promise<Record<string, boolean>> {
  const session = (await (await app.get('/queues/api/session')).json()) as Session;
  return session.namespaces[0]?.rights ?? {};
}

const REDRIVE = ['/queues/api/test/bulk', { queue: 'mail', filter: { code: 'CRASHED' } }] as const;
const PAUSE = ['/queues/api/test/act', { queue: 'mail' }] as const;

describe.each(PLATFORMS)('on %s', (platform) => {
  it('a global guard that denies everything answers 403 on every route of the module', async () => {
    const deny: CanActivate = { canActivate: () => false };
    const app = await apps.boot({
      platform,
      dashboard: { access: 'app', can: () => true },
      providers: [{ provide: APP_GUARD, useValue: deny }],
    });
    const routes = app.routes.filter((route) => route.includes('queues'));
    // besides the page, the session and the stream
    const others = Object.keys(ASSETS).length + ROUTES.length;
    expect(routes.filter((route) => !route.startsWith('HEAD'))).toHaveLength(3 + others);
    for (const route of routes) {
      const [method = '', path = ''] = route.split(' ');
      const headers = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' };
      const body = method === 'POST' ? '{}' : null;
      const { status } = await fetch(app.origin + path, { method, headers, body });
      expect([route, status]).toEqual([route, 403]);
    }
    expect(did).toEqual([]);
  });

  it('a person who has gone while a guard decided does nothing, one by one or in bulk', async () => {
    const gate = new EventEmitter();
    const guard: CanActivate = {
      canActivate: async (context) => {
        const response = context.switchToHttp().getResponse();
        gate.emit('asked');
        await once(response.raw ?? response, 'close');
        return true;
      },
    };
    const entries: DashboardAuditEntry[] = [];
    const audit = (entry: DashboardAuditEntry): void => void entries.push(entry);
    const app = await apps.boot({ platform, dashboard: { guards: [guard], can: () => true, audit } });
    for (const [path, body] of [PAUSE, REDRIVE]) {
      const stop = new AbortController();
      const asked = once(gate, 'asked');
      const init = { method: 'POST', headers: OWN_PAGE, body: JSON.stringify(body), signal: stop.signal };
      const answer = fetch(app.origin + path, init).catch((error: Error) => error.name);
      await asked;
      stop.abort();
      expect(await answer).toBe('AbortError');
    }
    // it waits for all that is under way
    await apps.close();
    expect(did).toEqual([]);
    expect(entries).toEqual([]);
  });

  it('the guards of the dashboard leave the other routes of the app alone', async () => {
    const app = await apps.boot({ platform, dashboard: { guards: [{ canActivate: () => false }] } });
    for (const route of app.routes) {
      const [method = '', path = ''] = route.split(' ');
      expect([route, (await fetch(app.origin + path, { method })).status]).toEqual([route, 403]);
    }
    expect((await app.get('/elsewhere')).status).toBe(404);
  });

  it('the person that a guard recognised is the one who acts', async () => {
    const guard: CanActivate = {
      canActivate: (context: ExecutionContext) => {
        context.switchToHttp().getRequest().user = { id: 7, email: 'anna@shop.example' };
        return true;
      },
    };
    const entries: DashboardAuditEntry[] = [];
    const app = await apps.boot({
      platform,
      dashboard: { guards: [guard], audit: (entry) => void entries.push(entry) },
    });
    await app.post(...PAUSE);
    expect(entries).toMatchObject([{ by: 'anna@shop.example', action: 'pause', outcome: 'done' }]);
  });
});

describe('public access', () => {
  it('names nobody who has not signed in, and says that the dashboard may not act', async () => {
    const app = await apps.boot({ dashboard: { access: 'public' } });
    const session = (await (await app.get('/queues/api/session')).json()) as { by?: string; denials: object };
    expect(session.by).toBeUndefined();
    expect(session.denials).toMatchObject({
      send: 'This dashboard may not send tasks: the right "send" is missing. The option can of QueueDashboardModule grants it.',
    });
    const answer = (await (await app.post(...PAUSE)).json()) as { message: string; remedy: string[] };
    expect(answer.message).toBe(
      'This dashboard may not pause or resume queues and crons: the right "pause" is missing.',
    );
    expect(answer.remedy).toEqual(['The option `can` of QueueDashboardModule grants it.']);
  });

  it('allows to look and nothing else', async () => {
    const app = await apps.boot({ dashboard: { access: 'public' } });
    const rights = await rightsIn(app);
    expect(Object.keys(rights).sort()).toEqual([...DASHBOARD_ACTIONS].sort());
    expect(Object.entries(rights).filter(([, may]) => may)).toEqual([['view', true]]);
    for (const [path, body] of [REDRIVE, PAUSE]) {
      const answer = await app.post(path, body);
      expect([answer.status, await answer.json()]).toMatchObject([403, { code: 'NOT_ALLOWED' }]);
    }
    expect(did).toEqual([]);
  });

  it('with `can` allows what it grants', async () => {
    const app = await apps.boot({ dashboard: { access: 'public', can: (action) => action !== 'redrive' } });
    expect((await app.post(...PAUSE)).status).toBe(200);
    expect((await app.post(...REDRIVE)).status).toBe(403);
  });
});

describe('the function `can`', () => {
  it('gets the action, its subject and the request', async () => {
    const calls: [string, DashboardSubject, string | undefined][] = [];
    const app = await boot({
      can: (action, subject, request) => {
        calls.push([action, subject, (request as { headers: Record<string, string> }).headers['x-team']]);
        return true;
      },
    });
    await app.post(...PAUSE, { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json', 'x-team': 'a' });
    expect(calls).toEqual([
      ['view', { namespace: 'nestwork' }, 'a'],
      ['pause', { namespace: 'nestwork', queue: 'mail' }, 'a'],
    ]);
  });

  it('is not called for a namespace that is not there', async () => {
    const calls: string[] = [];
    const app = await boot({ can: (action) => calls.push(action) > 0 });
    expect((await app.get('/queues/api/test/echo?in=other')).status).toBe(404);
    expect(calls).toEqual([]);
  });

  const NO: readonly [string, () => never][] = [
    [
      'throws',
      () => {
        throw new Error('s3cret');
      },
    ],
    ['rejects', (() => Promise.reject(new Error('s3cret'))) as never],
    ['returns nothing', (() => undefined) as never],
    ['returns what is merely true-ish', (() => 'yes') as never],
    ['resolves to an object', (async () => ({})) as never],
  ];

  it.each(NO)('that %s counts as a no', async (_, can) => {
    const app = await boot({ can });
    for (const path of ['test/echo', 'live']) {
      const answer = await app.get(`/queues/api/${path}`);
      expect([answer.status, await answer.text()]).toEqual([403, expect.not.stringContaining('s3cret')]);
    }
    expect((await app.post(...PAUSE)).status).toBe(403);
    expect(Object.values(await rightsIn(app))).not.toContain(true);
    expect(did).toEqual([]);
  });

  it('that denies to look denies all else', async () => {
    const app = await boot({ can: (action) => action !== 'view' });
    expect(Object.values(await rightsIn(app))).not.toContain(true);
    expect((await app.post(...PAUSE)).status).toBe(403);
    expect(did).toEqual([]);
  });

  it('that changes its mind is followed at the next request', async () => {
    let may = true;
    const app = await boot({ can: () => may });
    expect((await app.get('/queues/api/test/echo')).status).toBe(200);
    may = false;
    expect(await (await app.get('/queues/api/test/echo')).json()).toMatchObject({
      code: 'NOT_ALLOWED',
      message: 'This dashboard may not look at this: the right "view" is missing.',
    });
  });
});

describe('the function `audit`', () => {
  it('gets each action that was taken, failed or was refused', async () => {
    const entries: DashboardAuditEntry[] = [];
    const app = await boot({
      user: () => 'anna',
      can: (_, { queue }) => queue !== 'secret',
      audit: async (entry) => void entries.push(entry),
    });
    await app.post(...PAUSE);
    await (await app.post(...REDRIVE)).text();
    await app.post('/queues/api/test/act', { queue: 'secret' });
    await app.post('/queues/api/test/act', { queue: 'mail', fail: 'no luck' });
    await (await app.post('/queues/api/test/bulk', { queue: 'mail', fail: 'no luck' })).text();
    await app.post('/queues/api/test/bulk', { queue: 'secret', filter: { code: 'CRASHED' } });
    await app.get('/queues/api/test/echo');
    const at = expect.any(Date);
    const [mail, secret] = ['mail', 'secret'].map((queue) => ({ namespace: 'nestwork', queue }));
    expect(entries).toEqual([
      { at, by: 'anna', action: 'pause', subject: mail, outcome: 'done', count: 1 },
      {
        at,
        by: 'anna',
        action: 'redrive',
        subject: mail,
        filter: { code: 'CRASHED' },
        outcome: 'done',
        count: 2,
      },
      { at, by: 'anna', action: 'pause', subject: secret, outcome: 'denied', count: 0 },
      { at, by: 'anna', action: 'pause', subject: mail, outcome: 'failed', count: 0, error: 'no luck' },
      {
        at,
        by: 'anna',
        action: 'redrive',
        subject: mail,
        filter: { queue: 'mail', fail: 'no luck' },
        outcome: 'failed',
        count: 1,
        error: 'no luck',
      },
      {
        at,
        by: 'anna',
        action: 'redrive',
        subject: secret,
        filter: { code: 'CRASHED' },
        outcome: 'denied',
        count: 0,
      },
    ]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('full disk');
      },
    ],
    ['rejects', () => Promise.reject(new Error('full disk'))],
  ])('that %s stops nothing, and is logged', async (_, audit) => {
    const app = await boot({ audit });
    expect((await app.post(...PAUSE)).status).toBe(200);
    expect(did).toEqual(['act mail']);
    expect(apps.lines.with('full disk')).toHaveLength(1);
  });

  it('that never ends holds up no answer', async () => {
    const app = await boot({ audit: () => new Promise(() => {}) });
    expect((await app.post(...PAUSE)).status).toBe(200);
  });
});

describe('the name of a person', () => {
  it.each([
    ['anna', 'anna'],
    [{ username: 'anna', id: 7 }, 'anna'],
    [{ username: '', email: 'a@b.c' }, 'a@b.c'],
    [{ id: 7 }, '7'],
    [{ sub: 'auth0|1' }, 'auth0|1'],
    [{ name: { first: 'Anna' }, sub: 's' }, 's'],
    ['an\nna\u001b[31m', 'an\\nna\\x1b[31m'],
    [' ', 'dashboard'],
    [undefined, 'dashboard'],
    [null, 'dashboard'],
    [true, 'dashboard'],
    [Symbol('a'), 'dashboard'],
    [() => 'a', 'dashboard'],
    [{}, 'dashboard'],
  ])('of %p is %j', (user, name) => {
    expect(nameOfUser(user)).toBe(name);
  });

  it('is cut where it is longer than a record takes, and never within a character', () => {
    for (const name of ['x'.repeat(5_000), '😀'.repeat(300), '\u0000'.repeat(300)]) {
      const cut = nameOfUser(name);
      expect(cut.length).toBeLessThanOrEqual(256);
      expect(cut).not.toMatch(/\p{Surrogate}/u);
    }
  });

  it('may come from elsewhere, and later', async () => {
    const app = await boot({ user: async () => 'berta' });
    expect(await (await app.get('/queues/api/session')).json()).toMatchObject({ by: 'berta' });
  });

  it('that cannot be found refuses the request without details', async () => {
    const app = await boot({
      user: () => {
        throw new Error('s3cret');
      },
    });
    const answer = await app.post(...PAUSE);
    expect([answer.status, await answer.text()]).toEqual([500, expect.not.stringContaining('s3cret')]);
    expect(did).toEqual([]);
    expect(apps.lines.with('s3cret')).toHaveLength(1);
  });
});
