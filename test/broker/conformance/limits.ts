import { limitKey, nameOfQueueLimit } from '../../../src/message/limit-tag.js';
import { encodeDone } from '../../../src/message/task-result.js';
import { idOf, LINE, MINUTE_MS, QUEUES, REPORT, type Stage } from './stage.js';

const STRIPE = limitKey('stripe');
const [ACME, GLOBEX] = ['acme', 'globex'].map((key) => limitKey('stripe', key)) as [string, string];
const RETRY = { inMs: 0, failures: 0, line: LINE, counts: true };

/** What may start: limits of queues, tasks and keys. */
export function limits(stage: () => Stage): void {
  const later = async (ms: number): Promise<void> => {
    await stage().world.letTimePass(ms);
    await stage().broker.promote(10);
  };

  describe('a limit of concurrency', () => {
    it('lets so many tasks run at a time, the first one first', async () => {
      await stage().limited({ name: 'stripe', concurrency: 2 });
      const ids = [];
      for (let at = 0; at < 4; at += 1) ids.push(await stage().start({ limits: [STRIPE] }));
      const first = await stage().next();
      expect([first.id, ...(await stage().takeAll())]).toEqual(ids.slice(0, 2));
      await stage().done(first);
      expect(await stage().takeAll()).toEqual([ids[2]]);
    });

    it('holds for each key by itself', async () => {
      await stage().limited({ name: 'stripe', concurrency: 1, keyed: true });
      const first = await stage().start({ limits: [ACME] });
      await stage().start({ limits: [ACME] });
      const other = await stage().start({ limits: [GLOBEX] });
      expect(await stage().takeAll()).toEqual([first, other]);
    });

    it('holds over all queues', async () => {
      await stage().limited({ name: 'stripe', concurrency: 1 });
      const bulk = await stage().start({ limits: [STRIPE] }, 'bulk');
      const task = await stage().next();
      const critical = await stage().start({ limits: [STRIPE] }, 'critical');
      expect([task.id, await stage().takeAll()]).toEqual([bulk, []]);
      await stage().done(task);
      expect(await stage().takeAll()).toEqual([critical]);
    });

    it('lets tasks of its queue start that do not have it', async () => {
      await stage().limited({ name: 'stripe', concurrency: 1 });
      const first = await stage().start({ limits: [STRIPE] });
      await stage().start({ limits: [STRIPE] });
      expect(await stage().takeAll()).toEqual([first]);
      const plain = stage().message();
      await stage().broker.enqueue('default', [plain]);
      const free = await stage().start({ priority: 1 });
      expect(await stage().takeAll()).toEqual([free, idOf(plain)]);
    });

    it('that nobody declares lets all tasks start', async () => {
      await stage().limited();
      const ids = [await stage().start({ limits: [STRIPE] }), await stage().start({ limits: [STRIPE] })];
      expect(await stage().takeAll()).toEqual(ids);
    });

    it('is free again however a task ends', async () => {
      const { claims } = await stage().limited({ name: 'stripe', concurrency: 1 });
      for (let at = 0; at < 4; at += 1) await stage().start({ limits: [STRIPE] });
      await claims.done(await stage().next(), encodeDone(7));
      await claims.bury(await stage().next(), REPORT, LINE);
      const cancelled = await stage().next();
      await stage().broker.cancel(cancelled.id);
      expect(await stage().takeAll()).toEqual([]);
      await claims.done(cancelled, encodeDone(7));
      const last = await stage().next();
      await claims.retry(last, RETRY);
      expect(await stage().takeAll()).toEqual([last.id]);
    });
  });

  it('a task with several limits waits for each of them, and holds none meanwhile', async () => {
    await stage().limited({ name: 'a', concurrency: 1 }, { name: 'b', concurrency: 1 });
    const [a, b] = [limitKey('a'), limitKey('b')];
    await stage().start({ limits: [b] });
    const first = await stage().next();
    const both = await stage().start({ limits: [a, b] });
    const other = await stage().start({ limits: [a] });
    const second = await stage().next();
    expect([second.id, await stage().takeAll()]).toEqual([other, []]);
    await stage().done(first);
    expect(await stage().takeAll()).toEqual([]);
    await stage().done(second);
    expect(await stage().takeAll()).toEqual([both]);
  });

  it('the limit of a queue counts all of its tasks, and no others', async () => {
    const name = nameOfQueueLimit('default');
    await stage().limited({ name, concurrency: 2, queue: 'default' });
    const plain = stage().messages(2);
    await stage().broker.enqueue('default', plain);
    const inLine = await stage().start({ limits: [STRIPE] });
    const other = await stage().start({}, 'bulk');
    const first = await stage().next();
    expect([first.id, ...(await stage().takeAll())]).toEqual([...plain.map(idOf), other]);
    await stage().done(first);
    expect(await stage().takeAll()).toEqual([inLine]);
  });

  it('the limit of a queue holds all of its tasks back while it is full', async () => {
    await stage().limited({ name: nameOfQueueLimit('default'), concurrency: 1, queue: 'default' });
    const [, plain = ''] = stage().messages(2);
    await stage().broker.enqueue('default', [stage().message(), plain]);
    await stage().start({ priority: 1 });
    expect(await stage().takeAll()).toHaveLength(1);
    const { broker } = stage();
    expect(await broker.queueStates(['default'])).toMatchObject([{ pending: 0, heldBack: 2, head: undefined }]);
    const found = await broker.places.find(idOf(plain), QUEUES);
    expect([found.heldBack, found.inLine]).toEqual([true, undefined]);
  });

  describe('a rate', () => {
    const rate = { intervalUs: MINUTE_MS * 1_000, burst: 2 };

    it('lets a burst start, and then one task after the other', async () => {
      await stage().limited({ name: 'stripe', ...rate });
      const ids = [];
      for (let at = 0; at < 5; at += 1) ids.push(await stage().start({ limits: [STRIPE] }));
      expect(await stage().takeAll()).toEqual(ids.slice(0, 2));
      const { nextInMs = 0 } = await stage().broker.promote(10);
      expect([nextInMs > MINUTE_MS - 10_000, nextInMs <= MINUTE_MS]).toEqual([true, true]);
      await later(MINUTE_MS);
      expect(await stage().takeAll()).toEqual([ids[2]]);
      await later(10 * MINUTE_MS);
      expect(await stage().takeAll()).toEqual(ids.slice(3));
    });

    it('of a queue holds for all of its tasks', async () => {
      const name = nameOfQueueLimit('default');
      await stage().limited({ name, ...rate, queue: 'default' });
      const plain = stage().messages(3);
      await stage().broker.enqueue('default', plain);
      expect(await stage().takeAll()).toEqual(plain.slice(0, 2).map(idOf));
      await later(MINUTE_MS);
      expect(await stage().takeAll()).toEqual([idOf(plain[2] ?? '')]);
    });

    it('counts each attempt', async () => {
      const { claims } = await stage().limited({ name: 'stripe', ...rate });
      await stage().start({ limits: [STRIPE] });
      await claims.retry(await stage().next(), RETRY);
      await claims.retry(await stage().next(), { ...RETRY, failures: 1 });
      expect(await stage().takeAll()).toEqual([]);
      await later(MINUTE_MS);
      expect(await stage().takeAll()).toHaveLength(1);
    });
  });

  describe('a task that is tried again later', () => {
    const inAMinute = { ...RETRY, inMs: MINUTE_MS };

    it('lets others with its limit go on', async () => {
      const { claims } = await stage().limited({ name: 'stripe', concurrency: 1, keyed: true });
      await stage().start({ limits: [ACME] });
      const other = await stage().start({ limits: [ACME] });
      await claims.retry(await stage().next(), inAMinute);
      expect(await stage().takeAll()).toEqual([other]);
    });

    it('keeps the slot of an ordered limit, and comes before the others', async () => {
      const { claims } = await stage().limited({ name: 'stripe', concurrency: 1, keyed: true, ordered: true });
      const first = await stage().start({ limits: [ACME] });
      const second = await stage().start({ limits: [ACME] });
      const other = await stage().start({ limits: [GLOBEX] });
      await claims.retry(await stage().next(), inAMinute);
      expect(await stage().takeAll()).toEqual([other]);
      await later(MINUTE_MS);
      const again = await stage().next();
      expect([again.id, await stage().takeAll()]).toEqual([first, []]);
      await claims.done(again, encodeDone(7));
      expect(await stage().takeAll()).toEqual([second]);
    });

    it('gives that slot up when it is cancelled meanwhile', async () => {
      const { claims } = await stage().limited({ name: 'stripe', concurrency: 1, ordered: true });
      const first = await stage().start({ limits: [STRIPE] });
      const second = await stage().start({ limits: [STRIPE] });
      await claims.retry(await stage().next(), inAMinute);
      await stage().broker.cancel(first);
      expect(await stage().takeAll()).toEqual([second]);
    });

    it('may stop a key until then', async () => {
      const { claims } = await stage().limited({ name: 'stripe', concurrency: 5, keyed: true });
      const first = await stage().start({ limits: [ACME] });
      const second = await stage().start({ limits: [ACME] });
      const other = await stage().start({ limits: [GLOBEX] });
      await claims.retry(await stage().next(), { ...inAMinute, stop: { limit: ACME, ms: MINUTE_MS } });
      expect(await stage().takeAll()).toEqual([other]);
      await later(MINUTE_MS);
      expect((await stage().takeAll()).sort()).toEqual([first, second].sort());
    });
  });

  describe('a task that is refused when it would have to wait', () => {
    const ask = (message: string) => stage().broker.enqueueLimited('default', [message], { refuses: true });

    it('is added while those that wait leave a place, and names the full limit otherwise', async () => {
      await stage().limited({ name: 'other', concurrency: 9 }, { name: 'stripe', concurrency: 2, keyed: true });
      const message = () => stage().starting({ limits: [limitKey('other'), ACME] });
      expect(await ask(message())).toEqual({ added: 1, full: undefined });
      await stage().takeAll();
      expect(await ask(message())).toEqual({ added: 1, full: undefined });
      expect(await ask(message())).toEqual({ added: 0, full: ACME });
      expect(await stage().takeAll()).toHaveLength(1);
    });

    it('is not refused when it is there already', async () => {
      await stage().limited({ name: 'stripe', concurrency: 1 });
      const message = stage().starting({ limits: [STRIPE] });
      expect(await ask(message)).toEqual({ added: 1, full: undefined });
      expect(await ask(message)).toEqual({ added: 0, full: undefined });
    });
  });

  it('a scheduled task comes into its line when it is due', async () => {
    await stage().limited({ name: 'stripe', concurrency: 1 });
    const message = stage().starting({ limits: [STRIPE] });
    await stage().broker.enqueueLimited('default', [message], { due: { in: MINUTE_MS } });
    const first = await stage().start({ limits: [STRIPE] });
    const task = await stage().next();
    await later(MINUTE_MS);
    expect([task.id, await stage().takeAll()]).toEqual([first, []]);
    await stage().done(task);
    expect(await stage().takeAll()).toEqual([idOf(message)]);
  });

  describe('tasks in lines', () => {
    /** One that runs, and two that wait for it. */
    const waiting = async (): Promise<string[]> => {
      await stage().limited({ name: 'stripe', concurrency: 1, keyed: true });
      await stage().start({ limits: [ACME] });
      await stage().next();
      const messages = [stage().starting({ limits: [ACME] }), stage().starting({ limits: [ACME] })];
      await stage().broker.enqueueLimited('default', messages, {});
      // until a worker looks, nobody needs to know that the limit is full
      expect(await stage().takeAll()).toEqual([]);
      return messages.map(idOf);
    };

    it('are pending, and counted as held back', async () => {
      const [first = '', second = ''] = await waiting();
      const { broker } = stage();
      expect(await broker.queueStates(['default'])).toMatchObject([{ pending: 0, heldBack: 2, head: undefined }]);
      expect(await broker.locate(first)).toMatchObject({ state: 'pending', queue: 'default' });
      const held = { state: 'pending', inLine: true, heldBack: true };
      expect(await broker.places.find(second, QUEUES)).toMatchObject({ ...held, ahead: 1 });
      expect(await broker.places.sizes([{ queue: 'default', state: 'held' }])).toEqual([2]);
      const query = { order: 'oldest' as const, at: 10, limit: 10, look: 10, task: undefined, id: undefined };
      const { tasks } = await broker.places.page({ queue: 'default', state: 'held' }, query);
      expect(tasks.map(({ head, heldBack }) => [idOf(head), heldBack])).toEqual([
        [first, true],
        [second, true],
      ]);
    });

    it.each<[string, (message: string, labels: string[]) => Promise<unknown>]>([
      ['by itself', (message, labels) => stage().broker.enqueueOne('default', message, labels)],
      ['with others', (message, labels) => stage().broker.enqueueLimited('default', [message], { labels })],
      [
        'with a unique key',
        (message, labels) =>
          stage().broker.enqueueUnique('default', message, { due: undefined, replace: false, labels }),
      ],
    ])('show what they wait for, sent %s', async (_, send) => {
      await stage().limited({ name: 'stripe', concurrency: 1, keyed: true });
      await stage().start({ limits: [ACME] });
      await stage().next();
      const sent = stage().starting({ limits: [ACME], key: 'second' });
      await send(sent, [ACME, 'acme']);
      const { message = '' } = await stage().broker.locate(idOf(sent));
      expect(await stage().broker.limits.lineOf('default', message)).toEqual({
        limits: [
          {
            ...{ limit: ACME, name: 'stripe', queue: undefined, key: 'acme', used: 1, most: 1, intervalUs: undefined },
            ...{ burst: 1, opensAt: undefined, isStopped: false, closed: undefined, isShut: true },
          },
        ],
        ...{ linesAhead: 0, priority: 0, olderMs: 0, hasTenant: false },
      });
    });

    it('can be purged and cancelled', async () => {
      const [first = ''] = await waiting();
      const { broker } = stage();
      expect(await broker.cancel(first)).toMatchObject({ state: 'pending' });
      const all = { state: 'held' as const, passed: 0, look: 10, task: undefined, before: undefined };
      expect(await broker.places.purge('default', all)).toMatchObject({ purged: 1 });
      expect(await broker.queueStates(['default'])).toMatchObject([{ pending: 0, heldBack: 0 }]);
    });
  });
}
