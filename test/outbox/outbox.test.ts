import { Outbox } from '../../src/outbox/outbox.js';
import { Transactions } from '../../src/outbox/transactions.js';
import { describeOutbox, type OutboxDatabaseFixture } from '../support/outbox-databases.js';

const MESSAGE = 'k3v9x0q2m7000000000110000000000001["A.b",[]]';

describe('the outbox of an app without one', () => {
  it('says that the option is missing', async () => {
    await expect(new Outbox(undefined).retry('all')).rejects.toMatchObject({ code: 'OUTBOX_NOT_CONFIGURED' });
  });
});

describeOutbox('the outbox as an app looks at it', (start) => {
  let database: OutboxDatabaseFixture;
  let outbox: Outbox;
  beforeAll(async () => {
    database = await start();
    outbox = new Outbox(new Transactions(database.table));
  });
  beforeEach(async () => {
    await database.makeTable();
    for (let at = 0; at < 3; at += 1) await add(at, at === 2 ? 'bulk' : 'default');
    await database.query(
      "update nestwork_outbox set put_aside_at = current_timestamp, problem = 'odd' where queue = 'bulk'",
    );
    await database.query(
      "insert into nestwork_outbox (namespace, task_id, queue, message, put_aside_at) values ('other', 'x', 'default', 'x', current_timestamp)",
    );
  });
  afterAll(() => database.stop());

  const add = (at: number, queue: string): Promise<void> =>
    database.transaction((transaction) =>
      database.table.add(transaction, [{ queue, message: MESSAGE.replace('0001', `000${at}`) }]),
    );

  it('counts the rows of its namespace by queue', async () => {
    expect(await outbox.counts()).toEqual([
      { queue: 'bulk', waiting: 0, putAside: 1, oldestMs: 0 },
      { queue: 'default', waiting: 2, putAside: 0, oldestMs: expect.any(Number) },
    ]);
  });

  it('lists rows that were put aside, with the reasons', async () => {
    const [row, ...others] = await outbox.aside();
    expect(others).toEqual([]);
    expect(row).toMatchObject({ id: '3', queue: 'bulk', reason: 'odd', taskId: expect.any(String) });
    expect(Math.abs(Date.now() - (row?.putAsideAt.getTime() ?? 0))).toBeLessThan(600_000);
    expect(row?.createdAt).toEqual(expect.any(Date));
  });

  it('lets rows wait again, and leaves those alone that were not put aside, or are of others', async () => {
    expect(await outbox.retry([1, '3', 4n, 99])).toEqual(['3']);
    expect(await outbox.aside()).toEqual([]);
    expect(await outbox.counts()).toMatchObject([{ queue: 'bulk', waiting: 1, putAside: 0 }, { waiting: 2 }]);
    expect(await database.query('select problem from nestwork_outbox where id = 3')).toEqual([{ problem: null }]);
    expect(await database.query('select id from nestwork_outbox where put_aside_at is not null')).toHaveLength(1);
  });

  it('lets all of its namespace wait again', async () => {
    expect(await outbox.retry('all')).toEqual(['3']);
    expect(await outbox.retry('all')).toEqual([]);
  });

  it.each([[['x']], [[-1]], ['3']])('refuses %j in place of ids', async (ids) => {
    await expect(outbox.retry(ids as string[])).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  it.each([0, 1.5, 10_001])('refuses to list %j rows', async (limit) => {
    await expect(outbox.aside({ limit })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });
});
