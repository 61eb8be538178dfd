import type { PrismaInstance, PrismaTransaction } from 'nestwork/outbox';

/** The client of a transaction as Prisma generates it for a schema with users. */
interface AppTransaction extends PrismaTransaction {
  readonly user: { create(row: { data: { id: number } }): Promise<{ id: number }> };
}

/** The client as Prisma generates it. */
export interface AppPrisma extends PrismaInstance {
  $transaction<T>(run: (tx: AppTransaction) => Promise<T>, settings?: { timeout?: number }): Promise<T>;
}
