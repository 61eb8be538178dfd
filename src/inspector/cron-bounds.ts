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
  const delayed = initialDelayMs > 0 ? ` ${given(initialDelayMs)} after its beginning` : '';
  return [
    ...(offsetMs > 0 ? [`${given(offsetMs)} after each multiple`] : []),
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

type Due = Pick<CronInfo, 'nextRun' | 'unreadable'> &
  Partial<Pick<CronInfo, 'only' | 'declared' | 'paused' | 'disabled'>>;

/**
 * When it is due next, for a table. A cron without such a time is not due again; one of which this process cannot compute it may be, and a
 * release has no time yet.
 */
export function nextOf(cron: Due): Date | string | undefined {
  const { nextRun, unreadable, only, declared = true, paused = false, disabled = false } = cron;
  if (unreadable !== undefined) return 'unknown here';
  return nextRun ?? (only !== undefined && declared && !paused && !disabled ? 'at a release' : undefined);
}

/** A length that somebody has written: 5 s and not 5.0 s. */
function given(ms: number): string {
  return timeLength(ms).replace('.0 s', ' s');
}

function second(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z');
}
