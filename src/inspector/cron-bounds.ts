import { counted } from '../values/counted.js';
import { timeLength } from '../values/time-length.js';
import type { CronInfo } from './cron-info.js';

type Bounded = Pick<
  CronInfo,
  | 'offsetMs'
  | 'from'
  | 'except'
  | 'startDate'
  | 'endDate'
  | 'jitterMs'
  | 'limit'
  | 'fires'
  | 'only'
  | 'immediately'
  | 'initialDelayMs'
>;

/**
 * The rules that decide beside its times when a cron is due, in words.
 *
 * @example
 * boundsOf({ except: ['12-25'], jitterMs: 12_000 }); // ['without 12-25', '12 s later by its jitter']
 */
export function boundsOf(cron: Bounded): string[] {
  const { offsetMs = 0, from, except = [], startDate, endDate, jitterMs = 0, limit, fires = 0 } = cron;
  const { only, immediately = false, initialDelayMs = 0 } = cron;
  const delayed = initialDelayMs > 0 ? ` ${timeLength(initialDelayMs)} after its beginning` : '';
  return [
    ...(offsetMs > 0 ? [`${timeLength(offsetMs)} after each multiple`] : []),
    ...(from === 'end' ? ['from the end of the last run'] : []),
    ...(except.length > 0 ? [`without ${except.join(', ')}`] : []),
    ...(startDate ? [`from ${second(startDate)} on`] : []),
    ...(endDate ? [`until ${second(endDate)}`] : []),
    ...(jitterMs > 0 ? [`${timeLength(jitterMs)} later by its jitter`] : []),
    ...(only && delayed !== '' ? [delayed.trim()] : []),
    ...(!only && immediately ? [`once at each release${delayed}`] : []),
    ...(!only && !immediately && delayed !== ''
      ? [`not before${delayed.replace(' after its', ' after the')} of a release`]
      : []),
    ...(limit !== undefined ? [`${fires} of ${counted(limit, 'run')} fired`] : []),
  ];
}

/** When it is due next, for a table. A cron without such a time is not due again; one of which this process cannot compute it may be. */
export function nextOf({ nextRun, unreadable }: Pick<CronInfo, 'nextRun' | 'unreadable'>): Date | string | undefined {
  return unreadable === undefined ? nextRun : 'unknown here';
}

function second(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z');
}
