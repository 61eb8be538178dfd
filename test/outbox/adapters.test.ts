/** The outbox over the libraries that apps use, and the transactions that they hand to functions. */
import { type KnexInstance, knexOutbox } from '../../src/outbox/adapters/knex.js';
import { type PrismaInstance, prismaOutbox } from '../../src/outbox/adapters/prisma.js';
import { type TypeormSource, typeormOutbox } from '../../src/outbox/adapters/typeorm.js';
import { isDeadlock } from '../../src/outbox/database-errors.js';
import { OutboxTable } from '../../src/outbox/outbox-table.js';
import { OutboxRelay } from '../../src/outbox/relay.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { eventually } from '../support/eventually.js';
import { describeDatabases } from '../support/outbox-databases.js';
import { prismaClient } from '../support/prisma-client.js';
import { LIBRARIES, type Library } from './libraries.js';

/** Asks for the level of a transaction, which MariaDB says of those alone that have changed something. */
const LEVEL = {
  postgres: "select current_setting('transaction_isolation') as level",
  mariadb:
    'select trx_isolation_level as level from information_schema.innodb_trx where trx_mysql_thread_id = connection_id()',
};

let redis: BrokerFixture;
beforeAll(async () => {
  redis = await BrokerFixture.start();
});
afterEach(() => redis.reset());
afterAll(() => redis.stop());

describeDatabases('the outbox', (database) => {
  describe.each(LIBRARIES)('over %s', (_, connect) => {
    let library: Library;
    let table: OutboxTable;
    beforeAll(async () => {
      library = await connect(database.server.url, database.outbox.dialect);
      table = new OutboxTable(library.outbox, 'nestwork');
    });
    afterAll(() => library.close());

    const calls = (messages: readonly string[]) => messages.map((message) => ({ queue: 'default', message }));
    const relayOf = (onWake = (): void => {}): OutboxRelay =>
      new OutboxRelay({
        table,
        broker: redis.broker.outbox,
        onWake,
        onWarning: () => {},
        onError: (error) => {
          throw error;
        },
      });

    it('relays what a transaction has added', async () => {
      const messages = redis.messages(3);
      await library.transaction((transaction) => table.add(transaction, calls(messages)));
      const relay = relayOf();
      await relay.round();
      await relay.stop();
      expect(await redis.redis.lrange('{nestwork}:queue:default', 0, -1)).toEqual(messages);
      expect(await database.rows()).toBe(0);
    });

    it('puts bad rows aside, and finds those that are there', async () => {
      await database.query(
        "insert into nestwork_outbox (namespace, task_id, queue, message) values ('nestwork', 'bad', 'default', 'x')",
      );
      const relay = relayOf();
      await relay.round();
      await relay.stop();
      expect(await database.query("select problem from nestwork_outbox where task_id = 'bad'")).toHaveLength(1);
      expect(await table.transaction((transaction) => table.known(transaction, ['bad', 'none']))).toEqual(
        new Set(['bad']),
      );
    });

    it('adds nothing in a transaction that is rolled back', async () => {
      const failing = library.transaction(async (transaction) => {
        await table.add(transaction, calls(redis.messages(1)));
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(await database.rows()).toBe(0);
    });

    it('refuses what is no transaction and, where the library knows, one that is over or of another connection', async () => {
      const refused = (why: string) =>
        expect.objectContaining({ code: 'OUTBOX_NO_TRANSACTION', message: expect.stringContaining(why) });
      const add = (transaction: object): Promise<void> => table.add(transaction, calls(redis.messages(1)));
      for (const [given, why] of library.outside) await expect(add(given)).rejects.toEqual(refused(why));
      await expect(add({})).rejects.toEqual(refused('it '));
      if (library.other) {
        const over = await library.transaction(async (transaction) => transaction);
        await expect(add(over)).rejects.toEqual(refused('its transaction is over'));
        await library.other((transaction) =>
          expect(add(transaction)).rejects.toEqual(refused('it belongs to another')),
        );
      }
      expect(await database.rows()).toBe(0);
    });

    it('relays at the level READ COMMITTED', async () => {
      const level = await table.transaction(async (transaction) => {
        await table.add(transaction, calls(redis.messages(1)));
        const [row] = await library.outbox.execute(transaction, LEVEL[library.outbox.dialect], []);
        return String(row?.level).toLowerCase();
      });
      expect(level).toBe('read committed');
    });

    it('says of a deadlock that it is one', async () => {
      for (const id of ['a', 'b']) {
        await database.query(
          `insert into nestwork_outbox (namespace, task_id, queue, message) values ('nestwork', '${id}', 'default', 'x')`,
        );
      }
      const lock = (transaction: unknown, id: string): Promise<unknown> =>
        library.outbox.execute(
          transaction,
          `update nestwork_outbox set problem = 'x' where namespace = 'nestwork' and task_id = '${id}'`,
          [],
        );
      let waiting = 2;
      const crosswise = (own: string, other: string): Promise<void> =>
        library.outbox.transaction(async (transaction) => {
          await lock(transaction, own);
          waiting -= 1;
          await eventually(() => expect(waiting).toBe(0));
          await lock(transaction, other);
        });
      const ends = await Promise.allSettled([crosswise('a', 'b'), crosswise('b', 'a')]);
      const errors = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
      expect(errors).toHaveLength(1);
      expect(isDeadlock(errors[0])).toBe(true);
    });

    it('names a table that is missing', async () => {
      await database.query('drop table nestwork_outbox');
      const sent = library.transaction((transaction) => table.add(transaction, calls(redis.messages(1))));
      await expect(sent).rejects.toMatchObject({ code: 'OUTBOX_TABLE_MISSING' });
      await expect(relayOf().round()).rejects.toMatchObject({ code: 'OUTBOX_TABLE_MISSING' });
    });

    it('is woken by rows where it can listen, and looks once a second elsewhere', async () => {
      const isWoken = library.listens && database.outbox.dialect === 'postgres';
      let woken = 0;
      const relay = relayOf(() => {
        woken += 1;
      });
      const { nextInMs } = await relay.round();
      await library.transaction((transaction) => table.add(transaction, calls(redis.messages(1))));
      if (isWoken) await eventually(() => expect(woken).toBe(1));
      expect(nextInMs).toBe(isWoken ? 10_000 : 1_000);
      await relay.round();
      await relay.stop();
    });
  });

  it('lets the relay say what Prisma says of a transaction that is over', async () => {
    const prisma = prismaClient(database.server.url, database.outbox.dialect);
    const outbox = prismaOutbox(prisma);
    const over = await outbox.transaction(async (transaction) => transaction);
    await expect(outbox.execute(over, 'select 1 as one', [])).rejects.toMatchObject({ code: 'P2028' });
    await prisma.$disconnect();
  });

  it('refuses a transaction of Prisma that took longer than its timeout', async () => {
    const prisma = prismaClient(database.server.url, database.outbox.dialect);
    const table = new OutboxTable(prismaOutbox(prisma), 'nestwork');
    const [message = ''] = redis.messages(1);
    const late = prisma.$transaction(
      (transaction) =>
        eventually(() =>
          expect(table.add(transaction, [{ queue: 'default', message }])).rejects.toMatchObject({
            code: 'OUTBOX_NO_TRANSACTION',
            message: expect.stringContaining('its transaction is over'),
            cause: expect.objectContaining({ message: expect.stringContaining('timeout') }),
          }),
        ),
      { timeout: 100 },
    );
    await expect(late).rejects.toThrow('expired transaction');
    expect(await database.rows()).toBe(0);
    await prisma.$disconnect();
  });
});

it.each([
  ['typeormOutbox', () => typeormOutbox({ options: { type: 'sqlite' } } as TypeormSource), '"sqlite"'],
  ['knexOutbox', () => knexOutbox({ client: { dialect: 'sqlite3' } } as unknown as KnexInstance), '"sqlite3"'],
  ['prismaOutbox', () => prismaOutbox({ _activeProvider: 'sqlite' } as unknown as PrismaInstance), '"sqlite"'],
])('%s refuses other databases', (_, make, name) => {
  expect(make).toThrow(name);
});

it('prismaOutbox asks for the dialect where the client does not say it, and takes the one that is given', () => {
  const client = { $transaction: () => Promise.reject(new Error('no')) };
  expect(() => prismaOutbox(client)).toThrow("prismaOutbox(prisma, { dialect: 'postgres' })");
  expect(prismaOutbox(client, { dialect: 'mariadb' })).toMatchObject({ dialect: 'mariadb' });
});
