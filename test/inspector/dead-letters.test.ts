import { inspect } from 'node:util';
import type { DeadProgress } from '../../src/inspector/dead-bulk.js';
import type { DeadFilter } from '../../src/inspector/dead-filter.js';
import { DeadLetters } from '../../src/inspector/dead-letters.js';
import type { DeadPageOptions } from '../../src/inspector/dead-paging.js';
import { KnownQueues } from '../../src/inspector/queues/known-queues.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { encodeUnique } from '../../src/message/unique-key.js';
import { encodePayload } from '../../src/payload/payload.js';
import { BrokerFixture, counted, idOf } from '../support/broker-fixture.js';
import { REPORT, seedDead, seedForeign } from '../support/dead-tasks.js';

const NAMESPACE = '{nestwork}:';
const HOUR_MS = 3_600_000;

let fixture: BrokerFixture;
let deadLetters: DeadLetters;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  deadLetters = new DeadLetters(
    fixture.broker.deadLetters,
    KnownQueues.declared(['urgent', 'default', 'bulk']),
    fixture.broker.actions,
  );
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** Six dead tasks in three queues, one each second from an hour ago, and their ids. */
async function graveyard(): Promise<string[]> {
  const start = (await fixture.broker.deadLetters.now()) - HOUR_MS;
  const crashed = { code: 'CRASHED', task: undefined, error: 'Its process died', stack: undefined };
  const seeds = [
    { queue: 'default' },
    { queue: 'bulk', message: fixture.message('Other.task'), report: { task: 'Other.task' } },
    { queue: 'default', report: { error: 'Error: connect ECONNREFUSED' } },
    { queue: 'bulk', message: fixture.message('Other.task'), report: crashed },
    { queue: 'urgent', report: { error: 'Error: connect ECONNREFUSED' } },
    { queue: 'urgent', report: { code: 'HARD_TIMEOUT' } },
  ];
  const messages = await seedDead(
    fixture,
    seeds.map((seed, index) => ({ ...seed, diedAt: start + index * 1_000 })),
  );
  return messages.map(idOf);
}

describe('a dead task', () => {
  it('has all recorded data', async () => {
    const message = fixture.message('Some.task', 7, { weekly: true }, new Date(5));
    const history = [
      { at: 100, attempt: 1, code: 'TASK_FAILED', error: 'Error: once', host: 'there', pid: 3 },
      { at: 200, code: 'REDRIVEN' },
      { at: 300, attempt: 1, code: 'TASK_FAILED', error: 'Error: no', host: 'here', pid: 7 },
    ];
    const seeded = counted(message, { crashes: 2 });
    await seedDead(fixture, [{ queue: 'bulk', message: seeded, history, diedAt: 400 }]);
    const task = await deadLetters.get(idOf(message));
    expect({ ...task }).toEqual({
      sealed: false,
      id: idOf(message),
      queue: 'bulk',
      task: 'Some.task',
      diedAt: new Date(400),
      enqueuedAt: expect.any(Date),
      code: 'TASK_FAILED',
      error: 'Error: no',
      stack: REPORT.stack,
      attempt: 1,
      host: 'here',
      pid: 7,
      crashes: 2,
      attempts: [history[0], history[2]],
      redrivenAt: [new Date(200)],
      progress: undefined,
      log: [],
    });
    expect(task?.enqueuedAt?.getTime()).toBe(Number.parseInt(message.slice(25, 34), 36));
    expect(task?.args).toEqual([7, { weekly: true }, new Date(5)]);
    expect(task?.bytes.toString()).toContain(seeded);
  });

  it('shows its arguments only in `args`', async () => {
    const [message] = (await seedDead(fixture, [{ message: fixture.message('Some.task', 'secret') }])) as [string];
    const task = await deadLetters.get(idOf(message));
    expect(inspect(task, { depth: null, showHidden: true })).not.toContain('secret');
    expect(JSON.stringify(task)).not.toContain('secret');
    expect(task?.args).toEqual(['secret']);
  });

  it('has the name in its message when its report has none, also behind a unique key', async () => {
    const unique = encodeUnique('Träge "Tasks".x', 'key', 'started');
    const message = encodeMessage({
      id: fixture.ids.next(),
      name: 'Träge "Tasks".x',
      payload: encodePayload([1]),
      enqueuedAt: 5,
      tags: unique,
    });
    await seedDead(fixture, [{ message, report: { task: undefined } }]);
    expect(await deadLetters.get(idOf(message))).toMatchObject({ task: 'Träge "Tasks".x', args: [1] });
  });

  it('of foreign bytes has no arguments, but all its bytes', async () => {
    const bytes = Buffer.from('\xff\nnot ours\n{"at":1,"code":"FAKE"}', 'latin1');
    const id = await seedForeign(fixture, bytes, 5);
    const task = await deadLetters.get(id);
    expect(task).toMatchObject({ id, code: 'UNDECODABLE_MESSAGE', task: undefined, enqueuedAt: undefined });
    expect(task).toMatchObject({ args: undefined, attempts: [], redrivenAt: [] });
    expect(task?.bytes).toEqual(Buffer.concat([Buffer.from(`${id}?`), bytes]));
  });

  it.each(['', 'no JSON\nx', '[]\nx', 'null\n', '7'])('is listed although its record is %j', async (record) => {
    const [message] = (await seedDead(fixture, [{}])) as [string];
    await fixture.redis.hset(`${NAMESPACE}dead-records:default`, idOf(message), record);
    expect(await deadLetters.get(idOf(message))).toMatchObject({ code: 'UNREADABLE_REPORT', args: undefined });
    expect((await deadLetters.list()).tasks).toHaveLength(1);
  });
});

describe('a list', () => {
  it.each<[DeadFilter, number[]]>([
    [{}, [5, 4, 3, 2, 1, 0]],
    [{ queues: ['bulk'] }, [3, 1]],
    [{ queues: ['bulk', 'urgent', 'bulk'] }, [5, 4, 3, 1]],
    [{ task: 'Other.task' }, [3, 1]],
    [{ task: 'Nobody.knows' }, []],
    [{ code: 'CRASHED' }, [3]],
    [{ error: 'ECONNREFUSED' }, [4, 2]],
    [{ error: 'econnrefused' }, []],
    [{ error: 'ECONNREFUSED', queues: ['default'] }, [2]],
    [{ since: '2h' }, [5, 4, 3, 2, 1, 0]],
    [{ since: '10m' }, []],
    [{ until: '10m' }, [5, 4, 3, 2, 1, 0]],
    [{ until: '2h' }, []],
    [{ since: '2h', until: '10m', code: 'TASK_FAILED' }, [4, 2, 1, 0]],
  ])('of %j, newest first', async (filter, expected) => {
    const ids = await graveyard();
    const { tasks, cursor } = await deadLetters.list(filter);
    expect(tasks.map(({ id }) => ids.indexOf(id))).toEqual(expected);
    expect(cursor).toBeUndefined();
    expect(await deadLetters.count(filter)).toBe(expected.length);
  });

  it('between two dates, both included', async () => {
    const ids = await graveyard();
    const [since, until] = await Promise.all(
      [1, 3].map(async (index) => (await deadLetters.get(ids[index] ?? ''))?.diedAt),
    );
    const { tasks } = await deadLetters.list({ since, until }, { order: 'oldest' });
    expect(tasks.map(({ id }) => id)).toEqual(ids.slice(1, 4));
  });

  it.each(['newest', 'oldest'] as const)('comes page by page over all queues: %s first', async (order) => {
    const ids = await graveyard();
    const seen: string[] = [];
    const sizes: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await deadLetters.list({}, { limit: 2, order, cursor });
      seen.push(...page.tasks.map(({ id }) => id));
      sizes.push(page.tasks.length);
      cursor = page.cursor;
    } while (cursor);
    expect(seen).toEqual(order === 'oldest' ? ids : ids.toReversed());
    expect(sizes).toEqual([2, 2, 2]);
  });

  it('leaves out and repeats nothing while tasks die and leave between its pages, however many died at once', async () => {
    const old = (await seedDead(fixture, Array(40).fill({ diedAt: 5_000 }))).map(idOf);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await deadLetters.list({}, { limit: 3, cursor });
      seen.push(...page.tasks.map(({ id }) => id));
      cursor = page.cursor;
      // newer ones come, and of those on the page, the last one too, some leave
      await seedDead(fixture, [{ diedAt: 6_000 + seen.length }, { diedAt: 6_000 + seen.length, queue: 'bulk' }]);
      await deadLetters.delete(seen.at(-1) ?? '');
      if (seen.length % 2 === 0) await deadLetters.redrive(seen.at(-2) ?? '');
    } while (cursor);
    expect(seen).toEqual(old.toReversed());
  });

  it('goes on over more than one read of Redis to find matching tasks', async () => {
    const seeds = Array.from({ length: 120 }, (_, index) => ({
      report: { code: index % 50 === 0 ? 'RARE' : 'COMMON' },
    }));
    const ids = (await seedDead(fixture, seeds)).map(idOf);
    const first = await deadLetters.list({ code: 'RARE' }, { limit: 2 });
    expect(first.tasks.map(({ id }) => ids.indexOf(id))).toEqual([100, 50]);
    const second = await deadLetters.list({ code: 'RARE' }, { limit: 2, cursor: first.cursor });
    expect(second.tasks.map(({ id }) => ids.indexOf(id))).toEqual([0]);
    expect(second.cursor).toBeUndefined();
  });
});

describe('refuses', () => {
  it.each<[unknown, string, string]>([
    [{ queue: 'default' }, 'INVALID_OPTION', 'no option "queue"'],
    [{ queues: 'default' }, 'INVALID_OPTION', "`queues` ('default') is not a list"],
    [{ queues: [] }, 'INVALID_OPTION', '`queues`'],
    [{ queues: ['default', 'unknown'] }, 'UNKNOWN_QUEUE', '"unknown", named by a filter of dead tasks'],
    [{ queues: [7] }, 'UNKNOWN_QUEUE', '"7"'],
    [{ task: '' }, 'INVALID_OPTION', '`task`'],
    [{ code: 7 }, 'INVALID_OPTION', '`code` (7)'],
    [{ error: 'x\ud800' }, 'INVALID_OPTION', '`error` has a lone surrogate'],
    [new Map([['task', 'x']]), 'INVALID_OPTION', 'class Map'],
    [{ error: /x/ }, 'INVALID_OPTION', '`error`'],
    [{ since: new Date('nonsense') }, 'INVALID_OPTION', '`since` (Invalid Date)'],
    [{ until: 'yesterday' }, 'INVALID_DURATION', "The filter `until` is 'yesterday'"],
    [{ since: -1 }, 'INVALID_DURATION', '`since`'],
    [{ since: '2026-11-21' }, 'INVALID_DURATION', '`since`'],
    [{ since: '1h', until: '2h' }, 'INVALID_OPTION', '`since`'],
    [null, 'INVALID_OPTION', 'A filter of dead tasks'],
  ])('the filter %p with %s', async (filter, code, offender) => {
    const refusal = { code, message: expect.stringContaining(offender) };
    await seedDead(fixture, [{}]);
    await expect(deadLetters.list(filter as DeadFilter)).rejects.toMatchObject(refusal);
    await expect(deadLetters.count(filter as DeadFilter)).rejects.toMatchObject(refusal);
    await expect(deadLetters.redriveAll(filter as DeadFilter)).rejects.toMatchObject(refusal);
    await expect(deadLetters.deleteAll(filter as DeadFilter)).rejects.toMatchObject(refusal);
    expect(await deadLetters.count()).toBe(1);
  });

  it('to change all tasks by a filter that is undefined, or has an undefined value', async () => {
    await seedDead(fixture, [{}]);
    for (const filter of [undefined, { task: undefined }]) {
      const refusal = { code: 'INVALID_OPTION' };
      await expect(deadLetters.redriveAll(filter as unknown as DeadFilter)).rejects.toMatchObject(refusal);
      await expect(deadLetters.deleteAll(filter as unknown as DeadFilter)).rejects.toMatchObject(refusal);
    }
    expect(await deadLetters.count({ task: undefined })).toBe(1);
  });

  it.each<[unknown, string]>([
    [{ limit: 0 }, '`limit` is 0'],
    [{ limit: -1 }, '`limit`'],
    [{ limit: 1_001 }, '`limit`'],
    [{ limit: 1.5 }, '`limit`'],
    [{ limit: '10' }, '`limit`'],
    [{ cursor: 'nonsense' }, '`cursor`'],
    [{ cursor: '5-short' }, '`cursor`'],
    [{ cursor: 7 }, '`cursor`'],
    [{ order: 'random' }, '`order`'],
    [{ size: 10 }, 'no option "size"'],
  ])('the page %p', async (page, offender) => {
    const refusal = { code: 'INVALID_OPTION', message: expect.stringContaining(offender) };
    await expect(deadLetters.list({}, page as DeadPageOptions)).rejects.toMatchObject(refusal);
  });

  it.each<[string, unknown]>([
    ['batchSize', 0],
    ['batchSize', 501],
    ['batchSize', 1.5],
    ['batchSize', '10'],
    ['limit', 0],
    ['limit', 1.5],
    ['limit', '10'],
    ['total', -1],
    ['total', 1.5],
    ['cursor', 'nonsense'],
    ['cursor', 7],
    ['cursor', `5-5-${'0'.repeat(20)}-elsewhere`],
  ])('the option `%s` of a bulk action as %p', async (name, value) => {
    const options = { [name]: value };
    await expect(deadLetters.redriveAll({}, options)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await expect(deadLetters.deleteAll({}, options)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  it.each(['', '7', 'K3V9X0Q2M7AB00000007', undefined])('the id %p', async (id) => {
    for (const method of ['get', 'redrive', 'delete'] as const) {
      await expect(deadLetters[method](id as string)).rejects.toMatchObject({ code: 'INVALID_TASK_ID' });
    }
  });

  it('an unknown queue to look in', async () => {
    for (const method of ['get', 'redrive', 'delete'] as const) {
      const lookup = deadLetters[method](fixture.ids.next(), { queue: 'unknown' });
      await expect(lookup).rejects.toMatchObject({ code: 'UNKNOWN_QUEUE' });
    }
  });
});

describe('one task', () => {
  it('is found in the queue in which it is dead, and in no other', async () => {
    const [id = ''] = (await seedDead(fixture, [{ queue: 'bulk' }])).map(idOf);
    expect(await deadLetters.get(id)).toMatchObject({ id, queue: 'bulk' });
    expect(await deadLetters.get(id, { queue: 'bulk' })).toMatchObject({ id });
    expect(await deadLetters.get(id, { queue: 'default' })).toBeUndefined();
    expect(await deadLetters.get(fixture.ids.next())).toBeUndefined();
  });

  it('runs again once', async () => {
    const [id = ''] = (await seedDead(fixture, [{ queue: 'bulk' }])).map(idOf);
    expect(await deadLetters.redrive(id)).toBe('redriven');
    expect(await deadLetters.redrive(id)).toBe('not-found');
    expect(await fixture.redis.llen(`${NAMESPACE}queue:bulk`)).toBe(1);
  });

  it('of foreign bytes is refused without showing them, and stays dead', async () => {
    const id = await seedForeign(fixture, Buffer.from('secret bytes'), 5);
    const refused = deadLetters.redrive(id);
    await expect(refused).rejects.toMatchObject({ code: 'UNDECODABLE_MESSAGE', message: expect.stringContaining(id) });
    await expect(refused).rejects.not.toThrow('secret');
    expect(await deadLetters.get(id)).toMatchObject({ id });
  });

  it('is deleted once', async () => {
    const [id = '', other = ''] = (await seedDead(fixture, [{ queue: 'bulk' }, {}])).map(idOf);
    expect(await deadLetters.delete(id)).toBe('deleted');
    expect(await deadLetters.delete(id)).toBe('not-found');
    expect(await deadLetters.get(other)).toMatchObject({ id: other });
  });
});

describe('all matching tasks', () => {
  it('run again, those that died first first, and others stay dead', async () => {
    const ids = await graveyard();
    const progress: unknown[] = [];
    const result = await deadLetters.redriveAll({ code: 'TASK_FAILED' }, { onProgress: (at) => progress.push(at) });
    expect(result).toEqual({ redriven: 4, refused: 0 });
    // queue by queue
    expect(progress).toMatchObject([0, 1, 3, 4].map((done) => ({ done, total: 4 })));
    expect((await deadLetters.list()).tasks.map(({ id }) => ids.indexOf(id))).toEqual([5, 3]);
    const queued = await fixture.redis.lrange(`${NAMESPACE}queue:default`, 0, -1);
    expect(queued.map((message) => ids.indexOf(idOf(message)))).toEqual([0, 2]);
  });

  it('run again in batches, without a task that died again in the meantime', async () => {
    const ids = (await seedDead(fixture, Array(50).fill({}))).map(idOf);
    const child = await fixture.child();
    const buried: string[] = [];
    /** A worker that buries every task at once that has come back. */
    const kill = async (): Promise<void> => {
      const { tasks } = await fixture.claim(child, 100);
      for (const task of tasks) await fixture.broker.bury(child, task, REPORT);
      buried.push(...tasks.map(({ id }) => id));
    };
    const killing: Promise<void>[] = [];
    const onProgress = (): void => void killing.push(kill());
    expect(await deadLetters.redriveAll({}, { batchSize: 7, onProgress })).toEqual({ redriven: 50, refused: 0 });
    await Promise.all(killing);
    await kill();
    expect(buried.sort()).toEqual(ids.sort());
    expect(await deadLetters.count()).toBe(50);
    const { tasks } = await deadLetters.list({}, { limit: 1_000 });
    expect(tasks.map(({ redrivenAt }) => redrivenAt.length)).toEqual(Array(50).fill(1));
  });

  it('that cannot run are counted, and stay dead', async () => {
    await seedForeign(fixture, Buffer.from('x'), 5);
    await seedDead(fixture, [{}, {}]);
    expect(await deadLetters.redriveAll({})).toEqual({ redriven: 2, refused: 1 });
    expect(await deadLetters.count()).toBe(1);
  });

  it('stay where they are when the signal ends the call, each whole, and the next call takes the rest', async () => {
    await seedDead(fixture, Array(30).fill({}));
    const abort = new AbortController();
    const onProgress = ({ done }: { done: number }): void => void (done === 10 && abort.abort(new Error('enough')));
    const first = deadLetters.redriveAll({}, { batchSize: 5, signal: abort.signal, onProgress });
    await expect(first).rejects.toThrow('enough');
    expect(await deadLetters.count()).toBe(20);
    expect(await fixture.redis.llen(`${NAMESPACE}queue:default`)).toBe(10);
    expect(await deadLetters.redriveAll({})).toEqual({ redriven: 20, refused: 0 });
  });

  it('are taken in parts by calls that go on from the cursor, without tasks that died since', async () => {
    await seedDead(fixture, Array(30).fill({}));
    await seedDead(fixture, [{ queue: 'bulk' }, { queue: 'bulk', report: { code: 'CRASHED' } }]);
    const filter = { code: 'TASK_FAILED' };
    const first = await deadLetters.redriveAll(filter, { batchSize: 20, within: '1ms' });
    expect(first).toMatchObject({ redriven: expect.any(Number), cursor: expect.any(String) });
    const [last] = await seedDead(fixture, [{ diedAt: (await fixture.broker.deadLetters.now()) + 60_000 }]);
    let { redriven, cursor } = first;
    while (cursor !== undefined) {
      expect(await deadLetters.count(filter, cursor)).toBe(31 - redriven);
      const next = await deadLetters.redriveAll(filter, { batchSize: 20, within: '1ms', cursor });
      redriven += next.redriven;
      cursor = next.cursor;
    }
    expect(redriven).toBe(31);
    expect((await deadLetters.list(filter)).tasks).toMatchObject([{ id: idOf(last ?? '') }]);
  });

  it.each([1, 3, 500])(
    'are taken up to a `limit`, in batches of %i, and the next call takes the next ones',
    async (batchSize) => {
      const ids = (await seedDead(fixture, Array(6).fill({}))).map(idOf);
      await seedDead(fixture, [{ queue: 'bulk' }, { queue: 'bulk', report: { code: 'CRASHED' } }]);
      const filter = { code: 'TASK_FAILED', queues: ['default', 'bulk'] };
      const progress: DeadProgress[] = [];
      const onProgress = (each: DeadProgress): void => void progress.push(each);
      const first = await deadLetters.redriveAll(filter, { limit: 4, batchSize, onProgress });
      expect(first).toEqual({ redriven: 4, refused: 0, cursor: expect.any(String) });
      expect(progress.at(-1)).toEqual({ done: 4, changed: 4, total: 4, cursor: first.cursor });
      expect(await fixture.redis.zrange(`${NAMESPACE}dead:default`, '0', '-1')).toEqual(ids.slice(4));
      expect(await deadLetters.count(filter, first.cursor)).toBe(3);
      const rest = { limit: 3, batchSize, cursor: first.cursor, onProgress };
      // none is left
      expect(await deadLetters.deleteAll(filter, rest)).toEqual({ deleted: 3, cursor: undefined });
      expect(await deadLetters.count()).toBe(1);
    },
  );

  it('are not counted before for a caller without `onProgress`, so there may be none behind the cursor', async () => {
    await seedDead(fixture, Array(3).fill({}));
    const first = await deadLetters.deleteAll({ code: 'TASK_FAILED' }, { limit: 3, batchSize: 1 });
    expect(first).toEqual({ deleted: 3, cursor: expect.any(String) });
    const second = await deadLetters.deleteAll({ code: 'TASK_FAILED' }, { limit: 3, cursor: first.cursor });
    expect(second).toEqual({ deleted: 0, cursor: undefined });
  });

  it('are taken from where the last progress of a stopped call was', async () => {
    await seedDead(fixture, Array(30).fill({}));
    const abort = new AbortController();
    let cursor: string | undefined;
    const onProgress = (progress: DeadProgress): void => {
      ({ cursor } = progress);
      if (progress.done === 10) abort.abort(new Error('enough'));
    };
    const first = deadLetters.deleteAll({}, { batchSize: 5, signal: abort.signal, onProgress });
    await expect(first).rejects.toThrow('enough');
    const totals: number[] = [];
    const count = ({ total }: DeadProgress): void => void totals.push(total);
    expect(await deadLetters.deleteAll({}, { cursor, onProgress: count })).toEqual({ deleted: 20 });
    expect(totals[0]).toBe(20);
  });

  it('are not counted again with a total', async () => {
    await seedDead(fixture, Array(3).fill({}));
    const totals: number[] = [];
    const onProgress = ({ total }: DeadProgress): void => void totals.push(total);
    await deadLetters.deleteAll({ code: 'TASK_FAILED' }, { total: 7, onProgress });
    expect(totals).toEqual([7, 7]);
  });

  it('are removed, and others stay', async () => {
    const ids = await graveyard();
    const progress: unknown[] = [];
    const onProgress = (at: unknown): void => void progress.push(at);
    expect(await deadLetters.deleteAll({ error: 'ECONNREFUSED' }, { onProgress })).toEqual({ deleted: 2 });
    expect(progress.at(-1)).toMatchObject({ done: 2, total: 2 });
    expect((await deadLetters.list()).tasks.map(({ id }) => ids.indexOf(id))).toEqual([5, 3, 1, 0]);
  });

  it('may be none: then onProgress gets that, too', async () => {
    const progress: unknown[] = [];
    const onProgress = (at: unknown): void => void progress.push(at);
    expect(await deadLetters.redriveAll({}, { onProgress })).toEqual({ redriven: 0, refused: 0 });
    expect(progress).toEqual([{ done: 0, changed: 0, total: 0 }]);
  });

  it('are taken by two calls at the same time once each', async () => {
    await seedDead(fixture, Array(300).fill({}));
    const [a, b] = await Promise.all([
      deadLetters.redriveAll({}, { batchSize: 9 }),
      deadLetters.redriveAll({}, { batchSize: 11 }),
    ]);
    expect(a.redriven + b.redriven).toBe(300);
    expect(await fixture.redis.llen(`${NAMESPACE}queue:default`)).toBe(300);
  });
});
