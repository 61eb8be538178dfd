import type { Schedule } from './words.js';

/**
 * A time as the clock of a cron shows it. The browser may not know its zone.
 *
 * @example
 * localTimeOf(new Date('2026-11-30T07:00:00Z'), { timeZone: 'Europe/Paris' }); // 'Mon 2026-11-30 08:00:00'
 */
export function localTimeOf(at: Date, { timeZone, utcOffset }: Pick<Schedule, 'timeZone' | 'utcOffset'>): string {
  const shown = utcOffset === undefined ? at : new Date(at.getTime() + utcOffset * 60_000);
  const zone = utcOffset === undefined ? (timeZone ?? 'UTC') : 'UTC';
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  const part = new Map(format.formatToParts(shown).map(({ type, value }) => [type, value]));
  const [date, time] = [
    ['year', 'month', 'day'],
    ['hour', 'minute', 'second'],
  ] as const;
  const text = (names: readonly Intl.DateTimeFormatPartTypes[], between: string): string =>
    names.map((name) => part.get(name)).join(between);
  return `${part.get('weekday')} ${text(date, '-')} ${text(time, ':')}`;
}
