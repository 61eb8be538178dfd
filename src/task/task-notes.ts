import { type OpensText, PLAIN_PAYLOADS } from '../payload/payload-codec.js';

/**
 * How far a task is, as it last noted by `TaskContext.progress`.
 *
 * @example
 * const text = ({ value, message }: TaskProgress): string => `${Math.round(value * 100)} % ${message ?? ''}`;
 */
export interface TaskProgress {
  /** from 0 to 1 */
  readonly value: number;
  /** the text beside it, on one line; undefined for none */
  readonly message: string | undefined;
  /** when, by the clock of the worker */
  readonly at: Date;
  /** the attempt that noted it, from 1 */
  readonly attempt: number;
}

/**
 * One line that a task noted by `TaskContext.log`.
 *
 * @example
 * const text = ({ at, attempt, message }: TaskLogLine): string => `${at.toISOString()} attempt ${attempt}: ${message}`;
 */
export interface TaskLogLine {
  /** when, by the clock of the worker */
  readonly at: Date;
  /** the attempt that noted it, from 1 */
  readonly attempt: number;
  /** its text, on one line; a longer one ends with `…` */
  readonly message: string;
}

/** How a task ended that noted something. */
export type NotedEnd = 'done' | 'dropped' | 'cancelled';

/** All that a task has noted, as Redis has it. */
export interface TaskNotes {
  readonly queue: string;
  readonly task: string;
  readonly progress: TaskProgress | undefined;
  readonly log: readonly TaskLogLine[];
  /** undefined while it has not ended, or when it died */
  readonly end: { readonly state: NotedEnd; readonly at: Date } | undefined;
}

/** The notes of a task keep so many lines. */
export const MOST_LOG_LINES = 100;
/** So many bytes they have together. */
export const MOST_LOG_BYTES = 8_192;

const END = /^(done|dropped|cancelled)$/;

/** `<time> <attempt> <text>`: a line of the log. The text has no line break. */
export function encodeLogLine(at: number, attempt: number, text: string): string {
  return `${at} ${attempt} ${text}`;
}

/** `<time> <attempt> <value> <text>`; the text may be empty. */
export function encodeProgress(at: number, attempt: number, value: number, text: string): string {
  return `${at} ${attempt} ${value} ${text}`;
}

/** `<queue> <task>`, and behind them how and when it ended. */
export function encodeNoted(queue: string, task: string, end?: NotedEnd, at = 0): string {
  return end === undefined ? `${queue} ${task}` : `${queue} ${task} ${end} ${at}`;
}

/**
 * Reads `notes:<id>`: its writer, the task, the progress, and the lines of the log. Undefined for a value that others wrote.
 *
 * @param open what opens their texts; by default those that are sealed stay so
 */
export function decodeNotes(
  stored: string,
  open: OpensText = (text) => PLAIN_PAYLOADS.openText(text, ''),
): TaskNotes | undefined {
  const [, noted, progress, ...log] = stored.split('\n');
  const [queue, task, end = '', endedAt] = noted?.split(' ') ?? [];
  if (queue === undefined || task === undefined || progress === undefined) return undefined;
  return {
    queue,
    task,
    progress: decodeProgress(progress, open),
    log: log.flatMap((line) => decodeLogLine(line, open) ?? []),
    end: END.test(end) ? { state: end as NotedEnd, at: new Date(Number(endedAt)) } : undefined,
  };
}

function decodeProgress(stored: string, open: OpensText): TaskProgress | undefined {
  const [, at, attempt, value, message = ''] = /^(\d+) (\d+) (\S+) (.*)$/.exec(stored) ?? [];
  if (at === undefined) return undefined;
  return {
    value: Number(value),
    message: open(message) || undefined,
    at: new Date(Number(at)),
    attempt: Number(attempt),
  };
}

function decodeLogLine(stored: string, open: OpensText): TaskLogLine | undefined {
  const [, at, attempt, message = ''] = /^(\d+) (\d+) (.*)$/.exec(stored) ?? [];
  return at === undefined ? undefined : { at: new Date(Number(at)), attempt: Number(attempt), message: open(message) };
}
