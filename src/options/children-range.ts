import { availableParallelism } from 'node:os';
import { assertKnownOptions } from '../values/known-options.js';
import { type RulesOf, resolveOptions, time, whole } from '../values/option-rules.js';
import { invalid, isPlainObject } from '../values/option-values.js';
import { shown } from '../values/shown.js';
import type { ChildrenRange } from './options.js';

/** Children of one worker. */
export const MOST_CHILDREN = 1_024;
const RULES = {
  min: whole(1, MOST_CHILDREN, 1),
  max: whole(1, MOST_CHILDREN),
  shrinkAfter: time(1_000, '1m'),
} satisfies RulesOf<ChildrenRange>;

/** How many children a worker may have; `min` and `max` are the same for a fixed number. */
export interface ResolvedChildren {
  readonly min: number;
  readonly max: number;
  readonly shrinkAfterMs: number;
}

/** Reads the option `children`. */
export function childrenRange(
  given: number | ChildrenRange = availableParallelism(),
  option = 'children',
): ResolvedChildren {
  if (typeof given === 'number') {
    const count = whole(1, MOST_CHILDREN).read(given, option) as number;
    return { min: count, max: count, shrinkAfterMs: 0 };
  }
  if (!isPlainObject(given))
    throw invalid(option, `is ${shown(given)}, and neither a number nor an object`, [
      'Give a whole number, or a range: { min: 1, max: 8 }.',
      'A value from the environment is text: Number(process.env.CHILDREN).',
    ]);
  assertKnownOptions(given, Object.keys(RULES), `the option \`${option}\``);
  if (given.min === 0)
    throw invalid(`${option}.min`, 'is 0', [
      'Give at least 1: broadcasts need a child, and a queue without any counts as not served.',
      'To scale to nothing, let KEDA start and stop whole workers.',
    ]);
  const {
    min,
    max = Math.max(min, availableParallelism()),
    shrinkAfterMs,
  } = resolveOptions(RULES, given, `${option}.`);
  if (min <= max) return { min, max, shrinkAfterMs };
  throw invalid(
    `${option}.min`,
    `is ${min}, more than \`${option}.max\`, which is ${max}`,
    'Swap them, or give both the same.',
  );
}
