import type { JSX } from 'preact';
import { dur, n } from '../../page/parts/index.js';

interface HistogramProps {
  /** how many, by bucket */
  readonly counts: readonly number[];
  /** upper bounds in ms; null for all that took longer */
  readonly upToMs: readonly (number | null)[];
  /** the task, for screen readers */
  readonly label: string;
}

const W = 24;
const H = 80;

/** How many took how long. The bars stand beside each other from short to long; their bounds grow by about three. */
export function Histogram({ counts, upToMs, label }: HistogramProps): JSX.Element {
  const most = Math.max(...counts, 1);
  const bars = (
    <svg viewBox={`0 0 ${W * counts.length} ${H}`} preserveAspectRatio="none" aria-hidden="true">
      {counts.map((count, at) => {
        // one among many is still seen
        const height = count === 0 ? 1 : Math.max((count / most) * H, 3);
        return <rect key={at} class={count ? '' : 'no'} x={at * W + 1} y={H - height} width={W - 2} height={height} />;
      })}
    </svg>
  );
  const bound = (at: number): string => {
    const [lower, upper] = [upToMs[at - 1] ?? 0, upToMs[at]];
    return upper === null || upper === undefined ? `over ${dur(lower)}` : `up to ${dur(upper)}`;
  };
  return (
    <div class="hist">
      {bars}
      <ol aria-label={`Run times of ${label}`}>
        {counts.map((count, at) => (
          <li key={at}>
            <b>{count === 0 ? '–' : n(count)}</b>
            <span>{bound(at)}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}
