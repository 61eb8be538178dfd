import { types } from 'node:util';
import type { Action, ActionPort } from '../../broker/port/action-port.js';

/** Carries out a bulk action and records it, also if it was stopped. One that changed nothing is not recorded. */
export async function recordAtEnd<T>(
  broker: Pick<ActionPort, 'record'>,
  describe: () => Action,
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act();
  } finally {
    const action = describe();
    if (action.count > 0) await broker.record(action);
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

function instant(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'an invalid date' : date.toISOString();
}
