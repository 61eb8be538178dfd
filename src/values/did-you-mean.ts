import { distance } from './similar-names.js';

/** Of a name that is misspelt. */
const MOST_EDITS = 3;

/**
 * The known name that a mistyped one most likely means; undefined when none is near.
 *
 * @example
 * didYouMean('defalt', ['default', 'bulk']); // 'default'
 */
export function didYouMean(given: string, known: readonly string[]): string | undefined {
  const most = Math.min(MOST_EDITS, Math.floor(given.length / 2));
  const [nearest] = known
    .map((name) => ({ name, edits: distance(given.toLowerCase(), name.toLowerCase()) }))
    .filter(({ edits }) => edits <= most)
    .sort((a, b) => a.edits - b.edits);
  return nearest?.name;
}
