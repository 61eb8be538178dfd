import { encodeResultTag, type ResultTag } from './result-tag.js';

/**
 * All tags of a message; undefined for none.
 *
 * @param unique from `encodeUnique`
 */
export function callTags(unique: string | undefined, result: ResultTag | undefined): string | undefined {
  if (result === undefined) return unique;
  return (unique ?? '') + encodeResultTag(result);
}
