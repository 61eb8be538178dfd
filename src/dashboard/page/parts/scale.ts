/** A scale of a chart: where a value is, from 0 at the bottom to 1 at the top, and the values of its grid lines. */
export interface Scale {
  readonly at: (value: number) => number;
  readonly grid: readonly number[];
}

/** The next number with one digit that is not below. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const digit = [1, 2, 3, 4, 5, 6, 8, 10].find((each) => each * power >= value * 0.999) ?? 10;
  return digit * power;
}

/** From zero up. Values that are all far from zero and close to each other would lie on one line: then it begins higher. */
export function linear(values: readonly number[], { fromZero = true }: { readonly fromZero?: boolean } = {}): Scale {
  const most = Math.max(...values, 0);
  const least = Math.min(...values, most);
  const span = most - least;
  if (!fromZero && most > 10 && span < most * 0.4) {
    const step = niceAbove(Math.max(span, most * 0.02) / 1.5);
    const low = Math.max(0, Math.floor(least / step) * step);
    const high = Math.max(Math.ceil(most / step) * step, low + step);
    return { at: (value) => (value - low) / (high - low), grid: [low, high] };
  }
  const high = niceAbove(Math.max(most, 1));
  return { at: (value) => value / high, grid: high > 1 ? [high / 2, high] : [high] };
}

/** Powers of ten: what takes 2 ms is as visible as what takes 20 s. */
export function logarithmic(values: readonly number[]): Scale {
  const positive = values.filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(...positive, 1e3)));
  const high = Math.max(Math.ceil(Math.log10(Math.max(...positive, 10 ** (low + 1)))), low + 1);
  const middle = Math.round((low + high) / 2);
  const grid = [...new Set([high - low > 2 ? middle : high, high])].map((power) => 10 ** power);
  return { at: (value) => Math.max(0, (Math.log10(value) - low) / (high - low)), grid };
}
