import type { JSX } from 'preact';
import { clock, day, now, percent, type Stretch, TimeAxis } from '../../page/parts/index.js';
import { useCell } from '../../page/store.js';
import type { CronLine } from './wire.js';

const DAY = 86_400_000;
const W = 960;

/** The day that begins at a time. */
const dayFrom = (from: number): Stretch => ({ from, to: from + DAY });

/** The present minute: lines drawn anew each second would all be the same. */
export function useMinute(): number {
  return Math.floor(useCell(now) / 60_000) * 60_000;
}

/** The head of the lanes. */
export function LaneHead(): JSX.Element {
  return (
    <>
      <span class="sr">Next 24 hours</span>
      <TimeAxis span={dayFrom(useMinute())} now="left" />
    </>
  );
}

/** When a cron is due within the next 24 hours. */
export function Lane({
  line,
  off,
  next,
}: {
  readonly line: CronLine;
  readonly off: boolean;
  readonly next: number | undefined;
}): JSX.Element {
  const span = dayFrom(useMinute());
  const { from } = span;
  const x = (at: number): string => ((percent(at, span) / 100) * W).toFixed(1);
  const times = line.times.filter((at) => at >= from && at < from + DAY);
  const [only] = times;
  const said = line.dense
    ? 'all the time'
    : `${times.length} times: ${times.map((at) => clock(at, { seconds: false })).join(', ') || 'none'}`;
  return (
    <div class={`lane24 ${off ? 'off' : ''}`} role="img" aria-label={`Within 24 hours: ${said}`}>
      <svg viewBox={`0 0 ${W} 20`} preserveAspectRatio="none" aria-hidden="true">
        {line.dense ? (
          <rect x="0" y="6" width={W} height="8" />
        ) : (
          <path class={times.length > 12 ? 'many' : ''} d={times.map((at) => `M${x(at)} 3V17`).join('')} />
        )}
        <path class="from" d="M0 0V20" />
      </svg>
      {!line.dense && times.length === 1 && only !== undefined && (
        <span
          style={
            percent(only, span) < 85 ? { left: `${percent(only, span)}%` } : { right: `${100 - percent(only, span)}%` }
          }
        >
          {clock(only, { seconds: false })}
        </span>
      )}
      {!line.dense && times.length === 0 && next !== undefined && next < from + 300 * DAY && <span>{day(next)}</span>}
    </div>
  );
}
