import { sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { PgTransaction } from 'drizzle-orm/pg-core';
import type { Pool } from 'pg';
import { type OutboxDatabase, pgOutbox } from '../../../src/outbox/index.js';

type Transaction = Pick<NodePgDatabase, 'execute'>;

export function drizzleOutbox(db: NodePgDatabase, pool: Pool): OutboxDatabase<Transaction> {
  return {
    dialect: 'postgres',
    execute: async (tx, text, parameters) => {
      const parts = text
        .split(/\$(\d+)/)
        .map((part, at) => (at % 2 === 0 ? sql.raw(part) : sql`${parameters[Number(part) - 1]}`));
      return (await tx.execute(sql.join(parts))).rows;
    },
    transaction: (run) => db.transaction(run, { isolationLevel: 'read committed' }),
    refusal: (given) => (given instanceof PgTransaction ? undefined : 'it is no transaction of Drizzle'),
    listen: pgOutbox(pool).listen,
  };
}
