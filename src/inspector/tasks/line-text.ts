import type { LimitState, LineState } from '../../broker/port/limit-port.js';
import { instant } from '../../terminal/figures.js';
import { count } from '../../values/counted.js';
import { nearestDate, nearestDateIfAny } from '../../values/dates.js';
import { timeLength } from '../../values/time-length.js';
import { closedText, endText, limitWords } from '../limits/limit-text.js';
import { holdersText, isFull, type LimitHolders } from './limit-holders.js';

/**
 * A limit of a task that waits, or that of its queue.
 *
 * @example
 * const { line } = await inspector.tasks.explain(id);
 * const text = ({ name, key, used, most }: TaskLimit): string => `${name} ${key}: ${used} of ${most}`;
 * console.log(line?.limits.map(text));
 */
export interface TaskLimit {
  /** its name; undefined for the limit of its queue, and for one that no app declares any more */
  readonly name: string | undefined;
  /** the queue whose limit it is; undefined for a limit of tasks */
  readonly queue: string | undefined;
  /** its key; undefined for a limit without keys */
  readonly key: string | undefined;
  /** tasks that hold it */
  readonly used: number;
  /** tasks that may hold it at a time; undefined for any number */
  readonly most: number | undefined;
  /** when it lets the next task start, by the clock of Redis, if only that keeps tasks from starting */
  readonly opensAt: Date | undefined;
  /** whether it keeps the task from starting */
  readonly isShut: boolean;
}

/**
 * What a pending task with a limit, a tenant or a priority waits for.
 *
 * @example
 * const text = ({ ahead, linesAhead }: TaskLine): string => `${ahead} before it in its line, ${linesAhead} lines before that`;
 */
export interface TaskLine {
  /** tasks that come before it: those with the same limits and the same tenant, or, where it lies in the list of its queue, those there */
  readonly ahead: number;
  /** other lines of its queue that come before this one, as things stand */
  readonly linesAhead: number;
  /** from 0 to 9 */
  readonly priority: number;
  /** its limits, then that of its queue */
  readonly limits: readonly TaskLimit[];
}

export function taskLine({ linesAhead, priority, limits }: LineState, ahead = 0): TaskLine {
  return { ahead, linesAhead, priority, limits: limits.map(taskLimit) };
}

function taskLimit({ name, queue, key, used, most, opensAt, isShut }: LimitState): TaskLimit {
  const opens = nearestDateIfAny(opensAt);
  return { name: queue === undefined ? name : undefined, queue, key, used, most, opensAt: opens, isShut };
}

/** What keeps tasks from starting: sentences for each limit that is shut. @param holders of full limits, by limit key */
export function shutTexts({ limits }: LineState, holders: ReadonlyMap<string, LimitHolders>, now: number): string[] {
  return limits.flatMap((limit) => {
    if (isFull(limit)) return [fullText(limit, holdersText(limit, holders.get(limit.limit), now))];
    return limit.isShut ? [...closedTexts(limit), ...openingTexts(limit, now)] : [];
  });
}

/** What somebody has set so that nothing starts. */
function closedTexts(limit: LimitState): string[] {
  const { closed } = limit;
  if (!closed) return [];
  return [closedText(limit, closed.by, endText(nearestDateIfAny(closed.until)))];
}

/** When it opens again by itself. */
function openingTexts(limit: LimitState, now: number): string[] {
  const { opensAt, isStopped } = limit;
  if (opensAt === undefined) return [];
  const wait = timeLength(Math.max(opensAt - now, 0));
  if (isStopped) return [`A task has stopped ${titleOf(limit, 'the')} for another ${wait}.`];
  return [`${titleOf(limit)} lets the next task start in ${wait}, at ${instant(nearestDate(opensAt))}.`];
}

function fullText(limit: LimitState, by: string): string {
  const { used, most = 0 } = limit;
  return `${titleOf(limit)} is full: ${count(used)} of ${count(most)} places are taken${by}.`;
}

/** `The limit stripe for acme` */
function titleOf(limit: LimitState, article = 'The'): string {
  return `${article} ${limitWords(limit)}`;
}

/** Its place among the tasks in lines. */
export function placeText(
  { linesAhead, priority, olderMs, hasTenant }: LineState,
  ahead: number,
  queue: string,
): string {
  const same = hasTenant ? 'of the same tenant' : 'with the same limits';
  const before = ahead === 1 ? '1 task' : `${count(ahead)} tasks`;
  const sentences = [
    ahead === 0
      ? `It is the first task of its line in the queue ${queue}.`
      : `${before} ${same} ${ahead === 1 ? 'comes' : 'come'} before it in the queue ${queue}.`,
  ];
  const lines = linesAhead === 1 ? '1 other line comes' : `${count(linesAhead)} other lines come`;
  if (linesAhead > 0) sentences.push(`${lines} before its own.`);
  if (priority > 0) sentences.push(`Its priority ${priority} counts as ${timeLength(olderMs)} of waiting.`);
  return sentences.join(' ');
}
