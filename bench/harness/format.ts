import type { Goal, GoalResult } from './figure.js';

/** Three digits that count, with thousands apart: 118,000 and 0.273. */
export function number(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  const rounded = Number(value.toPrecision(3));
  return rounded.toLocaleString('en', {
    minimumFractionDigits: Math.min(digits, 3),
    maximumFractionDigits: Math.min(digits, 3),
  });
}

/** Such as `nestwork c1 >= 20 x bullmq c1`. */
export function goalText({ of, against, measure, atLeast, atMost }: Goal, unit: string): string {
  const bound = atLeast === undefined ? `<= ${atMost}` : `>= ${atLeast}`;
  const compared = against === undefined ? unit : `x ${names(against)}`;
  return `${names(of)}${measure === undefined ? '' : `, ${measure}`}: ${bound} ${compared}`;
}

/** Such as `met: 22.3 x` and `missed by 12 %: 17.6 x`. */
export function goalResultText({ goal, met, value }: GoalResult, unit: string): string {
  const shown = goal.against === undefined ? `${number(value)} ${unit}` : `${number(value)} x`;
  if (met) return `met: ${shown}`;
  const wanted = goal.atLeast ?? goal.atMost ?? Number.NaN;
  return `missed by ${number((Math.abs(value - wanted) / wanted) * 100)} %: ${shown}`;
}

/** `nestwork's best` for names that begin with the same word. */
function names(of: string | readonly string[]): string {
  if (typeof of === 'string') return of;
  const words = new Set(of.map((name) => name.split(' ')[0]));
  return words.size === 1 ? `${[...words].join()}'s best` : `the best of ${of.join(', ')}`;
}
