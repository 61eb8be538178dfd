import { types } from 'node:util';
import type { ActionName, ActionPort } from '../../broker/port/action-port.js';

/** A bulk action: what it is, and how many tasks it has concerned so far. */
export interface BulkAction {
  readonly action: ActionName;
  readonly by: string | undefined;
  readonly subject: () => string;
  readonly count: () => number;
}

/** Carries out a bulk action and records it, also if it was stopped. One that changed nothing is not recorded. */
export async function recordAtEnd<T>(
  broker: Pick<ActionPort, 'record'>,
  { action, by, subject, count }: BulkAction,
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act();
  } finally {
    if (count() > 0) await broker.record({ action, by, subject: subject(), count: count() });
  }
}

/**
 * A filter in one line.
 *
 * @example
 * filterText({ task: 'MailTasks.send', since: '2h' }); // 'task=MailTasks.send since=2h'
 */
export function filterText(filter: object): string {
  const texts = Object.entries(filter).map(
    ([name, value]) => `${name}=${types.isDate(value) ? instant(value) : value}`,
  );
  return texts.length === 0 ? 'all' : texts.join(' ');
}

/**
 * Ids in one line: many of them would fill the record of actions.
 *
 * @example
 * idsText(['dp2k3v9x0q2m00000001', 'dp2k3v9x0q2m00000002']); // 'dp2k3v9x0q2m00000001 and 1 more'
 */
export function idsText(ids: readonly string[]): string {
  const [first = ''] = ids;
  return ids.length > 1 ? `${first} and ${ids.length - 1} more` : first;
}

function instant(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'an invalid date' : date.toISOString();
}
