import { encodeResultTag, type ResultTag } from './result-tag.js';

/**
 * All tags of a message; undefined for none.
 *
 * @param unique from `encodeUnique`
 * @param result without `seconds` for a task that keeps no result
 */
export function callTags(unique: string | undefined, { seconds, announced }: Partial<ResultTag>): string | undefined {
  if (seconds === undefined) return unique;
  return (unique ?? '') + encodeResultTag({ seconds, announced: announced === true });
}
