import type { Claimant, LimitDeclaration } from '../../src/broker/port/broker.js';
import type { LimitKeyReport, LimitReport } from '../../src/inspector/limits/limit-report.js';
import { limitKey } from '../../src/message/limit-tag.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { type CommandLineOptions, nestwork } from '../support/command-line.js';
import { limitedMessage, limitedMessages } from '../support/limited-tasks.js';

const STRIPE: LimitDeclaration = { name: 'stripe', concurrency: 1, keyed: true, ordered: false };
const MAIL = { name: 'queue mail', intervalUs: 50_000, burst: 3, keyed: false, ordered: false, queue: 'mail' };
const FILES: LimitDeclaration = { name: 'files', concurrency: 1, keyed: false, ordered: true };
const ACME = limitKey('stripe', 'acme');

let fixture: BrokerFixture;
let options: CommandLineOptions;
let child: Claimant;
let running: string;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  options = { env: { NESTWORK_REDIS_URL: fixture.server.url, NO_COLOR: '1' } };
});
/** Two tasks of acme, of which one runs. */
beforeEach(async () => {
  const session = `s${fixture.ids.next()}-30000`;
  const place = { queues: ['default', 'mail'], host: 'test', pid: 1, catalog: [] };
  await fixture.broker.openSession({ session, leaseMs: 30_000, ...place, limits: [STRIPE, MAIL, FILES] });
  await fixture.broker.register(session, `${session}.1`);
  const messages = limitedMessages(fixture, 2, { limits: [ACME] });
  await fixture.broker.enqueueLimited('default', messages, { labels: [ACME, 'acme'] });
  child = { session, child: `${session}.1`, queues: ['default'] };
  const { tasks } = await fixture.broker.claim(child, { number: 1, limit: 1, limited: 1, acks: [] });
  running = tasks[0]?.id ?? '';
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

async function json<T>(...args: readonly string[]): Promise<T> {
  return JSON.parse((await nestwork([...args, '--json'], options)).stdout) as T;
}

describe('nestwork limits ls', () => {
  it('lists the limits with what they allow, what is used and what waits', async () => {
    const { code, stdout } = await nestwork(['limits', 'ls'], options);
    const rows = stdout.split('\n').map((line) => line.split('\t'));
    expect(code).toBe(0);
    expect(rows).toEqual([
      ['LIMIT', 'FOR', 'ALLOWS', 'USED', 'WAITING', 'NEXT', 'SET', 'OWN KEYS'],
      ['files', 'all calls, in order', '1 at once', '0 of 1', '0', '', '', '0'],
      ['queue mail', 'the queue', '20/s (burst 3)', '0', '0', '', '', '0'],
      ['stripe', 'each key', '1 at once', '1 with 1 key', '1', '', '', '0'],
      [''],
    ]);
  });

  it('counts the tasks that wait, and where there are too many lines, those', async () => {
    await fixture.broker.enqueueLimited('default', limitedMessages(fixture, 3, { limits: [ACME] }), {});
    const waiting = async (): Promise<string | undefined> => {
      const { stdout } = await nestwork(['limits', 'ls'], options);
      return stdout.split('\n')[3]?.split('\t')[4];
    };
    expect(await waiting()).toBe('4');
    await nestwork(['limits', 'set', 'stripe', '--all-keys', '--concurrency', '0'], options);
    const others = Array.from({ length: 100 }, (_, at) => limitKey('stripe', `tenant ${at}`));
    // their priority keeps them from the list
    const messages = others.map((limit) => limitedMessage(fixture, { limits: [limit], priority: 1 }));
    await fixture.broker.enqueueLimited('default', messages, {});
    expect(await waiting()).toBe('in 101 lines');
    const { stdout } = await nestwork(['limits', 'show', 'stripe'], options);
    expect(stdout).toContain('\nwaiting   the tasks of 101 lines');
  });

  it('goes on with the cursor that it names', async () => {
    const { stderr } = await nestwork(['limits', 'ls', '--limit', '2'], options);
    const [, cursor = ''] = /There are more: --cursor (\S+)/.exec(stderr) ?? [];
    expect(await json<LimitReport>('limits', 'ls', '--cursor', cursor)).toMatchObject({ name: 'stripe' });
  });

  it('says on stderr that there is none', async () => {
    await fixture.redis.del('{nestwork}:limits');
    expect(await nestwork(['limits', 'ls'], options)).toMatchObject({ code: 0, stderr: 'No limit was found.\n' });
  });
});

describe('nestwork limits show', () => {
  it('shows what is declared, what is set and by whom, and how it stands', async () => {
    await nestwork(['limits', 'set', 'stripe', '--all-keys', '--rate', '2/h', '--by', 'anna', '--for', '1h'], options);
    const { stdout } = await nestwork(['limits', 'show', 'stripe'], options);
    const lines = stdout.trim().split('\n');
    expect(lines[0]).toBe('stripe  for each key');
    expect(lines[1]).toBe('allows    1 at once, 2/h (burst 1)');
    expect(lines[2]).toBe('declared  1 at once');
    expect(lines[3]).toMatch(/^set {7}2\/h \(burst 1\) by anna until \d{4}-/);
    expect(lines[4]).toMatch(/^since {5}\d{4}-/);
    expect(lines.slice(5)).toEqual(['used      1 with 1 key', 'waiting   1 task']);
  });

  it('shows one key, and lists those that are in use', async () => {
    await nestwork(['limits', 'set', 'stripe', '--key', 'acme', '--concurrency', '0'], options);
    const { stdout } = await nestwork(['limits', 'show', 'stripe', '--key', 'acme'], options);
    expect(stdout).toMatch(/^stripe {2}acme\nallows {4}0 at once\nset {7}0 at once by \S+ until it is reset\n/);
    expect(await json<LimitKeyReport>('limits', 'show', 'stripe', '--keys')).toMatchObject({
      ...{ key: 'acme', used: 1, waitingLines: 1, concurrency: 0 },
    });
    const listed = await nestwork(['limits', 'show', 'stripe', '--keys'], options);
    expect(listed.stdout.split('\n')[1]?.split('\t').slice(0, 4)).toEqual(['acme', '0 at once', '1 of 0', '1']);
  });

  it.each([
    [['--limit', '5'], '--limit is given without --keys'],
    [['--keys', '--key', 'acme'], '--keys is given beside --key'],
  ])('refuses %j', async (given, words) => {
    const { code, stderr } = await nestwork(['limits', 'show', 'stripe', ...given], options);
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
  });

  it.each([[['--keys']], [['--key', 'acme']]])('refuses %j for a limit without keys', async (given) => {
    const { code, stderr } = await nestwork(['limits', 'show', 'queue mail', ...given], options);
    const words = `The limit 'queue mail' has no keys, and ${given[0]} is given.`;
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
  });

  it('asks whether the limit of a queue was meant where the name of that is given', async () => {
    const { code, stderr } = await nestwork(['limits', 'show', 'mail'], options);
    expect([code, stderr]).toEqual([2, expect.stringContaining("Did you mean 'queue mail'?")]);
  });

  it('refuses an unknown name with exit code 2 and the name that was meant', async () => {
    const { code, stderr } = await nestwork(['limits', 'show', 'strpie'], options);
    expect([code, stderr]).toEqual([2, expect.stringContaining('No limit strpie is known. Did you mean stripe?')]);
  });
});

describe('nestwork limits set and reset', () => {
  it('change a key and end that, with words for both', async () => {
    const set = ['limits', 'set', 'stripe', '--key', 'acme', '--concurrency', 'none', '--rate', '200/s', '--for', '1d'];
    const first = await nestwork([...set, '--by', 'anna'], options);
    expect(first.stdout).toMatch(
      /^Set stripe for acme to any number at once, 200\/s \(burst 10\) by anna until \d{4}-\S+ \S+Z\.\n$/,
    );
    const again = ['limits', 'set', 'stripe', '--key', 'acme', '--concurrency', '7', '--by', 'bob'];
    expect((await nestwork(again, options)).stdout).toMatch(
      /^Set .* to 7 at once by bob until it is reset\. Its rate is that of all keys\. This replaces any number at once, 200\/s \(burst 10\) by anna until \S+ \S+Z\.\n$/,
    );
    const { stdout: recorded } = await nestwork(['actions', 'ls'], options);
    const subjects = recorded.split('\n').map((line) => line.split('\t').at(-1));
    expect(subjects.slice(1, 3)).toEqual([
      'stripe acme: 7 at once',
      expect.stringMatching(/^stripe acme: any number at once, 200\/s \(burst 10\) until \S+ \S+Z$/),
    ]);
    const reset = ['limits', 'reset', 'stripe', '--key', 'acme'];
    expect((await nestwork(reset, options)).stdout).toBe(
      'Reset stripe for acme. It was set to 7 at once by bob until it is reset.\n',
    );
    expect((await nestwork(reset, options)).stdout).toBe(
      'Nothing was set for stripe for acme, and no task had stopped it.\n',
    );
    expect(await json('limits', 'reset', 'queue mail')).toEqual({ limit: 'queue mail', reset: false });
    expect((await nestwork(['limits', 'set', 'queue mail', '--rate', '1/s'], options)).stdout).toMatch(
      /^Set queue mail to 1\/s \(burst 1\) by \S+ until it is reset\. Its concurrency is as declared\.\n$/,
    );
  });

  it('give a queue a limit that no app declares, and take it away', async () => {
    const set = await nestwork(['limits', 'set', 'queue default', '--rate', '5/s', '--by', 'anna'], options);
    expect([set.code, set.stdout]).toEqual([
      ...[0, 'Set queue default to 5/s (burst 1) by anna until it is reset. Its concurrency has no limit.\n'],
    ]);
    const shown = await nestwork(['limits', 'show', 'queue default'], options);
    expect(shown.stdout).toMatch(/^queue default {2}of the queue default\nallows .*\ndeclared {2}by no worker\n/);
    await nestwork(['limits', 'reset', 'queue default'], options);
    const gone = await nestwork(['limits', 'show', 'queue default'], options);
    expect([gone.code, gone.stderr]).toEqual([2, expect.stringContaining('The queue default has no limit.')]);
  });

  it('lift the stop of a task, which show names', async () => {
    const stop = { limit: ACME, ms: 3_600_000 };
    const again = { inMs: 0, failures: 0, line: '\n{"at":7}', counts: true, stop };
    await fixture.broker.retry(child, { id: running, queue: 'default' }, again);
    const { stdout } = await nestwork(['limits', 'show', 'stripe', '--key', 'acme'], options);
    expect(stdout).toMatch(/\nstopped {3}by a task until \d{4}-\S+ \S+Z \(in [^)]+\)\n$/);
    const reset = await nestwork(['limits', 'reset', 'stripe', '--key', 'acme'], options);
    expect(reset.stdout).toMatch(
      /^Reset stripe for acme\. A task had stopped it until \d{4}-\S+ \S+Z \(in [^)]+\)\.\n$/,
    );
  });

  it.each([
    [
      ['stripe', '--rate', '1/s'],
      /^error: The limit stripe has keys, and none is given\.[^`]*--key acme[^`]*--all-keys/,
    ],
    [['stripe', '--key', 'acme'], /^error: Neither --concurrency nor --rate is given/],
    [['stripe', '--key', 'acme', '--all-keys', '--rate', '1/s'], /^error: --all-keys is given beside --key/],
    [['stripe', '--key', 'acme', '--burst', '3'], /^error: --burst is given without a rate/],
    [['stripe', '--key', 'acme', '--burst', '3', '--rate', 'none'], /^error: --burst is given without a rate/],
    [['stripe', '--key', 'acme', '--rate', '1/s', '--for', '0s'], /^error: --for is 0/],
    [['stripe', '--key', 'acme', '--concurrency', 'many'], /--concurrency is/],
    [['stripe', '--key', 'acme', '--rate', 'fast'], /--rate/],
    [
      ['queue mail', '--key', 'acme', '--rate', '1/s'],
      /^error: The limit 'queue mail' has no keys, and --key is given/,
    ],
    [
      ['queue mail', '--all-keys', '--rate', '1/s'],
      /^error: The limit 'queue mail' has no keys, and --all-keys is given/,
    ],
    [['files', '--concurrency', '2'], /^error: --concurrency is 2, and the limit files keeps the order/],
    [['files', '--concurrency', 'none'], /^error: --concurrency is none, and the limit files keeps the order/],
    [['other', '--rate', '1/s'], /UNKNOWN_LIMIT/],
  ])('refuse %j with exit code 2', async (given, words) => {
    const { code, stderr } = await nestwork(['limits', 'set', ...given], options);
    expect([code, stderr]).toEqual([2, expect.stringMatching(words)]);
  });

  it('close a limit that keeps the order', async () => {
    const set = await nestwork(['limits', 'set', 'files', '--concurrency', '0'], options);
    expect([set.code, set.stdout]).toEqual([0, expect.stringMatching(/^Set files to 0 at once by /)]);
  });

  it('refuse a reset without a key of a limit with keys', async () => {
    const { code, stderr } = await nestwork(['limits', 'reset', 'stripe'], options);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^error: The limit stripe has keys, and none is given/)]);
  });
});
