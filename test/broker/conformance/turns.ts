import { limitKey } from '../../../src/message/limit-tag.js';
import { idOf, LINE, MINUTE_MS, NEW_YEAR, type Stage, type Starting } from './stage.js';

const STRIPE = limitKey('stripe');

/** What starts first: age, priority, and the turns of tenants. */
export function turns(stage: () => Stage): void {
  const startAll = async (all: readonly Starting[]): Promise<string[]> => {
    const ids: string[] = [];
    for (const given of all) ids.push(await stage().start(given));
    return ids;
  };
  it('a task with a higher priority starts first, and those of one in the order in which they were sent', async () => {
    const ids = await startAll([{ limits: [STRIPE] }, { priority: 1 }, { priority: 9 }, { priority: 1 }]);
    const [none, one, nine, other] = ids;
    expect(await stage().takeAll()).toEqual([nine, one, other, none]);
  });

  it('a task without any of it starts before a line that is younger, and after one that is older', async () => {
    const plain = stage().messages(2);
    await stage().broker.enqueue('default', plain);
    const younger = await stage().start({ priority: 1, enqueuedAt: NEW_YEAR + MINUTE_MS + 1 });
    const older = await stage().start({ priority: 1, enqueuedAt: NEW_YEAR + MINUTE_MS - 1 });
    expect(await stage().takeAll()).toEqual([older, ...plain.map(idOf), younger]);
  });

  it('a task rises by one step of priority with each of its ages', async () => {
    const low = await stage().start({ limits: [STRIPE], priority: 2, enqueuedAt: NEW_YEAR });
    const high = await stage().start({ priority: 9, enqueuedAt: NEW_YEAR + 7 * MINUTE_MS + 1 });
    const higher = await stage().start({ priority: 9, enqueuedAt: NEW_YEAR + 7 * MINUTE_MS - 1 });
    expect(await stage().takeAll()).toEqual([higher, low, high]);
  });

  it('a priority stays with a task that is tried again', async () => {
    const { claims } = await stage().work();
    const first = await stage().start({ priority: 3 });
    await claims.retry(await stage().next(), { inMs: 0, failures: 0, line: LINE, counts: true });
    const [low = '', high = ''] = [1, 9].map((priority) => stage().starting({ priority }));
    // their time is that of the broker, like that of the retry
    await stage().broker.enqueueLimited('default', [low, high], {});
    expect(await stage().takeAll()).toEqual([idOf(high), first, idOf(low)]);
  });

  it('tenants take turns, however many tasks each has', async () => {
    const [a1, a2, a3, a4] = await startAll(['a', 'a', 'a', 'a'].map((tenant) => ({ tenant })));
    const [b1, b2] = await startAll(['b', 'b'].map((tenant) => ({ tenant })));
    const order = await stage().takeAll();
    expect(order.slice(0, 4).sort()).toEqual([a1, a2, b1, b2].sort());
    expect(order.slice(4)).toEqual([a3, a4]);
    expect(order.indexOf(a1 ?? '') < 2 && order.indexOf(b1 ?? '') < 2).toBe(true);
  });

  it('a tenant that comes late gets the next turn, and none for the time before', async () => {
    const many = await startAll(['a', 'a', 'a', 'a', 'a', 'a'].map((tenant) => ({ tenant })));
    expect(await stage().takeAll(3)).toEqual(many.slice(0, 3));
    const [b1, b2] = await startAll(['b', 'b'].map((tenant) => ({ tenant })));
    const order = await stage().takeAll();
    expect(order.filter((id) => many.includes(id))).toEqual(many.slice(3));
    expect([order[0], order.indexOf(b2 ?? '') > 2]).toEqual([b1, false]);
  });

  it('every second task is one of the tenants, while others wait, too', async () => {
    const plain = stage().messages(3);
    await stage().broker.enqueue('default', plain);
    const fair = await startAll(['a', 'a', 'a'].map((tenant) => ({ tenant })));
    const order = await stage().takeAll();
    expect(order.filter((_, at) => at % 2 === 0)).toEqual(plain.map(idOf));
    expect(order.filter((_, at) => at % 2 === 1)).toEqual(fair);
  });

  it('the tasks of a tenant whose limit is full cost the others no turn', async () => {
    await stage().limited({ name: 'stripe', concurrency: 1, keyed: true });
    const limits = [limitKey('stripe', 'a')];
    const [first] = await startAll([{ tenant: 'a', limits }]);
    expect(await stage().takeAll()).toEqual([first]);
    await startAll([{ tenant: 'a', limits }]);
    const others = await startAll([{ tenant: 'b' }, { tenant: 'b' }]);
    expect(await stage().takeAll()).toEqual(others);
  });
}
