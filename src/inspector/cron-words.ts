import { count } from '../values/counted.js';
import { printable } from '../values/printable.js';
import type { CronHistoryEntry } from './cron-history.js';
import type { CronInfo } from './cron-info.js';

/** What becomes of times that were missed. */
export const MISSED: Readonly<Record<CronInfo['missed'], string>> = {
  skip: 'none runs',
  latest: 'the latest runs',
  all: 'all run',
};
/** What becomes of a run while an earlier one goes on. */
export const OVERLAP: Readonly<Record<CronInfo['overlap'], string>> = { allow: 'allowed', skip: 'left out' };

/** Why a cron is not fired that is not `declared`. */
export function withoutWorker({ set, task, queue }: Pick<CronInfo, 'set' | 'task' | 'queue'>): string {
  return set
    ? `no live worker has the task ${printable(task)} and serves ${printable(queue)}`
    : 'no live worker declares it';
}

/**
 * The clock by which a schedule is read; undefined for one that needs none.
 *
 * @example
 * zoneWords({ utcOffset: 330 }); // 'UTC+5:30'
 */
export function zoneWords({ timeZone, utcOffset }: Pick<CronInfo, 'timeZone' | 'utcOffset'>): string | undefined {
  if (utcOffset === undefined) return timeZone;
  const minutes = Math.abs(utcOffset);
  const rest = minutes % 60 === 0 ? '' : `:${String(minutes % 60).padStart(2, '0')}`;
  return utcOffset === 0 ? 'UTC' : `UTC${utcOffset < 0 ? '-' : '+'}${Math.floor(minutes / 60)}${rest}`;
}

const REASONS = {
  'no-worker': 'no worker could fire it in time',
  paused: 'it was paused',
  'too-many': 'more than are made up for',
} as const;

/** How a run ended, or how many did not come to be: `done`, `skipped`, `missed 12`, `missed 1,000+` */
export function outcomeText(entry: CronHistoryEntry): string {
  if (entry.kind === 'run') return entry.outcome;
  if (entry.kind === 'skipped') return 'skipped';
  const { count: number, more } = entry;
  return number === 1 && !more ? 'missed' : `missed ${count(number)}${more ? '+' : ''}`;
}

/** Why no run came to be, in words; undefined of one that has ended. */
export function reasonText(entry: CronHistoryEntry): string | undefined {
  if (entry.kind === 'run') return undefined;
  return entry.kind === 'skipped' ? `${entry.id} was under way` : REASONS[entry.reason];
}
