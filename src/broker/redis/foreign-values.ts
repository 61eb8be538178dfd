import { NewNames } from '../../values/log-once.js';
import { printable } from '../../values/printable.js';

/** Warns once of each value in Redis that others wrote in the place of one of nestwork's. Readers pass over it. */
export class ForeignValues {
  private readonly named = new NewNames();

  constructor(private readonly warn: (warning: string) => void = () => {}) {}

  /** @param place the key and, of a hash, the field */
  found(place: string, value: string): void {
    const where = printable(place);
    if (!this.named.isNew(where)) return;
    this.warn(
      `${where} holds "${printable(value, 60)}", which this version of nestwork does not write. It is passed over. ` +
        'Find out what else writes to the keys of this namespace, and remove it.',
    );
  }

  /** JSON of the wanted shape; undefined, with a warning, for anything else but null and undefined. */
  json<T>(place: string, text: string | null | undefined, isWanted: (value: unknown) => value is T): T | undefined {
    if (text === null || text === undefined) return undefined;
    const value = parsed(text);
    if (isWanted(value)) return value;
    this.found(place, text);
    return undefined;
  }

  /** A whole number from 0 on; undefined, with a warning, for anything else but null and undefined. */
  whole(place: string, text: string | null | undefined): number | undefined {
    if (text === null || text === undefined) return undefined;
    if (isWhole(text)) return Number(text);
    this.found(place, text);
    return undefined;
  }
}

/** Whether it is a number as the scripts write it. A longer one is no time that a Date can hold. */
export function isWhole(text: string): boolean {
  return /^\d{1,15}$/.test(text);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
