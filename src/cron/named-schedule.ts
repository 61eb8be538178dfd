import type { CronSchedule } from './cron-definition.js';
import { withHashes } from './hashed-fields.js';
import { spreadOver } from './spread.js';

/**
 * The schedule of a cron as it was written, with numbers that hang on the name of the cron in place of each `H`, and of the longest jitter.
 * So crons with one expression do not fall together, and each keeps its distances, on every machine and over deployments.
 *
 * @example
 * scheduleFor('DigestTasks.digest', { expression: 'H 8 * * *', jitterMs: 30_000 }); // { expression: '37 8 * * *', jitterMs: 12_042 }
 */
export function scheduleFor(name: string, schedule: CronSchedule): CronSchedule {
  return {
    ...schedule,
    ...('expression' in schedule && { expression: withHashes(schedule.expression, name) }),
    ...(schedule.jitterMs && { jitterMs: spreadOver(`${name} jitter`, schedule.jitterMs + 1) }),
  };
}
