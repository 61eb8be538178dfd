import type { JSX } from 'preact';
import { colourOf, type StateName } from './glyph.js';

const W = 84;
const H = 17;

const points = (values: readonly number[], top: number): string =>
  values
    .map((value, i) => `${((i / Math.max(values.length - 1, 1)) * W).toFixed(1)} ${(H - (value / top) * H).toFixed(1)}`)
    .join('L');

/** A shape of some numbers, from zero up, on a scale of its own. A stretch of zeros up to now is thick, in the colour of a fault. */
export function Spark({
  values,
  flat,
}: {
  readonly values: readonly number[];
  readonly flat?: StateName | undefined;
}): JSX.Element {
  const path = points(values, Math.max(...values, 1));
  const last = values.findLastIndex((value) => value > 0);
  const isFlat = flat !== undefined && last < values.length - 3;
  const from = (Math.max(last + 1, 0) / Math.max(values.length - 1, 1)) * W;
  return (
    <svg
      class={`spark m0 ${flat ? colourOf(flat) : ''}`}
      viewBox={`0 -1 ${W} 20`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {values.length > 1 && <path class="ar" d={`M0 18L${path}L${W} 18z`} />}
      {values.length > 1 && <path d={`M${path}`} />}
      {isFlat && <path class="z" d={`M${from.toFixed(1)} ${H}H${W}`} />}
    </svg>
  );
}

/** Counts one beside the other: deaths of each hour. */
export function Columns({
  values,
  state,
}: {
  readonly values: readonly number[];
  readonly state?: StateName;
}): JSX.Element {
  const top = Math.max(...values, 1);
  const width = W / Math.max(values.length, 1);
  return (
    <svg
      class={`spark cs ${state ? colourOf(state) : ''}`}
      viewBox={`0 0 ${W} 20`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {values.map((value, i) => {
        const height = Math.max(value ? 2 : 1, (value / top) * 20);
        return (
          <rect key={i} class={value ? '' : 'no'} x={i * width} width={width - 0.8} y={20 - height} height={height} />
        );
      })}
    </svg>
  );
}

/** How many wait, on a scale of powers of ten: beside the number, never instead of it. */
export function Depth({ of, state }: { readonly of: number; readonly state?: StateName | undefined }): JSX.Element {
  const cells = of > 0 ? Math.log10(of) : -1;
  return (
    <span class={`depth ${state ? colourOf(state) : ''}`} data-tip="Each cell is ten times the one before.">
      {[0, 1, 2, 3, 4].map((i) => (
        <i key={i}>
          <b style={{ width: `${of > 0 ? Math.max(i === 0 ? 15 : 0, Math.min(1, cells - i) * 100) : 0}%` }} />
        </i>
      ))}
    </span>
  );
}

/** A part of a whole, from 0 to 1. With a label it is read out. */
export function Bar({
  part,
  state,
  label,
}: {
  readonly part: number;
  readonly state?: StateName;
  readonly label?: string;
}): JSX.Element {
  const percent = Math.round(Math.max(0, Math.min(1, part || 0)) * 100);
  const read = label ? { role: 'progressbar' as const, 'aria-label': label, 'aria-valuenow': percent } : {};
  return (
    <div class={`bar ${state ? colourOf(state) : ''}`} {...read}>
      <i style={{ width: `${percent}%` }} />
    </div>
  );
}
