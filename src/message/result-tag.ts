import { tagOf } from './tags.js';

/** That a task asks for its result, and how. */
export interface ResultTag {
  /** for how long the result is kept, in seconds */
  readonly seconds: number;
  /** whether the process that sent it may wait for it: then its end is announced there */
  readonly announced: boolean;
}

/**
 * The tag of a message whose result is kept: `r`, 6 digits, base 36, for the seconds, `1` if the end is announced to the sender, and
 * 20 that nothing reads yet.
 *
 * @param seconds whole, at most the 2,176,782,335 that fit
 *
 * @example
 * encodeResultTag({ seconds: 3600, announced: true }); // 'r0002s01' and 20 zeros
 */
export function encodeResultTag({ seconds, announced }: ResultTag): string {
  return `r${seconds.toString(36).padStart(6, '0')}${announced ? 1 : 0}${'0'.repeat(20)}`;
}

/** That of a message as it lies in Redis; undefined for one that keeps no result. */
export function resultTagOf(raw: string): ResultTag | undefined {
  const text = tagOf(raw, 'r');
  if (text === undefined) return undefined;
  return { seconds: Number.parseInt(text.slice(0, 6), 36) || 0, announced: text.charAt(6) === '1' };
}
