import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BrokerFixture } from '../support/broker-fixture.js';
import { type CommandLineOptions, nestwork, onTerminal } from '../support/command-line.js';
import { LEFT, TerminalScreen } from '../support/terminal-screen.js';
import { DIGEST, publishWorker } from '../support/worker-digests.js';

let fixture: BrokerFixture;
let options: CommandLineOptions;
let directory: string;
let screen: TerminalScreen | undefined;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  directory = mkdtempSync(join(tmpdir(), 'nestwork-test-'));
  writeFileSync(join(directory, 'nestwork.config.json'), JSON.stringify({ commandTimeout: '300ms' }));
  options = { env: { NESTWORK_REDIS_URL: fixture.server.url }, cwd: directory };
});
beforeEach(() => publishWorker(fixture));
afterEach(async () => {
  await screen?.close();
  screen = undefined;
  await fixture.reset();
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await fixture.stop();
});

function top(
  size: { readonly columns?: number; readonly rows?: number } = {},
  env: Record<string, string> = {},
): TerminalScreen {
  screen = new TerminalScreen('top', { ...options, ...size, env: { ...options.env, ...env } });
  return screen;
}

const TASK = /1m \d+s +ReportTasks\.send +0123456789abcdefghij +4711/;

it('nestwork top needs a terminal, and writes no JSON', async () => {
  expect(await nestwork(['top'], options)).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('top needs a terminal on stdout.'),
  });
  const { code, stdout } = await onTerminal('top --json', options);
  expect([code, stdout]).toEqual([2, expect.stringContaining('status --watch')]);
});

describe('nestwork top', () => {
  it('shows queues and active tasks, and lets workers publish more often', async () => {
    await fixture.broker.enqueue('default', fixture.messages(1_234));
    const shown = top();
    await shown.shows(TASK);
    expect(shown.frame[0]).toMatch(/^● Healthy .*127\.0\.0\.1:\d+, namespace nestwork {2}\d\d:\d\d:\d\dZ$/);
    expect(shown.frame).toContainEqual(expect.stringMatching(/^default +1,234 +█{16} /));
    expect(await fixture.redis.pttl('{nestwork}:watched')).toBeGreaterThan(0);
  });

  it.each<[string, (shown: TerminalScreen) => unknown]>([
    ['q', (shown) => shown.type('q')],
    ['Ctrl-C', (shown) => shown.type('\u0003')],
    ['SIGINT', (shown) => shown.signal('SIGINT')],
    ['SIGTERM', (shown) => shown.signal('SIGTERM')],
    ['SIGHUP', (shown) => shown.signal('SIGHUP')],
  ])('gives the terminal back on %s, and ends with 0', async (_, end) => {
    const shown = top();
    await shown.shows(TASK);
    await end(shown);
    expect(await shown.ended).toBe(0);
    expect(shown.output).toContain(LEFT);
    expect(shown.output).toMatch(/<restored>\s*$/);
  });

  it('gives the terminal back on an error, whose text stays', async () => {
    const throwing = "data:text/javascript,process.on('SIGUSR2',()=>{throw%20new%20Error('boom')})";
    const shown = top({}, { NODE_OPTIONS: `--import=${throwing}` });
    await shown.shows(TASK);
    await shown.signal('SIGUSR2');
    expect(await shown.ended).toBe(1);
    const [, after] = shown.output.split(LEFT);
    expect(after).toMatch(/Error: boom[\s\S]*<restored>/);
  });

  it('works in 40 columns and 10 rows, scrolls, and draws again in another size', async () => {
    const active = Array.from({ length: 20 }, (_, at) => ({ id: `task-${at}`, name: 'Some.task', forMs: 20_000 - at }));
    await fixture.redis.flushall();
    await publishWorker(fixture, { children: DIGEST.children.map((child) => ({ ...child, active, running: 20 })) });
    const shown = top({ columns: 60, rows: 10 });
    await shown.shows(/ 1-7 of 20$/);
    expect(shown.frame).toHaveLength(10);
    expect(shown.frame[2]).toMatch(/Some\.task +task-0 /);
    shown.type('\u001b[B');
    await shown.shows(/ 2-8 of 20$/);
    shown.type('\u001b[6~');
    await shown.shows(/ 9-15 of 20$/);
    await shown.resize(40, 24);
    await shown.until('24 lines', () => shown.frame.length === 24);
    for (const line of shown.frame) expect(line.length).toBeLessThanOrEqual(40);
  });

  it('says that Redis is away, keeps its figures, and goes on when it is back', async () => {
    const shown = top();
    await shown.shows(TASK);
    await fixture.server.kill();
    await shown.shows(/^No answer from Redis, trying again; the figures are of /);
    expect(shown.frame).toContainEqual(expect.stringMatching(/ReportTasks\.send/));
    await fixture.server.restart();
    await shown.shows(/● 1 problem/);
    await publishWorker(fixture);
    await shown.shows(TASK);
    shown.type('q');
    expect(await shown.ended).toBe(0);
  });
});
