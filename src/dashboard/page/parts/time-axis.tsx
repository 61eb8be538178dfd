import type { JSX } from 'preact';
import { clock } from './times.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Between labels. */
const STEPS = [1, 5, 15, 60, 180, 360].map((minutes) => minutes * MINUTE);
const MOST_LABELS = 7;

/** A part of time, in ms since 1970. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Where a time is in a span, from 0 to 100. */
export const percent = (at: number, { from, to }: Stretch): number =>
  (Math.min(Math.max(at - from, 0), to - from) / (to - from)) * 100;

/** Full hours or minutes by the clock of the viewer, below or above a line. `now` has the end at which the present is. */
export function TimeAxis({ span, now }: { readonly span: Stretch; readonly now: 'left' | 'right' }): JSX.Element {
  const { from, to } = span;
  const step = STEPS.find((each) => (to - from) / each <= MOST_LABELS) ?? 6 * HOUR;
  const shift = new Date(from).getTimezoneOffset() * MINUTE;
  const first = Math.ceil((from - shift) / step) * step + shift;
  const labels = Array.from({ length: MOST_LABELS }, (_, i) => first + i * step);
  return (
    <div class="axis" aria-hidden="true">
      {labels
        .filter((at) => percent(at, span) > 6 && percent(at, span) < 94)
        .map((at) => (
          <span key={at} style={{ left: `${percent(at, span)}%` }}>
            {clock(at, { seconds: false })}
          </span>
        ))}
      <span style={{ [now]: 0 }}>now</span>
    </div>
  );
}
