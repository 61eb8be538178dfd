import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { ApiFixture } from './api-fixture.js';

let api: ApiFixture;

beforeAll(async () => {
  api = await ApiFixture.start();
});

afterAll(() => api?.stop());

/** `fetch` lets nobody choose a Host. */
async function get(path: string, host: string): Promise<{ status: number | undefined; body: string }> {
  const call = request(api.url + path, { headers: { host, 'sec-fetch-site': 'same-origin' } }).end();
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  return { status: response.statusCode, body: await text(response) };
}

describe('the dashboard of the sample app', () => {
  it.each(['127.0.0.1', 'localhost:3000'])('opens for a browser on this machine that asks %s', async (host) => {
    const { status, body } = await get('/queues', host);
    expect([status, body]).toEqual([200, expect.stringContaining('assets/main.js')]);
  });

  it.each(['/queues', '/queues/assets/main.js', '/queues/api/session', '/queues/api/live'])(
    'is closed at %s to a page whose own name resolves to this machine',
    async (path) => {
      expect((await get(path, 'attacker.example')).status).toBe(403);
    },
  );

  it('shows the namespace of the app', async () => {
    const { namespaces } = await api.get<{ namespaces: { name: string }[] }>('/queues/api/session');
    expect(namespaces.map(({ name }) => name)).toEqual(['code-stats']);
  });
});
