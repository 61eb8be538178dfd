import type { Rights } from '../rights.js';
import type { Line } from './shown-arguments.js';

/** A task in a list that everybody gets. */
interface Row {
  readonly id: string;
  readonly queue: string;
  readonly task: string | undefined;
  readonly args: Line | undefined;
}

/** Rows without the arguments that this person may not see. */
export function rowsSeen<T extends Row>(rights: Pick<Rights, 'may'>, rows: readonly T[]): Promise<T[]> {
  return Promise.all(
    rows.map(async (row) => {
      const { id, queue, task, args } = row;
      const isSeen = args === undefined || (await rights.may('arguments', { id, queue, task }));
      return isSeen ? row : { ...row, args: undefined };
    }),
  );
}
