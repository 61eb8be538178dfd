/** The marks of steps in real databases: what happens once, whatever dies in between. */
import { inboxMigration } from '../../src/outbox/inbox/inbox-migration.js';
import { InboxTable } from '../../src/outbox/inbox/inbox-table.js';
import type { OutboxDatabase, OutboxRow } from '../../src/outbox/outbox-database.js';
import { eventually } from '../support/eventually.js';
import { describeOutbox, type OutboxDatabaseFixture } from '../support/outbox-databases.js';

const KEY = { task: 'k3v9x0q2m70000000001', step: '' };

describeOutbox('a step with a mark', (start) => {
  let database: OutboxDatabaseFixture;
  let table: InboxTable;
  beforeAll(async () => {
    database = await start();
  });
  beforeEach(async () => {
    await database.query('drop table if exists nestwork_inbox');
    for (const sql of inboxMigration(database.outbox.dialect)) await database.query(sql);
    await database.query('drop table if exists effects');
    await database.query('create table effects (what varchar(100) not null)');
    table = new InboxTable(database.outbox, 'nestwork');
  });
  afterAll(() => database.stop());

  const isPostgres = (): boolean => database.outbox.dialect === 'postgres';
  const execute = (transaction: unknown, sql: string): Promise<readonly OutboxRow[]> =>
    database.outbox.execute(transaction, sql, []);
  const have = (transaction: unknown, what = 'effect'): Promise<unknown> =>
    execute(transaction, `insert into effects values ('${what}')`);

  async function effects(): Promise<unknown[]> {
    return (await database.query('select what from effects order by what')).map(({ what }) => what);
  }

  async function marks(): Promise<number> {
    const [row] = await database.query('select count(*) as count from nestwork_inbox');
    return Number(row?.count);
  }

  /** Resolves when so many transactions wait for the lock of another one. */
  function waiting(count: number): Promise<void> {
    const sql = isPostgres()
      ? "select count(*) as count from pg_stat_activity where wait_event_type = 'Lock'"
      : "select count(*) as count from information_schema.innodb_trx where trx_state = 'LOCK WAIT'";
    return eventually(async () => {
      // InnoDB looks anew only when nobody has read that table for 0.1 s
      if (!isPostgres()) await database.query('do sleep(0.15)');
      expect(Number((await database.query(sql))[0]?.count)).toBe(count);
    });
  }

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text with all that a database may trip over', '\0 \ud83d\ude00 \\ \' " $1 ?'],
    ['an object with a Date and more', { at: new Date(7), sum: 12n, by: new Map([['a', [1.5, true]]]) }],
  ])('that returned %s returns the same the second time, and has its effect once', async (_, value) => {
    let calls = 0;
    const once = (): Promise<unknown> =>
      table.once(KEY, async (transaction) => {
        calls += 1;
        await have(transaction);
        return value;
      });
    expect([await once(), await once()]).toEqual([value, value]);
    expect([calls, await effects(), await marks()]).toEqual([1, ['effect'], 1]);
  });

  it('has its effect again for another task, step or namespace', async () => {
    const other = new InboxTable(database.outbox, 'other');
    await table.once(KEY, (transaction) => have(transaction, 'first'));
    await table.once({ ...KEY, step: 'b' }, (transaction) => have(transaction, 'second'));
    await table.once({ ...KEY, task: 'k3v9x0q2m70000000002' }, (transaction) => have(transaction, 'third'));
    await other.once(KEY, (transaction) => have(transaction, 'fourth'));
    expect(await effects()).toEqual(['first', 'fourth', 'second', 'third']);
  });

  it('that fails leaves neither effect nor mark, and runs again', async () => {
    const failing = table.once(KEY, async (transaction) => {
      await have(transaction, 'lost');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect([await effects(), await marks()]).toEqual([[], 0]);
    await table.once(KEY, (transaction) => have(transaction));
    expect(await effects()).toEqual(['effect']);
  });

  /** An attempt that has had its effect and goes on once `end` is called. */
  function heldAt(effect: string, go: () => string) {
    let begin = (): void => {};
    let end = (): void => {};
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const ended = new Promise<void>((resolve) => (end = resolve));
    const first = table.once(KEY, async (transaction) => {
      await have(transaction, effect);
      begin();
      await ended;
      return go();
    });
    return { first, begun, end };
  }

  it('that another attempt is at waits, and returns what that one returned', async () => {
    const { first, begun, end } = heldAt('effect', () => 'first');
    await begun;
    const second = table.once(KEY, async (transaction) => {
      await have(transaction, 'twice');
      return 'second';
    });
    await waiting(1);
    end();
    expect(await Promise.all([first, second])).toEqual(['first', 'first']);
    expect(await effects()).toEqual(['effect']);
  });

  it('that another attempt is at runs once that one has failed, in one of all that wait', async () => {
    const { first, begun, end } = heldAt('lost', () => {
      throw new Error('no');
    });
    const failed = expect(first).rejects.toThrow('no');
    await begun;
    const others = Array.from({ length: 5 }, (_, at) =>
      table.once(KEY, async (transaction) => {
        await have(transaction);
        return at;
      }),
    );
    await waiting(5);
    end();
    await failed;
    const returned = await Promise.all(others);
    expect(new Set(returned).size).toBe(1);
    expect([await effects(), await marks()]).toEqual([['effect'], 1]);
  });

  describe('has its effect once when the database dies', () => {
    let calls = 0;
    beforeEach(() => {
      calls = 0;
    });

    const step = async (transaction: unknown): Promise<string> => {
      calls += 1;
      await have(transaction);
      return `call ${calls}`;
    };

    async function die(): Promise<never> {
      await database.server.kill();
      throw new Error('died');
    }

    /** @param dies looks at each statement, before and behind it */
    function dying(dies: (sql: string, isBefore: boolean) => boolean): InboxTable {
      const around: OutboxDatabase = {
        ...database.outbox,
        execute: async (transaction, sql, parameters) => {
          if (dies(sql, true)) await die();
          const rows = await database.outbox.execute(transaction, sql, parameters);
          if (dies(sql, false)) await die();
          return rows;
        },
      };
      return new InboxTable(around, 'nestwork');
    }

    async function expectOnce(failing: Promise<unknown>, result: string): Promise<void> {
      await expect(failing).rejects.toThrow();
      await database.server.restart();
      expect(await eventuallyOnce()).toBe(result);
      expect([await effects(), await marks()]).toEqual([['effect'], 1]);
    }

    /** The pool has connections of the dead server. */
    async function eventuallyOnce(): Promise<string> {
      let value = '';
      await eventually(async () => {
        value = await table.once(KEY, step);
      });
      return value;
    }

    it('before the mark', async () => {
      await expectOnce(dying((sql, isBefore) => sql.startsWith('insert') && isBefore).once(KEY, step), 'call 1');
    });

    it('between the mark and the effect', async () => {
      await expectOnce(dying((sql, isBefore) => sql.startsWith('insert') && !isBefore).once(KEY, step), 'call 1');
    });

    it('behind the effect', async () => {
      const failing = table.once(KEY, async (transaction) => {
        await step(transaction);
        return die();
      });
      await expectOnce(failing, 'call 2');
    });

    it('before the commit', async () => {
      const dies = (sql: string, isBefore: boolean): boolean => sql.startsWith('select') && !isBefore && calls === 1;
      await expectOnce(dying(dies).once(KEY, step), 'call 2');
    });

    it('behind the commit, before its answer', async () => {
      const unanswered: OutboxDatabase = {
        ...database.outbox,
        transaction: async (run) => {
          await database.outbox.transaction(run);
          return die();
        },
      };
      await expectOnce(new InboxTable(unanswered, 'nestwork').once(KEY, step), 'call 1');
    });
  });

  it('whose function hides the error of a statement is refused where the database has given the transaction up', async () => {
    const hiding = table.once(KEY, async (transaction) => {
      await have(transaction);
      await execute(transaction, 'no sql').catch(() => {});
    });
    if (isPostgres()) {
      await expect(hiding).rejects.toMatchObject({ code: 'INBOX_ROLLED_BACK' });
      expect([await effects(), await marks()]).toEqual([[], 0]);
    } else {
      await hiding;
      expect([await effects(), await marks()]).toEqual([['effect'], 1]);
    }
  });

  it('whose function rolls the transaction back is refused', async () => {
    const ending = table.once(KEY, async (transaction) => {
      await execute(transaction, 'rollback');
    });
    await expect(ending).rejects.toMatchObject({ code: 'INBOX_ROLLED_BACK' });
    expect(await marks()).toBe(0);
  });

  it.each([
    ['an instance of a class', new (class Order {})(), 'an instance of class Order'],
    ['more than 256 KiB', 'x'.repeat(300_000), '262144 bytes'],
  ])('that returns %s is rolled back with the reason', async (_, value, reason) => {
    const refused = table.once(KEY, async (transaction) => {
      await have(transaction);
      return value;
    });
    await expect(refused).rejects.toMatchObject({
      code: 'INBOX_RESULT',
      message: expect.stringMatching(new RegExp(`${reason}.* \\[INBOX_RESULT\\]\\n`)),
    });
    expect([await effects(), await marks()]).toEqual([[], 0]);
  });

  it('that is older than marks are kept loses its mark, and no other', async () => {
    const age = (table: InboxTable, task: string, ms: number): Promise<unknown> =>
      table
        .once({ task, step: '' }, async () => {})
        .then(() =>
          database.query(
            `update nestwork_inbox set marked_at = marked_at - interval ${isPostgres() ? `'${ms} milliseconds'` : `${ms * 1_000} microsecond`} where task_id = '${task}'`,
          ),
        );
    await age(table, 'a', 3_600_000);
    await age(table, 'b', 3_700_000);
    await age(table, 'c', 3_000_000);
    await age(new InboxTable(database.outbox, 'other'), 'd', 3_700_000);
    expect(await table.removeOld(3_500_000, 1)).toBe(1);
    expect(await left()).toEqual(['a', 'c', 'd']);
    expect(await table.removeOld(3_500_000, 500)).toBe(1);
    expect(await left()).toEqual(['c', 'd']);
  });

  async function left(): Promise<unknown[]> {
    return (await database.query('select task_id from nestwork_inbox order by task_id')).map(({ task_id }) => task_id);
  }

  it('is refused without its table', async () => {
    const without = new InboxTable(database.outbox, 'nestwork', 'other_inbox');
    const missing = expect.objectContaining({
      code: 'INBOX_TABLE_MISSING',
      message: expect.stringContaining(`npx nestwork inbox sql --${database.outbox.dialect}`),
    });
    await expect(without.assertForm()).rejects.toEqual(missing);
    await expect(without.once(KEY, async () => {})).rejects.toEqual(missing);
  });

  it('is refused with a table of another form', async () => {
    await table.assertForm();
    const comment = (text: string): string =>
      isPostgres() ? `comment on table nestwork_inbox is '${text}'` : `alter table nestwork_inbox comment = '${text}'`;
    await database.query(comment('nestwork inbox 2'));
    await expect(table.assertForm()).rejects.toMatchObject({
      code: 'INBOX_TABLE_OLD',
      message: expect.stringContaining('has the form 2'),
    });
    await database.query(comment('mine'));
    await expect(table.assertForm()).rejects.toMatchObject({ code: 'INBOX_TABLE_OLD' });
    await database.query('alter table nestwork_inbox drop column result');
    await expect(table.once(KEY, async () => 1)).rejects.toMatchObject({ code: 'INBOX_TABLE_OLD' });
  });

  it('says nothing of its table when another one is missing', async () => {
    const failing = table.once(KEY, (transaction) => execute(transaction, 'select * from nowhere'));
    await expect(failing).rejects.toThrow(/nowhere/);
    await expect(failing).rejects.not.toMatchObject({ code: 'INBOX_TABLE_MISSING' });
  });
});
