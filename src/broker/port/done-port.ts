import type { DoneRecord } from '../../task/done-record.js';

/** The call of a child. */
export interface DoneKeepingBroker {
  /** Keeps tasks of one name that are done, of all such tasks the last `most`. A repeated call changes nothing. */
  keep(task: string, most: number, records: readonly DoneRecord[]): Promise<void>;
}

/** Which part of the done tasks of one name to read. */
export interface DoneQuery {
  readonly order: 'oldest' | 'newest';
  /** how many to pass over */
  readonly passed: number;
  readonly limit: number;
}

export interface DonePage {
  readonly records: readonly DoneRecord[];
  /** how many of them were looked at, and how many are behind them */
  readonly looked: number;
  readonly left: number;
}

/** The calls of people and tools. */
export interface DoneBroker {
  page(task: string, query: DoneQuery): Promise<DonePage>;
  /** The last execution of one task, if it is among those kept. */
  find(task: string, id: string): Promise<DoneRecord | undefined>;
}
