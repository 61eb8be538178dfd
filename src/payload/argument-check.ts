/**
 * Looks at the arguments of a call before it is sent, as a worker would get them.
 *
 * @param call which call of a `delayMany()`, for errors
 * @throws InvalidPayloadError
 */
export type ArgumentCheck = (args: readonly unknown[], call?: string) => Promise<void>;

/** Knows what is to be checked. */
export interface ArgumentChecks {
  /** The check of a task; undefined where there is nothing to check. */
  of(type: object, method: string, task: string): ArgumentCheck | undefined;
}
