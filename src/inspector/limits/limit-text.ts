import type { LimitState } from '../../broker/port/limit-port.js';
import { ago, instant } from '../../terminal/figures.js';
import { count, counted } from '../../values/counted.js';
import { printable } from '../../values/printable.js';
import type { LimitScope } from './limit-options.js';
import type {
  ClosedLimitReport,
  LimitAllowance,
  LimitChanged,
  LimitKeyReport,
  LimitReport,
  LimitReset,
  LimitSetReport,
} from './limit-report.js';

/** `2 at once, 20/s (burst 5)` */
export function allowanceText({ concurrency, rate, burst }: LimitAllowance): string {
  const parts = [
    ...(concurrency === undefined ? [] : [`${count(concurrency)} at once`]),
    ...(rate === undefined ? [] : [`${rate} (burst ${count(burst ?? 1)})`]),
  ];
  return parts.length > 0 ? parts.join(', ') : 'any number';
}

/** `200/s (burst 10) by anna until 2026-11-29 03:12:07Z` */
export function changedText(changed: LimitChanged): string {
  const { until, by } = changed;
  return [amountsText(changed), ...(by === undefined ? [] : [`by ${printable(by)}`]), endText(until)].join(' ');
}

/** `until 2026-11-29 03:12:07Z` */
export function endText(until: Date | undefined): string {
  return until ? `until ${instant(until)}` : 'until it is reset';
}

/**
 * What sentences call a limit.
 *
 * @example
 * limitWords({ name: 'stripe', queue: undefined, key: 'acme' }); // 'limit stripe for acme'
 */
export function limitWords({ name, queue, key }: Pick<LimitState, 'name' | 'queue' | 'key'>): string {
  if (queue !== undefined) return `limit of the queue ${queue}`;
  const title = name === undefined ? 'limit of its task' : `limit ${printable(name)}`;
  return key === undefined ? title : `${title} for ${printable(key)}`;
}

/** That nothing starts under a limit. @param end for how long: `until it is reset` */
export function closedText(
  limit: Pick<LimitState, 'name' | 'queue' | 'key'>,
  by: string | undefined,
  end: string,
): string {
  const who = by === undefined ? '' : ` by ${printable(by)}`;
  return `The ${limitWords(limit)} is set to 0${who}, ${end}: nothing starts.`;
}

/** What was set: `any number at once, 200/s (burst 10)` */
export function amountsText({ concurrency, rate, burst }: LimitChanged): string {
  const parts = [
    ...(concurrency === undefined
      ? []
      : [concurrency === null ? 'any number at once' : `${count(concurrency)} at once`]),
    ...(rate === undefined ? [] : [rate === null ? 'at any rate' : `${rate} (burst ${count(burst ?? 1)})`]),
  ];
  return parts.join(', ');
}

/** The arguments of the command that resets a limit, or a key of it. */
export function resetCommand({ name, keyed, key }: Pick<ClosedLimitReport, 'name' | 'keyed' | 'key'>): string[] {
  const scope = key === undefined ? (keyed ? ['--all-keys'] : []) : ['--key', key];
  return ['limits', 'reset', name, ...scope];
}

/**
 * What was set, what that leaves as it is, and what it replaces.
 *
 * @param what the limit, and its key if it is about one
 * @param isDeclared whether an app declares the limit: a queue may have one that none does
 */
export function setText(
  what: string,
  { key, isDeclared }: LimitScope & { readonly isDeclared: boolean },
  set: LimitSetReport,
): string {
  const { concurrency, rate, replaced } = set;
  const as = key !== undefined ? 'is that of all keys' : isDeclared ? 'is as declared' : 'has no limit';
  const left = concurrency === undefined ? 'concurrency' : rate === undefined ? 'rate' : undefined;
  return [
    `Set ${what} to ${changedText(set)}.`,
    ...(left === undefined ? [] : [`Its ${left} ${as}.`]),
    ...(replaced ? [`This replaces ${changedText(replaced)}.`] : []),
  ].join(' ');
}

/** What was set, for the record of actions, which has the name of the person by itself. */
export function setDetails(set: LimitSetReport): string {
  return set.until ? `${amountsText(set)} until ${instant(set.until)}` : amountsText(set);
}

/** What a reset has ended, for the record of actions. */
export function resetDetails({ override, stoppedUntil }: LimitReset): string {
  const parts = [...(override ? [amountsText(override)] : []), ...(stoppedUntil ? ['the stop of a task'] : [])];
  return `ended ${parts.join(' and ')}`;
}

/** What a reset has ended. @param what the limit, and its key if it is about one */
export function resetText(what: string, reset: LimitReset | undefined): string {
  if (!reset) return `Nothing was set for ${what}, and no task had stopped it.`;
  const { override, stoppedUntil } = reset;
  return [
    `Reset ${what}.`,
    ...(override ? [`It was set to ${changedText(override)}.`] : []),
    ...(stoppedUntil ? [`A task had stopped it until ${momentText(stoppedUntil)}.`] : []),
  ].join(' ');
}

/** `3 of 5`; with keys `3 with 2 keys` */
export function usedText({ used, concurrency, keysInUse, keyed }: LimitReport): string {
  if (used === undefined) return 'too many keys to count';
  if (keyed) return used === 0 ? '0' : `${count(used)} with ${counted(keysInUse ?? 0, 'key')}`;
  return usedOf(used, concurrency);
}

export function usedOfKey({ used, concurrency }: LimitKeyReport): string {
  return usedOf(used, concurrency);
}

function usedOf(used: LimitState['used'], most: number | undefined): string {
  return most === undefined ? count(used) : `${count(used)} of ${count(most)}`;
}

/** A limit for a person: what holds now, why, and how it stands. */
export function describedLimit(limit: LimitReport): string {
  const { name, queue, keyed, ordered, override, ownKeys } = limit;
  const kind = queue === undefined ? (keyed ? 'for each key' : 'for all calls together') : `of the queue ${queue}`;
  const lines = [
    `${printable(name)}  ${kind}${ordered ? ', in order' : ''}`,
    `allows    ${allowanceText(limit)}`,
    `declared  ${declaredText(limit)}`,
  ];
  if (override) lines.push(`set       ${changedText(override)}`, `since     ${instant(override.since)}`);
  if (ownKeys > 0) lines.push(`own keys  ${counted(ownKeys, 'rule or stop', 'rules and stops')} of single keys`);
  lines.push(`used      ${usedText(limit)}`, `waiting   ${waitingText(limit)}`, ...nextLines(limit));
  return lines.join('\n');
}

/** What is declared: `5 at once`, `by no worker any more` */
export function declaredText({ declared, queue }: Pick<LimitReport, 'declared' | 'queue'>): string {
  if (declared) return allowanceText(declared);
  return queue === undefined ? 'by no worker any more' : 'by no worker';
}

/** One key of a limit for a person. */
export function describedKey(name: string, key: LimitKeyReport): string {
  const { override } = key;
  const lines = [`${printable(name)}  ${keyText(key)}`, `allows    ${allowanceText(key)}`];
  if (override) lines.push(`set       ${changedText(override)}`, `since     ${instant(override.since)}`);
  lines.push(`used      ${usedOfKey(key)}`, `waiting   ${waitingText(key)}`, ...nextLines(key));
  return lines.join('\n');
}

type Waiting = Pick<LimitReport, 'waitingLines' | 'waitingTasks'>;

/** Tasks that wait, for programs a number; of too many lines the number of those: `in 1,204 lines` */
export function waitingShort({ waitingLines, waitingTasks }: Waiting): number | string {
  return waitingTasks ?? `in ${counted(waitingLines, 'line')}`;
}

/** `12 tasks`, in several lines `12 tasks in 3 lines` */
export function waitingText({ waitingLines, waitingTasks }: Waiting): string {
  if (waitingTasks === undefined) return `the tasks of ${counted(waitingLines, 'line')}`;
  const tasks = counted(waitingTasks, 'task');
  return waitingLines > 1 ? `${tasks} in ${counted(waitingLines, 'line')}` : tasks;
}

/** For which calls it holds together: `each key, in order` */
export function kindText({ queue, keyed, ordered }: Pick<LimitReport, 'queue' | 'keyed' | 'ordered'>): string {
  const kind = queue !== undefined ? 'the queue' : keyed ? 'each key' : 'all calls';
  return ordered ? `${kind}, in order` : kind;
}

function nextLines({ opensAt, stoppedUntil }: Pick<LimitReport, 'opensAt' | 'stoppedUntil'>): string[] {
  if (stoppedUntil) return [`stopped   by a task until ${momentText(stoppedUntil)}`];
  return opensAt ? [`next      ${momentText(opensAt)}`] : [];
}

/** The key, or what stands for it in Redis. */
export function keyText({ key, digest }: LimitKeyReport): string {
  return key === undefined ? `‹${digest}›` : printable(key);
}

function momentText(time: Date): string {
  const away = time.getTime() - Date.now();
  return away > 0 ? `${instant(time)} (in ${ago(away)})` : instant(time);
}
