import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeMessage } from '../../src/message/task-message.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { type CommandLineOptions, inShell, nestwork, onTerminal, startNestwork } from '../support/command-line.js';
import { seedDead } from '../support/dead-tasks.js';
import { freePort } from '../support/free-port.js';
import { LEFT, TerminalScreen } from '../support/terminal-screen.js';
import { publishWorker } from '../support/worker-digests.js';

let fixture: BrokerFixture;
let options: CommandLineOptions;
let directory: string;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  directory = mkdtempSync(join(tmpdir(), 'nestwork-test-'));
  writeFileSync(join(directory, 'nestwork.config.json'), JSON.stringify({ commandTimeout: '300ms' }));
  options = { env: { NESTWORK_REDIS_URL: fixture.server.url }, cwd: directory };
});
afterEach(async () => {
  await fixture.redis.config('SET', 'maxmemory', 0);
  await fixture.reset();
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await fixture.stop();
});

const status = (...args: string[]) => nestwork(['status', ...args], options);

/** A task of the default queue that waits for so long. */
async function waiting(ms: number): Promise<void> {
  const task = { id: fixture.ids.next(), name: 'Some.task', payload: '[]', enqueuedAt: Date.now() - ms };
  await fixture.broker.enqueue('default', [encodeMessage(task)]);
}

const crash = (agoMs: number) => ({ pid: 9, reason: 'exit code 1', agoMs, crashed: true });

describe('nestwork status', () => {
  it('ends with 0 where all is well, and writes one line of JSON with --json', async () => {
    const session = await publishWorker(fixture);
    const { code, stdout, stderr } = await status('--json');
    expect([code, stderr, stdout.trimEnd().split('\n')]).toEqual([0, '', [stdout.trimEnd()]]);
    expect(JSON.parse(stdout)).toMatchObject({
      healthy: true,
      findings: [],
      queues: [{ queue: 'default', workers: 1, pending: 0, outPerMinute: 0 }],
      workers: [{ id: session, running: 1, children: [{ pid: 4_711 }] }],
      throughput: { done: 0, failed: 0 },
      dead: { total: 0, lastHour: 0 },
      crons: [],
    });
  });

  it('writes blocks with tabs and exact figures into a pipe', async () => {
    await publishWorker(fixture);
    await waiting(5_000);
    const { code, stdout, stderr } = await status();
    expect([code, stderr]).toEqual([0, '']);
    const [head, throughput, queues, workers, ...rest] = stdout.trimEnd().split('\n\n');
    expect(head).toMatch(/^healthy\t\d{4}-\d\d-\d\dT\S+Z$/);
    expect(throughput).toBe('DONE\tFAILED\tFAILURE-RATE\tPER-MINUTE\tDIED\n0\t0\t0\t0\t0');
    expect(queues).toMatch(/^QUEUE\tPENDING\tHELD\tOLDEST\t.*\ndefault\t1\t0\t\d{4,}\t.*\tok$/);
    expect(workers).toMatch(/^WORKER\tHOST\tPID\t.*\n\S+-30000\ttest\t1\t.*\trunning$/);
    expect(rest).toEqual([]);
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['no-worker', async () => {}, 'workers ls'],
    [
      'queue-unserved',
      async () => {
        await publishWorker(fixture);
        await fixture.redis.hset('{nestwork}:catalog', '@bulk', '{"queue":"bulk"}');
        await fixture.broker.enqueue('bulk', fixture.messages(3));
      },
      'workers ls',
    ],
    [
      'queue-late',
      async () => {
        await publishWorker(fixture);
        await waiting(90_000);
      },
      'workers ls --children',
    ],
    [
      'dead-tasks',
      async () => {
        await publishWorker(fixture);
        await seedDead(fixture, [{ diedAt: (await fixture.now()) - 60_000 }]);
      },
      'dead ls --since 1h',
    ],
    [
      'memory-short',
      async () => {
        await publishWorker(fixture);
        const [, used = ''] = /used_memory:(\d+)/.exec(await fixture.redis.info('memory')) ?? [];
        await fixture.redis.config('SET', 'maxmemory', Math.ceil(1.01 * Number(used)));
      },
      'doctor',
    ],
    [
      'worker-crashing',
      () => publishWorker(fixture, { restarts: [crash(1_000), crash(2_000), crash(3_000)] }),
      'workers ls --children',
    ],
  ])('ends with 4 for a problem, and names the command: %s', async (code, arrange, command) => {
    await arrange();
    const ended = await status('--json');
    expect([ended.code, ended.stderr]).toEqual([4, '']);
    const { healthy, findings } = JSON.parse(ended.stdout);
    expect(healthy).toBe(false);
    expect(findings).toMatchObject([{ code, severity: 'problem', command: command.split(' ') }]);
    const plain = await status();
    expect([plain.code, plain.stdout]).toEqual([
      4,
      expect.stringMatching(`^problems\t[\\s\\S]*\nproblem\t.*\t${command}\n`),
    ]);
  });

  it.each<[string, () => Promise<unknown>]>([
    [
      'queue-paused',
      async () => {
        await publishWorker(fixture);
        await waiting(90_000);
        await fixture.broker.pauses.pause('default', { forMs: undefined, by: 'anna', reason: undefined });
      },
    ],
    ['worker-quiet', () => publishWorker(fixture, { state: 'quiet' })],
    ['worker-silent', () => fixture.child()],
  ])('ends with 0 for a notice: %s', async (code, arrange) => {
    await arrange();
    const ended = await status('--json');
    expect([ended.code, JSON.parse(ended.stdout).findings]).toEqual([0, [expect.objectContaining({ code })]]);
    expect((await status()).stdout).toContain(`\nnotice\t${code}\t`);
  });

  it('takes limits', async () => {
    await publishWorker(fixture);
    await waiting(90_000);
    await seedDead(fixture, [{ diedAt: (await fixture.now()) - 60_000 }]);
    expect((await status('--max-wait', '1h', '--max-dead', '1')).code).toBe(0);
    expect((await status('--max-wait', '1h')).code).toBe(4);
  });

  it.each([
    [['--watch', '0'], 'Give a whole number from 1 to 3600.'],
    [['--max-dead', 'many'], 'Give a whole number from 0'],
    [['--max-wait', 'long'], 'INVALID_DURATION'],
  ])('refuses %j', async (args, hint) => {
    expect(await status(...args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(hint) });
  });

  it('ends with 3 where Redis is down from the beginning, also with --watch', async () => {
    const place = ['--redis', `redis://127.0.0.1:${await freePort()}`];
    for (const args of [[], ['--watch']])
      expect(await status(...args, ...place)).toMatchObject({
        code: 3,
        stdout: '',
        stderr: expect.stringContaining('REDIS_UNAVAILABLE'),
      });
  });

  it('ends quietly when its reader has enough', async () => {
    await publishWorker(fixture);
    for (const line of ['nestwork status | head -n 1', 'nestwork status --watch 1 | head -n 1']) {
      const { code, stdout, stderr } = await inShell(line, options);
      expect([code, stderr, stdout]).toEqual([0, '', expect.stringMatching(/^healthy\t\S+\n$/)]);
    }
  });

  it('fits the terminal, in colours unless NO_COLOR is set, with commands that say where Redis is', async () => {
    const arranged = ['--namespace', 'nestwork'];
    await fixture.broker.pauses.pause('default', { forMs: 3_600_000, by: 'anna', reason: 'deploy' });
    await publishWorker(fixture);
    const coloured = await onTerminal(`status ${arranged.join(' ')}`, {
      ...options,
      env: { ...options.env, TERM: 'xterm' },
    });
    expect(coloured).toMatchObject({ code: 0, stdout: expect.stringContaining('\u001b[32m●') });
    const plain = await onTerminal(`status ${arranged.join(' ')}`, {
      ...options,
      columns: 50,
      env: { ...options.env, NO_COLOR: '1' },
    });
    expect(plain.stdout).toMatch(/^● Healthy, 1 notice/);
    expect(plain.stdout.replace(/\s+/g, ' ')).toContain('npx nestwork queues resume default --namespace nestwork');
    expect(plain.stdout).not.toContain('\u001b');
    for (const line of plain.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(50);
  });
});

describe('nestwork status --watch', () => {
  it('writes a JSON line each time, until Ctrl-C', async () => {
    await publishWorker(fixture);
    const watching = startNestwork(['status', '--watch', '1', '--json'], options);
    await watching.wrote(/\n[^\n]+\n/);
    watching.signal('SIGINT');
    const { code, stdout, stderr } = await watching.ended;
    expect([code, stderr]).toEqual([0, '']);
    const reports = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(reports.length).toBeGreaterThan(1);
    for (const { healthy } of reports) expect(healthy).toBe(true);
  });

  it('says that Redis is away, goes on when it is back, and ends at once meanwhile', async () => {
    await publishWorker(fixture);
    const watching = startNestwork(['status', '--watch', '1'], options);
    await watching.wrote(/^healthy/);
    await fixture.server.kill();
    await watching.wrote(/warning: No answer from Redis, trying again\./);
    await fixture.server.restart();
    await watching.wrote(/Redis answers again\.[\s\S]*problems/);
    fixture.server.pause();
    watching.signal('SIGINT');
    const { code, stderr } = await watching.ended;
    fixture.server.resume();
    expect([code, stderr.match(/warning/g)]).toEqual([0, ['warning']]);
  });

  it('redraws in place on a terminal, and leaves the last status behind on q', async () => {
    await publishWorker(fixture);
    const screen = new TerminalScreen('status --watch 1', options);
    try {
      await screen.shows(/● Healthy/);
      await waiting(90_000);
      await screen.shows(/● 1 problem/);
      await screen.resize(40, 8);
      await screen.shows(/^… \d+ more lines$/);
      for (const line of screen.frame) expect(line.length).toBeLessThanOrEqual(40);
      screen.type('q');
      expect(await screen.ended).toBe(0);
      const [, after = ''] = screen.output.split(LEFT);
      expect(after).toMatch(/1 problem[\s\S]*default[\s\S]*<restored>/);
    } finally {
      await screen.close();
    }
  });
});
