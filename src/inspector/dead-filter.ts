import { types } from 'node:util';
import type { DeadRange } from '../broker/port/broker.js';
import { NestworkError } from '../errors.js';
import type { PayloadCodec } from '../payload/payload-codec.js';
import { type Duration, toMilliseconds } from '../values/duration.js';
import { assertKnownOptions } from '../values/known-options.js';
import { shown } from '../values/shown.js';
import { isWellFormed } from '../values/well-formed.js';
import { groupKey } from './dead-groups.js';
import type { DeadTask } from './dead-task.js';
import type { KnownQueues } from './queues/known-queues.js';

/**
 * Which dead tasks match: those that meet all given conditions.
 *
 * @example
 * const outage: DeadFilter = { task: 'ReportTasks.send', error: 'ECONNREFUSED', since: '2h' };
 * await deadLetters.count(outage);
 */
export interface DeadFilter {
  /**
   * Dead in one of these queues.
   * @default all of the app
   */
  queues?: readonly string[];
  /** the name of the task, such as `ReportTasks.send` */
  task?: string;
  /** why it is dead, such as `TASK_FAILED` or `CRASHED` */
  code?: string;
  /** a part of the text of the error, in the same case */
  error?: string;
  /** the `key` of a group, see `DeadLetters.groups` */
  group?: string;
  /** dead since then: a date, or so long ago */
  since?: Date | Duration;
  /** dead until then: a date, or so long ago */
  until?: Date | Duration;
}

/** A filter that was checked, with its times resolved. */
export interface ResolvedFilter {
  readonly queues: readonly string[];
  readonly range: DeadRange;
  /** whether the range alone decides */
  readonly isRange: boolean;
  readonly matches: (task: DeadTask) => boolean;
  /** opens what is sealed */
  readonly payloads: PayloadCodec;
}

/** The parts for which each record must be read: queues and times are known without. */
const TEXTS = ['task', 'code', 'error', 'group'] as const;
const OPTIONS = ['queues', ...TEXTS, 'since', 'until'];

/**
 * Checks a filter.
 *
 * @param known the queues of the app
 * @param payloads opens what is sealed
 * @param now called only when a time is given as a duration; resolves to ms since 1970 by the clock of Redis
 * @throws NestworkError INVALID_OPTION, INVALID_DURATION, UNKNOWN_QUEUE
 */
export async function resolveFilter(
  filter: DeadFilter,
  known: KnownQueues,
  payloads: PayloadCodec,
  now: () => Promise<number>,
): Promise<ResolvedFilter> {
  assertKnownOptions(filter, OPTIONS, 'A filter of dead tasks');
  const queues = await queuesOf(filter.queues, known);
  for (const name of TEXTS) assertText(name, filter[name]);
  const { task, code, error, group } = filter;
  const times = { since: timeOf('since', filter.since), until: timeOf('until', filter.until) };
  const range = await rangeOf(times, now);
  return {
    queues,
    range,
    payloads,
    isRange: !looksInside(filter),
    matches: (dead) =>
      (task === undefined || dead.task === task) &&
      (code === undefined || dead.code === code) &&
      (error === undefined || dead.error.includes(error)) &&
      (group === undefined || groupKey(dead) === group),
  };
}

/** Whether each record must be read to know whether it matches. */
export function looksInside(filter: DeadFilter): boolean {
  return TEXTS.some((name) => filter[name] !== undefined);
}

/**
 * Refuses a filter with an undefined value, for example of a variable that is not set: it would match all tasks.
 *
 * @throws NestworkError INVALID_OPTION
 */
export function assertNothingUndefined(filter: DeadFilter): void {
  const [name] = Object.entries(filter ?? {}).find(([, value]) => value === undefined) ?? [];
  if (name === undefined) return;
  throw invalid(name, undefined, 'is undefined, which would mean all tasks', 'Leave it out if all are meant.');
}

async function queuesOf(queues: readonly string[] | undefined, known: KnownQueues): Promise<readonly string[]> {
  if (queues === undefined) return known.all();
  if (!Array.isArray(queues) || queues.length === 0) {
    throw invalid('queues', queues, 'is not a list of at least one name', "Give names like ['default'].");
  }
  return known.chooseAll(queues, 'a filter of dead tasks');
}

function assertText(name: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value === 'string' && !isWellFormed(value)) {
    throw invalid(name, undefined, 'has a lone surrogate, which no record has', 'Cut texts between characters.');
  }
  if (typeof value === 'string' && value !== '') return;
  throw invalid(name, value, 'is not a string of at least one character', 'Leave it out if all are meant.');
}

type Time = { readonly at: number } | { readonly ago: number };

function timeOf(name: string, value: Date | Duration | undefined): Time | undefined {
  if (value === undefined) return undefined;
  // by its kind: a date may come from another realm
  if (!types.isDate(value)) return { ago: toMilliseconds(value, `The filter \`${name}\``) };
  const at = value.getTime();
  if (Number.isNaN(at)) throw invalid(name, value, 'is not a valid date', "Give a date, or a duration like '1h'.");
  return { at };
}

async function rangeOf(
  { since, until }: { since: Time | undefined; until: Time | undefined },
  now: () => Promise<number>,
): Promise<DeadRange> {
  const relative = [since, until].some((time) => time && 'ago' in time);
  const present = relative ? await now() : 0;
  const resolved = (time: Time | undefined): number | undefined =>
    time && ('at' in time ? time.at : present - time.ago);
  const range = { since: resolved(since), until: resolved(until) };
  if (range.since !== undefined && range.until !== undefined && range.since > range.until) {
    throw invalid('since', new Date(range.since), 'is later than `until`', 'Exchange the two.');
  }
  return range;
}

function invalid(name: string, value: unknown, what: string, remedy: string): NestworkError {
  const given = value === undefined ? '' : ` (${shown(value)})`;
  return new NestworkError('INVALID_OPTION', `The filter \`${name}\`${given} ${what}.`, remedy);
}
