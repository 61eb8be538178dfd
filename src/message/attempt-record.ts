import { type OpensText, PLAIN_PAYLOADS } from '../payload/payload-codec.js';

/**
 * One line of a task's history: how an attempt ended, or that a person sent the task again. Never holds arguments.
 *
 * @example
 * const dead = await deadLetters.get(id);
 * const last: AttemptRecord | undefined = dead?.attempts.at(-1);
 * logger.log(`${last?.attempt}: ${last?.error}`);
 */
export interface AttemptRecord {
  /** when, in ms since 1970, by the clock of the process that wrote it */
  readonly at: number;
  /** which attempt it was, from 1; none for what is no attempt */
  readonly attempt?: number;
  /** code of the error, such as TASK_FAILED, HARD_TIMEOUT, CRASHED or REDRIVEN */
  readonly code: string;
  /** what happened, in at most 300 characters; `[sealed]` where it is sealed with a key that this process does not have */
  readonly error?: string;
  /** name of the machine, or of the container */
  readonly host?: string;
  /** the process that ran it */
  readonly pid?: number;
  /** where it was in a trace, as a `traceparent`; none where nothing traced it. Others may have written it: check it before use */
  readonly trace?: string;
}

/** The code of a line that records that a person sent a dead task again; redrive.lua writes it. */
export const REDRIVEN = 'REDRIVEN';

/** Characters of the `error` of a line. */
export const MAX_ATTEMPT_ERROR = 300;

/**
 * A record as it is appended to a message: behind a line break, which no JSON contains, so that scripts append it
 * without decoding anything.
 *
 * @param seal what is made of its error: of a sealed task nobody reads it without the key
 *
 * @example
 * encodeAttempt({ at: Date.now(), attempt: 1, code: 'TASK_FAILED', error: 'Error: no route to host' });
 */
export function encodeAttempt(record: AttemptRecord, seal: (text: string) => string = (text) => text): string {
  const error = record.error?.slice(0, MAX_ATTEMPT_ERROR);
  return `\n${JSON.stringify({ ...record, error: error && seal(error) })}`;
}

/** The lines of the history of a message, oldest first. */
export function historyLines(raw: string): string[] {
  return raw.split('\n').slice(1);
}

/**
 * The history of a message as it lies in Redis, oldest first; lines that are none of ours are left out.
 *
 * @param open what opens its errors; by default those that are sealed stay so
 */
export function attemptsOf(raw: string, open: OpensText = closed): AttemptRecord[] {
  return historyLines(raw).flatMap((line) => parse(line, open));
}

function parse(line: string, open: OpensText): AttemptRecord[] {
  try {
    const record: unknown = JSON.parse(line);
    return typeof record === 'object' && record !== null && 'at' in record
      ? [opened(withoutArguments(record), open)]
      : [];
  } catch {
    return [];
  }
}

function opened(record: AttemptRecord, open: OpensText): AttemptRecord {
  const { error } = record;
  return typeof error === 'string' ? { ...record, error: open(error) } : record;
}

function closed(text: string): string {
  return PLAIN_PAYLOADS.openText(text, '');
}

/** The line of a redrive with other arguments has those before, see edited-message.ts: what lists attempts must not show them. */
function withoutArguments({ sent: _, ...record }: object & { sent?: unknown }): AttemptRecord {
  return record as AttemptRecord;
}
