import { encodeAttempt } from '../../src/message/attempt-record.js';
import { limitKey } from '../../src/message/limit-tag.js';
import { fairDigest } from '../../src/message/order-tag.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { type CommandLineOptions, inShell, nestwork, onTerminal, startNestwork } from '../support/command-line.js';
import { seedDead } from '../support/dead-tasks.js';
import { declareLimit, limitedMessages, limitKey as readableKey } from '../support/limited-tasks.js';
import { DIGEST } from '../support/worker-digests.js';

const QUEUE = '{nestwork}:queue:default';

let fixture: BrokerFixture;
let options: CommandLineOptions;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  options = { env: { NESTWORK_REDIS_URL: fixture.server.url, NO_COLOR: '1' } };
});
beforeEach(async () => {
  await fixture.child();
  await fixture.redis.hset('{nestwork}:catalog', 'Some.task', '{"name":"Some.task","queue":"default"}');
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

async function seed(count: number): Promise<string[]> {
  const messages = fixture.messages(count);
  await fixture.broker.enqueue('default', messages);
  return messages.map(idOf);
}

describe('a task that a limit holds back', () => {
  const ACME = readableKey('stripe', 'acme');
  let ids: string[];
  beforeEach(async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    const messages = limitedMessages(fixture, 3, { limits: [ACME] });
    await fixture.broker.enqueueLimited('default', messages, { labels: [ACME, 'acme'] });
    await fixture.broker.claim(await fixture.child(), { number: 1, limit: 1, limited: 1, acks: [] });
    ids = messages.map(idOf);
  });

  it('is listed and shown as held back, and counted in its queue', async () => {
    const listed = await nestwork(['tasks', 'ls', '--state', 'pending'], options);
    expect(listed.stdout).toMatch(new RegExp(`^${ids[1]}\theld back\tdefault\tSome\\.task\t`, 'm'));
    const shown = await nestwork(['tasks', 'show', ids[2] ?? ''], options);
    expect(shown.stdout).toMatch(new RegExp(`^${ids[2]} {2}Some\\.task {2}held back in queue default$`, 'm'));
    const queues = await nestwork(['queues', 'ls'], options);
    expect(queues.stdout).toMatch(/^default\t2\t2\t/m);
  });

  it('is explained, cancelled, and purged with its queue', async () => {
    const explained = await nestwork(['tasks', 'explain', ids[2] ?? ''], options);
    expect(explained.stdout).toContain(
      `The limit stripe for acme is full: 1 of 1 places are taken, by Some.task ${ids[0]}.`,
    );
    const cancelled = await nestwork(['tasks', 'cancel', ids[1] ?? '', '--yes'], options);
    expect([cancelled.code, cancelled.stdout]).toEqual([0, expect.stringContaining('which was pending')]);
    const purged = await nestwork(['queues', 'purge', 'default', '--yes'], options);
    expect([purged.code, await fixture.redis.exists('{nestwork}:held:default')]).toEqual([0, 0]);
  });
});

describe('nestwork tasks ls', () => {
  it('lists tasks as lines, and as JSON without arguments', async () => {
    const ids = await seed(2);
    const { code, stdout } = await nestwork(['tasks', 'ls'], options);
    const [head, first] = stdout.split('\n');
    expect([code, head]).toEqual([0, 'ID\tSTATE\tQUEUE\tTASK\tATTEMPT\tTIME\tWORKER']);
    expect(first).toMatch(new RegExp(`^${ids[0]}\tpending\tdefault\tSome\\.task\t1\t\\d{4}-`));
    const json = await nestwork(['tasks', 'ls', '--json', '--order', 'newest', '--task', 'Some.task'], options);
    expect(
      json.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    ).toEqual([...ids].reverse());
  });

  it('shows the worker of an active task and, once that has published it, the start of the attempt', async () => {
    const child = await fixture.child();
    const [first = '', second = ''] = await seed(2);
    await fixture.claim(child, 2);
    const active = [{ id: first, name: 'Some.task', forMs: 61_000 }];
    const [one] = DIGEST.children;
    const digest = { ...DIGEST, children: one ? [{ ...one, active }] : [] };
    await fixture.broker.workers.publish(child.session, digest, 60_000);
    const { stdout } = await nestwork(['tasks', 'ls', '--state', 'active'], options);
    const rows = stdout.split('\n').map((line) => line.split('\t'));
    const started = Date.parse(rows[1]?.[5] ?? '');
    expect(rows.slice(1, 3).map((row) => [row[0], row[5] !== '', row[6]])).toEqual([
      [first, true, 'test:1'],
      [second, false, 'test:1'],
    ]);
    expect((await fixture.now()) - started).toBeGreaterThanOrEqual(61_000);
    const shown = await nestwork(['tasks', 'show', first], options);
    expect(shown.stdout).toMatch(/^started {3}\S+ \S+Z \(1m .*ago\)\nworker {4}test:1, child 4711$/m);
    expect((await nestwork(['tasks', 'show', second], options)).stdout).toMatch(/^worker {4}test:1$/m);
  });

  it('goes on with the cursor that it names', async () => {
    const ids = await seed(3);
    const first = await nestwork(['tasks', 'ls', '--limit', '2'], options);
    expect(first.stderr).toMatch(/Looked at 2 tasks; about 1 are left: --cursor \S+/);
    const [, cursor = ''] = /--cursor (\S+)/.exec(first.stderr) ?? [];
    const second = await nestwork(['tasks', 'ls', '--cursor', cursor, '--json'], options);
    expect(JSON.parse(second.stdout)).toMatchObject({ id: ids[2] });
  });

  it('says on stderr that it found none', async () => {
    const { code, stderr } = await nestwork(['tasks', 'ls', '--task', 'Other.task'], options);
    expect([code, stderr]).toEqual([0, 'No task was found.\n']);
  });

  it.each([
    ['--state', 'dead'],
    ['--queue', 'mial'],
    ['--limit', 'many'],
    ['--cursor', 'x'],
  ])('refuses %s %s with exit code 2', async (...given) => {
    const { code, stdout, stderr } = await nestwork(['tasks', 'ls', ...given], options);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error: /);
  });

  it('ends quietly when its reader has enough', async () => {
    await seed(200);
    const { code, stderr } = await inShell(
      'set +o pipefail; nestwork tasks ls --limit 200 --json | head -n 1',
      options,
    );
    expect([code, stderr.replace(/Looked at .*\n/, '')]).toEqual([0, '']);
  });
});

describe('nestwork tasks show and explain', () => {
  it('name when a task that asked to run again is due, and that it has not failed', async () => {
    const [message = ''] = fixture.messages(1);
    const error = 'RetryTask: The task asked to run again. (caused by Error: 429)';
    const asked = encodeAttempt({ at: 1, attempt: 1, code: 'TASK_FAILED', error });
    const failed = encodeAttempt({ at: 2, attempt: 2, code: 'TASK_FAILED', error: 'Error: no route' });
    await fixture.broker.enqueue('default', [message + asked + failed], { at: (await fixture.now()) + 3_600_000 });
    const { stdout } = await nestwork(['tasks', 'show', idOf(message)], options);
    expect(stdout).toMatch(/^due {7}\S+ \S+ \(in [^)]+\)$/m);
    expect(stdout).not.toMatch(/^enqueued/m);
    expect(stdout.split('\n').filter((line) => /^(retried|failed)/.test(line))).toEqual([
      'retried   1970-01-01 00:00:00Z  it asked to run again (caused by Error: 429)',
      'failed    1970-01-01 00:00:00Z  TASK_FAILED  Error: no route',
    ]);
  });

  it('shows a task in any state, its arguments only when asked', async () => {
    const [id = ''] = await seed(1);
    const plain = await nestwork(['tasks', 'show', id], options);
    expect([plain.code, plain.stdout]).toEqual([
      0,
      expect.stringContaining(`${id}  Some.task  pending in queue default`),
    ]);
    expect(plain.stdout).not.toContain('args');
    expect((await nestwork(['tasks', 'show', id, '--args'], options)).stdout).toMatch(/args {6}\[ 0 \]/);
    const [dead = ''] = await seedDead(fixture, [{}]);
    const { stdout } = await nestwork(['tasks', 'show', idOf(dead), '--json', '--args'], options);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'dead', args: [0], death: { code: 'TASK_FAILED' } });
  });

  it('explains in sentences, and as data', async () => {
    const [id = ''] = await seed(1);
    const { code, stdout } = await nestwork(['tasks', 'explain', id], options);
    expect([code, stdout]).toEqual([0, 'It is the next task of the queue default.\n']);
    const json = await nestwork(['tasks', 'explain', id, '--json'], options);
    expect(JSON.parse(json.stdout)).toMatchObject({ id, code: 'next', task: { state: 'pending', ahead: 0 } });
  });

  it('answers for an id that Redis does not know, and refuses what is none', async () => {
    const id = fixture.ids.next();
    const explained = await nestwork(['tasks', 'explain', id], options);
    expect([explained.code, explained.stdout]).toEqual([0, expect.stringContaining('Redis has no task with this id')]);
    const shown = await nestwork(['tasks', 'show', id], options);
    expect([shown.code, shown.stderr]).toEqual([1, expect.stringContaining('[UNKNOWN_TASK_ID]')]);
    expect(await nestwork(['tasks', 'show', 'x'], options)).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('nestwork tasks cancel', () => {
  it('cancels with --yes, asks on a terminal, and does nothing in a dry run', async () => {
    const [first = '', second = ''] = await seed(2);
    const dry = await nestwork(['tasks', 'cancel', first, '--dry-run'], options);
    expect([dry.code, dry.stderr]).toEqual([0, expect.stringContaining(`it would cancel the pending task ${first}`)]);
    expect(await nestwork(['tasks', 'cancel', first], options)).toMatchObject({ code: 2 });
    expect(await fixture.redis.llen(QUEUE)).toBe(2);
    const { code, stdout } = await nestwork(['tasks', 'cancel', first, '--yes'], options);
    expect([code, stdout]).toEqual([0, `Cancelled ${first}, which was pending.\n`]);
    const asked = await onTerminal(`tasks cancel ${second}`, { ...options, answer: 'y\n' });
    expect(asked.stdout).toContain(`Cancel the pending task ${second} (Some.task) of queue "default" on 127.0.0.1`);
    expect(await fixture.redis.llen(QUEUE)).toBe(0);
    const again = await nestwork(['tasks', 'cancel', first, '--yes'], options);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('was cancelled before')]);
  });
});

describe('nestwork tasks send', () => {
  it('sends JSON arguments and headers to the queue of the task', async () => {
    const args = ['tasks', 'send', 'Some.task', '[7, {"weekly": true}]', '--header', 'tenant=acme', '--json'];
    const { code, stdout } = await nestwork(args, options);
    const { id } = JSON.parse(stdout);
    expect([code, JSON.parse(stdout)]).toEqual([0, { id, task: 'Some.task', queue: 'default', added: true }]);
    const [message] = await fixture.redis.lrange(QUEUE, 0, -1);
    expect(message).toContain('["Some.task",[7,{"weekly":true}],{"headers":{"tenant":"acme"}}]');
    const later = await nestwork(['tasks', 'send', 'Some.task', '--delay', '1h'], options);
    expect(later.stdout).toMatch(/^Sent \w{20} to default\.\n$/);
    expect(await fixture.redis.zcard('{nestwork}:scheduled:default')).toBe(1);
  });

  it('says which task has the key', async () => {
    const send = ['tasks', 'send', 'Some.task', '[]', '--key', 'k'];
    const [, id] = /Sent (\w+)/.exec((await nestwork(send, options)).stdout) ?? [];
    expect(await nestwork(send, options)).toMatchObject({
      code: 0,
      stdout: `Not sent: task ${id} of default has the key.\n`,
    });
  });

  it('sends a task with limits to its line, and needs its keys', async () => {
    const entry = { queue: 'default', limits: [{ name: 'stripe', keyed: true }], fair: true };
    await fixture.redis.hset('{nestwork}:catalog', 'Some.limited', JSON.stringify(entry));
    const send = ['tasks', 'send', 'Some.limited', '[]'];
    const { code, stderr } = await nestwork(send, options);
    expect([code, stderr]).toEqual([2, expect.stringContaining('LIMIT_KEY_NEEDED')]);
    const given = ['--limit-key', 'stripe=acme', '--fair-key', 'acme', '--priority', '3'];
    expect((await nestwork([...send, ...given], options)).stdout).toMatch(/^Sent \w{20} to default\.\n$/);
    const [held = ''] = await fixture.redis.zrange('{nestwork}:held:default', '0', '-1');
    expect(held.startsWith(limitKey('stripe', 'acme') + fairDigest('acme'))).toBe(true);
    expect(held).toContain('o3001aao');
  });

  it.each([
    ['Smoe.task', '[]', 'Did you mean Some.task?'],
    ['Some.task', '[7', 'The arguments are not valid JSON'],
    ['Some.task', '{"secret":1}', 'JSON, but no array'],
  ])('refuses %s with %s', async (task, args, said) => {
    const { code, stdout, stderr } = await nestwork(['tasks', 'send', task, args], options);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(said)]);
    expect(stderr).not.toContain('secret');
    expect(await fixture.redis.llen(QUEUE)).toBe(0);
  });

  it.each([
    ['--at', '1h'],
    ['--header', 'tenant'],
    ['--limit-key', 'acme'],
    ['--priority', '10'],
    ['--queue', 'mial'],
  ])('refuses %s %s', async (...given) => {
    expect(await nestwork(['tasks', 'send', 'Some.task', '[]', ...given], options)).toMatchObject({
      code: 2,
      stdout: '',
    });
  });
});

describe('nestwork tasks run and move', () => {
  it('change the time of a scheduled task', async () => {
    const message = fixture.message();
    await fixture.broker.enqueue('default', [message], { in: 3_600_000 });
    const id = idOf(message);
    const moved = await nestwork(['tasks', 'move', id, '--at', '2040-01-01T00:00:00Z', '--json'], options);
    expect([moved.code, JSON.parse(moved.stdout)]).toEqual([0, { id, moved: 1 }]);
    const [, due] = await fixture.redis.zrange('{nestwork}:scheduled:default', '0', '-1', 'WITHSCORES');
    expect(Number(due)).toBe(Date.UTC(2040, 0, 1));
    const run = await nestwork(['tasks', 'run', id], options);
    expect([run.code, run.stdout]).toEqual([0, `Task ${id} is pending.\n`]);
    expect(await fixture.redis.llen(QUEUE)).toBe(1);
    const again = await nestwork(['tasks', 'move', id, '--delay', '1h'], options);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('its state is pending')]);
  });

  it.each([
    [[], 'Neither --delay nor --at'],
    [['--delay', '1h', '--at', '2040-01-01T00:00:00Z'], 'Both --delay and --at'],
  ])('refuse the times %j', async (times, problem) => {
    const { code, stderr } = await nestwork(['tasks', 'move', '0'.repeat(20), ...times], options);
    expect([code, stderr]).toEqual([2, expect.stringContaining(problem)]);
  });
});

describe('nestwork queues purge', () => {
  it('previews, asks, and purges those that match', async () => {
    await seed(5);
    await fixture.broker.enqueue('default', [fixture.message('Other.task')]);
    const purge = ['queues', 'purge', 'default', '--task', 'Some.task'];
    const dry = await nestwork([...purge, '--dry-run', '--json'], options);
    expect(dry.stdout.trim().split('\n')).toHaveLength(5);
    expect(dry.stderr).toMatch(/it would purge 5 pending tasks of task Some\.task of queue "default" on 127\.0\.0\.1/);
    expect(await nestwork(purge, options)).toMatchObject({ code: 2, stdout: '' });
    expect(await fixture.redis.llen(QUEUE)).toBe(6);
    const { code, stdout } = await nestwork([...purge, '--yes'], options);
    expect([code, stdout]).toEqual([0, 'Purged 5 of the 6 tasks looked at.\n']);
    expect(await fixture.redis.llen(QUEUE)).toBe(1);
  });

  it('takes the age of tasks, and refuses a queue that is not there', async () => {
    await seed(1);
    const young = await nestwork(['queues', 'purge', 'default', '--older-than', '1h', '--yes', '--json'], options);
    expect([young.code, JSON.parse(young.stdout)]).toEqual([0, { purged: 0, looked: 1 }]);
    const unknown = await nestwork(['queues', 'purge', 'mial', '--yes'], options);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('UNKNOWN_QUEUE')]);
  });

  it('ends at Ctrl-C between two batches, and another purge goes on from its cursor', async () => {
    const many = 200_000;
    const messages = Array.from({ length: 1_000 }, () => fixture.message());
    for (let sent = 0; sent < many; sent += messages.length) await fixture.redis.rpush(QUEUE, ...messages);
    const purge = ['queues', 'purge', 'default', '--yes', '--json'];
    const { ended, firstTalk, signal } = startNestwork(purge, options);
    await firstTalk; // a tenth is done
    signal('SIGINT');
    const { code, stdout } = await ended;
    const { purged, cursor } = JSON.parse(stdout);
    expect([code, await fixture.redis.llen(QUEUE)]).toEqual([1, many - purged]);
    const next = await nestwork([...purge, '--cursor', cursor], options);
    expect([next.code, JSON.parse(next.stdout).purged]).toEqual([0, many - purged]);
    expect(await fixture.redis.llen(QUEUE)).toBe(0);
  });

  it('goes on where a purge was stopped', async () => {
    await seed(5);
    const { stdout } = await nestwork(
      ['queues', 'purge', 'default', '--cursor', 'pending-2-3', '--yes', '--json'],
      options,
    );
    expect(JSON.parse(stdout)).toEqual({ purged: 3, looked: 3 });
    expect(await fixture.redis.llen(QUEUE)).toBe(2);
  });
});
