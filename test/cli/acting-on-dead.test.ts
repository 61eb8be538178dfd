import { idOf } from '../../src/message/task-message.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { type CommandLineOptions, inShell, nestwork, onTerminal, startNestwork } from '../support/command-line.js';
import { seedDead } from '../support/dead-tasks.js';

const DEAD = '{nestwork}:dead:default';
const QUEUE = '{nestwork}:queue:default';

let fixture: BrokerFixture;
let options: CommandLineOptions;
let ids: string[];
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  options = { env: { NESTWORK_REDIS_URL: fixture.server.url, NO_COLOR: '1' } };
});
beforeEach(async () => {
  await fixture.child();
  ids = (await seedDead(fixture, [{}, { report: { code: 'CRASHED' } }, {}])).map(idOf);
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** How many are dead, and how many wait. */
async function places(): Promise<[dead: number, pending: number]> {
  return [await fixture.redis.zcard(DEAD), await fixture.redis.llen(QUEUE)];
}

it('nestwork actions ls shows what was done, with its author', async () => {
  expect((await nestwork(['actions', 'ls'], options)).stderr).toContain('No action is recorded');
  await nestwork(['dead', 'redrive', ids[0] ?? '', '--yes', '--by', 'anna'], options);
  await nestwork(['dead', 'delete', '--code', 'CRASHED', '--yes', '--by', 'bert\u001b[31m'], options);
  const { stdout } = await nestwork(['actions', 'ls', '--json'], options);
  const [last, first] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(first).toMatchObject({ by: 'anna', action: 'redrive', subject: ids[0], count: 1 });
  expect(last).toMatchObject({ action: 'delete', subject: expect.stringContaining('code=CRASHED until='), count: 1 });
  const ofAnna = await nestwork(['actions', 'ls', '--by', 'anna', '--since', '1h', '--json'], options);
  expect(JSON.parse(ofAnna.stdout)).toEqual(first);
  const deletions = await nestwork(['actions', 'ls', '--action', 'delete', '--json'], options);
  expect(JSON.parse(deletions.stdout)).toEqual(last);
  expect((await nestwork(['actions', 'ls', '--by', 'carl'], options)).stderr).toBe('No action matches.\n');
  const lines = (await nestwork(['actions', 'ls', '--limit', '1'], options)).stdout;
  // below the names of its columns
  expect(lines.trim().split('\n')).toHaveLength(2);
  expect(lines).not.toContain('\u001b');
});

describe('nestwork dead redrive', () => {
  it('lets one task run again by its id', async () => {
    const { code, stdout } = await nestwork(['dead', 'redrive', ids[0] ?? '', '--yes'], options);
    expect([code, stdout]).toEqual([0, `Redriven ${ids[0]}.\n`]);
    expect(await places()).toEqual([2, 1]);
    const again = await nestwork(['dead', 'redrive', ids[0] ?? '', '--yes'], options);
    expect(again).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('UNKNOWN_TASK_ID') });
  });

  it('lets one task run again with other arguments, and refuses what is no array of one task', async () => {
    const redrive = (...rest: string[]) => nestwork(['dead', 'redrive', ...rest, '--yes'], options);
    expect(await redrive(ids[0] ?? '', '--args', '{"a":1}')).toMatchObject({ code: 2 });
    expect(await redrive('--all', '--args', '[1]')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('one task'),
    });
    expect(await places()).toEqual([3, 0]);
    const { code, stdout } = await redrive(ids[0] ?? '', '--args', '["é", 8]');
    expect([code, stdout]).toEqual([0, `Redriven ${ids[0]}.\n`]);
    expect(await fixture.redis.lindex(QUEUE, 0)).toContain('["Some.task",["é",8]]');
  });

  it('lets the tasks of one error run again by the key that dead groups shows', async () => {
    const groups = await nestwork(['dead', 'groups', '--json'], options);
    const crashed = groups.stdout.split('\n').find((line) => line.includes('CRASHED')) ?? '{}';
    const { key, count } = JSON.parse(crashed);
    expect(count).toBe(1);
    expect((await nestwork(['dead', 'redrive', '--group', key, '--yes'], options)).stdout).toBe('Redriven 1.\n');
    expect(await places()).toEqual([2, 1]);
  });

  it('lets all that match run again, and reports it as JSON', async () => {
    const { code, stdout } = await nestwork(['dead', 'redrive', '--code', 'CRASHED', '--yes', '--json'], options);
    expect([code, JSON.parse(stdout)]).toEqual([0, { redriven: 1, refused: 0 }]);
    expect(await places()).toEqual([2, 1]);
  });

  it('takes at most --limit tasks, those that died first, and goes on from its cursor', async () => {
    const redrive = ['dead', 'redrive', '--all', '--limit', '2'];
    const dry = await nestwork([...redrive, '--dry-run', '--json'], options);
    expect(
      dry.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    ).toEqual(ids.slice(0, 2));
    expect(dry.stderr).toContain('it would redrive 2 of 3 dead tasks of all queues');
    const { code, stdout } = await nestwork([...redrive, '--yes'], options);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^Redriven 2\. There are more\. Go on with --cursor \S+\n$/),
    ]);
    expect(await places()).toEqual([1, 2]);
    expect(await fixture.redis.zrange(DEAD, '0', '-1')).toEqual(ids.slice(2));
    const [, cursor = ''] = /--cursor (\S+)/.exec(stdout) ?? [];
    const next = await nestwork([...redrive, '--yes', '--cursor', cursor], options);
    expect([next.code, next.stdout]).toEqual([0, 'Redriven 1.\n']);
  });

  it('refuses --limit without a filter, and with an id', async () => {
    for (const given of [[], [ids[0] ?? '']]) {
      const { code } = await nestwork(['dead', 'redrive', ...given, '--limit', '2', '--yes'], options);
      expect(code).toBe(2);
    }
    expect(await places()).toEqual([3, 0]);
  });

  it('shows which tasks it would take, and takes none, with --dry-run', async () => {
    const { code, stdout, stderr } = await nestwork(['dead', 'redrive', '--all', '--dry-run', '--json'], options);
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(3);
    expect(stderr).toContain('it would redrive 3 dead tasks of all queues on 127.0.0.1');
    expect(await places()).toEqual([3, 0]);
  });

  it('shows the tasks that it takes first, one queue after another, with --dry-run, --limit and --cursor', async () => {
    await fixture.child(['bulk']);
    const [newest = ''] = (await seedDead(fixture, [{ queue: 'bulk', diedAt: Date.now() - 1_000 }])).map(idOf);
    const redrive = ['dead', 'redrive', '--all', '--limit', '2'];
    const shown = async (...more: string[]): Promise<string[]> => {
      const { stdout } = await nestwork([...redrive, '--dry-run', '--json', ...more], options);
      return stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).id);
    };
    expect(await shown()).toEqual([newest, ids[0]]);
    const { stdout } = await nestwork([...redrive, '--yes'], options);
    const [, cursor = ''] = /--cursor (\S+)/.exec(stdout) ?? [];
    expect(await shown('--cursor', cursor)).toEqual(ids.slice(1));
  });

  it('leaves a task that dies while the question stands', async () => {
    const running = onTerminal('dead redrive --all', {
      ...options,
      answer: 'y\n',
      beforeAnswer: () => seedDead(fixture, [{ diedAt: Date.now() + 1 }]),
    });
    expect((await running).stdout).toContain('Redriven 3.');
    expect(await places()).toEqual([1, 3]);
  });

  it('refuses to act on all tasks for an id that is missing', async () => {
    const { code, stderr } = await inShell('nestwork dead redrive $NOTHING --yes', options);
    expect([code, stderr]).toEqual([2, expect.stringContaining('Add --all')]);
    expect(await places()).toEqual([3, 0]);
  });
});

it.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends a redrive between two batches, with its progress, a cursor to go on and exit code 1',
  async (name) => {
    const many = 20_000;
    await seedDead(fixture, Array(many - ids.length).fill({}));
    const { ended, firstTalk, signal } = startNestwork(['dead', 'redrive', '--all', '--yes', '--json'], options);
    await firstTalk; // a tenth is done
    signal(name);
    const { code, stdout } = await ended;
    const { handled, cursor, ...rest } = JSON.parse(stdout);
    expect([code, rest]).toEqual([1, { total: many, stopped: true }]);
    expect(await places()).toEqual([many - handled, handled]);
    expect(handled).toBeLessThan(many);
    const next = await nestwork(['dead', 'redrive', '--all', '--yes', '--json', '--cursor', cursor], options);
    expect([next.code, JSON.parse(next.stdout)]).toEqual([0, { redriven: many - handled, refused: 0 }]);
  },
);

describe('nestwork dead delete', () => {
  it('needs --yes without a terminal', async () => {
    const { code, stdout, stderr } = await nestwork(['dead', 'delete', '--all'], options);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      /Delete 3 dead tasks of all queues on 127\.0\.0\.1:\d+, namespace nestwork\?.*\[INVALID_USAGE\]/,
    );
    expect(await places()).toEqual([3, 0]);
  });

  it.each([
    ['y\n', 0, 'Deleted 3.'],
    ['n\n', 3, 'Nothing is changed.'],
    ['\u0003', 3, 'Nothing is changed.'],
  ])('asks on a terminal, for the answer %j leaves %i tasks', async (answer, left, said) => {
    const { code, stdout } = await onTerminal('dead delete --all', { ...options, answer });
    expect(stdout).toContain('Delete 3 dead tasks of all queues');
    expect(stdout).toContain(said);
    expect(code).toBe(0);
    expect(await places()).toEqual([left, 0]);
  });
});
