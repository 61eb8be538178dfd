import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { RedisSettings } from '../../src/broker/port/broker.js';
import { RedisBroker } from '../../src/broker/redis-broker.js';
import { RedisServer } from '../../src/testing/redis-server.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { CertificateAuthority } from '../support/certificate-authority.js';
import { freePort } from '../support/free-port.js';
import { libraryArgs, libraryCredentials, libraryUrl } from '../support/least-rights.js';
import { WorkerFixture } from '../support/worker-fixture.js';

const authority = new CertificateAuthority();
const client = authority.issue();

let directory: string;
let server: RedisServer;
let port: number;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'nestwork-tls-'));
  const { certificate, key } = authority.issue();
  const files = { 'ca-cert': authority.certificate, cert: certificate, key };
  const args = Object.entries(files).flatMap(([name, pem]) => [`--tls-${name}-file`, write(name, pem)]);
  port = await freePort();
  server = await RedisServer.start({
    args: [...args, '--tls-port', String(port), '--tls-auth-clients', 'no', ...libraryArgs()],
  });
});
afterEach(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

function write(name: string, text: string): string {
  const path = join(directory, `${name}.pem`);
  writeFileSync(path, text);
  return path;
}

/** Looks at the server without TLS; its ordinary port is open, too. */
function plain(): Redis {
  return new Redis(server.url);
}

/** The error of a broker that cannot connect. */
async function refusal(redis: RedisSettings): Promise<unknown> {
  const broker = new RedisBroker({ redis, namespace: 'nestwork', queues: ['default'], commandTimeoutMs: 2_000 });
  const error = await broker.connect().catch((reason: unknown) => reason);
  await broker.close();
  return error;
}

describe('over TLS', () => {
  let fixture: WorkerFixture;
  afterEach(() => fixture.stop());

  it('a worker runs tasks with certificates from the options, which supervisor and children share', async () => {
    const redis = plain();
    await redis.config('SET', 'tls-auth-clients', 'yes');
    // as text, and as files are read
    const tls = { ca: authority.certificate, cert: Buffer.from(client.certificate), key: Buffer.from(client.key) };
    fixture = WorkerFixture.on(
      await BrokerFixture.on(server, { redis: { host: '127.0.0.1', port, tls, ...libraryCredentials() } }, redis),
    );
    fixture.worker({ children: 2 });
    await fixture.send('run', ['encrypted']);
    await fixture.event('run', 'encrypted');
    await fixture.drained();
  });

  it('a worker runs tasks with a rediss:// URL and an authority that the environment names', async () => {
    const settings = { host: '127.0.0.1', port, tls: { ca: authority.certificate }, ...libraryCredentials() };
    fixture = WorkerFixture.on(await BrokerFixture.on(server, { redis: settings }, plain()));
    fixture.worker(
      { children: 2 },
      {
        REDIS_SETTINGS: '',
        REDIS_URL: libraryUrl(`rediss://127.0.0.1:${port}`),
        NODE_EXTRA_CA_CERTS: join(directory, 'ca-cert.pem'),
      },
    );
    await fixture.send('run', ['encrypted']);
    await fixture.event('run', 'encrypted');
    await fixture.drained();
  });
});

describe('REDIS_UNAVAILABLE names the reason', () => {
  it.each<[string, (tlsPort: number) => RedisSettings, RegExp]>([
    ['an unknown authority', (tlsPort) => `rediss://127.0.0.1:${tlsPort}`, /self-signed certificate|unable to verify/],
    [
      'another authority',
      (tlsPort) => ({ host: '127.0.0.1', port: tlsPort, tls: { ca: new CertificateAuthority().certificate } }),
      /self-signed certificate|unable to verify|certificate signature failure/,
    ],
    [
      'a certificate of another host',
      (tlsPort) => ({ host: 'localhost', port: tlsPort, family: 4, tls: { ca: authority.certificate } }),
      /Hostname\/IP does not match certificate's altnames/,
    ],
  ])('%s', async (_what, settings, reason) => {
    expect(await refusal(settings(port))).toMatchObject({
      code: 'REDIS_UNAVAILABLE',
      message: expect.stringMatching(reason),
    });
  });

  it('a missing client certificate', async () => {
    const redis = plain();
    await redis.config('SET', 'tls-auth-clients', 'yes');
    redis.disconnect();
    expect(await refusal({ host: '127.0.0.1', port, tls: { ca: authority.certificate } })).toMatchObject({
      code: 'REDIS_UNAVAILABLE',
      // the alert may get lost when the server resets the connection
      message: expect.stringMatching(/ECONNRESET|certificate required/),
    });
  });

  it.each<[string, () => string]>([
    ['no TLS where the server wants it', () => `redis://127.0.0.1:${port}`],
    ['TLS where the server has none', () => server.url.replace('redis:', 'rediss:')],
  ])('%s', async (_what, url) => {
    expect(await refusal(url())).toMatchObject({
      code: 'REDIS_UNAVAILABLE',
      message: expect.stringContaining('with or without TLS'),
    });
  });

  it('an unknown authority, at the start of a worker', async () => {
    const fixture = WorkerFixture.on(await BrokerFixture.on(server, { redis: libraryUrl(server.url) }, plain()));
    const worker = fixture.worker({ children: 1 }, { REDIS_URL: `rediss://127.0.0.1:${port}`, COMMAND_TIMEOUT: '2s' });
    expect(await worker.ended()).toBe(1);
    expect(worker.output).toMatch(/(self-signed certificate|unable to verify).*REDIS_UNAVAILABLE/);
    await fixture.stop();
  });
});
