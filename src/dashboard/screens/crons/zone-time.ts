import type { Schedule } from './words.js';

/**
 * A time as the clock of a cron shows it. The browser may not know its zone. Where this process does not know it either, the time of UTC.
 *
 * @example
 * localTimeOf(new Date('2026-11-30T07:00:00Z'), { timeZone: 'Europe/Paris' }); // 'Mon 2026-11-30 08:00:00'
 */
export function localTimeOf(at: Date, { timeZone, utcOffset }: Pick<Schedule, 'timeZone' | 'utcOffset'>): string {
  const shown = utcOffset === undefined ? at : new Date(at.getTime() + utcOffset * 60_000);
  const format = formatOf(utcOffset === undefined ? (timeZone ?? 'UTC') : 'UTC');
  if (!format) return `${localTimeOf(at, {})} UTC`;
  const part = new Map(format.formatToParts(shown).map(({ type, value }) => [type, value]));
  const [date, time] = [
    ['year', 'month', 'day'],
    ['hour', 'minute', 'second'],
  ] as const;
  const text = (names: readonly Intl.DateTimeFormatPartTypes[], between: string): string =>
    names.map((name) => part.get(name)).join(between);
  return `${part.get('weekday')} ${text(date, '-')} ${text(time, ':')}`;
}

/** Undefined for a zone that this process does not know. */
function formatOf(timeZone: string): Intl.DateTimeFormat | undefined {
  const options: Intl.DateTimeFormatOptions = {
    timeZone,
    hourCycle: 'h23',
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  };
  try {
    return new Intl.DateTimeFormat('en-US', options);
  } catch {
    return undefined;
  }
}
