import { tagOf } from './tags.js';
import { TASK_ID_LENGTH } from './task-id.js';

/** That a task is a member of a batch or a node of a flow. */
export interface GroupTag {
  /** id of the batch or flow; it has the form of a task id */
  readonly group: string;
  /** of the node in its flow, from 0; 0 for every member of a batch, which keeps no list of them */
  readonly number: number;
}

const NUMBER_LENGTH = 7;

/**
 * The tag of a member: `g`, the id of its group, and 7 digits, base 36, for its number.
 *
 * @example
 * encodeGroupTag({ group: 'k3v9x0q2m70000000001', number: 36 }); // 'gk3v9x0q2m700000000010000010'
 */
export function encodeGroupTag({ group, number }: GroupTag): string {
  return `g${group}${number.toString(36).padStart(NUMBER_LENGTH, '0')}`;
}

/** That of a message as it lies in Redis; undefined for a task that is in no group. */
export function groupTagOf(raw: string): GroupTag | undefined {
  const text = tagOf(raw, 'g');
  if (text === undefined) return undefined;
  return { group: text.slice(0, TASK_ID_LENGTH), number: Number.parseInt(text.slice(TASK_ID_LENGTH), 36) || 0 };
}
