import type { OutboxDatabase, OutboxDialect, OutboxRow } from '../outbox-database.js';
import { noTransaction } from '../outbox-errors.js';

/**
 * The client of an interactive transaction of Prisma, as the outbox uses it.
 *
 * @example
 * await prisma.$transaction(async (tx: PrismaTransaction) => {
 *   await queue.in(tx).of(ReportTasks).send.delay(7, { weekly: true });
 * });
 */
export interface PrismaTransaction {
  /** Runs a statement that has rows. */
  $queryRawUnsafe(sql: string, ...values: unknown[]): PromiseLike<unknown>;
  /** Runs a statement that has none. */
  $executeRawUnsafe(sql: string, ...values: unknown[]): PromiseLike<number>;
}

/**
 * How the relay begins a transaction of Prisma.
 *
 * @example
 * const settings: PrismaTransactionSettings = { isolationLevel: 'ReadCommitted', maxWait: 10_000, timeout: 300_000 };
 */
export interface PrismaTransactionSettings {
  /** of the database */
  readonly isolationLevel: 'ReadCommitted';
  /** how long it waits for a connection, in ms */
  readonly maxWait: number;
  /** how long it may take, in ms */
  readonly timeout: number;
}

/**
 * A client of Prisma, as the outbox uses it.
 *
 * @example
 * const client: PrismaInstance = prisma;
 */
export interface PrismaInstance {
  /** Runs something in an interactive transaction. */
  $transaction<T>(run: (tx: PrismaTransaction) => Promise<T>, settings: PrismaTransactionSettings): Promise<T>;
}

/**
 * What `prismaOutbox` cannot know by itself.
 *
 * @example
 * const options: PrismaOutboxOptions = { dialect: 'mariadb' };
 */
export interface PrismaOutboxOptions {
  /**
   * Whose SQL the database speaks.
   * @default that of the provider of the schema, as far as the client says which that is
   */
  readonly dialect?: OutboxDialect;
}

const DIALECTS: Readonly<Record<string, OutboxDialect>> = { postgresql: 'postgres', mysql: 'mariadb' };

/** Prisma ends a transaction after five seconds by itself. After five minutes the relay adds nothing more. */
const SETTINGS: PrismaTransactionSettings = { isolationLevel: 'ReadCommitted', maxWait: 10_000, timeout: 300_000 };

/** A transaction that was committed, was rolled back, or took longer than its `timeout`. */
const IS_OVER = 'P2028';

/**
 * The outbox over a client of Prisma 7 with a driver adapter: `@prisma/adapter-pg` for PostgreSQL, `@prisma/adapter-mariadb` for MariaDB.
 * Transactions are the clients that `prisma.$transaction(async (tx) => ...)` gives. Prisma cannot listen: the relay looks once a second.
 *
 * @throws Error for a client that does not say which database it has, where `dialect` is not given, and for one of another database
 * @example
 * TaskQueueModule.forRoot({ outbox: { database: prismaOutbox(prisma) } });
 */
export function prismaOutbox(
  prisma: PrismaInstance,
  { dialect = dialectOf(prisma) }: PrismaOutboxOptions = {},
): OutboxDatabase<PrismaTransaction> {
  /** those of the relay, which are no fault of a sender */
  const own = new WeakSet<PrismaTransaction>();
  return {
    dialect,
    execute: async (tx, sql, parameters) => {
      try {
        if (sql.startsWith('select')) return (await tx.$queryRawUnsafe(sql, ...parameters)) as OutboxRow[];
        // it cannot read the row of pg_notify(), which has no type that it knows
        await tx.$executeRawUnsafe(sql, ...parameters);
        return [];
      } catch (error) {
        if (own.has(tx) || Reflect.get(Object(error), 'code') !== IS_OVER) throw error;
        throw noTransaction('its transaction is over', error);
      }
    },
    transaction: (run) =>
      prisma.$transaction((tx) => {
        own.add(tx);
        return run(tx);
      }, SETTINGS),
    refusal: (given) => refusalOf(given as object, prisma),
  };
}

function dialectOf(prisma: object): OutboxDialect {
  const provider: unknown = Reflect.get(prisma, '_activeProvider');
  const dialect = DIALECTS[String(provider)];
  if (dialect) return dialect;
  throw new Error(
    provider === undefined
      ? "This client of Prisma does not say which database it has: give prismaOutbox(prisma, { dialect: 'postgres' }) or 'mariadb'."
      : `The outbox has no SQL for a client of Prisma with the provider "${String(provider)}".`,
  );
}

function refusalOf(given: object, prisma: object): string | undefined {
  if (typeof Reflect.get(given, '$executeRawUnsafe') !== 'function') return 'it has no method $executeRawUnsafe()';
  // what Prisma takes away from the client of a transaction
  if (typeof Reflect.get(given, '$connect') === 'function') return 'it is a client of Prisma, and no transaction';
  const [its, own] = [given, prisma].map((client): unknown => Reflect.get(client, '_originalClient'));
  return its !== undefined && own !== undefined && its !== own
    ? 'it belongs to another client of Prisma than that of the outbox'
    : undefined;
}
