import type { Figure, Goal, GoalResult, Series } from './figure.js';

/** The middle value; of an even number, the mean of the two in the middle. `NaN` for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  const low = sorted[Math.ceil(half) - 1] ?? Number.NaN;
  const high = sorted[Math.floor(half)] ?? Number.NaN;
  return (low + high) / 2;
}

/** The value below which so many percent of the numbers lie; `NaN` for none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(Math.floor((sorted.length * percent) / 100), sorted.length - 1)] ?? Number.NaN;
}

/** The results of the goals. Those about contestants that did not take part, as in a quick run, are left out. */
export function goalResultsOf(
  { goals, better }: Pick<Figure, 'goals' | 'better'>,
  series: readonly Series[],
): GoalResult[] {
  return goals.flatMap((goal) => {
    const own = best(goal.of, goal, series, better);
    const other = goal.against === undefined ? 1 : best(goal.against, goal, series, better);
    if (own === undefined || other === undefined) return [];
    const value = own / other;
    const met =
      value >= (goal.atLeast ?? Number.NEGATIVE_INFINITY) && value <= (goal.atMost ?? Number.POSITIVE_INFINITY);
    return [{ goal, met, value }];
  });
}

function best(
  names: string | readonly string[],
  { measure }: Goal,
  series: readonly Series[],
  better: 'higher' | 'lower',
): number | undefined {
  const medians = series
    .filter((one) => [names].flat().includes(one.contestant) && one.measure === measure)
    .map(({ values }) => median(values));
  if (medians.length === 0) return undefined;
  return better === 'higher' ? Math.max(...medians) : Math.min(...medians);
}
