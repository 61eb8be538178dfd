import type { JSX } from 'preact';
import { timeLength as dur } from '../../../values/time-length.js';
import { clockAhead } from '../live.js';
import { clockTimes, hidden, paused } from '../settings.js';
import { Cell, useCell } from '../store.js';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

/** A length of time: `41 ms`, `1.2 s`, `3 min 26 s`, `5 h 18 min`. Two units at most. */
export { dur };

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const precise = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });

/** A number: `3,211`; below 10 with one digit more where it is not whole. */
export function n(value: number): string {
  return (Math.abs(value) < 9.95 ? precise : grouped).format(value);
}

/** `1 task`, `3 tasks` */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${n(count)} ${count === 1 ? one : many}`;
}

/** A number for a narrow place: `2.0 M`. */
export function brief(value: number): string {
  return value < 999_950
    ? n(value)
    : value < 999.95e6
      ? `${(value / 1e6).toFixed(1)} M`
      : `${(value / 1e9).toFixed(1)} G`;
}

/** A size: `1.2 GB`. */
export function size(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < 4) [value, unit] = [value / 1_024, unit + 1];
  return `${value < 9.95 && unit > 0 ? value.toFixed(1) : n(Math.round(value))} ${['B', 'KB', 'MB', 'GB', 'TB'][unit]}`;
}

export const ms = (at: number | string): number => (typeof at === 'number' ? at : Date.parse(at));

/** Changes every second while somebody looks. */
export const now = new Cell(Date.now());

export function followTime(): void {
  const tick = (): void => {
    if (!hidden.value && !paused.value) now.set(Date.now() + clockAhead.value);
  };
  setInterval(tick, SECOND);
  for (const cell of [hidden, paused]) cell.follow(tick);
  clockAhead.follow(tick);
}

const pad = (value: number): string => String(value).padStart(2, '0');

/** `14:02:11` in the zone of the viewer. */
export function clock(at: number | string, { seconds = true } = {}): string {
  const date = new Date(at);
  const text = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  return seconds ? `${text}:${pad(date.getSeconds())}` : text;
}

/** `11-27 14:02` in the zone of the viewer. */
export function day(at: number | string): string {
  const date = new Date(at);
  return `${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${clock(at, { seconds: false })}`;
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** The whole time, in the zone of the viewer and in UTC. */
export function absolute(at: number | string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return String(at);
  const iso = date.toISOString();
  const utc = `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
  const here = `${DAYS[date.getDay()]} ${date.getFullYear()}-${day(at).slice(0, 5)} ${clock(at)}`;
  return date.getTimezoneOffset() === 0 ? utc : `${here}, ${utc}`;
}

/** `ago`: `3 min ago`, `in 4 s`; `for`: `3 min`; `clock`: `14:02`, for sentences; `sec`: `14:02:11`, for timelines. */
export type TimeForm = 'ago' | 'for' | 'clock' | 'sec';

function said(at: number, form: TimeForm, present: number, absolute: boolean): string {
  const away = at - present;
  if (Math.abs(away) > 20 * HOUR && (absolute || form === 'clock' || form === 'sec')) return day(at);
  if (absolute || form === 'sec') return clock(at);
  if (form === 'clock') return clock(at, { seconds: false });
  // below a second it would change with every picture
  const length = dur(Math.abs(away) < SECOND && form === 'ago' ? 0 : Math.abs(away));
  if (form === 'for') return length;
  if (length === '0 ms') return 'just now';
  return away > 0 ? `in ${length}` : `${length} ago`;
}

/** A time, relative, with the absolute one in a tooltip; `t` shows all of them by the clock. */
export function Ago({ at, form = 'ago' }: { readonly at: number | string; readonly form?: TimeForm }): JSX.Element {
  const time = ms(at);
  const present = useCell(now);
  const isAbsolute = useCell(clockTimes) === 'on';
  if (Number.isNaN(time)) return <span>–</span>;
  return (
    <time dateTime={new Date(time).toISOString()} data-tip={absolute(time)}>
      {said(time, form, present, isAbsolute)}
    </time>
  );
}
