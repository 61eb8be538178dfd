import { sql } from 'drizzle-orm';
import { MySqlTransaction } from 'drizzle-orm/mysql-core';
import type { MySql2Database } from 'drizzle-orm/mysql2';
import type { OutboxDatabase } from '../../../src/outbox/index.js';

type Transaction = Pick<MySql2Database, 'execute'>;

export function drizzleOutbox(db: MySql2Database): OutboxDatabase<Transaction> {
  return {
    dialect: 'mariadb',
    execute: async (tx, text, parameters) => {
      const parts = text
        .split('?')
        .flatMap((part, at) => [...(at > 0 ? [sql`${parameters[at - 1]}`] : []), sql.raw(part)]);
      const [rows] = await tx.execute(sql.join(parts));
      return Array.isArray(rows) ? rows : [];
    },
    transaction: (run) => db.transaction(run, { isolationLevel: 'read committed' }),
    refusal: (given) => (given instanceof MySqlTransaction ? undefined : 'it is no transaction of Drizzle'),
  };
}
