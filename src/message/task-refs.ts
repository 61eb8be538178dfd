import { idAfter, isTaskId } from './task-id.js';

/** Ids in a row: the first one, and how many. */
export type IdRun = readonly [first: string, count: number];

/**
 * What a task that failed for good means for one that takes its result: that waits for a redrive, runs without the result, or gets the
 * error in its place.
 *
 * @example
 * const onFailure: RefFailure = 'skip';
 */
export type RefFailure = 'fail' | 'skip' | 'run';

export const REF_FAILURES: readonly RefFailure[] = ['fail', 'skip', 'run'];

/** An argument that is the result of another task, or a list of such results. */
export interface ArgumentRef {
  /** its place among the arguments, from 0 */
  readonly at: number;
  readonly list: boolean;
  readonly ids: readonly IdRun[];
}

/** The arguments of a task that are results of others, as they travel in its message. */
export interface ArgumentRefs {
  readonly failure: RefFailure;
  readonly args: readonly ArgumentRef[];
}

/** Ids as runs, which are short for tasks that were made one after the other. */
export function runsOf(ids: readonly string[]): IdRun[] {
  const runs: [string, number][] = [];
  for (const id of ids) {
    const last = runs.at(-1);
    if (last && idAfter(last[0], last[1]) === id) last[1] += 1;
    else runs.push([id, 1]);
  }
  return runs;
}

export function idsOf(runs: readonly IdRun[]): string[] {
  return runs.flatMap(([first, count]) => Array.from({ length: count }, (_, at) => idAfter(first, at)));
}

/** Whether anything that came from Redis is a list of runs, with no more ids than a task may wait for. */
export function areRuns(value: unknown, most: number): value is readonly IdRun[] {
  if (!Array.isArray(value) || !value.every(isRun)) return false;
  return value.reduce((sum: number, [, count]) => sum + count, 0) <= most;
}

function isRun(value: unknown): value is IdRun {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [first, count] = value as unknown[];
  return isTaskId(first) && Number.isInteger(count) && (count as number) > 0;
}

/** Results that one task can get. */
export const MOST_REFS = 10_000;

export function areRefs(value: unknown): value is ArgumentRefs {
  if (typeof value !== 'object' || value === null) return false;
  const { failure, args } = value as Record<keyof ArgumentRefs, unknown>;
  return REF_FAILURES.some((known) => known === failure) && Array.isArray(args) && args.every(isRef);
}

function isRef(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { at, list, ids } = value as Record<keyof ArgumentRef, unknown>;
  return Number.isInteger(at) && (at as number) >= 0 && typeof list === 'boolean' && areRuns(ids, MOST_REFS);
}
