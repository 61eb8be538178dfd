import type { Colors } from 'picocolors/types.js';
import { printable } from '../../values/printable.js';

/**
 * Why nothing new is shown.
 *
 * @param shown when the figures were read that are still shown
 */
export function outageLine({ message }: Error, shown?: Date, paint?: Pick<Colors, 'red'>): string {
  // the rest is remedies
  const [reason = ''] = message.split('\n');
  const age = shown ? `; the figures are of ${shown.toISOString().slice(11, 19)}Z` : '';
  const line = `No answer from Redis, trying again${age}. ${printable(reason)}`;
  return paint ? paint.red(line) : `warning: ${line}`;
}
