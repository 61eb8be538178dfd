import { assertKnownOptions } from '../values/known-options.js';

/**
 * Refuses what makes no sense for a broadcast: it has no queue and no time, and it is not run again.
 *
 * @throws NestworkError INVALID_OPTION
 */
export function assertBroadcastOptions(options: unknown, name: string): void {
  assertKnownOptions(options, ['id', 'ids', 'headers'], `with() on broadcast "${name}"`);
}
