/** A connection of a driver that knows no transactions of its own. */
export interface RawConnection {
  readonly query: (sql: string) => Promise<unknown>;
  /** The statements that begin the transaction. */
  readonly begin: readonly string[];
  /** Gives the connection back, or ends it where even the rollback has failed. */
  readonly release: (isBroken: boolean) => void;
}

/** Runs something in a transaction on a connection. Commits when it resolves, rolls back when it rejects. */
export async function ownTransaction<T>({ query, begin, release }: RawConnection, run: () => Promise<T>): Promise<T> {
  let isBroken = false;
  try {
    for (const statement of begin) await query(statement);
    const result = await run();
    await query('commit');
    return result;
  } catch (error) {
    isBroken = await query('rollback').then(
      () => false,
      () => true,
    );
    throw error;
  } finally {
    release(isBroken);
  }
}
