/** The libraries that apps use, each connected to a database of the tests. */
import * as mariadbOrm from '@mikro-orm/mariadb';
import * as postgresOrm from '@mikro-orm/postgresql';
import { drizzle as drizzleMysql } from 'drizzle-orm/mysql2';
import { drizzle as drizzlePostgres } from 'drizzle-orm/node-postgres';
import knex, { type Knex } from 'knex';
import { createPool } from 'mysql2/promise';
import { Pool } from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { knexOutbox } from '../../src/outbox/adapters/knex.js';
import { prismaOutbox } from '../../src/outbox/adapters/prisma.js';
import { typeormOutbox } from '../../src/outbox/adapters/typeorm.js';
import type { OutboxDatabase, OutboxDialect } from '../../src/outbox/outbox-database.js';
import { prismaClient } from '../support/prisma-client.js';
import { drizzleOutbox as drizzleMysqlOutbox } from './recipes/drizzle-mysql.js';
import { drizzleOutbox as drizzlePostgresOutbox } from './recipes/drizzle-postgres.js';
import { mikroOrmOutbox } from './recipes/mikro-orm.js';

/** A library, connected to a database. */
export interface Library {
  readonly outbox: OutboxDatabase;
  /** whether it can listen to a channel of PostgreSQL */
  readonly listens: boolean;
  transaction<T>(run: (transaction: object) => Promise<T>): Promise<T>;
  /** what is no transaction, with a part of the reason */
  readonly outside: readonly (readonly [given: object, why: string])[];
  /** a transaction of another connection to the same database; undefined where the library does not know, nor when one is over */
  other?(run: (transaction: object) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

async function ofTypeorm(url: string, dialect: OutboxDialect): Promise<Library> {
  const options = { type: dialect === 'postgres' ? 'postgres' : 'mariadb', url } as DataSourceOptions;
  const [source, other] = [await new DataSource(options).initialize(), await new DataSource(options).initialize()];
  return {
    outbox: typeormOutbox(source),
    listens: true,
    transaction: (run) => source.transaction(run),
    outside: [
      [source, 'it is no entity manager of a transaction'],
      [source.manager, 'it is no entity manager of a transaction'],
      [source.createQueryRunner(), 'give its manager, queryRunner.manager'],
      [{ query: () => undefined, connection: {} }, 'it is no entity manager of a transaction of TypeORM'],
    ],
    other: (run) => other.transaction(run),
    close: async () => {
      await source.destroy();
      await other.destroy();
    },
  };
}

async function ofKnex(url: string, dialect: OutboxDialect): Promise<Library> {
  const connect = (): Knex => knex({ client: dialect === 'postgres' ? 'pg' : 'mysql2', connection: url });
  const [own, other] = [connect(), connect()];
  return {
    outbox: knexOutbox(own),
    listens: true,
    transaction: (run) => own.transaction((trx) => run(trx)),
    outside: [[own, 'it is an instance of Knex, and no transaction']],
    other: (run) => other.transaction((trx) => run(trx)),
    close: async () => {
      await own.destroy();
      await other.destroy();
    },
  };
}

async function ofPrisma(url: string, dialect: OutboxDialect): Promise<Library> {
  const [own, other] = [prismaClient(url, dialect), prismaClient(url, dialect)];
  return {
    outbox: prismaOutbox(own),
    listens: false,
    transaction: (run) => own.$transaction(run),
    outside: [[own, 'it is a client of Prisma, and no transaction']],
    other: (run) => other.$transaction(run),
    close: async () => {
      await own.$disconnect();
      await other.$disconnect();
    },
  };
}

async function ofDrizzle(url: string, dialect: OutboxDialect): Promise<Library> {
  return dialect === 'postgres' ? ofDrizzlePostgres(url) : ofDrizzleMysql(url);
}

function ofDrizzlePostgres(url: string): Library {
  const pool = new Pool({ connectionString: url });
  const db = drizzlePostgres(pool);
  return {
    outbox: drizzlePostgresOutbox(db, pool),
    listens: true,
    transaction: (run) => db.transaction(run),
    outside: [[db, 'it is no transaction of Drizzle']],
    close: () => pool.end(),
  };
}

function ofDrizzleMysql(url: string): Library {
  const pool = createPool({ uri: url });
  const db = drizzleMysql(pool);
  return {
    outbox: drizzleMysqlOutbox(db),
    listens: false,
    transaction: (run) => db.transaction(run),
    outside: [[db, 'it is no transaction of Drizzle']],
    close: () => pool.end(),
  };
}

/** MikroORM, without entities. */
export function mikroOrm(url: string, dialect: OutboxDialect): Promise<postgresOrm.MikroORM> {
  const options = { clientUrl: url, dbName: new URL(url).pathname.slice(1), discovery: { warnWhenNoEntities: false } };
  // what an app uses of them is the same
  return dialect === 'postgres'
    ? postgresOrm.MikroORM.init(options)
    : (mariadbOrm.MikroORM.init(options) as Promise<unknown> as Promise<postgresOrm.MikroORM>);
}

async function ofMikroOrm(url: string, dialect: OutboxDialect): Promise<Library> {
  const [own, other] = [await mikroOrm(url, dialect), await mikroOrm(url, dialect)];
  const within = <T>({ em }: postgresOrm.MikroORM, run: (transaction: object) => Promise<T>): Promise<T> =>
    em.fork().transactional((fork) => run(fork.getTransactionContext() ?? {}));
  return {
    outbox: mikroOrmOutbox(own).database,
    listens: true,
    transaction: (run) => within(own, run),
    outside: [[own.em.getConnection().getKnex(), 'it is an instance of Knex, and no transaction']],
    other: (run) => within(other, run),
    close: async () => {
      await own.close();
      await other.close();
    },
  };
}

/** All of them, by their names. */
export const LIBRARIES = [
  ['TypeORM', ofTypeorm],
  ['Knex', ofKnex],
  ['Prisma', ofPrisma],
  ['Drizzle', ofDrizzle],
  ['MikroORM', ofMikroOrm],
] as const;
