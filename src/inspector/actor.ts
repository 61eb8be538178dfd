import { assertText } from './queues/queue-pauses.js';

/**
 * The name of the person or program that acts.
 *
 * @example
 * const options: ActorOptions = { by: 'anna' };
 * await crons.pause('ReportTasks.digest', options);
 */
export interface ActorOptions {
  /**
   * The name for the record of actions, see `ActionLog`. At most 256 characters.
   * @default none: the code of the app
   */
  by?: string;
}

/** @throws NestworkError INVALID_OPTION */
export function assertBy(by: unknown): void {
  assertText('by', by, 'Give the name of the person or program that acts.');
}

/** @throws NestworkError INVALID_OPTION */
export function assertActor(by: unknown): void {
  if (by !== undefined) assertText('by', by, 'Give the name of the person or program that acts, or leave it out.');
}
