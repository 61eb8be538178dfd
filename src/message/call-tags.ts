import { encodeGroupTag, type GroupTag } from './group-tag.js';
import { encodeResultTag, type ResultTag } from './result-tag.js';

/**
 * All tags of a message; undefined for none.
 *
 * @param unique from `encodeUnique`
 * @param result without `seconds` for a task that keeps no result
 * @param group the batch or flow that it belongs to, if it does
 * @param start those of its limits and its order, one behind the other; undefined for none
 */
export function callTags(
  unique: string | undefined,
  { seconds, announced }: Partial<ResultTag>,
  group?: GroupTag,
  start?: string,
): string | undefined {
  if (seconds === undefined && group === undefined && start === undefined) return unique;
  const result = seconds === undefined ? '' : encodeResultTag({ seconds, announced: announced === true });
  return (unique ?? '') + (start ?? '') + result + (group ? encodeGroupTag(group) : '');
}
