/** The inbox over the libraries that apps use: how they answer, and how they say that a transaction has failed. */
import knex from 'knex';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { knexOutbox } from '../../src/outbox/adapters/knex.js';
import { prismaOutbox } from '../../src/outbox/adapters/prisma.js';
import { typeormOutbox } from '../../src/outbox/adapters/typeorm.js';
import { inboxMigration } from '../../src/outbox/inbox/inbox-migration.js';
import { InboxTable } from '../../src/outbox/inbox/inbox-table.js';
import type { OutboxDatabase, OutboxDialect } from '../../src/outbox/outbox-database.js';
import { describeOutbox, type OutboxDatabaseFixture } from '../support/outbox-databases.js';
import { prismaClient } from '../support/prisma-client.js';

interface Library {
  readonly database: OutboxDatabase;
  close(): Promise<void>;
}

async function typeorm(url: string, dialect: OutboxDialect): Promise<Library> {
  const options = { type: dialect === 'postgres' ? 'postgres' : 'mariadb', url } as DataSourceOptions;
  const source = await new DataSource(options).initialize();
  return { database: typeormOutbox(source) as OutboxDatabase, close: () => source.destroy() };
}

async function ofKnex(url: string, dialect: OutboxDialect): Promise<Library> {
  const own = knex({ client: dialect === 'postgres' ? 'pg' : 'mysql2', connection: url });
  return { database: knexOutbox(own) as OutboxDatabase, close: () => own.destroy() };
}

async function ofPrisma(url: string, dialect: OutboxDialect): Promise<Library> {
  const own = prismaClient(url, dialect);
  return { database: prismaOutbox(own) as OutboxDatabase, close: () => own.$disconnect() };
}

describeOutbox('an inbox', (start) => {
  let fixture: OutboxDatabaseFixture;
  beforeAll(async () => {
    fixture = await start();
  });
  afterAll(() => fixture.stop());

  describe.each([
    ['TypeORM', typeorm],
    ['Knex', ofKnex],
    ['Prisma', ofPrisma],
  ] as const)('over %s', (_, connect) => {
    let library: Library;
    let table: InboxTable;
    beforeAll(async () => {
      library = await connect(fixture.server.url, fixture.outbox.dialect);
      table = new InboxTable(library.database, 'nestwork');
      await fixture.query('drop table if exists nestwork_inbox');
      for (const sql of inboxMigration(fixture.outbox.dialect)) await fixture.query(sql);
      await fixture.query('drop table if exists effects');
      await fixture.query('create table effects (what varchar(100) not null)');
      await table.assertForm();
    });
    afterAll(() => library.close());

    const have = (transaction: unknown, what: string): Promise<unknown> =>
      library.database.execute(transaction, `insert into effects values ('${what}')`, []);

    async function times(what: string): Promise<number> {
      const [row] = await fixture.query(`select count(*) as count from effects where what = '${what}'`);
      return Number(row?.count);
    }

    it('has each effect once, and returns what its step returned', async () => {
      const once = (): Promise<unknown> =>
        table.once({ task: 'a', step: 'b' }, async (transaction) => {
          await have(transaction, 'effect');
          return { at: new Date(7) };
        });
      expect([await once(), await once()]).toEqual([{ at: new Date(7) }, { at: new Date(7) }]);
      expect(await times('effect')).toBe(1);
    });

    it('keeps nothing of a step that fails, and runs it again', async () => {
      let calls = 0;
      const once = (): Promise<unknown> =>
        table.once({ task: 'c', step: '' }, async (transaction) => {
          await have(transaction, 'again');
          calls += 1;
          if (calls === 1) throw new Error('no');
        });
      await expect(once()).rejects.toThrow('no');
      await once();
      expect([calls, await times('again')]).toEqual([2, 1]);
    });

    it('finds out that the database has given up the transaction of a step', async () => {
      const hiding = table.once({ task: 'd', step: '' }, async (transaction) => {
        await have(transaction, 'hidden');
        await library.database.execute(transaction, 'no sql', []).catch(() => {});
      });
      if (fixture.outbox.dialect === 'postgres') {
        await expect(hiding).rejects.toMatchObject({ code: 'INBOX_ROLLED_BACK' });
        expect(await times('hidden')).toBe(0);
      } else {
        await hiding;
        expect(await times('hidden')).toBe(1);
      }
    });

    it('removes old marks', async () => {
      await table.once({ task: 'e', step: '' }, async () => {});
      await fixture.query("update nestwork_inbox set marked_at = '2020-01-01 00:00:00' where task_id = 'e'");
      expect(await table.removeOld(3_600_000, 500)).toBe(1);
      expect(await table.removeOld(3_600_000, 500)).toBe(0);
    });

    it('names the migration where its table is missing', async () => {
      const without = new InboxTable(library.database, 'nestwork', 'nowhere');
      await expect(without.once({ task: 'f', step: '' }, async () => {})).rejects.toMatchObject({
        code: 'INBOX_TABLE_MISSING',
      });
    });
  });
});
