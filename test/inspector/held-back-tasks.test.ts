/** Tasks with limits, tenants and priorities, as an inspector shows them. */
import type { Claimant } from '../../src/broker/port/broker.js';
import { createInspector } from '../../src/inspector/create-inspector.js';
import type { Inspector } from '../../src/inspector/inspector.js';
import type { TaskExplanation } from '../../src/inspector/tasks/task-explanation.js';
import { encodeUnique } from '../../src/message/unique-key.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { arrive, declareLimit, limitedMessage, limitedMessages, limitKey } from '../support/limited-tasks.js';

const BY = { by: 'anna' };
const ACME = limitKey('stripe', 'acme');
const GLOBEX = limitKey('stripe', 'globex');
const LIMITS = '{nestwork}:limits';

let fixture: BrokerFixture;
let inspector: Inspector;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  inspector = await createInspector({ redis: fixture.settings });
});
beforeEach(async () => {
  await fixture.child(['default', 'mail']);
  await fixture.redis.hset('{nestwork}:catalog', 'Some.task', '{"name":"Some.task","queue":"default"}');
  await declareLimit(fixture, 'stripe', { most: 1 });
});
afterEach(() => fixture.reset());
afterAll(async () => {
  await inspector.close();
  await fixture.stop();
});

async function send(...messages: string[]): Promise<void> {
  const labels = messages.some((message) => message.includes(ACME)) ? [ACME, 'acme'] : [];
  await fixture.broker.enqueueLimited('default', messages, { labels });
}

/** So many tasks of one key: a child holds the first, and the others are held back. */
async function heldBack(count: number): Promise<string[]> {
  const messages = limitedMessages(fixture, count, { limits: [ACME] });
  await send(...messages);
  const child = await fixture.child();
  await fixture.broker.claim(child, { number: 1, limit: 1, limited: 1, acks: [] });
  return messages;
}

function explain(message: string): Promise<TaskExplanation> {
  return inspector.tasks.explain(idOf(message));
}

describe('the list of tasks', () => {
  it('has pending tasks in lines behind the others, with those that a limit holds back marked', async () => {
    const [, first = '', second = ''] = await heldBack(3);
    const free = limitedMessage(fixture, { limits: [GLOBEX], priority: 1 });
    const [plain = ''] = fixture.messages(1);
    await send(free);
    await fixture.broker.enqueue('default', [plain]);
    const { tasks, cursor } = await inspector.tasks.list({ state: 'pending' });
    expect([tasks.map(({ id, state, heldBack: held }) => [id, state, held]), cursor]).toEqual([
      [
        [idOf(plain), 'pending', false],
        [idOf(first), 'pending', true],
        [idOf(second), 'pending', true],
        [idOf(free), 'pending', false],
      ],
      undefined,
    ]);
  });

  it('goes on within the lines from page to page', async () => {
    const messages = limitedMessages(fixture, 5, { priority: 3 });
    await send(...messages);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await inspector.tasks.list({ limit: 2, ...(cursor !== undefined && { cursor }) });
      seen.push(...page.tasks.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(messages.map(idOf));
  });

  it('finds one by its arguments and by its unique key', async () => {
    const unique = encodeUnique('Some.task', 'k', 'finished');
    const message = limitedMessage(fixture, { limits: [ACME], unique }, 'needle');
    await heldBack(3);
    await fixture.broker.enqueueUnique('default', message, { due: undefined, replace: false });
    for (const filter of [{ text: 'needle' }, { task: 'Some.task', key: 'k' }]) {
      const { tasks } = await inspector.tasks.list(filter);
      expect(tasks).toMatchObject([{ id: idOf(message), state: 'pending', heldBack: true, task: 'Some.task' }]);
    }
  });
});

describe('a task that a limit holds back', () => {
  it('is shown with its place in its line', async () => {
    const [, , third = ''] = await heldBack(3);
    expect(await inspector.tasks.get(idOf(third))).toMatchObject({ state: 'pending', heldBack: true, ahead: 1 });
  });

  it('is cancelled by its id, and among all that match', async () => {
    const [, second = ''] = await heldBack(4);
    expect(await inspector.tasks.cancel(idOf(second), BY)).toBe('pending');
    expect(await inspector.tasks.get(idOf(second))).toMatchObject({ state: 'cancelled', heldBack: false });
    const options = { by: 'anna', subject: {}, cursor: undefined, matches: undefined, may: async () => true };
    const result = await inspector.tasks.matching.cancel(
      { state: 'pending' },
      { ...options, signal: new AbortController().signal, onProgress: () => {} },
    );
    expect(result).toEqual({ changed: 2, skipped: {} });
  });

  it('is purged with the other tasks of its queue', async () => {
    await heldBack(301);
    await fixture.broker.enqueue('default', fixture.messages(5));
    expect(await inspector.tasks.previewPurge('default', {})).toMatchObject({ matching: 305, total: 305 });
    const filter = { task: 'Some.task' };
    expect(await inspector.tasks.previewPurge('default', filter)).toMatchObject({ matching: 305, looked: 305 });
    expect(await inspector.tasks.purge('default', filter, BY)).toEqual({ purged: 305, looked: 305, cursor: undefined });
    expect(await fixture.redis.exists('{nestwork}:held:default', '{nestwork}:waiters')).toBe(0);
  });
});

describe('the health of a queue', () => {
  it('counts held-back tasks, which make it unhealthy only where no worker serves it', async () => {
    await heldBack(4);
    const [served] = await inspector.queues.list();
    expect(served).toMatchObject({ queue: 'default', pending: 3, heldBack: 3, healthy: true, waitingMs: 0 });
    await fixture.redis.hset('{nestwork}:catalog', '@bulk', '{"queue":"bulk"}');
    await fixture.broker.enqueueLimited('bulk', limitedMessages(fixture, 2, { limits: [ACME] }), {});
    const report = await inspector.queues.get('bulk');
    expect(report).toMatchObject({ pending: 2, heldBack: 2, healthy: false });
    expect(report.reason).toMatch('no worker');
  });
});

describe('explain()', () => {
  it('names the full limit with its key, who holds it, and the place in the line', async () => {
    const [first = '', , third = ''] = await heldBack(3);
    const { code, sentences, line } = await explain(third);
    expect([code, ...sentences]).toEqual([
      'held-back',
      `The limit stripe for acme is full: 1 of 1 places are taken, by Some.task ${idOf(first)}.`,
      '1 task with the same limits comes before it in the queue default.',
    ]);
    const limit = { name: 'stripe', key: 'acme', used: 1, most: 1, opensAt: undefined, isShut: true };
    expect(line).toEqual({ ahead: 1, linesAhead: 0, priority: 0, limits: [limit] });
  });

  it('names the tasks of all children that hold the limit, those that have run longest first', async () => {
    await declareLimit(fixture, 'stripe', { most: 5 });
    const messages = limitedMessages(fixture, 6, { limits: [ACME] });
    await send(...messages, limitedMessage(fixture, { limits: [GLOBEX] }));
    const [one, other] = [await fixture.child(), await fixture.child()];
    await fixture.broker.claim(one, { number: 1, limit: 2, limited: 2, acks: [] });
    await fixture.broker.claim(other, { number: 1, limit: 8, limited: 8, acks: [] });
    const [a = '', b = '', c = '', d = '', , last = ''] = messages.map(idOf);
    const active = [
      { id: d, name: 'Some.task', ms: 60_000 },
      { id: c, name: 'Some.task', ms: 7_200_000 },
    ];
    await publish(other, active);
    const { sentences } = await inspector.tasks.explain(last);
    expect(sentences[0]).toMatch(
      new RegExp(
        `^The limit stripe for acme is full: 5 of 5 places are taken, by Some\\.task ${c} \\(for 2 h.*?\\), Some\\.task ${d} \\(for 1 min.*?\\), ` +
          `Some\\.task (${a}|${b}) and 2 more\\.$`,
      ),
    );
  });

  it('names a task that keeps the place of an ordered key between two attempts', async () => {
    await fixture.redis.hset(LIMITS, ACME.slice(0, 6), '1 - 1 1 {"name":"stripe","keyed":true}');
    const messages = limitedMessages(fixture, 2, { limits: [ACME] });
    await send(...messages);
    const child = await fixture.child();
    const [first = '', second = ''] = messages.map(idOf);
    await fixture.broker.claim(child, { number: 1, limit: 1, limited: 1, acks: [] });
    const again = { inMs: 3_600_000, failures: 0, line: '\n{"at":7}', counts: true };
    await fixture.broker.retry(child, { id: first, queue: 'default' }, again);
    expect((await inspector.tasks.explain(second)).sentences[0]).toBe(
      'The limit stripe for acme is full: 1 of 1 places are taken, by a task that waits for its next attempt.',
    );
  });

  it('says when a rate lets the next task start', async () => {
    await declareLimit(fixture, 'stripe', { intervalUs: 60_000_000 });
    const [, second = ''] = await heldBack(2);
    const { code, sentences, line } = await explain(second);
    expect([code, sentences[0]]).toEqual([
      'held-back',
      expect.stringMatching(/^The limit stripe for acme lets the next task start in (1 min|\d\d s), at 20.+Z\.$/),
    ]);
    const opensAt = line?.limits[0]?.opensAt?.getTime() ?? 0;
    expect(opensAt - (await fixture.now())).toBeGreaterThan(50_000);
  });

  it('says for how long a task has stopped the key', async () => {
    const until = (await fixture.now()) + 7_200_000;
    await fixture.redis.hset(LIMITS, { [`${ACME}.`]: String(until), [`${ACME.slice(0, 6)}*`]: '1' });
    const [message = ''] = limitedMessages(fixture, 1, { limits: [ACME] });
    await send(message);
    expect((await explain(message)).sentences[0]).toMatch(
      /^A task has stopped the limit stripe for acme for another (2 h|1 h 59 min)\.$/,
    );
  });

  it('says who has set the limit or its key to 0, and until when, and nothing of places', async () => {
    const [message = ''] = limitedMessages(fixture, 1, { limits: [ACME] });
    await send(message);
    const name = ACME.slice(0, 6);
    const sentences = async (): Promise<unknown> => (await explain(message)).sentences.slice(0, -1);
    await fixture.redis.hset(LIMITS, { [`${name}!`]: '0 = = 0 {"name":"stripe","since":7,"by":"anna"}' });
    expect(await sentences()).toEqual([
      'The limit stripe for acme is set to 0 by anna, until it is reset: nothing starts.',
    ]);
    const until = Date.UTC(2100, 0, 1);
    await fixture.redis.hset(LIMITS, { [`${ACME}!`]: `0 = = ${until} {"name":"stripe","since":7}`, [`${name}*`]: '1' });
    await fixture.redis.hset(LIMITS, { [`${ACME}.`]: String((await fixture.now()) + 7_200_000) });
    expect(await sentences()).toEqual([
      'The limit stripe for acme is set to 0, until 2100-01-01 00:00:00Z: nothing starts.',
      expect.stringMatching(/^A task has stopped the limit stripe for acme for another /),
    ]);
    await fixture.redis.hset(LIMITS, { [`${ACME}!`]: '1 = = 0 {"name":"stripe","since":7}' });
    expect(await sentences()).toEqual([expect.stringMatching(/^A task has stopped/)]);
  });

  it('goes by what was set for the limit and for its key, until that ends', async () => {
    await fixture.redis.hset(LIMITS, { [`${ACME.slice(0, 6)}!`]: '4 = = 0 {"name":"stripe"}' });
    const [message = ''] = limitedMessages(fixture, 1, { limits: [ACME] });
    await send(message);
    const most = async (): Promise<unknown> => (await explain(message)).line?.limits[0]?.most;
    expect(await most()).toBe(4);
    await fixture.redis.hset(LIMITS, { [`${ACME}!`]: '- = = 0 {"name":"stripe"}', [`${ACME.slice(0, 6)}*`]: '1' });
    expect(await most()).toBeUndefined();
    await fixture.redis.hset(LIMITS, { [`${ACME}!`]: '9 = = 1000 {"name":"stripe"}' });
    expect(await most()).toBe(4);
  });

  it('names the limit of a queue also for a task without a line', async () => {
    const gate = limitKey('queue default');
    await declareLimit(fixture, 'queue default', { most: 1, keyed: false });
    await fixture.redis.hset('{nestwork}:gates', 'default', gate);
    const [first = '', second = ''] = await plainBehindGate();
    const { code, sentences, line } = await explain(second);
    expect([code, ...sentences]).toEqual([
      'held-back',
      `The limit of the queue default is full: 1 of 1 places are taken, by Some.task ${idOf(first)}.`,
      'It is the next task of the queue default.',
    ]);
    expect(line?.limits).toMatchObject([{ name: undefined, queue: 'default', used: 1, most: 1, isShut: true }]);
  });

  it('has the tasks of its line and the lines that come before it', async () => {
    const own = limitedMessages(fixture, 2, { limits: [ACME], enqueuedAt: Date.now() - 5_000 });
    await arrive(fixture, own);
    await send(limitedMessage(fixture, { limits: [GLOBEX], priority: 2 }));
    const { code, sentences, line } = await explain(own[1] ?? '');
    expect([code, ...sentences]).toEqual([
      'in-line',
      '1 task with the same limits comes before it in the queue default. 1 other line comes before its own.',
    ]);
    expect(line).toMatchObject({ ahead: 1, linesAhead: 1, priority: 0 });
  });

  it('has the tasks before it in the list of its queue, where it is the first of its line and lies there', async () => {
    await fixture.broker.enqueue('default', fixture.messages(2));
    const [first = '', second = ''] = limitedMessages(fixture, 2, { limits: [ACME] });
    await send(first, second);
    const { code, sentences, line } = await explain(first);
    expect([code, ...sentences]).toEqual(['in-line', '2 tasks come before it in the queue default.']);
    expect(line).toMatchObject({ ahead: 2, linesAhead: 0, limits: [{ key: 'acme', isShut: false }] });
    expect((await explain(second)).sentences).toEqual([
      '1 task with the same limits comes before it in the queue default.',
    ]);
  });

  it('names the full limit of a task in the list, which no claim has seen', async () => {
    const [first = ''] = await heldBack(1);
    const [next = ''] = limitedMessages(fixture, 1, { limits: [ACME] });
    await send(next);
    const { code, sentences } = await explain(next);
    expect([code, ...sentences]).toEqual([
      'held-back',
      `The limit stripe for acme is full: 1 of 1 places are taken, by Some.task ${idOf(first)}.`,
      'It is the next task of the queue default.',
    ]);
  });

  it('has the tenant and the priority of a task', async () => {
    const own = limitedMessages(fixture, 2, { tenant: 'globex', priority: 2 });
    await send(...own);
    const { code, sentences, line } = await explain(own[1] ?? '');
    expect([code, ...sentences]).toEqual([
      'in-line',
      '1 task of the same tenant comes before it in the queue default. Its priority 2 counts as 2 min of waiting.',
    ]);
    expect(line).toEqual({ ahead: 1, linesAhead: 0, priority: 2, limits: [] });
  });

  it('has the lines that wait longer for the same limit', async () => {
    await heldBack(2);
    const [message = ''] = limitedMessages(fixture, 1, { limits: [ACME, GLOBEX] });
    await send(message);
    expect((await explain(message)).line).toMatchObject({
      ahead: 0,
      linesAhead: 1,
      limits: [
        { key: 'acme', isShut: true },
        { key: undefined, isShut: false },
      ],
    });
  });

  it('says that the first task of the first line is the next', async () => {
    const [first = ''] = limitedMessages(fixture, 1, { priority: 1 });
    await send(first);
    expect((await explain(first)).code).toBe('next');
    const [plain = ''] = fixture.messages(1);
    await fixture.broker.enqueue('mail', [plain]);
    expect((await explain(plain)).line).toBeUndefined();
  });

  it('shows a limit that no app declares any more as open', async () => {
    await fixture.redis.del(LIMITS);
    const [first = ''] = limitedMessages(fixture, 1, { limits: [GLOBEX] });
    await send(first);
    const { code, line } = await explain(first);
    const limit = { name: undefined, key: undefined, used: 0, most: undefined, isShut: false };
    expect([code, line?.limits]).toMatchObject(['next', [limit]]);
  });
});

/** A worker publishes the tasks that it runs. */
async function publish(
  { session }: Claimant,
  tasks: readonly { id: string; name: string; ms: number }[],
): Promise<void> {
  const active = tasks.map(({ id, name, ms }) => ({ id, name, forMs: ms }));
  const children = [{ pid: 7, state: 'running', upMs: 1, running: active.length, active }] as const;
  const rest = { inProcess: false, upMs: 1, bytes: 1, forked: 1, restarted: 0, restarts: [] };
  await fixture.broker.workers.publish(session, { state: 'running', ...rest, children }, 30_000);
}

/** Two plain tasks of a queue with a limit, of which a child holds the first. */
async function plainBehindGate(): Promise<string[]> {
  const messages = fixture.messages(2);
  await fixture.broker.enqueue('default', messages);
  const child = await fixture.child();
  await fixture.broker.claim(child, { number: 1, limit: 1, limited: 1, acks: [] });
  return messages;
}
