import { ago, instant } from '../terminal/figures.js';
import { type Column, timeSpan } from '../terminal/table.js';
import { counted } from '../values/counted.js';
import { boundsOf } from './cron-bounds.js';
import type { CronHistoryEntry } from './cron-history.js';
import type { CronInfo } from './cron-info.js';
import { MISSED, OVERLAP, outcomeText, reasonText, withoutWorker, zoneWords } from './cron-words.js';

/** The history of a cron as a table. */
export const HISTORY_COLUMNS: readonly Column<CronHistoryEntry>[] = [
  { title: 'DUE', of: ({ due }) => due },
  { title: 'OUTCOME', of: outcomeText },
  { title: 'LATE', of: (entry) => spanOf(entry.kind === 'run' ? entry.lateMs : undefined), align: 'right' },
  { title: 'TOOK', of: (entry) => spanOf(entry.kind === 'run' ? entry.durationMs : undefined), align: 'right' },
  {
    title: 'ATTEMPT',
    of: (entry) => (entry.kind === 'run' ? entry.attempt : undefined),
    align: 'right',
    dispensable: 2,
  },
  { title: 'ID', of: (entry) => (entry.kind === 'run' ? entry.id : undefined), dispensable: 1 },
  { title: 'WHY', of: reasonText, shrinks: 16, lines: 3 },
];

/** A cron for a person: when it is due, what decides about its runs, how it stands, its next times. */
export function describedCron(cron: CronInfo, next: readonly Date[]): string {
  const { name, task, queue, missed, missedTimes, overlap, skipped, lastFire, lastRun } = cron;
  const lines = [
    `${name}  ${stateOf(cron)}, in queue ${queue}`,
    ...(task === name ? [] : [`task      ${task}`]),
    `schedule  ${scheduleOf(cron)}`,
    ...settingOf(cron),
    `missed    ${MISSED[missed]}${missedTimes > 0 ? `; ${counted(missedTimes, 'time')} so far had no run` : ''}`,
    `overlaps  ${OVERLAP[overlap]}${skipped > 0 ? `; ${counted(skipped, 'run')} so far` : ''}`,
  ];
  if (lastFire) lines.push(`fired     ${timeOf(lastFire)}`);
  if (lastRun) lines.push(`last run  ${lastRun.outcome} after ${ago(lastRun.durationMs)}, on ${lastRun.host}`);
  if (lastRun?.error !== undefined) lines.push(`error     ${lastRun.error}`);
  for (const [at, time] of next.entries()) lines.push(`${(at === 0 ? 'next' : '').padEnd(9)} ${timeOf(time)}`);
  if (next.length === 0) lines.push(`next      ${withoutNext(cron)}`);
  return lines.join('\n');
}

/** When a cron is due, as it was written. */
export function scheduleOf(cron: CronInfo): string {
  return [timesOf(cron), ...boundsOf(cron)].join(', ');
}

export function stateOf(cron: CronInfo): string {
  const { paused, disabled, declared, set } = cron;
  if (paused) return 'paused';
  if (!declared) return set ? 'orphaned' : 'no worker';
  if (disabled) return 'disabled';
  return isOver(cron) ? 'ended' : 'on';
}

/** Whether no time will come any more: not while the next one hangs on the end of a run, or on a release. */
function isOver({ nextRun, unreadable, from, only, limit, fires = 0 }: CronInfo): boolean {
  if (limit !== undefined && fires >= limit) return true;
  return nextRun === undefined && unreadable === undefined && from === undefined && only === undefined;
}

/** Of a cron that was set at run time: when, and by whom. */
function settingOf({ setAt, setBy }: CronInfo): string[] {
  return setAt ? [`set       ${timeOf(setAt)}${setBy === undefined ? '' : ` by ${setBy}`}`] : [];
}

function withoutNext(cron: CronInfo): string {
  const { declared, only, unreadable } = cron;
  if (unreadable !== undefined) return `unknown here: ${unreadable}`;
  if (!declared) return `none: ${withoutWorker(cron)}`;
  return only === undefined ? 'never' : 'at the next release';
}

function timesOf(cron: CronInfo): string {
  const { expression, everyMs, at, only } = cron;
  if (only) return 'once at each release';
  if (at) return `once at ${instant(at)}`;
  if (everyMs !== undefined) return `every ${everyMs % 1_000 === 0 ? ago(everyMs) : `${everyMs}ms`}`;
  return `${expression} ${zoneWords(cron) ?? ''}`.trim();
}

function spanOf(ms: number | undefined): ReturnType<typeof timeSpan> | undefined {
  return ms === undefined ? undefined : timeSpan(ms);
}

function timeOf(time: Date): string {
  const away = time.getTime() - Date.now();
  return `${instant(time)} (${away > 0 ? `in ${ago(away)}` : `${ago(-away)} ago`})`;
}
