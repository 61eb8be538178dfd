import { Redis } from 'ioredis';
import type { QueueDashboardOptions } from '../../src/dashboard/index.js';
import type { TaskView } from '../../src/dashboard/screens/task/wire.js';
import type { MatchingPreview, TaskRow, TaskRows } from '../../src/dashboard/screens/tasks/wire.js';
import { Inspector } from '../../src/inspector/inspector.js';
import { limitKey as limitKeyOf } from '../../src/message/limit-tag.js';
import { fairDigest } from '../../src/message/order-tag.js';
import { encodeDone } from '../../src/message/task-result.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { type DashboardApp, DashboardApps } from '../support/dashboard-apps.js';
import { seedDead } from '../support/dead-tasks.js';
import { declareLimit, limitedMessages, limitKey } from '../support/limited-tasks.js';

const API = '/queues/api';

let apps: DashboardApps;
let fixture: BrokerFixture;
let app: DashboardApp;
beforeAll(async () => {
  apps = await DashboardApps.start();
  const { url } = apps.server;
  fixture = await BrokerFixture.on(apps.server, { redis: url }, new Redis(url));
});
afterEach(async () => {
  await apps.close();
  await fixture.reset();
});
afterAll(async () => {
  await fixture.broker.close();
  fixture.redis.disconnect();
  await apps.stop();
});

async function boot(options: QueueDashboardOptions = {}): Promise<void> {
  await fixture.child();
  await fixture.redis.hset('{nestwork}:catalog', 'Some.task', '{"name":"Some.task","queue":"default"}');
  app = await apps.boot({ dashboard: { access: 'public', can: () => true, ...options } });
}

async function get<T>(path: string, query: Record<string, string> = {}): Promise<{ status: number; body: T }> {
  const response = await app.get(`${API}/${path}?${new URLSearchParams(query)}`);
  return { status: response.status, body: (await response.json()) as T };
}

async function post(path: string, body: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await app.post(`${API}/${path}`, body);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** The lines of a bulk action; the last one is its end. */
async function postMany(path: string, body: object): Promise<{ status: number; last: Record<string, unknown> }> {
  const response = await app.post(`${API}/${path}`, body);
  const lines = (await response.text()).trim().split('\n');
  return { status: response.status, last: JSON.parse(lines.at(-1) ?? '{}') };
}

const rows = async (query: Record<string, string> = {}): Promise<TaskRows> =>
  (await get<TaskRows>('tasks', query)).body;
const textOf = ({ args }: TaskRow): string | undefined => args?.map(({ text }) => text).join('');
const idsOf = ({ rows }: TaskRows): string[] => rows.map(({ id }) => id);

async function send(...lists: readonly (readonly unknown[])[]): Promise<string[]> {
  const messages = lists.map((args) => fixture.message('Some.task', ...args));
  await fixture.broker.enqueue('default', messages);
  return messages.map(idOf);
}

async function schedule(inMs: number, ...args: unknown[]): Promise<string> {
  const message = fixture.message('Some.task', ...args);
  await fixture.broker.enqueue('default', [message], { in: inMs });
  return idOf(message);
}

describe('a task that a limit holds back', () => {
  it('is marked in the list and on its page, which says why', async () => {
    await boot();
    const acme = limitKey('stripe', 'acme');
    await declareLimit(fixture, 'stripe', { most: 1 });
    const messages = limitedMessages(fixture, 2, { limits: [acme] });
    await fixture.broker.enqueueLimited('default', messages, { labels: [acme, 'acme'] });
    await fixture.broker.claim(await fixture.child(), { number: 1, limit: 1, limited: 1, acks: [] });
    const [first, second] = messages.map(idOf) as [string, string];
    const page = await rows();
    expect(page.rows.map(({ id, state, heldBack }) => [id, state, heldBack])).toEqual([
      [first, 'active', undefined],
      [second, 'pending', true],
    ]);
    const { body } = await get<TaskView>('task', { id: second });
    expect(body).toMatchObject({ code: 'held-back', task: { state: 'pending', heldBack: true } });
    expect(body.sentences[0]).toMatch('stripe for acme is full');
  });
});

describe('the list of tasks', () => {
  it('has the living tasks and behind them the dead ones, each with its arguments on one line', async () => {
    await boot();
    const [first] = await send(['in_1', { amount: 4900n }]);
    const later = await schedule(60_000, 'later');
    const [dead = ''] = await seedDead(fixture, [{ message: fixture.message('Some.task', 'dead') }]);
    const page = await rows();
    expect(page.rows.map((row) => [row.id, row.state, textOf(row)])).toEqual([
      [first, 'pending', '["in_1", {amount: 4900n}]'],
      [later, 'scheduled', '["later"]'],
      [idOf(dead), 'dead', '["dead"]'],
    ]);
    expect(page).toMatchObject({ looked: 3, left: 0, seesArguments: true });
    expect(idsOf(await rows({ state: 'dead' }))).toEqual([idOf(dead)]);
    expect(idsOf(await rows({ state: 'scheduled' }))).toEqual([later]);
  });

  it('goes on from its cursor through living and dead tasks, and counts what is left', async () => {
    await boot();
    const numbers = Array.from({ length: 60 }, (_, index) => index + 1);
    const living = await send(...numbers.map((number) => [number]));
    const dead = await seedDead(
      fixture,
      numbers.map((diedAt) => ({ diedAt })),
    );
    const all: string[] = [];
    let looked = 0;
    let cursor: string | undefined = '';
    do {
      const page: TaskRows = await rows({ cursor });
      looked += page.looked;
      expect([page.rows.length <= 50, looked + page.left]).toEqual([true, 120]);
      all.push(...idsOf(page));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(all).toEqual([...living, ...dead.map(idOf).reverse()]);
  });

  it.each([
    [0, {}],
    [0, { q: 'Some' }],
    [2, {}],
    [2, { q: 'Some' }],
  ])('ends a page that living tasks fill before %i dead ones when asked for %j', async (count, query) => {
    await boot();
    const living = await send(...Array.from({ length: 50 }, (_, index) => [index]));
    const dead = await seedDead(
      fixture,
      Array.from({ length: count }, () => ({})),
    );
    const first = await rows(query);
    const { cursor, looked, left } = first;
    expect([idsOf(first), looked, left]).toEqual([living, 50, count]);
    expect(cursor).toBe(count === 0 ? undefined : 'dead:0:');
    if (cursor === undefined) return;
    const last = await rows({ ...query, cursor });
    expect([idsOf(last).sort(), last.left, last.cursor]).toEqual([dead.map(idOf).sort(), 0, undefined]);
  });

  it('finds tasks by the start of an id, a name or a part of the arguments, in all states', async () => {
    await boot();
    const [first = '', second = ''] = await send(['in_88213'], ['other']);
    const [dead = ''] = await seedDead(fixture, [
      { message: fixture.message('Other.task', 'in_88'), report: { task: 'Other.task' } },
    ]);
    expect(idsOf(await rows({ q: 'in_88' }))).toEqual([first, idOf(dead)]);
    expect(idsOf(await rows({ q: 'Other' }))).toEqual([idOf(dead)]);
    expect(idsOf(await rows({ q: second }))).toEqual([second]);
    expect(idsOf(await rows({ text: 'in_88', task: 'Some.task' }))).toEqual([first]);
    expect(idsOf(await rows({ id: second.slice(0, 20) }))).toEqual([second]);
    expect((await rows({ q: 'nothing' })).looked).toBe(3);
  });

  it('finds dead tasks by a part of their error and by how long they are dead, with what else is asked for', async () => {
    await boot();
    await send([1]);
    const now = await fixture.broker.deadLetters.now();
    const dead = await seedDead(fixture, [
      { diedAt: now - 7_200_000, report: { error: 'Error: invoice 7 is locked' } },
      { diedAt: now - 60_000, report: { error: 'Error: invoice 8 is locked' } },
      { diedAt: now - 50_000, report: { error: 'Error: no' } },
    ]);
    const [first, second] = dead.map(idOf);
    expect(idsOf(await rows({ error: 'is locked' }))).toEqual([second, first]);
    expect(idsOf(await rows({ error: 'is locked', older: '1h', state: 'dead' }))).toEqual([first]);
    expect(idsOf(await rows({ error: 'is locked', id: second ?? '' }))).toEqual([second]);
    expect(await rows({ error: 'none has it' })).toMatchObject({ rows: [], looked: 3, left: 0 });
  });

  it('goes on between two dead tasks when its time is over while somebody decides about one', async () => {
    let isFirst = true;
    await boot({
      can: async (_, { id }) => {
        if (id !== undefined && isFirst) {
          isFirst = false;
          // longer than a search takes
          await new Promise((resolve) => setTimeout(resolve, 2_100));
        }
        return true;
      },
    });
    const dead = await seedDead(fixture, [{}, {}, {}]);
    const [first, second, third] = dead.map(idOf).reverse();
    const page = await rows({ q: 'Some', state: 'dead' });
    expect([idsOf(page), page.looked, page.left]).toEqual([[first], 1, 2]);
    const next = await rows({ q: 'Some', state: 'dead', cursor: page.cursor ?? '' });
    expect([idsOf(next), next.looked, next.left, next.cursor]).toEqual([[second, third], 2, 0, undefined]);
  });

  it('has for a name and a key only the task with that key, while it lives', async () => {
    await boot();
    await send(['user-7']);
    const message = fixture.uniqueMessage('user-7', 'finished', 'secret', 7);
    await fixture.broker.enqueueUnique('default', message, { due: { in: 60_000 }, replace: false });
    await seedDead(fixture, [{ message: fixture.uniqueMessage('user-7') }]);
    const wanted = { task: 'Some.task', key: 'user-7' };
    const page = await rows(wanted);
    expect(page).toMatchObject({ rows: [{ id: idOf(message), state: 'scheduled' }], looked: 1, left: 0 });
    expect(page.rows.map(textOf)).toEqual(['["secret", 7]']);
    expect(idsOf(await rows({ ...wanted, state: 'pending' }))).toEqual([]);
    expect(idsOf(await rows({ ...wanted, q: 'secret' }))).toEqual([idOf(message)]);
    expect(idsOf(await rows({ ...wanted, q: 'other' }))).toEqual([]);
    await fixture.broker.cancel(idOf(message));
    // not the answer that is kept for a moment
    expect(await rows({ ...wanted, q: 'secret' })).toMatchObject({ rows: [], looked: 0, left: 0 });
  });

  it('names an entry that is no dead task beside the dead ones', async () => {
    await boot();
    const [dead = ''] = await seedDead(fixture, [{}]);
    const foreign = 'f'.repeat(20);
    await fixture.redis.zadd('{nestwork}:dead:default', '1e300', foreign);
    const { rows: found, notes } = await rows({ state: 'dead' });
    expect(found.map(({ id }) => id)).toEqual([idOf(dead)]);
    expect(notes).toEqual([`An entry of dead:default is no dead task: ${foreign}. Another program wrote it.`]);
    await fixture.redis.zrem('{nestwork}:dead:default', foreign);
  });

  it.each([
    [{ key: 'user-7' }, '`key` is given without `task`'],
    [{ key: 'user-7', task: 'Some.task', state: 'dead' }, '`key` is given for dead tasks'],
    [{ key: 'user-7', task: 'Some.task', older: '1h' }, '`key` is given for dead tasks'],
  ])('answers 400 to %j', async (query, message) => {
    await boot();
    const { status, body } = await get<{ code: string; message: string }>('tasks', query);
    expect([status, body.code]).toEqual([400, 'INVALID_OPTION']);
    expect(body.message).toContain(message);
  });

  it('searches and shows hidden values as redacted, so that nobody can guess them', async () => {
    await boot({ redact: ['**.iban'] });
    const [id] = await send([{ iban: 'CH93', name: 'Ada' }]);
    await seedDead(fixture, [{ message: fixture.message('Some.task', { iban: 'CH93' }) }]);
    expect((await rows()).rows.map(textOf)).toEqual(['[{iban: redacted, name: "Ada"}]', '[{iban: redacted}]']);
    expect(idsOf(await rows({ q: 'CH93' }))).toEqual([]);
    expect(idsOf(await rows({ text: 'CH' }))).toEqual([]);
    expect(idsOf(await rows({ text: 'iban: redacted, name' }))).toEqual([id]);
  });

  it('neither shows nor searches arguments without the right to see them', async () => {
    await boot({ can: (action) => action !== 'arguments' });
    await send(['secret']);
    const page = await rows();
    expect([page.seesArguments, page.rows.map(textOf)]).toEqual([false, [undefined]]);
    expect(JSON.stringify(page)).not.toContain('secret');
    expect(idsOf(await rows({ q: 'secret' }))).toEqual([]);
    expect(idsOf(await rows({ text: 'secret' }))).toEqual([]);
    expect((await rows({ q: 'Some' })).rows.length).toBe(1);
  });

  it('leaves out of a search for arguments the tasks whose arguments somebody may not see', async () => {
    await boot({ can: (action, { task }) => action !== 'arguments' || task === undefined || task === 'Other.task' });
    await send(['word']);
    const message = fixture.message('Other.task', 'word');
    await fixture.broker.enqueue('default', [message]);
    expect(idsOf(await rows({ q: 'word' }))).toEqual([idOf(message)]);
    expect((await rows()).rows.map(textOf)).toEqual([undefined, '["word"]']);
  });

  it('asks for the same rights whether or not arguments that may not be seen match a search', async () => {
    const asked: unknown[] = [];
    await boot({
      can: (action, { id }) => {
        if (id !== undefined) asked.push([action, id]);
        return action !== 'arguments' || id === undefined;
      },
    });
    const [id] = await send(['word']);
    const [dead = ''] = await seedDead(fixture, [{ message: fixture.message('Some.task', 'word') }]);
    for (const text of ['word', 'none']) {
      asked.length = 0;
      expect(await rows({ text })).toMatchObject({ rows: [], looked: 2, left: 0 });
      expect(asked).toEqual([
        ['arguments', id],
        ['arguments', idOf(dead)],
      ]);
    }
  });

  it.each([
    [{ cursor: 'nonsense' }, 400],
    [{ cursor: 'dead:1:nonsense' }, 400],
    [{ state: 'dead', cursor: 'WyJhIl0' }, 400],
    [{ state: 'asleep' }, 400],
    [{ limit: '10' }, 400],
    [{ order: 'newest' }, 400],
    [{ error: 'x', state: 'pending' }, 400],
    [{ older: 'yesterday' }, 400],
    [{ id: 'not an id' }, 400],
    [{ task: 'x'.repeat(1_000) }, 400],
    [{ queue: 'nowhere' }, 404],
  ])('%j is answered with what is wrong', async (query, status) => {
    await boot();
    const answer = await get<{ code: string; message: string }>('tasks', query);
    expect([answer.status, answer.body.message.length > 10]).toEqual([status, true]);
  });

  it('keeps markup as data', async () => {
    await boot();
    await send(['<script>alert(1)</script>']);
    expect((await rows()).rows.map(textOf)).toEqual(['["<script>alert(1)</script>"]']);
  });
});

describe('scheduled tasks', () => {
  it('come by their time, from all queues', async () => {
    await boot();
    await fixture.child(['bulk']);
    const third = await schedule(90_000);
    const first = await schedule(30_000);
    const message = fixture.message();
    await fixture.broker.enqueue('bulk', [message], { in: 60_000 });
    const { body } = await get<TaskRows & { total: number }>('scheduled');
    expect([idsOf(body), body.total]).toEqual([[first, idOf(message), third], 3]);
    expect(idsOf((await get<TaskRows>('scheduled', { queue: 'bulk' })).body)).toEqual([idOf(message)]);
  });

  it('are of all names: an address with one is refused', async () => {
    await boot();
    await schedule(30_000);
    const { status, body } = await get<{ code: string; message: string }>('scheduled', { task: 'Some.task' });
    expect([status, body.code, body.message]).toEqual([400, 'INVALID_OPTION', expect.stringContaining('`task`')]);
  });

  it('at a time that no date can have come last, without a time', async () => {
    await boot();
    const first = await schedule(30_000);
    const late = fixture.message('Some.task', 'late');
    await fixture.broker.enqueue('default', [late], { in: 90_000 });
    await fixture.redis.zadd('{nestwork}:scheduled:default', 'XX', 1e300, late);
    const { status, body } = await get<TaskRows>('scheduled');
    expect([status, body.rows.map(({ id, at }) => [id, at])]).toEqual([
      200,
      [
        [first, expect.any(String)],
        [idOf(late), undefined],
      ],
    ]);
    expect((await get<TaskRows>('tasks')).status).toBe(200);
    const task = await get<{ sentences: string[] }>('task', { id: idOf(late) });
    expect([task.status, task.body.sentences[0]]).toEqual([200, 'It is due at a time that no date can have.']);
  });
});

describe('one task', () => {
  it('has its state, the reason why it waits and its arguments, without what is hidden', async () => {
    await boot({ redact: ['[0].iban'] });
    const [id = ''] = await send([{ iban: 'CH93', at: new Date(0) }]);
    const { body } = await get<Record<string, unknown>>('task', { id });
    expect(body).toMatchObject({
      task: { id, state: 'pending', queue: 'default', task: 'Some.task', attempt: 1, attempts: [] },
      code: 'next',
      sentences: [expect.stringContaining('next task of the queue')],
      arguments: { is: 'shown', complete: true },
    });
    expect(JSON.stringify(body)).not.toContain('CH93');
  });

  it('has no arguments for somebody who may not see them', async () => {
    await boot({ can: (action) => action !== 'arguments' });
    const [id = ''] = await send(['secret']);
    const { body } = await get<Record<string, unknown>>('task', { id });
    expect(body).toMatchObject({ arguments: { is: 'denied' } });
    expect(JSON.stringify(body)).not.toContain('secret');
    for (const path of ['tasks/editable', 'task/code']) expect((await get(path, { id })).status).toBe(403);
  });

  it('of bytes that are no message shows these in hex', async () => {
    await boot();
    const [message = ''] = await seedDead(fixture, [{ message: `${fixture.ids.next()}\u0001<b>` }]);
    const { body } = await get<Record<string, unknown>>('task', { id: idOf(message) });
    const bytes = Buffer.from(message);
    expect(body).toMatchObject({ arguments: { is: 'bytes', hex: bytes.toString('hex'), more: 0 } });
  });

  it('of bytes that are no call shows these in hex while it waits, too, and its row does', async () => {
    await boot();
    const bytes = Buffer.concat([Buffer.from(fixture.ids.next()), Buffer.from([1, 0xff, 0xfe, 0x3c])]);
    await fixture.redis.rpush('{nestwork}:queue:default', bytes);
    const { body } = await get<Record<string, unknown>>('task', { id: bytes.subarray(0, 20).toString() });
    expect(body).toMatchObject({ arguments: { is: 'bytes', hex: bytes.toString('hex'), more: 0 } });
    const [row] = (await rows()).rows;
    expect(row && textOf(row)?.replaceAll(' ', '')).toBe(bytes.toString('hex'));
    await apps.close();
    await boot({ redact: ['**.iban'] });
    expect((await rows()).rows.map(textOf)).toEqual([undefined]);
    await fixture.redis.del('{nestwork}:queue:default');
  });

  it('is editable text and code, both without what is hidden', async () => {
    await boot({ redact: ['[0].iban'] });
    const [id = ''] = await send([{ iban: 'CH93', n: 1n }]);
    const { body } = await get<{ text: string; remark: string }>('tasks/editable', { id });
    expect(JSON.parse(body.text)).toEqual([{ iban: { $redacted: 1 }, n: { $bigint: '1' } }]);
    expect(body.remark).toBe('1 hidden value stays as $redacted where it is, or gets a new value.');
    expect((await get('task/code', { id })).body).toEqual({
      code: 'await queue.of(Some).task.delay({ iban: undefined /* redacted */, n: 1n });',
    });
  });

  it('that keeps its result shows it as it shows arguments, without what is hidden', async () => {
    await boot({ redact: ['result.token'] });
    const id = await endedWith(encodeDone({ token: 'secret', rows: Array.from({ length: 100 }, (_, row) => row) }));
    const { body } = await get<TaskView>('task', { id });
    expect(body).toMatchObject({
      code: 'done',
      task: { state: 'done', result: { kind: 'done' } },
      arguments: { is: 'gone' },
      events: [{ glyph: 'done', title: 'Done' }],
      result: { is: 'shown', complete: false },
    });
    expect(JSON.stringify(body)).not.toContain('secret');
    const { result } = (await get<TaskView>('task', { id, long: '1' })).body;
    expect(result).toMatchObject({ is: 'shown', complete: true });
    expect(JSON.stringify(result)).toContain('redacted');
  });

  it('that keeps its result does not show it to a person without the right to arguments', async () => {
    const asked: unknown[] = [];
    await boot({
      can: (action, subject) => {
        if (action === 'arguments' && 'id' in subject) asked.push(subject.id);
        return action !== 'arguments';
      },
    });
    const id = await endedWith(encodeDone('secret'));
    const { body } = await get<TaskView>('task', { id });
    expect([body.result, asked[0]]).toEqual([{ is: 'denied' }, id]);
    expect(JSON.stringify(body)).not.toContain('secret');
  });

  it.each([
    [
      'f010{"code":"TASK_FAILED","error":"Error: no"}',
      { glyph: 'dead', title: 'Died', rest: 'TASK_FAILED, 1 attempt' },
    ],
    ['x{"error":"Error: no","attempts":2}', { glyph: 'cancelled', title: 'Dropped', rest: '2 attempts' }],
    ['u{"code":"RESULT_TOO_LARGE","error":"Error: no"}', { glyph: 'done', title: 'Done', rest: 'RESULT_TOO_LARGE' }],
  ])('that ended with %s shows that and no value', async (stored, event) => {
    await boot();
    const { body } = await get<TaskView>('task', { id: await endedWith(stored) });
    expect(body.events).toEqual([{ ...event, error: 'Error: no' }]);
    expect(body.result).toBeUndefined();
  });

  /** The id of a task of which only its result is left. */
  async function endedWith(result: string): Promise<string> {
    const id = fixture.ids.next();
    await fixture.redis.set(`{nestwork}:result:${id}`, result, 'EX', 60);
    return id;
  }

  it('costs Redis one search for all who look within a second', async () => {
    await boot();
    const [id = ''] = await send([1]);
    const before = await searches();
    await Promise.all(Array.from({ length: 8 }, () => get('task', { id })));
    const one = (await searches()) - before;
    expect(one).toBeLessThanOrEqual(2);
  });

  it('is none by the name of another answer that is kept', async () => {
    await boot();
    expect((await get('names')).status).toBe(200);
    expect((await get('task', { id: 'names' })).status).toBe(400);
  });

  it('that nobody knows answers 404, and an id that is none 400', async () => {
    await boot();
    const id = fixture.ids.next();
    expect(await get('task', { id })).toMatchObject({
      status: 404,
      body: {
        code: 'UNKNOWN_TASK_ID',
        message: `Redis has no task ${id}.`,
        remedy: [expect.stringMatching(/^It is done or was purged/), expect.stringContaining('keepDone')],
      },
    });
    for (const id of ['', 'x', '../../etc', `${'a'.repeat(19)}Z`]) {
      expect(await get('task', { id })).toMatchObject({ status: 400, body: { code: 'INVALID_TASK_ID' } });
    }
  });

  it('is cancelled, run now and moved, under the name of the person', async () => {
    await boot({ user: () => 'mara' });
    const [id = ''] = await send([1]);
    expect(await post('task/cancel', { id })).toMatchObject({ status: 200, body: { id, found: 'pending' } });
    expect(await post('task/cancel', { id })).toMatchObject({ status: 409, body: { code: 'TOO_LATE' } });
    const later = await schedule(3_600_000);
    const before = await dueOf(later);
    expect((await post('task/move', { id: later, delay: '2h' })).status).toBe(200);
    expect((await dueOf(later)) - before).toBeGreaterThan(3_000_000);
    expect((await post('task/move', { id: later, at: new Date(before).toISOString() })).status).toBe(200);
    expect(await dueOf(later)).toBe(before);
    expect(await post('task/run', { id: later })).toMatchObject({ status: 200, body: { found: 'scheduled' } });
    expect((await get<{ task: { state: string } }>('task', { id: later })).body.task.state).toBe('pending');
    expect(await post('task/run', { id: later })).toMatchObject({ status: 409 });
    expect(await post('task/move', { id: later })).toMatchObject({ status: 400, body: { code: 'INVALID_OPTION' } });
    const actions = await app.app.get(Inspector).actions.list();
    expect(actions.map(({ action, by }) => `${action} by ${by}`).sort()).toEqual([
      'cancel by mara',
      'move by mara',
      'move by mara',
      'run-now by mara',
    ]);
  });

  it('asks for the right to act with name, queue and id, and changes nothing without it', async () => {
    const asked: unknown[] = [];
    await boot({
      can: (action, subject) => {
        if (action !== 'cancel') return true;
        asked.push(subject);
        return false;
      },
    });
    const [id = ''] = await send([1]);
    expect((await post('task/cancel', { id })).status).toBe(403);
    expect(asked).toEqual([{ namespace: 'nestwork', id, queue: 'default', task: 'Some.task' }]);
    expect(idsOf(await rows())).toEqual([id]);
  });

  async function searches(): Promise<number> {
    const { 1: calls = '0' } = /cmdstat_zscan:calls=(\d+)/.exec(await fixture.redis.info('commandstats')) ?? [];
    return Number(calls);
  }

  async function dueOf(id: string): Promise<number> {
    const found = await fixture.broker.places.find(id, ['default']);
    return found.dueAt ?? 0;
  }
});

describe('many scheduled tasks', () => {
  it('run now or get one time, and what is not scheduled or not allowed is counted', async () => {
    await boot({ can: (action, { task }) => action !== 'reschedule' || task !== 'Other.task' });
    const ids = [await schedule(60_000), await schedule(70_000)];
    const [pending = ''] = await send([1]);
    const other = fixture.message('Other.task');
    await fixture.broker.enqueue('default', [other], { in: 60_000 });
    const gone = fixture.ids.next();
    const all = [...ids, pending, idOf(other), gone];
    const moved = await postMany('tasks/move', { ids: all, delay: '3h' });
    const skipped = { pending: 1, 'not allowed': 1, unknown: 1 };
    expect(moved.last).toEqual({ result: { count: 2, skipped } });
    const subject = `${all[0]} and ${all.length - 1} more`;
    expect(await fixture.broker.actions.latest(5)).toMatchObject([{ action: 'move', count: 2, subject }]);
    expect((await postMany('tasks/run', { ids: all })).last).toEqual({ result: { count: 2, skipped } });
    expect((await rows({ state: 'pending' })).rows.length).toBe(3);
  });

  it.each([[[]], ['x'], [['x']], [[7]], [Array.from({ length: 1_001 }, () => 'k3v9x0q2m7ab00000001')]])(
    'ids that are none are refused before anything is done',
    async (ids) => {
      await boot();
      expect((await postMany('tasks/run', { ids })).status).toBe(400);
      expect((await postMany('tasks/move', { ids: [fixture.ids.next()] })).status).toBe(400);
    },
  );
});

describe('a task that is sent', () => {
  it('goes with rich arguments to the queue that workers announced for it', async () => {
    await boot({ user: () => 'mara' });
    const args = '[{"at": {"$date": "2026-11-27T00:00:00.000Z"}}]';
    const { status, body } = await post('send', { task: 'Some.task', args });
    expect([status, body]).toEqual([200, expect.objectContaining({ queue: 'default', added: true })]);
    expect((await rows()).rows.map(textOf)).toEqual(['[{at: Date 2026-11-27T00:00:00.000Z}]']);
    expect((await post('send', { task: 'Some.task', args: '[]', delay: '1h', key: 'k' })).status).toBe(200);
    expect((await rows({ state: 'scheduled' })).rows.length).toBe(1);
    expect((await get('send/names')).body).toEqual({ names: ['Some.task'] });
  });

  const LIMITED = {
    ...{ name: 'Some.limited', queue: 'default', fair: true, priority: { value: 3, ageMs: 60_000 } },
    limits: [
      { name: 'stripe', keyed: true },
      { name: 'all', keyed: false },
    ],
  };

  it('goes with the keys and the priority that it needs by the catalog', async () => {
    await boot();
    await fixture.redis.hset('{nestwork}:catalog', LIMITED.name, JSON.stringify(LIMITED));
    const needs = async (task: string) => (await get('send/needs', { task })).body;
    expect(await needs(LIMITED.name)).toEqual({ task: LIMITED.name, limits: ['stripe'], fair: true, priority: 3 });
    for (const task of ['Some.task', 'Nobody.has'])
      expect(await needs(task)).toEqual({ task, limits: [], fair: false });
    const body = { task: LIMITED.name, args: '[]' };
    expect(await post('send', body)).toMatchObject({ status: 400, body: { code: 'LIMIT_KEY_NEEDED' } });
    const given = { limitKeys: { stripe: 'acme' }, fairKey: 'acme', priority: 7 };
    expect(await post('send', { ...body, ...given })).toMatchObject({ status: 200, body: { added: true } });
    expect(Object.values(await fixture.redis.hgetall('{nestwork}:limit-labels'))).toEqual(['acme']);
    const [entry = ''] = await fixture.redis.zrange('{nestwork}:held:default', '0', '0');
    const [key = '', all = ''] = [limitKeyOf('stripe', 'acme'), limitKeyOf('all')];
    expect(entry).toContain(`${key}${all}${fairDigest('acme')} `);
    expect(entry).toContain('o7');
  });

  it('needs the right for the queue to which it goes, also when the person names none', async () => {
    await boot({ can: (action, { queue }) => action !== 'send' || queue === undefined || queue === 'bulk' });
    expect((await post('send', { task: 'Some.task', args: '[]' })).status).toBe(403);
    expect((await rows()).rows).toEqual([]);
  });

  it.each([
    [{ task: 'Some.task', args: '[1' }, 400, 'INVALID_ARGUMENTS'],
    [{ task: 'Some.task', args: '{}' }, 400, 'INVALID_ARGUMENTS'],
    [{ task: 'Some.task' }, 400, 'INVALID_OPTION'],
    [{ args: '[]' }, 400, 'INVALID_OPTION'],
    [{ task: 'Nobody.has', args: '[]' }, 404, 'UNKNOWN_TASK'],
    [{ task: 'Some.task', args: '[]', queue: 'nowhere' }, 404, 'UNKNOWN_QUEUE'],
    [{ task: 'Some.task', args: '[]', delay: 'soon' }, 400, 'INVALID_DURATION'],
    [{ task: 'Some.task', args: '[]', limitKeys: ['acme'] }, 400, 'INVALID_OPTION'],
    [{ task: 'Some.task', args: '[]', limitKeys: { stripe: 7 } }, 400, 'INVALID_OPTION'],
    [{ task: 'Some.task', args: '[]', limitKeys: { stripe: '' } }, 400, 'INVALID_LIMIT_KEY'],
    [{ task: 'Some.task', args: '[]', fairKey: 7 }, 400, 'INVALID_OPTION'],
    [{ task: 'Some.task', args: '[]', priority: '7' }, 400, 'INVALID_OPTION'],
    [{ task: 'Some.task', args: '[]', priority: 10 }, 400, 'INVALID_OPTION'],
  ])('is refused when something is wrong: %j', async (body, status, code) => {
    await boot();
    expect(await post('send', body)).toMatchObject({ status, body: { code } });
    expect((await rows()).rows).toEqual([]);
  });
});

describe('all tasks that match', () => {
  it('are counted with a sample, then cancelled in every state, and the rest stays', async () => {
    await boot({ user: () => 'mara', redact: ['[0].iban'] });
    const living = await send(...Array.from({ length: 260 }, (_, index) => [index % 2 === 0 ? 'even' : 'odd', index]));
    const later = await schedule(60_000, 'odd');
    const filter = { q: 'odd' };
    const { body } = await get<MatchingPreview>('tasks/preview', { action: 'cancel', ...filter });
    expect(body).toMatchObject({ matching: 131, looked: 261, left: 0, filter });
    expect(body.sample.length).toBe(5);
    expect(body.question).toMatchObject({ title: 'Cancel 131 tasks?', main: 'Cancel 131', grave: true, typed: '131' });
    const { last } = await postMany('tasks/cancel', { filter: body.filter });
    expect(last).toEqual({ result: { count: 131, skipped: {} } });
    expect(idsOf(await rows({ q: 'odd' }))).toEqual([]);
    expect(await fixture.broker.places.sizes([{ queue: 'default', state: 'pending' }])).toEqual([130]);
    expect((await fixture.broker.places.find(later, ['default'])).state).toBe('cancelled');
    expect((await fixture.broker.places.find(living[0] ?? '', ['default'])).state).toBe('pending');
    expect(await fixture.broker.actions.latest(5)).toMatchObject([
      { action: 'cancel', by: 'mara', count: 131, subject: 'q=odd' },
    ]);
  });

  it('are moved or run now if they are scheduled, each if the person may do it', async () => {
    await boot({ can: (action, { task }) => action !== 'reschedule' || task !== 'Other.task' });
    await send([1]);
    await schedule(60_000);
    const other = fixture.message('Other.task');
    await fixture.broker.enqueue('default', [other], { in: 60_000 });
    const { body } = await get<MatchingPreview>('tasks/preview', { action: 'move', queue: 'default' });
    expect(body.question).toMatchObject({ title: 'Move 1 task?', grave: false });
    expect(body.question.lines).toContain('Passed over: 1 task that you may not act on.');
    const result = { count: 1, skipped: { 'not allowed': 1 } };
    const { filter } = body;
    expect((await postMany('tasks/move', { filter, delay: '3h' })).last).toEqual({ result });
    expect((await postMany('tasks/run', { filter })).last).toEqual({ result });
    expect((await rows({ state: 'pending' })).rows.length).toBe(2);
  });

  it('are not counted for a key, which would mean all tasks of its name', async () => {
    await boot();
    const query = { action: 'cancel', task: 'Some.task', key: 'user-7' };
    expect(await get('tasks/preview', query)).toMatchObject({ status: 400, body: { code: 'INVALID_OPTION' } });
  });

  it('by a text are none for somebody who may not see arguments', async () => {
    await boot({ can: (action) => action !== 'arguments' });
    await send(['secret']);
    await seedDead(fixture, [{ message: fixture.message('Some.task', 'secret') }]);
    for (const name of ['q', 'text']) {
      const filter = { [name]: 'secret' };
      for (const action of ['tasks', 'dead']) {
        const { body } = await get<MatchingPreview>(`${action}/preview`, filter);
        expect([body.matching, body.question.main]).toEqual([0, undefined]);
      }
      for (const path of ['tasks/cancel', 'dead/delete-many'])
        expect((await postMany(path, { filter })).last).toEqual({ result: { count: 0, skipped: {} } });
    }
    expect((await rows()).rows.length).toBe(2);
  });

  it('and are dead are redriven or deleted by id, name and arguments, too', async () => {
    await boot({ user: () => 'mara' });
    const args = ['odd', 'even', 'odd', 'rare'];
    const messages = await seedDead(
      fixture,
      args.map((one) => ({ message: fixture.message('Some.task', one) })),
    );
    const { body } = await get<MatchingPreview>('dead/preview', { action: 'delete', text: 'odd' });
    expect(body).toMatchObject({ matching: 2, looked: 4, left: 0, question: { title: 'Delete 2 tasks?' } });
    const { last: deleted } = await postMany('dead/delete-many', { filter: body.filter, total: 2 });
    expect(deleted).toEqual({ result: { count: 2, skipped: {} } });
    const [last] = await fixture.broker.actions.latest(1);
    expect([last?.subject, last?.count]).toEqual([expect.stringMatching(/^until=\S+ text=odd$/), 2]);
    const id = idOf(messages[3] ?? '');
    expect((await postMany('dead/redrive-many', { filter: { id } })).last).toEqual({
      result: { count: 1, skipped: {} },
    });
    expect((await rows()).rows.map((row) => [row.state, textOf(row)])).toEqual([
      ['pending', '["rare"]'],
      ['dead', '["even"]'],
    ]);
  });

  it.each([
    [{}, 400],
    [{ filter: 7 }, 400],
    [{ filter: { error: 'x' } }, 400],
    [{ filter: { state: 'dead' } }, 400],
    [{ filter: { id: 'not an id' } }, 400],
    [{ filter: { queue: 'nowhere' } }, 404],
    [{ filter: {}, cursor: 'x' }, 400],
  ])('are not looked for by the body %j', async (body, status) => {
    await boot();
    await send([1]);
    for (const path of ['tasks/cancel', 'tasks/run'])
      expect([path, (await post(path, body)).status]).toEqual([path, status]);
    expect((await get('tasks/preview', { action: 'delete' })).status).toBe(400);
    expect((await rows()).rows.length).toBe(1);
  });
});
