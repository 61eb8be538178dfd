import type { CronInfo } from '../../../inspector/cron-info.js';
import { expanded } from '../../../inspector/cron-times.js';

/** When a cron is due. */
export type Schedule = Pick<CronInfo, 'expression' | 'timeZone' | 'utcOffset' | 'everyMs' | 'from' | 'at' | 'only'>;

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July'],
  ...['August', 'September', 'October', 'November', 'December'],
];
const UNITS = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1_000, 'second'],
  [1, 'millisecond'],
] as const;
/** More times of day would be a list, and no sentence. */
const MOST_TIMES = 3;

/**
 * A schedule as people say it; undefined for one that has no short form, and stands for itself.
 *
 * @example
 * scheduleWords({ expression: '0 18 * * 1-5' }); // 'weekdays at 18:00'
 */
export function scheduleWords({ expression, everyMs, from, at, only }: Schedule): string | undefined {
  if (only) return 'once at each release';
  if (at) return 'once';
  if (everyMs !== undefined) return from ? `${lengthWords(everyMs)} after each run` : intervalWords(everyMs);
  if (expression === undefined) return undefined;
  const parts = expanded(expression).trim().toLowerCase().split(/\s+/);
  if (parts.length === 5) parts.unshift('0');
  const [second, minute, hour, day, month, weekday] = parts.map((part) => (part === '?' ? '*' : part));
  if (parts.length !== 6 || !second || !minute || !hour || !day || !month || !weekday) return undefined;
  const often = oftenWords(second, minute, hour);
  const days = dayWords(day, month, weekday);
  if (often !== undefined) return days === 'every day' ? often : days && `${often}, ${days}`;
  const times = timeWords(second, minute, hour);
  return times && days && `${days} at ${times}`;
}

function intervalWords(ms: number): string {
  return every(...inUnits(ms));
}

function lengthWords(ms: number): string {
  const [count, unit] = inUnits(ms);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

function inUnits(ms: number): [count: number, unit: string] {
  const [size, unit] = UNITS.find(([each]) => ms % each === 0) ?? [1, 'millisecond'];
  return [ms / size, unit];
}

function every(count: number, unit: string): string {
  return count === 1 ? `every ${unit}` : `every ${count} ${unit}s`;
}

/** Of a schedule that repeats within the day. */
function oftenWords(second: string, minute: string, hour: string): string | undefined {
  const seconds = stepOf(second, 60);
  if (seconds !== undefined) return minute === '*' && hour === '*' ? every(seconds, 'second') : undefined;
  if (second !== '0') return undefined;
  const minutes = stepOf(minute, 60);
  if (minutes !== undefined) {
    if (hour === '*') return every(minutes, 'minute');
    const [, from, to] = /^(\d{1,2})-(\d{1,2})$/.exec(hour) ?? [];
    if (from === undefined || to === undefined) return undefined;
    return `${every(minutes, 'minute')} from ${two(from)}:00 to ${two(to)}:${two(60 - minutes)}`;
  }
  const hours = stepOf(hour, 24);
  const at = numbersIn(minute, 59);
  if (hours === undefined || at?.length !== 1) return undefined;
  return at[0] === 0 ? every(hours, 'hour') : `${every(hours, 'hour')} at minute ${at[0]}`;
}

/** Only steps after which the field begins anew are the same length each time. */
function stepOf(part: string, size: number): number | undefined {
  if (part === '*') return 1;
  const step = Number(/^(?:\*|0)\/(\d+)$/.exec(part)?.[1]);
  return step > 0 && step < size && size % step === 0 ? step : undefined;
}

function timeWords(second: string, minute: string, hour: string): string | undefined {
  const [seconds, minutes, hours] = [numbersIn(second, 59), numbersIn(minute, 59), numbersIn(hour, 23)];
  if (!seconds || !minutes || !hours || seconds.length > 1) return undefined;
  const [at = 0] = seconds;
  const times = hours.flatMap((h) => minutes.map((m) => `${two(h)}:${two(m)}${at === 0 ? '' : `:${two(at)}`}`));
  return times.length > MOST_TIMES ? undefined : listed(times);
}

function dayWords(day: string, month: string, weekday: string): string | undefined {
  const months = month === '*' ? [] : month.split(',').map((part) => MONTHS[monthOf(part)]);
  if (months.some((name) => name === undefined)) return undefined;
  const inMonths = months.length === 0 ? '' : ` in ${listed(months as string[])}`;
  if (day === '*' && weekday === '*') return `every day${inMonths}`;
  if (day === '*') {
    const words = weekdayWords(weekday);
    return words && `${words}${inMonths}`;
  }
  if (weekday !== '*') return undefined;
  const of = inMonths ? ` of ${listed(months as string[])}` : ' of the month';
  if (day === 'l') return `last day${of}`;
  const days = numbersIn(day, 31);
  return days && days.length <= MOST_TIMES ? `${listed(days.map(ordinal))}${of}` : undefined;
}

function weekdayWords(part: string): string | undefined {
  const entries = part.split(',').map((entry) => entry.split('-').map(weekdayOf));
  if (entries.some((entry) => entry.length > 2 || entry.some((at) => at < 0))) return undefined;
  const text = entries.map((entry) => entry.join('-')).join();
  if (text === '1-5') return 'weekdays';
  if (text === '0,6' || text === '6,0' || text === '6-0') return 'weekends';
  return listed(
    entries.map(([from = 0, to]) => (to === undefined ? `${DAYS[from]}s` : `${DAYS[from]} to ${DAYS[to]}`)),
  );
}

/** 0 for Sunday; -1 for none. */
function weekdayOf(part: string): number {
  if (/^[0-7]$/.test(part)) return Number(part) % 7;
  return /^[a-z]{3}$/.test(part) ? DAYS.findIndex((name) => name.toLowerCase().startsWith(part)) : -1;
}

/** 0 for January; -1 for none. */
function monthOf(part: string): number {
  if (/^\d{1,2}$/.test(part)) return Number(part) - 1;
  return /^[a-z]{3}$/.test(part) ? MONTHS.findIndex((name) => name.toLowerCase().startsWith(part)) : -1;
}

function numbersIn(part: string, most: number): number[] | undefined {
  if (!/^\d{1,2}(,\d{1,2})*$/.test(part)) return undefined;
  const numbers = [...new Set(part.split(',').map(Number))].sort((a, b) => a - b);
  return numbers.every((number) => number <= most) ? numbers : undefined;
}

function ordinal(day: number): string {
  const ending = day > 3 && day < 21 ? 'th' : (['th', 'st', 'nd', 'rd'][day % 10] ?? 'th');
  return `${day}${ending}`;
}

/** `a, b and c` */
function listed(all: readonly string[]): string {
  return all.length < 2 ? (all[0] ?? '') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;
}

function two(number: number | string): string {
  return String(number).padStart(2, '0');
}
