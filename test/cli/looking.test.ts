import { redisKeys } from '../../src/broker/redis/redis-keys.js';
import { idOf } from '../../src/message/task-message.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { type CommandLineOptions, inShell, nestwork, onTerminal } from '../support/command-line.js';
import { seedDead } from '../support/dead-tasks.js';
import { publishWorker } from '../support/worker-digests.js';

let fixture: BrokerFixture;
let options: CommandLineOptions;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  options = { env: { NESTWORK_REDIS_URL: fixture.server.url } };
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** Options of Node.js that write the URL of each loaded module to stderr. */
const LISTING = `--import=${inline(
  `import { register } from 'node:module'; register('${inline(`
  import { writeSync } from 'node:fs';
  export const load = (url, context, next) => (writeSync(2, url + '\\n'), next(url, context));
`)}');`,
)}`;

function inline(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code.trim()).replaceAll("'", '%27')}`;
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

describe('nestwork queues ls', () => {
  beforeEach(async () => {
    await fixture.child(['default', 'bulk']);
    await fixture.broker.enqueue('default', fixture.messages(1_200));
  });

  it('writes a JSON line for each queue of the catalog, with --json', async () => {
    const { code, stdout, stderr } = await nestwork(['queues', 'ls', '--json'], options);
    expect([code, stderr]).toEqual([0, '']);
    expect(linesOf(stdout).map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ queue: 'bulk', pending: 0, served: true }),
      expect.objectContaining({ queue: 'default', pending: 1_200, scheduled: 0, dead: 0 }),
    ]);
  });

  it.each(['queues ls', 'status'])('loads ioredis and no module of Nest: %s', async (line) => {
    const { code, stderr } = await nestwork(line.split(' '), { env: { ...options.env, NODE_OPTIONS: LISTING } });
    expect([code, stderr]).toEqual([0, expect.stringContaining('/node_modules/ioredis/')]);
    expect(linesOf(stderr).filter((line) => line.includes('/@nestjs/'))).toEqual([]);
  });

  it('writes lines with tabs and plain numbers into a pipe', async () => {
    const { stdout } = await nestwork(['queues', 'ls'], options);
    const [head, bulk, ofDefault] = linesOf(stdout).map((line) => line.split('\t'));
    expect(head).toEqual(['QUEUE', 'PENDING', 'HELD', 'SCHEDULED', 'DEAD', 'WAITS', 'SERVED', 'NOTE']);
    expect(bulk?.slice(0, 4)).toEqual(['bulk', '0', '0', '0']);
    expect(ofDefault?.slice(0, 4)).toEqual(['default', '1200', '0', '0']);
    expect(ofDefault?.[5]).toMatch(/^\d+$/);
  });

  it('shows a queue as quiet when each worker that serves it is quiet', async () => {
    await publishWorker(fixture, {}, ['bulk']);
    await publishWorker(fixture, { state: 'quiet' }, ['bulk', 'mail']);
    const { stdout } = await nestwork(['queues', 'ls'], options);
    const served = linesOf(stdout).map((line) => line.split('\t')[6]);
    expect(served).toEqual(['SERVED', 'yes', 'yes', 'quiet']);
  });

  it('draws a table within the width of a terminal, in colours unless NO_COLOR is set', async () => {
    const coloured = await onTerminal('queues ls', { ...options, env: { ...options.env, TERM: 'xterm' } });
    const plain = await onTerminal('queues ls', { ...options, columns: 72, env: { ...options.env, NO_COLOR: '1' } });
    expect(coloured.stdout).toContain('\u001b[1m');
    expect(plain.stdout).not.toContain('\u001b');
    expect(plain.stdout).toContain('1,200');
    for (const line of linesOf(plain.stdout)) expect(line.length).toBeLessThanOrEqual(72);
  });

  it('ends quietly when its reader has enough', async () => {
    const { code, stdout, stderr } = await inShell('nestwork queues ls | head -n 1', options);
    expect([code, stderr]).toEqual([0, '']);
    expect(linesOf(stdout)).toHaveLength(1);
  });
});

describe('nestwork workers ls', () => {
  it('writes lengths of time in words on a terminal, and in milliseconds into a pipe', async () => {
    await publishWorker(fixture);
    const cells = async (line: string, at: number): Promise<(string | undefined)[]> =>
      linesOf((await nestwork(line.split(' '), options)).stdout).map((row) => row.split('\t').at(at));
    expect(await cells('workers ls', 5)).toEqual(['UP', expect.stringMatching(/^36\d{5}$/)]);
    expect(await cells('workers ls --children', -1)).toEqual(['FOR', '61000']);
    const { stdout } = await onTerminal('workers ls --children', { ...options, columns: 60 });
    expect(stdout).toMatch(/ReportTasks.* 1m 1s/);
  });
});

describe('nestwork queues pause', () => {
  it('pauses a queue for a time, with the person and the reason, until it is resumed', async () => {
    await fixture.child(['default']);
    const pause = ['queues', 'pause', 'default', '--for', '1h', '--reason', 'deploy', '--by', 'anna'];
    expect((await nestwork(pause, options)).stdout).toMatch(/^Paused default until \S+ \S+Z\. Active tasks go on\.\n$/);
    const [listed] = linesOf((await nestwork(['queues', 'ls', '--json'], options)).stdout);
    expect(JSON.parse(listed ?? '')).toMatchObject({ queue: 'default', paused: { by: 'anna', reason: 'deploy' } });
    const table = await nestwork(['queues', 'ls'], options);
    expect(table.stdout).toMatch(/paused by anna until \S+ \S+Z: deploy/);
    const resume = ['queues', 'resume', 'default'];
    expect((await nestwork(resume, options)).stdout).toBe('Resumed default.\n');
    expect((await nestwork(resume, options)).stdout).toBe('default was not paused.\n');
    const mistyped = await nestwork(['queues', 'pause', 'defalt'], options);
    expect(mistyped).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean default?') });
  });
});

describe('nestwork dead', () => {
  it('lists the newest first, and leads to the next page', async () => {
    await fixture.child();
    const ids = (await seedDead(fixture, [{}, {}, { report: { code: 'CRASHED' } }])).map(idOf);
    const first = await nestwork(['dead', 'ls', '--limit', '2', '--json'], options);
    expect(linesOf(first.stdout).map((line) => JSON.parse(line).id)).toEqual([ids[2], ids[1]]);
    const [, cursor = ''] = /--cursor (\S+)/.exec(first.stderr) ?? [];
    const second = await nestwork(['dead', 'ls', '--limit', '2', '--cursor', cursor, '--json'], options);
    expect(linesOf(second.stdout).map((line) => JSON.parse(line).id)).toEqual([ids[0]]);
    const crashed = await nestwork(['dead', 'ls', '--code', 'CRASHED', '--json'], options);
    expect(linesOf(crashed.stdout)).toHaveLength(1);
  });

  it('lists task and error in full words on a terminal of 60 columns', async () => {
    await fixture.child();
    const error = 'Error: connect ECONNREFUSED 127.0.0.1:5432';
    const [message = ''] = await seedDead(fixture, [{ report: { task: 'MailTasks.send', error } }]);
    const { stdout } = await onTerminal('dead ls', { columns: 60, env: { ...options.env, NO_COLOR: '1' } });
    const [head, ...rows] = linesOf(stdout).map((line) => line.split(/ {2,}/));
    expect(head).toEqual(['ID', 'TASK', 'ERROR']);
    expect(rows[0]?.slice(0, 2)).toEqual([idOf(message), 'MailTasks.send']);
    expect(rows.map((row) => row.at(-1)).join(' ')).toBe(error);
    for (const line of linesOf(stdout)) expect(line.length).toBeLessThanOrEqual(60);
  });

  it('shows one task, and its arguments only when asked to', async () => {
    await fixture.child();
    const error = 'Error: \u001b[31mforged';
    const [message = ''] = await seedDead(fixture, [
      { message: fixture.message('Some.task', 'secret'), report: { error } },
    ]);
    const shown = await nestwork(['dead', 'show', idOf(message)], options);
    expect(shown.stdout).toContain('Some.task');
    for (const hidden of ['secret', '\u001b']) expect(shown.stdout).not.toContain(hidden);
    const whole = await nestwork(['dead', 'show', idOf(message), '--args', '--json'], options);
    expect(JSON.parse(whole.stdout)).toMatchObject({ id: idOf(message), task: 'Some.task', args: ['secret'] });
  });

  it('says that there is nothing on stderr', async () => {
    const { code, stdout, stderr } = await nestwork(['dead', 'ls', '--json'], options);
    expect([code, stdout, stderr]).toEqual([0, '', 'No dead task matches.\n']);
  });
});

describe('nestwork crons', () => {
  it('lists, shows, pauses, resumes and runs a cron', async () => {
    const cron = {
      schedule: { everyMs: 60_000 },
      missed: 'latest',
      overlap: 'allow',
      disabled: false,
      thresholdMs: 250,
    } as const;
    const place = { queues: ['default'], host: 'h', pid: 1 };
    const name = 'Inbox.poll';
    await fixture.broker.crons.declare([{ name, queue: 'default', ...cron }], 5_000);
    const catalog = [{ name, queue: 'default', crons: [{ ...cron, name }] }];
    await fixture.broker.openSession({ session: 'w-30000', leaseMs: 30_000, ...place, catalog });
    const [listed] = linesOf((await nestwork(['crons', 'ls', '--json'], options)).stdout);
    expect(JSON.parse(listed ?? '')).toMatchObject({ name, queue: 'default', everyMs: 60_000, paused: false });
    expect((await nestwork(['crons', 'pause', name], options)).stdout).toBe(`Paused ${name}. Runs under way go on.\n`);
    expect((await nestwork(['crons', 'ls'], options)).stdout).toContain('paused');
    await nestwork(['crons', 'resume', name], options);
    const run = JSON.parse((await nestwork(['crons', 'run', name, '--json'], options)).stdout);
    expect(run).toMatchObject({ name, queue: 'default', added: true });
    expect(await fixture.redis.llen('{nestwork}:queue:default')).toBe(1);
    const child = await fixture.child();
    const entry = { id: run.id, due: 60_000, attempt: 1, startedAt: 61_500, durationMs: 2_000 };
    await fixture.broker.crons.recordRun(child, name, {
      ...entry,
      outcome: 'failed',
      host: 'web',
      pid: 7,
      error: 'no',
    });
    const { cronRuns } = redisKeys('nestwork');
    await fixture.redis.lpush(cronRuns(name), `120000 skipped ${run.id}`, '180000 missed 1000+ 240000 no-worker');
    const [shown] = linesOf((await nestwork(['crons', 'show', name, '--json'], options)).stdout);
    const { history, ...record } = JSON.parse(shown ?? '');
    expect(record).toMatchObject({ name, missed: 'latest', nextRuns: Array(5).fill(expect.any(String)) });
    expect(history).toEqual([
      expect.objectContaining({ kind: 'missed', count: 1_000, more: true, reason: 'no-worker' }),
      { kind: 'skipped', due: '1970-01-01T00:02:00.000Z', id: run.id },
      expect.objectContaining({ kind: 'run', outcome: 'failed', lateMs: 1_500, durationMs: 2_000 }),
    ]);
    const { stdout } = await nestwork(['crons', 'show', name, '--limit', '2'], options);
    expect(stdout).toMatch(/^Inbox\.poll {2}on, in queue default\nschedule {2}every 1m\nmissed {4}the latest runs\n/);
    expect(stdout).toMatch(/\nlast run {2}failed after 2s, on web\nerror {5}no\nnext {6}\d/);
    expect(stdout.split('\n').slice(-4)).toEqual([
      'DUE\tOUTCOME\tLATE\tTOOK\tATTEMPT\tID\tWHY',
      '1970-01-01T00:03:00.000Z\tmissed 1,000+\t\t\t\t\tno worker could fire it in time',
      `1970-01-01T00:02:00.000Z\tskipped\t\t\t\t\t${run.id} was under way`,
      '',
    ]);
    expect(await nestwork(['crons', 'show', name, '--limit', '101'], options)).toMatchObject({ code: 2 });
    const mistyped = await nestwork(['crons', 'run', 'Inbox.pol'], options);
    expect(mistyped).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('Did you mean Inbox.poll?'),
    });
  });
});

describe('crons that were set at run time', () => {
  const CRON = {
    schedule: { everyMs: 60_000 },
    missed: 'latest',
    thresholdMs: 250,
    overlap: 'allow',
    disabled: false,
  } as const;

  it('are listed in pages, and removed by name', async () => {
    const { runTime } = fixture.broker.crons;
    for (const name of ['tenant-1', 'tenant-2', 'zoo']) {
      await runTime.set({ ...CRON, name, queue: 'default', task: 'Some.task' }, { at: 0 });
    }
    const listed = await nestwork(['crons', 'ls', '--prefix', 'tenant-', '--limit', '1'], options);
    expect(linesOf(listed.stdout)[1]).toMatch(/^tenant-1\t.*\torphaned\t/);
    expect(listed.stdout + listed.stderr).toContain('There may be more: --after tenant-1');
    const rest = await nestwork(['crons', 'ls', '--set', '--after', 'tenant-2', '--json'], options);
    expect(linesOf(rest.stdout).map((line) => JSON.parse(line))).toMatchObject([{ name: 'zoo', set: true }]);
    const removed = await nestwork(['crons', 'rm', 'zoo', '--yes'], options);
    expect(removed.stdout).toBe('Removed zoo. Runs that were enqueued go on.\n');
    expect(await runTime.count()).toBe(2);
    expect((await nestwork(['crons', 'rm', 'zoo', '--yes'], options)).code).not.toBe(0);
  });

  it('name the task that no worker has, where they are shown, listed and run', async () => {
    const { runTime } = fixture.broker.crons;
    await fixture.child(); // a worker that serves the queue without the task
    await runTime.set({ ...CRON, name: 'tenant-1', queue: 'default', task: 'Gone.task' }, { at: 0, by: 'anna' });
    expect(linesOf((await nestwork(['crons', 'ls'], options)).stdout)[1]).toMatch(/\torphaned\t.*\tGone\.task$/);
    const { stdout } = await nestwork(['crons', 'show', 'tenant-1'], options);
    expect(stdout).toMatch(/\ntask {6}Gone\.task\n.*\nset {7}1970-01-01 00:00:00Z .* by anna\n/);
    expect(stdout).toContain('\nnext      none: no live worker has the task Gone.task and serves default\n');
    expect(await nestwork(['crons', 'run', 'tenant-1'], options)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Enqueued \S+ in queue default\.\n$/),
      stderr: expect.stringMatching(
        /^Warning: no live worker has the task Gone\.task and serves default\. The run waits/,
      ),
    });
  });

  it('are shown as ended once their limit is reached', async () => {
    const cron = { ...CRON, name: 'limited', queue: 'default', task: 'Some.task', limit: 2 };
    await fixture.broker.crons.runTime.set(cron, { at: 0 });
    await fixture.redis.hset('{nestwork}:cron-owners', 'default Some.task', Date.now());
    const shown = async () => [
      (await nestwork(['crons', 'ls', '--prefix', 'limited'], options)).stdout,
      (await nestwork(['crons', 'show', 'limited'], options)).stdout,
    ];
    for (const text of await shown()) expect(text).toMatch(/^limited\s+.*\bon\b/m);
    await fixture.redis.hset('{nestwork}:run-time-crons', 'limited fires', 2);
    const [listed, one] = await shown();
    expect(listed).toMatch(/^limited\t.*\tended\t/m);
    expect(one).toMatch(/^limited +ended, in queue default/);
    expect(one).toContain('2 of 2 runs fired');
    expect(one).toMatch(/^next +never$/m);
  });
});
