import { groupTagOf } from './group-tag.js';
import { labelOf } from './message-label.js';
import { idOf, type TaskMessage } from './task-message.js';

/**
 * What is known of a message whose body cannot be read: without arguments and options, and with the name '' where that is no name either.
 *
 * @param raw a message as it lies in Redis
 * @returns undefined for bytes that are no message, or one of another version
 */
export function unreadMessage(raw: string): TaskMessage | undefined {
  const label = labelOf(raw);
  if (!label) return undefined;
  return {
    id: idOf(raw),
    name: label.name ?? '',
    args: [],
    sealed: false,
    closed: undefined,
    options: {},
    enqueuedAt: label.enqueuedAt,
    failures: Number.parseInt(raw.slice(21, 23), 36),
    crashes: label.crashes,
    suspicions: Number.parseInt(raw.charAt(24), 36),
    unique: undefined,
    result: undefined,
    group: groupTagOf(raw),
    limited: false,
    limits: [],
    tried: raw.includes('\n'),
  };
}
