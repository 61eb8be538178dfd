import { createInspector } from '../../src/inspector/create-inspector.js';
import type { Inspector } from '../../src/inspector/inspector.js';
import type { ListedTask } from '../../src/inspector/tasks/listed-task.js';
import type { TaskListOptions } from '../../src/inspector/tasks/task-list-options.js';
import { encodeAttempt } from '../../src/message/attempt-record.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { digestOf } from '../../src/message/unique-key.js';
import { BrokerFixture, counted, idOf } from '../support/broker-fixture.js';
import { seedDead } from '../support/dead-tasks.js';

const BY = { by: 'anna' };

let fixture: BrokerFixture;
let inspector: Inspector;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  inspector = await createInspector({ redis: fixture.settings });
});
beforeEach(async () => {
  await fixture.child(['default', 'mail']);
});
afterEach(() => fixture.reset());
afterAll(async () => {
  await inspector.close();
  await fixture.stop();
});

/** All pages of a list, and how many they were. */
async function all(options: TaskListOptions): Promise<{ tasks: ListedTask[]; pages: number }> {
  const tasks: ListedTask[] = [];
  let cursor: string | undefined;
  for (let pages = 1; ; pages += 1) {
    const page = await inspector.tasks.list({ ...options, ...(cursor !== undefined && { cursor }) });
    tasks.push(...page.tasks);
    cursor = page.cursor;
    if (cursor === undefined) return { tasks, pages };
  }
}

describe('list()', () => {
  it('finds tasks of every state and queue, each with what is known of it', async () => {
    const [held = '', waiting = '', due = '', suspect = ''] = fixture.messages(4);
    const child = await fixture.holderOf([held], 'mail');
    await fixture.broker.enqueue('default', [waiting]);
    await fixture.broker.enqueue('mail', [due], { at: 4_000_000_000_000 });
    await fixture.redis.rpush('{nestwork}:suspects:default', counted(suspect, { crashes: 1 }));
    const { tasks } = await all({});
    expect(tasks).toEqual([
      expect.objectContaining({ id: idOf(held), state: 'active', queue: 'mail', child: child.child, attempt: 1 }),
      expect.objectContaining({ id: idOf(suspect), state: 'quarantined', queue: 'default', attempt: 2 }),
      expect.objectContaining({ id: idOf(waiting), state: 'pending', queue: 'default', task: 'Some.task' }),
      expect.objectContaining({ id: idOf(due), state: 'scheduled', dueAt: new Date(4_000_000_000_000) }),
    ]);
    await fixture.redis.del('{nestwork}:suspects:default'); // its id was never sent
  });

  it.each(['oldest', 'newest'] as const)(
    'lists each pending task once, the %s first, over many pages',
    async (order) => {
      const messages = fixture.messages(25);
      await fixture.broker.enqueue('mail', messages);
      const { tasks, pages } = await all({ state: 'pending', order, limit: 10 });
      const expected = messages.map(idOf);
      expect(tasks.map(({ id }) => id)).toEqual(order === 'oldest' ? expected : expected.reverse());
      expect(pages).toBe(3);
    },
  );

  it.each(['oldest', 'newest'] as const)('lists each scheduled task once, the %s due first', async (order) => {
    const messages = fixture.messages(25);
    for (const [index, message] of messages.entries()) {
      await fixture.broker.enqueue('mail', [message], { at: 4_000_000_000_000 + index });
    }
    const { tasks } = await all({ state: 'scheduled', order, limit: 10 });
    const expected = messages.map(idOf);
    expect(tasks.map(({ id }) => id)).toEqual(order === 'oldest' ? expected : expected.reverse());
  });

  it('misses none that stays when tasks leave at the head between two pages', async () => {
    const messages = fixture.messages(30);
    await fixture.broker.enqueue('default', messages);
    const first = await inspector.tasks.list({ state: 'pending', limit: 10 });
    await fixture.redis.lpop('{nestwork}:queue:default', 15);
    const second = await inspector.tasks.list({ state: 'pending', limit: 100, cursor: first.cursor });
    expect(second.tasks.map(({ id }) => id)).toEqual(messages.slice(15).map(idOf));
  });

  it('ends against a stream of new tasks that is faster than it', async () => {
    await fixture.broker.enqueue('default', fixture.messages(10));
    const stream = { state: 'pending', queue: 'default', order: 'newest', limit: 2 } as const;
    let [cursor, pages] = [undefined as string | undefined, 0];
    do {
      const page = await inspector.tasks.list({ ...stream, ...(cursor && { cursor }) });
      await fixture.broker.enqueue('default', fixture.messages(3));
      [cursor, pages] = [page.cursor, pages + 1];
    } while (cursor !== undefined);
    expect(pages).toBe(5);
  });

  it('searches by name and by the beginning of an id, behind tags, too', async () => {
    const other = fixture.message('Other.task');
    const unique = fixture.uniqueMessage('user-7');
    await fixture.broker.enqueue('mail', [other, fixture.message('Other.taskless'), fixture.message('Other.tas')]);
    await fixture.broker.enqueueUnique('mail', unique, { due: undefined, replace: false });
    expect((await all({ task: 'Other.task' })).tasks.map(({ id }) => id)).toEqual([idOf(other)]);
    expect((await all({ task: 'Some.task' })).tasks.map(({ id }) => id)).toEqual([idOf(unique)]);
    expect((await all({ id: idOf(unique) })).tasks).toHaveLength(1);
    expect((await all({ id: idOf(unique).slice(0, 12) })).tasks).toHaveLength(4);
  });

  it.each(['started', 'finished'] as const)(
    'finds by name and key the task that has the key until %s',
    async (until) => {
      const [due, wanted] = [undefined, { task: 'Some.task', key: 'user-7' }];
      await fixture.broker.enqueue('mail', [fixture.message('Some.task', 'user-7')]);
      const message = fixture.uniqueMessage('user-7', until);
      await fixture.broker.enqueueUnique('mail', message, { due, replace: false });
      const found = await inspector.tasks.list(wanted);
      expect(found).toMatchObject({
        tasks: [{ id: idOf(message), state: 'pending', queue: 'mail' }],
        looked: 1,
        left: 0,
      });
      expect((await inspector.tasks.list({ ...wanted, queue: 'default' })).tasks).toEqual([]);
      expect((await inspector.tasks.list({ ...wanted, id: 'z'.repeat(20) })).tasks).toEqual([]);
      expect((await inspector.tasks.list({ ...wanted, text: 'user-7' })).tasks).toEqual([]);
      expect((await inspector.tasks.list({ ...wanted, task: 'Other.task' })).tasks).toEqual([]);
      const child = await fixture.child(['mail']);
      await fixture.claim(child);
      const held = [{ id: idOf(message), state: 'active', worker: { host: 'test', pid: 1 } }];
      expect((await inspector.tasks.list(wanted)).tasks).toMatchObject(until === 'started' ? [] : held);
    },
  );

  it('has nothing for a key whose value another program wrote', async () => {
    await fixture.redis.hset('{nestwork}:unique', digestOf('Some.task', 'k'), 'mail *');
    expect(await inspector.tasks.list({ task: 'Some.task', key: 'k' })).toMatchObject({ tasks: [], looked: 0 });
    await fixture.redis.del('{nestwork}:unique');
  });

  it.each([
    [{ key: 'k' }, '`key` is given without `task`'],
    [{ key: '', task: 'Some.task' }, 'is not a string of 1 to 1000 characters'],
    [{ key: 'k', task: 'Some.task', state: 'done' as const }, "`key` is given with the state 'done'"],
    [{ key: 'k', task: 'Some.task', cursor: 'x' }, '`cursor` is given with `key`'],
  ])('refuses the list %j', async (options, message) => {
    const refused = inspector.tasks.list(options);
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_OPTION', message: expect.stringContaining(message) });
  });

  it('reports how far a search looked when its time is up, and goes on from its cursor', async () => {
    await fixture.broker.enqueue('mail', fixture.messages(2_500));
    const last = fixture.message('Other.task');
    await fixture.broker.enqueue('mail', [last]);
    const search = { state: 'pending', task: 'Other.task' } as const;
    const page = await inspector.tasks.list({ ...search, within: 0 });
    expect(page).toMatchObject({ tasks: [], looked: 2_000, left: 501 });
    const rest = await inspector.tasks.list({ ...search, cursor: page.cursor });
    expect(rest).toMatchObject({ tasks: [{ id: idOf(last) }], looked: 501, left: 0, cursor: undefined });
  });

  it('pages through what a child holds', async () => {
    const messages = fixture.messages(7);
    await fixture.holderOf(messages);
    const { tasks } = await all({ state: 'active', queue: 'default', limit: 3 });
    expect(tasks.map(({ id }) => id)).toEqual(messages.map(idOf));
    expect((await all({ state: 'active', queue: 'mail' })).tasks).toEqual([]);
  });

  it('shows foreign bytes as no task', async () => {
    await fixture.redis.rpush('{nestwork}:queue:mail', 'hello');
    expect((await all({})).tasks).toEqual([
      expect.objectContaining({ id: 'hello', state: 'pending', task: undefined, attempt: undefined }),
    ]);
    await fixture.redis.del('{nestwork}:queue:mail');
  });

  it('asks for a part of large tasks at once, and for their beginnings', async () => {
    const large = Array.from({ length: 20 }, () => fixture.message('Some.task', 'x'.repeat(100_000)));
    const place = { queue: 'mail', state: 'pending' } as const;
    const query = { order: 'oldest', limit: 20, look: 20, task: undefined, id: undefined } as const;
    await fixture.broker.enqueue('mail', large);
    const { places } = fixture.broker;
    const page = await places.page(place, { ...query, at: 20 });
    expect(page).toMatchObject({ looked: 10, next: 10, left: 10 });
    expect(page.tasks.map(({ head }) => head)).toEqual(large.slice(0, 10).map((message) => message.slice(0, 1_700)));
    expect(await places.page(place, { ...query, at: 20, look: 3 })).toMatchObject({ looked: 3, next: 17 });
    const two = await places.page(place, { ...query, at: 20, limit: 2 });
    expect([two.looked, two.next, two.tasks.length]).toEqual([2, 18, 2]);
    expect(await places.page(place, { ...query, order: 'newest', at: 50 })).toMatchObject({ looked: 0, left: 0 });
  });

  it('asks for a part of the large tasks of a child at once, by id, and for their beginnings', async () => {
    const large = Array.from({ length: 8 }, () => fixture.message('Some.task', 'x'.repeat(100_000)));
    // Redis keeps small hashes in the order in which their fields came
    const { child } = await fixture.holderOf([...large].reverse());
    const ids = large.map(idOf);
    const { places } = fixture.broker;
    const first = await places.held(child, { after: '', limit: 100 });
    expect(first.tasks.map(({ id }) => id)).toEqual(ids.slice(0, 5));
    expect(first.more).toBe(true);
    expect(first.tasks.every(({ head }) => head.length < 2_000)).toBe(true);
    const rest = await places.held(child, { after: ids[4] ?? '', limit: 2 });
    expect(rest).toMatchObject({ tasks: [{ id: ids[5] }, { id: ids[6] }], more: true });
    expect(await places.held(child, { after: ids[6] ?? '', limit: 2 })).toMatchObject({ more: false });
  });

  it.each<[TaskListOptions, string]>([
    [{ queue: 'mial' }, 'UNKNOWN_QUEUE'],
    [{ state: 'dead' as never }, 'INVALID_OPTION'],
    [{ limit: 0 }, 'INVALID_OPTION'],
    [{ order: 'random' as never }, 'INVALID_OPTION'],
    [{ id: 'X' }, 'INVALID_OPTION'],
    [{ task: 'no name' }, 'INVALID_NAME'],
    [{ cursor: 'x' }, 'INVALID_OPTION'],
    [{ cursor: Buffer.from('["pending","mail",-1,0,"",""]').toString('base64url') }, 'INVALID_OPTION'],
    [{ within: 'soon' as never }, 'INVALID_DURATION'],
    [{ tasks: 1 } as never, 'INVALID_OPTION'],
  ])('refuses %j with %s', async (options, code) => {
    await expect(inspector.tasks.list(options)).rejects.toMatchObject({ code });
  });
});

describe('get()', () => {
  it('shows a task that waits: place, headers, attempts, and its arguments only when they are read', async () => {
    const line = encodeAttempt({ at: 1, attempt: 1, code: 'TASK_FAILED', error: 'no' });
    const fresh = { id: fixture.ids.next(), name: 'Some.task', payload: '["secret"]', enqueuedAt: 1_000 };
    const message = encodeMessage({ ...fresh, options: { headers: { tenant: 'acme' }, expires: 5_000 } });
    await fixture.broker.enqueue('mail', fixture.messages(3));
    await fixture.broker.enqueue('mail', [message + line]);
    const task = await inspector.tasks.get(fresh.id);
    expect(task).toMatchObject({ state: 'pending', queue: 'mail', task: 'Some.task', ahead: 3, attempt: 1 });
    expect(task).toMatchObject({ headers: { tenant: 'acme' }, attempts: [{ code: 'TASK_FAILED' }] });
    expect(task?.expiresAt).toEqual(new Date(6_000));
    expect(JSON.stringify(task)).not.toContain('secret');
    expect(task?.args).toEqual(['secret']);
  });

  it('shows a dead task with its error, and none for an id that Redis does not know', async () => {
    const [message = ''] = await seedDead(fixture, [{ queue: 'mail' }]);
    const task = await inspector.tasks.get(idOf(message));
    expect(task).toMatchObject({ state: 'dead', queue: 'mail', death: { code: 'TASK_FAILED', error: 'Error: no' } });
    expect(task?.args).toEqual([0]);
    expect(await inspector.tasks.get(fixture.ids.next())).toBeUndefined();
    await expect(inspector.tasks.get('x')).rejects.toMatchObject({ code: 'INVALID_TASK_ID' });
  });

  it('shows a scheduled task with its time, and an active one with its child', async () => {
    const [due = '', held = ''] = fixture.messages(2);
    await fixture.broker.enqueue('mail', [due], { at: 4_000_000_000_000 });
    const child = await fixture.holderOf([held]);
    expect(await inspector.tasks.get(idOf(due))).toMatchObject({ state: 'scheduled', dueAt: new Date(4e12) });
    expect(await inspector.tasks.get(idOf(held))).toMatchObject({ state: 'active', child: child.child });
  });
});

describe('cancel()', () => {
  it('removes a task of any queue and frees its key', async () => {
    const message = fixture.uniqueMessage('user-7');
    await fixture.broker.enqueueUnique('mail', message, { due: undefined, replace: false });
    expect(await inspector.tasks.cancel(idOf(message), BY)).toBe('pending');
    expect(await fixture.redis.exists('{nestwork}:queue:mail', '{nestwork}:unique')).toBe(0);
    expect(await inspector.tasks.get(idOf(message))).toMatchObject({
      state: 'cancelled',
      cancelledAt: expect.any(Date),
    });
    expect(await inspector.tasks.cancel(idOf(message), BY)).toBe('cancelled');
  });

  it('has an active task stopped', async () => {
    const [message = ''] = fixture.messages(1);
    await fixture.holderOf([message]);
    expect(await inspector.tasks.cancel(idOf(message), BY)).toBe('active');
    expect(await inspector.tasks.cancel(fixture.ids.next(), BY)).toBe('unknown');
  });

  it('needs to know who acts', async () => {
    await expect(inspector.tasks.cancel(fixture.ids.next(), {} as never)).rejects.toThrow(/`by` is undefined/);
  });
});

describe('send()', () => {
  beforeEach(() => fixture.redis.hset('{nestwork}:catalog', 'Mail.send', '{"name":"Mail.send","queue":"mail"}'));

  it('sends to the queue that workers announced, with options', async () => {
    const sent = await inspector.tasks.send('Mail.send', [7, { weekly: true }], { ...BY, headers: { tenant: 'acme' } });
    expect(sent).toEqual({ id: expect.any(String), task: 'Mail.send', queue: 'mail', added: true });
    const task = await inspector.tasks.get(sent.id);
    expect(task).toMatchObject({ state: 'pending', queue: 'mail', headers: { tenant: 'acme' } });
    expect(task?.args).toEqual([7, { weekly: true }]);
    const later = await inspector.tasks.send('Mail.send', [], { ...BY, delay: '1h', queue: 'default' });
    expect(await inspector.tasks.get(later.id)).toMatchObject({ state: 'scheduled', queue: 'default' });
  });

  it('finds the task that has the key in another queue', async () => {
    const first = await inspector.tasks.send('Mail.send', [1], { ...BY, key: 'k', queue: 'default' });
    const options = { ...BY, key: 'k' };
    expect(await inspector.tasks.send('Mail.send', [2], options)).toEqual({ ...first, added: false });
    const second = await inspector.tasks.send('Mail.send', [2], { ...options, onConflict: 'replace' });
    expect(second.added).toBe(true);
    expect(await fixture.redis.llen('{nestwork}:queue:default')).toBe(0);
    await expect(inspector.tasks.send('Mail.send', [3], { ...options, onConflict: 'reject' })).rejects.toMatchObject({
      code: 'DUPLICATE_KEY',
    });
  });

  it.each<[string, unknown, object, string]>([
    ['Mail.snd', [], {}, 'UNKNOWN_TASK'],
    ['Mail.send', [], { queue: 'mial' }, 'UNKNOWN_QUEUE'],
    ['Mail.send', 7, {}, 'INVALID_OPTION'],
    ['Mail.send', [() => {}], {}, 'UNSERIALIZABLE_ARGUMENT'],
    ['Mail.send', [], { ids: [] }, 'INVALID_OPTION'],
    ['no name', [], {}, 'INVALID_NAME'],
  ])('refuses %s with %p and %j: %s', async (name, args, options, code) => {
    await expect(inspector.tasks.send(name, args as never, { ...BY, ...options })).rejects.toMatchObject({ code });
    expect(await fixture.redis.exists('{nestwork}:queue:mail')).toBe(0);
  });

  it('names the task that was meant', async () => {
    await expect(inspector.tasks.send('Mail.snd', [], BY)).rejects.toThrow(/Did you mean Mail\.send\?/);
  });
});

describe('runNow() and moveTo()', () => {
  it('moves a scheduled task to the tail of its queue, with its key', async () => {
    const message = fixture.uniqueMessage('user-7');
    await fixture.broker.enqueue('mail', fixture.messages(1));
    await fixture.broker.enqueueUnique('mail', message, { due: { in: 3_600_000 }, replace: false });
    expect(await inspector.tasks.runNow(idOf(message), BY)).toBe('scheduled');
    const [, moved = ''] = await fixture.redis.lrange('{nestwork}:queue:mail', 0, -1);
    expect(idOf(moved)).toBe(idOf(message));
    expect(await fixture.redis.hvals('{nestwork}:unique')).toEqual([`mail ${moved}`]);
    expect(await fixture.redis.llen('{nestwork}:bell:mail')).toBe(1);
    const task = await inspector.tasks.get(idOf(message));
    expect(Math.abs((await fixture.now()) - (task?.enqueuedAt?.getTime() ?? 0))).toBeLessThan(60_000);
    expect(await inspector.tasks.runNow(idOf(message), BY)).toBe('pending');
  });

  it('gives a scheduled task another time and wakes the promoter for an earlier one', async () => {
    const [message = ''] = fixture.messages(1);
    await fixture.broker.enqueue('mail', [message], { at: 4_000_000_000_000 });
    await fixture.redis.del('{nestwork}:alarm');
    expect(await inspector.tasks.moveTo(idOf(message), new Date(3_900_000_000_000), BY)).toBe('scheduled');
    expect(await inspector.tasks.get(idOf(message))).toMatchObject({
      dueAt: new Date(3.9e12),
      enqueuedAt: new Date(3.9e12),
    });
    expect(await fixture.redis.llen('{nestwork}:alarm')).toBe(1);
    expect(await inspector.tasks.moveTo(idOf(message), '1h', BY)).toBe('scheduled');
    const { dueAt } = (await inspector.tasks.get(idOf(message))) ?? {};
    expect(Math.abs((dueAt?.getTime() ?? 0) - (await fixture.now()) - 3_600_000)).toBeLessThan(60_000);
    await expect(inspector.tasks.moveTo(idOf(message), new Date(Number.NaN), BY)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
  });

  it('moves a task while Redis is full, but not where a key is foreign', async () => {
    const [message = '', other = ''] = fixture.messages(2);
    await fixture.broker.enqueue('mail', [message, other], { at: 4_000_000_000_000 });
    await fixture.whenFull(() => inspector.tasks.runNow(idOf(message), BY));
    expect(await fixture.redis.llen('{nestwork}:queue:mail')).toBe(1);
    await fixture.redis.set('{nestwork}:suspects:mail', 'foreign');
    await expect(inspector.tasks.moveTo(idOf(other), '1h', BY)).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
    expect(await fixture.redis.zscore('{nestwork}:scheduled:mail', other)).toBe('4000000000000');
    await fixture.redis.del('{nestwork}:suspects:mail');
  });

  it('keeps the order of time for a time that is over', async () => {
    const [message = ''] = fixture.messages(1);
    await fixture.broker.enqueue('mail', [message], { at: 4_000_000_000_000 });
    await inspector.tasks.moveTo(idOf(message), new Date(1_000), BY);
    const task = await inspector.tasks.get(idOf(message));
    expect(task?.state).toBe('pending');
    expect(task?.enqueuedAt?.getTime()).toBeGreaterThan(1_000_000);
  });

  it('moves a task once, also when it is asked again with the former message', async () => {
    const [message = ''] = fixture.messages(1);
    await fixture.broker.enqueue('mail', [message], { at: 4_000_000_000_000 });
    expect(await fixture.broker.places.reschedule('mail', message, { in: 0 })).toBe(true);
    expect(await fixture.broker.places.reschedule('mail', message, { in: 0 })).toBe(false);
    expect(await fixture.redis.llen('{nestwork}:queue:mail')).toBe(1);
  });

  it('moves nothing that is not scheduled', async () => {
    const [message = ''] = fixture.messages(1);
    await fixture.holderOf([message]);
    expect(await inspector.tasks.runNow(idOf(message), BY)).toBe('active');
    expect(await inspector.tasks.moveTo(fixture.ids.next(), 0, BY)).toBe('unknown');
  });
});
