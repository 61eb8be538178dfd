import { NestworkError } from '../errors.js';
import { type Duration, toMilliseconds } from '../values/duration.js';
import { assertKnownOptions } from '../values/known-options.js';
import { invalid } from '../values/option-values.js';
import { shown } from '../values/shown.js';
import { isWellFormed } from '../values/well-formed.js';
import type { BatchStatus } from './batch-status.js';
import type { GroupSender } from './member-call.js';

/**
 * The options that batches and flows share.
 *
 * @example
 * const options: GroupOptions = { name: 'mailing', deadline: '6h' };
 */
export interface GroupOptions {
  /**
   * What people read in lists: 1 to 200 characters on one line.
   * @default none
   */
  name?: string;
  /**
   * How long it may take, from now: 1 s to 30 days. After that it has `expired`: no task of it starts any more, the signals of those that
   * run are aborted, and `onFailed` of a batch is sent.
   * @default none
   */
  deadline?: Duration;
}

/**
 * How to make a batch.
 *
 * @example
 * const options: BatchOptions = { name: 'mailing', onDone: queue.of(BatchTasks).report, deadline: '6h' };
 */
export interface BatchOptions extends GroupOptions {
  /** A task that is sent once, when all tasks of the batch are done. It gets the {@link BatchStatus}. */
  onDone?: GroupSender<[status: BatchStatus]>;
  /** A task that is sent once: at the first task that fails for good, at the deadline, or when the batch is cancelled or abandoned. */
  onFailed?: GroupSender<[status: BatchStatus]>;
  /**
   * Whether tasks that fail for good count as ended, so that `onDone` is sent when all have ended, however they did.
   * @default false: `onDone` waits until they are redriven and done
   */
  allowFailures?: boolean;
}

/** Options of both, checked. */
export interface CheckedOptions {
  readonly name: string;
  readonly deadlineMs: number | undefined;
}

const MOST_NAME = 200;
const LEAST_DEADLINE_MS = 1_000;
const MOST_DEADLINE_MS = 30 * 86_400_000;

/** @throws NestworkError INVALID_OPTION, INVALID_DURATION */
export function checkedOptions(options: GroupOptions, known: readonly string[], where: string): CheckedOptions {
  assertKnownOptions(options, ['name', 'deadline', ...known], where);
  return { name: nameOf(options.name, where), deadlineMs: deadlineOf(options.deadline, where) };
}

function nameOf(name: unknown, where: string): string {
  if (name === undefined) return '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it must not have
  const isName = typeof name === 'string' && name.length <= MOST_NAME && /^[^\u0000-\u001f\u007f]+$/.test(name);
  if (isName && isWellFormed(name)) return name;
  throw invalid(`name of ${where}`, `is ${shown(name)}`, `Give a text of 1 to ${MOST_NAME} characters on one line.`);
}

function deadlineOf(deadline: Duration | undefined, where: string): number | undefined {
  if (deadline === undefined) return undefined;
  const ms = toMilliseconds(deadline, `deadline of ${where}`);
  if (ms >= LEAST_DEADLINE_MS && ms <= MOST_DEADLINE_MS) return ms;
  throw invalid(`deadline of ${where}`, `is ${ms} ms`, 'Give a time from 1 s to 30 days.');
}

/** A member comes in, whatever else waits; its time and its key are not those of one call. */
export function refusedInGroup(option: string, task: string): NestworkError {
  return new NestworkError(
    'INVALID_OPTION',
    `with({ ${option} }) on task "${task}" does not go with a batch or flow.`,
    [option === 'key' ? 'Send it by itself with delay(): a key is for one call.' : `Leave out \`${option}\`.`],
  );
}
