import type { MikroORM } from '@mikro-orm/postgresql';
import { knexOutbox, type OutboxOptions } from '../../../src/outbox/index.js';

export function mikroOrmOutbox({ em }: MikroORM): OutboxOptions {
  return {
    database: knexOutbox(em.getConnection().getKnex()),
    current: () => em.getTransactionContext(),
  };
}
