import type { LimitState } from '../../broker/port/limit-port.js';
import { ago, instant } from '../../terminal/figures.js';
import { count, counted } from '../../values/counted.js';
import { printable } from '../../values/printable.js';
import type { LimitAllowance, LimitChanged, LimitKeyReport, LimitReport } from './limit-report.js';

/** `2 at once, 20/s (burst 5)` */
export function allowanceText({ concurrency, rate, burst }: LimitAllowance): string {
  const parts = [
    ...(concurrency === undefined ? [] : [`${count(concurrency)} at once`]),
    ...(rate === undefined ? [] : [`${rate} (burst ${count(burst ?? 1)})`]),
  ];
  return parts.length > 0 ? parts.join(', ') : 'any number';
}

/** `200/s (burst 10) by anna until 2026-11-29 03:12:07Z` */
export function changedText({ concurrency, rate, burst, until, by }: LimitChanged): string {
  const parts = [
    ...(concurrency === undefined
      ? []
      : [concurrency === null ? 'any number at once' : `${count(concurrency)} at once`]),
    ...(rate === undefined ? [] : [rate === null ? 'at any rate' : `${rate} (burst ${count(burst ?? 1)})`]),
  ];
  const end = until ? `until ${instant(until)}` : 'until it is reset';
  return [parts.join(', '), ...(by === undefined ? [] : [`by ${printable(by)}`]), end].join(' ');
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
  const { name, queue, keyed, ordered, declared, override, ownKeys, waitingLines, opensAt } = limit;
  const kind = queue === undefined ? (keyed ? 'for each key' : 'for all calls together') : `of the queue ${queue}`;
  const lines = [
    `${printable(name)}  ${kind}${ordered ? ', in order' : ''}`,
    `allows    ${allowanceText(limit)}`,
    `declared  ${declared ? allowanceText(declared) : 'by no worker any more'}`,
  ];
  if (override) lines.push(`set       ${changedText(override)}`, `since     ${instant(override.since)}`);
  if (ownKeys > 0) lines.push(`own keys  ${counted(ownKeys, 'rule or stop', 'rules and stops')} of single keys`);
  lines.push(`used      ${usedText(limit)}`, `waiting   ${counted(waitingLines, 'line')}`);
  if (opensAt) lines.push(`next      ${momentText(opensAt)}`);
  return lines.join('\n');
}

/** One key of a limit for a person. */
export function describedKey(name: string, key: LimitKeyReport): string {
  const { override, waitingLines, opensAt, stoppedUntil } = key;
  const lines = [`${printable(name)}  ${keyText(key)}`, `allows    ${allowanceText(key)}`];
  if (override) lines.push(`set       ${changedText(override)}`, `since     ${instant(override.since)}`);
  lines.push(`used      ${usedOfKey(key)}`, `waiting   ${counted(waitingLines, 'line')}`);
  if (stoppedUntil) lines.push(`stopped   by a task until ${momentText(stoppedUntil)}`);
  else if (opensAt) lines.push(`next      ${momentText(opensAt)}`);
  return lines.join('\n');
}

/** The key, or what stands for it in Redis. */
export function keyText({ key, digest }: LimitKeyReport): string {
  return key === undefined ? `‹${digest}›` : printable(key);
}

function momentText(time: Date): string {
  const away = time.getTime() - Date.now();
  return away > 0 ? `${instant(time)} (in ${ago(away)})` : instant(time);
}
