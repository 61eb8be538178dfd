import { inspect } from 'node:util';
import { SEALED_WORD } from '../payload/payload-codec.js';

/** Arguments, or a value, for a terminal. @param isClosed whether it is sealed, and cannot be opened */
export function valueText(value: unknown, isClosed: boolean): string {
  return isClosed ? SEALED_WORD : inspect(value, { depth: 10, breakLength: 120 });
}
