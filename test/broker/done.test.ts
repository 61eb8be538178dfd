import { type DoneRecord, decodeDone, encodeDone } from '../../src/task/done-record.js';
import { BrokerFixture } from '../support/broker-fixture.js';

const KEY = '{nestwork}:done:Some.task';
const WEEK_S = 7 * 86_400;

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

function records(count: number, from = 1): DoneRecord[] {
  return Array.from({ length: count }, (_, at) => {
    const endedAt = from + at;
    return { id: fixture.ids.next(), queue: 'default', enqueuedAt: 1, startedAt: 1, endedAt, attempt: 2 };
  });
}

const done = (): BrokerFixture['broker']['done'] => fixture.broker.done;

describe('keep-done', () => {
  it('keeps the last done tasks of a name for a week', async () => {
    const all = records(5);
    await done().keep('Some.task', 3, all.slice(0, 2));
    await done().keep('Some.task', 3, all.slice(2));
    const query = { order: 'oldest', passed: 0, limit: 10 } as const;
    expect(await done().page('Some.task', query)).toEqual({ records: all.slice(2), looked: 3, left: 0 });
    expect(await fixture.redis.ttl(KEY)).toBeGreaterThan(WEEK_S - 60);
    expect(await done().page('Other.task', query)).toEqual({ records: [], looked: 0, left: 0 });
  });

  it('that is repeated, or comes after later ones, adds nothing', async () => {
    const all = records(6);
    await done().keep('Some.task', 3, all.slice(0, 3));
    await done().keep('Some.task', 3, all.slice(3));
    await done().keep('Some.task', 3, all.slice(0, 3));
    await done().keep('Some.task', 3, all.slice(3));
    expect(await fixture.redis.zrange(KEY, '0', '-1')).toEqual(all.slice(3).map(encodeDone));
  });

  it('refuses a foreign key, and a full Redis refuses it', async () => {
    await fixture.redis.set(KEY, 'x');
    const refused = { code: 'REDIS_REFUSED', message: expect.stringContaining(KEY) };
    await expect(done().keep('Some.task', 3, records(1))).rejects.toMatchObject(refused);
    await fixture.redis.del(KEY);
    await fixture.whenFull(async () => {
      await expect(done().keep('Some.task', 3, records(1))).rejects.toMatchObject({ code: 'REDIS_OUT_OF_MEMORY' });
    });
  });
});

describe('the done tasks that are kept', () => {
  it('are read page by page, in both orders', async () => {
    const all = records(5);
    await done().keep('Some.task', 10, all);
    const page = { order: 'newest', passed: 1, limit: 2 } as const;
    expect(await done().page('Some.task', page)).toEqual({ records: [all[3], all[2]], looked: 2, left: 2 });
    const last = await done().page('Some.task', { order: 'oldest', passed: 4, limit: 2 });
    expect(last).toEqual({ records: [all[4]], looked: 1, left: 0 });
  });

  it('are found by id, the last execution of each, also among many', async () => {
    const all = records(3_000);
    const again = { ...(all[7] as DoneRecord), endedAt: 9_000, attempt: 3 };
    for (let at = 0; at < all.length; at += 500) await done().keep('Some.task', 10_000, all.slice(at, at + 500));
    await done().keep('Some.task', 10_000, [again]);
    expect(await done().find('Some.task', again.id)).toEqual(again);
    expect(await done().find('Some.task', fixture.ids.next())).toBeUndefined();
  });

  it('do not include values that others wrote', async () => {
    const [record] = records(1) as [DoneRecord];
    await fixture.redis.zadd(KEY, 5, 'x', 6, `${record.id} default 1 x 1`);
    const page = await done().page('Some.task', { order: 'oldest', passed: 0, limit: 10 });
    expect(page).toEqual({ records: [], looked: 2, left: 0 });
    expect(decodeDone(encodeDone(record), record.endedAt)).toEqual(record);
  });
});
