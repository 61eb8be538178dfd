import { decodePayload, encodePayload } from '../../payload/payload.js';
import { resultRefused } from './inbox-errors.js';
import type { MarkKey } from './inbox-sql.js';

/**
 * What a step returned, for its mark, encoded as the arguments of a call are; undefined for nothing.
 *
 * @throws NestworkError INBOX_RESULT
 */
export function encodeKept(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  try {
    return encodePayload([value], 'result');
  } catch (error) {
    throw resultRefused(error);
  }
}

/** @throws NestworkError UNDECODABLE_MESSAGE for a text that somebody has changed */
export function decodeKept(kept: unknown, { task, step }: MarkKey): unknown {
  if (typeof kept !== 'string') return undefined;
  const owner = `the result of step "${step}" of task ${task}`;
  return decodePayload(parsed(kept), kept, owner)[0];
}

/** What is no JSON is no list either, which the decoder refuses. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
