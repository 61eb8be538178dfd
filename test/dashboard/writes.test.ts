import { request } from 'node:http';
import { type DashboardApp, DashboardApps, PLATFORMS } from '../support/dashboard-apps.js';
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

/** Sends exactly these headers: `fetch` adds some. */
function send(app: DashboardApp, path: string, headers: Record<string, string>, body = '{"queue":"mail"}') {
  return new Promise<number | undefined>((resolve, reject) => {
    const sent = request(app.origin + path, {
      method: 'POST',
      headers: { host: new URL(app.origin).host, ...headers },
    });
    sent.once('error', reject).once('response', (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode));
    });
    sent.end(body);
  });
}

const JSON_TYPE = { 'content-type': 'application/json' };
const SAME = { 'sec-fetch-site': 'same-origin' };

describe.each(PLATFORMS)('on %s', (platform) => {
  let app: DashboardApp;
  beforeEach(async () => {
    app = await apps.boot({ platform });
  });

  const FOREIGN: readonly [string, Record<string, string>][] = [
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['another origin of the same site', { 'sec-fetch-site': 'same-site' }],
    ['no page, by Sec-Fetch-Site', { 'sec-fetch-site': 'none' }],
    ['another site that forges nothing but its Origin', { 'sec-fetch-site': 'cross-site', origin: 'OWN' }],
    ['another Origin', { origin: 'https://evil.example' }],
    ['another port of the same host', { origin: 'http://127.0.0.1:1' }],
    ['a sandboxed page', { origin: 'null' }],
    ['a broken Origin', { origin: 'evil' }],
    ['neither Sec-Fetch-Site nor Origin', {}],
    ['a host that the client names itself', { origin: 'https://evil.example', 'x-forwarded-host': 'evil.example' }],
  ];

  it.each(FOREIGN)('a write from %s answers 403 and changes nothing', async (_, { origin, ...headers }) => {
    const sent = { ...JSON_TYPE, ...headers, ...(origin && { origin: origin === 'OWN' ? app.origin : origin }) };
    for (const path of ['/queues/api/test/act', '/queues/api/test/bulk']) {
      expect([path, await send(app, path, sent)]).toEqual([path, 403]);
    }
    expect(did).toEqual([]);
  });

  it.each([
    ['Sec-Fetch-Site', () => SAME],
    ['a matching Origin', () => ({ origin: app.origin })],
  ])('a write of the own page, by %s, is done', async (_, headers) => {
    expect(await send(app, '/queues/api/test/act', { ...JSON_TYPE, ...headers() })).toBe(200);
    expect(did).toEqual(['act mail']);
  });

  it.each([
    ['text/plain', '{"queue":"mail"}'],
    ['application/x-www-form-urlencoded', 'queue=mail'],
    ['multipart/form-data; boundary=x', '--x\r\ncontent-disposition: form-data; name="queue"\r\n\r\nmail\r\n--x--\r\n'],
    ['application/jsonp', '{"queue":"mail"}'],
  ])('a body of type %s answers 415 and changes nothing', async (type, body) => {
    expect(await send(app, '/queues/api/test/act', { ...SAME, 'content-type': type }, body)).toBe(415);
    expect(did).toEqual([]);
  });

  it('a body without a type answers 415 and changes nothing', async () => {
    expect(await send(app, '/queues/api/test/act', SAME)).toBe(415);
    expect(did).toEqual([]);
  });

  it.each(['[]', '"text"', 'null', '7', '{'])('the body %j answers 400 and changes nothing', async (body) => {
    expect(await send(app, '/queues/api/test/act', { ...SAME, ...JSON_TYPE }, body)).toBe(400);
    expect(did).toEqual([]);
  });

  it('a body of several MiB answers 413 and changes nothing', async () => {
    const body = JSON.stringify({ queue: 'x'.repeat(3 * 1024 * 1024) });
    const answer = app.post('/queues/api/test/act', body);
    expect((await answer).status).toBe(413);
    expect(did).toEqual([]);
  });

  it('a write by GET is none', async () => {
    for (const path of ['/queues/api/test/act?queue=mail', '/queues/api/test/bulk']) {
      expect((await app.get(path, SAME)).status).toBe(404);
    }
    expect(did).toEqual([]);
  });

  it('an error of nestwork has its status, code and remedy', async () => {
    const ofRequest = await app.get('/queues/api/test/explain?id=%3Cscript%3E');
    expect([ofRequest.status, await ofRequest.json()]).toMatchObject([
      400,
      { code: 'INVALID_TASK_ID', message: expect.any(String), remedy: [expect.any(String)] },
    ]);
    const unknown = await app.post('/queues/api/test/act', { queue: 'nowhere', pause: true });
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { code: 'UNKNOWN_QUEUE' }]);
  });

  it('an error of the app answers 500, and only its log has the details', async () => {
    const answer = await app.get('/queues/api/test/fails');
    expect([answer.status, await answer.json()]).toEqual([
      500,
      { code: 'FAILED', message: 'The dashboard failed. The log of the app says why.', remedy: [] },
    ]);
    expect(apps.lines.with('postgres://')).toHaveLength(1);
  });
});
