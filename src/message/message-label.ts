import { SEAL_START } from '../payload/payload-codec.js';
import { bodyStart } from './tags.js';
import { enqueuedAtOf } from './task-message.js';

const HEADER = /^[0-9a-z]{20}1[0-9a-z]{13}/;
const NAME = /^\["(?:[^"\\]|\\.)*"/;
/** A name has up to 200 characters, and JSON spells one with up to six. */
const MOST_OF_A_NAME = 1_300;

/** The parts of a message that can be read without its payload. */
export interface MessageLabel {
  /** none when the body is no call */
  readonly name: string | undefined;
  /** whether the arguments are sealed */
  readonly sealed: boolean;
  /** ms since 1970 */
  readonly enqueuedAt: number;
  readonly crashes: number;
}

/**
 * Reads name and times of a message, not its arguments, for lists of many tasks.
 *
 * @param raw a message as it lies in Redis
 * @returns undefined for bytes that are no message, or one of another version
 *
 * @example
 * labelOf(raw)?.name; // 'ReportTasks.send'
 */
export function labelOf(raw: string): MessageLabel | undefined {
  if (!HEADER.test(raw)) return undefined;
  const start = bodyStart(raw);
  const [written = ''] = NAME.exec(raw.slice(start, start + MOST_OF_A_NAME)) ?? [];
  return {
    name: nameIn(written),
    sealed: written !== '' && raw.startsWith(`,${SEAL_START}`, start + written.length),
    enqueuedAt: enqueuedAtOf(raw),
    crashes: Number.parseInt(raw.charAt(23), 36),
  };
}

/**
 * The name of a task, faster than all checks: of anything but a message that nestwork wrote it is some text.
 *
 * @example
 * roughNameOf(raw); // 'ReportTasks.send'
 */
export function roughNameOf(raw: string): string {
  const from = bodyStart(raw) + '["'.length;
  return raw.slice(from, raw.indexOf('"', from));
}

/** @param written with the bracket in front of it */
function nameIn(written: string): string | undefined {
  try {
    return JSON.parse(written.slice(1)) as string;
  } catch {
    return undefined;
  }
}
