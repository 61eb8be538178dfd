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
  let nearest: string | undefined;
  let least = most + 1;
  for (const name of known) {
    // a name that is much longer or shorter is not near
    if (Math.abs(name.length - given.length) >= least) continue;
    const edits = editsBetween(given.toLowerCase(), name.toLowerCase());
    if (edits < least) [nearest, least] = [name, edits];
  }
  return nearest;
}

/** How many characters to add, remove or replace. */
function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
