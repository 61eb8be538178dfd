import { aboutIn, NONE } from './limit-records.js';
import type { LimitOverrideRecord, LimitSetting } from './port/limit-rules-port.js';

/** `<most> <interval in us> <burst> <end> <JSON>`, see lua/lib/limits.lua. */
const OVERRIDE = /^(\S+) (\S+) (\S+) (\d{1,15}) (\{.*)$/s;
const AS_DECLARED = '=';

/** What stands in front of the end. */
export function overrideValue({ most, intervalUs, burst }: LimitSetting): string {
  return [most, intervalUs, burst].map((bound) => (bound === null ? NONE : (bound ?? AS_DECLARED))).join(' ');
}

/** What stands behind it, for people. @param since in ms since 1970 */
export function overrideDetails({ name, keyed, key, by }: LimitSetting, since: number): string {
  return JSON.stringify({ name, keyed, key, since, by });
}

/** An override that holds, and the key for which it was set. @param now in ms since 1970 */
export function overrideIn(
  entry: string | null | undefined,
  now: number,
): { readonly record: LimitOverrideRecord; readonly key: string | undefined; readonly keyed: boolean } | undefined {
  const [, most = '', interval = '', burst = '', end = '', json = ''] = OVERRIDE.exec(entry ?? '') ?? [];
  if (most === '' || (end !== '0' && Number(end) <= now)) return undefined;
  const { key, keyed, since, by } = aboutIn(json);
  const bounds = { most: boundIn(most), intervalUs: boundIn(interval), burst: boundIn(burst) ?? undefined };
  const record = { ...bounds, since: Number(since) || 0, until: Number(end) || undefined, by: textIn(by) };
  return { record, key: textIn(key), keyed: keyed === true };
}

/** Whether an override, if it still holds, starts nothing. */
export function isOfZero(entry: string): boolean {
  return entry.startsWith('0 ');
}

function boundIn(word: string): number | null | undefined {
  if (word === AS_DECLARED) return undefined;
  return word === NONE ? null : Number(word);
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
