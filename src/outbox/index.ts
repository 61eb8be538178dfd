export { type KnexInstance, type KnexTransaction, knexOutbox } from './adapters/knex.js';
export { type Mysql2Connection, type Mysql2Pool, type Mysql2PoolConnection, mysql2Outbox } from './adapters/mysql2.js';
export { type PgClient, type PgPool, type PgPoolClient, type PgResult, pgOutbox } from './adapters/pg.js';
export type { ListeningEvents } from './adapters/postgres-listener.js';
export {
  type PrismaInstance,
  type PrismaOutboxOptions,
  type PrismaTransaction,
  type PrismaTransactionSettings,
  prismaOutbox,
} from './adapters/prisma.js';
export {
  type TypeormManager,
  type TypeormSource,
  type TypeormSourceOptions,
  typeormOutbox,
} from './adapters/typeorm.js';
export { inboxMigration } from './inbox/inbox-migration.js';
export type { InboxOptions } from './inbox/inbox-options.js';
export { outboxMigration } from './migration.js';
export type { OutboxDatabase, OutboxDialect, OutboxListener, OutboxRow, OutboxValue } from './outbox-database.js';
export type { OutboxOptions } from './outbox-options.js';
