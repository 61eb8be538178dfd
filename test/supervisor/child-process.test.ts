import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestworkError } from '../../src/errors.js';
import { Backoff } from '../../src/supervisor/backoff.js';
import { ChildProcess } from '../../src/supervisor/child-process.js';

const SETTINGS = { redis: 'redis://127.0.0.1:1', namespace: 'nestwork', commandTimeoutMs: 1_000, queues: ['default'] };
const READY = JSON.stringify({ type: 'ready', settings: SETTINGS, catalog: [] });

const [, entry = ''] = process.argv;
const launch = { environment: { NODE_OPTIONS: '' }, seat: 0 };
let directory: string;
let children: ChildProcess[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nestwork-test-'));
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill();
  process.argv[1] = entry;
  rmSync(directory, { recursive: true });
});

/** Runs a script as a child; resolves to what its supervisor is told, up to its end. */
async function toldBy(script: string, then: (child: ChildProcess) => void = () => {}): Promise<unknown[]> {
  // a child runs the same file as its supervisor
  process.argv[1] = join(directory, 'entry.cjs');
  writeFileSync(process.argv[1], script);
  const told: unknown[] = [];
  await new Promise<void>((resolve) => {
    const child = new ChildProcess(4, new Backoff(), launch, {
      ready: (message) => {
        told.push(message.type);
        then(child);
      },
      overdue: () => undefined,
      worn: () => void told.push('worn'),
      leaseLost: (session) => void told.push(session),
      malformed: (error) => void told.push((error as NestworkError).code),
      ended: (reason) => {
        told.push(reason);
        resolve();
      },
    });
    children.push(child);
  });
  return told;
}

it('tells of what a child reports, and of its end', async () => {
  const script = `
    process.send(${READY});
    process.send({ type: 'worn' });
    process.send({ type: 'leaseLost', session: 's-1' }, () => process.exit(7));
  `;
  expect(await toldBy(script)).toEqual(['ready', 'worn', 's-1', 'exit code 7']);
});

it('tells of the signal that killed a child', async () => {
  const script = `process.send(${READY}); setInterval(() => {}, 1_000);`;
  expect(await toldBy(script, (child) => child.kill())).toEqual(['ready', 'SIGKILL']);
});

it('tells why a child could not boot', async () => {
  const script = `process.send({ type: 'bootFailed', error: 'Error: no config' }, () => process.exit(1));`;
  expect(await toldBy(script)).toEqual(['Error: no config']);
});

it('tells that a child has been ended because it does not boot, which is no order to end', async () => {
  const script = 'setInterval(() => {}, 1_000);';
  const told = toldBy(script);
  const [child] = children as [ChildProcess];
  child.failBoot('it took too long');
  expect(await told).toEqual(['it took too long']);
  expect(child).toMatchObject({ bootFailed: true, killed: true, dismissed: false });
});

it('tells of what a child sends that is not of the protocol, and does not act on it', async () => {
  // process.send('ready') is how apps talk to a process manager, and any task can call it
  const script = `process.send('ready'); process.send({}); process.send(${READY}, () => process.exit(0));`;
  expect(await toldBy(script)).toEqual(['MALFORMED_IPC', 'ready', 'exit code 0']);
});

it('takes the first report of a child alone', async () => {
  const script = `process.send(${READY}); process.send(${READY}, () => process.exit(0));`;
  expect(await toldBy(script)).toEqual(['ready', 'exit code 0']);
});
