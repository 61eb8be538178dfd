/** Names that look like one that was meant, the closest first. */
export function similarNames(wanted: string, known: Iterable<string>): string[] {
  const most = Math.max(2, Math.floor(wanted.length / 4));
  return [...new Set(known)]
    .map((name) => ({ name, distance: distance(wanted.toLowerCase(), name.toLowerCase()) }))
    .filter((candidate) => candidate.distance <= most || methodOf(candidate.name) === methodOf(wanted))
    .sort((a, b) => a.distance - b.distance)
    .map(({ name }) => name);
}

function methodOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1).toLowerCase();
}

/** How many letters to add, to leave out or to change (Levenshtein); upper and lower case differ. */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [at, letter] of [...a].entries()) {
    const next = [at + 1];
    for (const [index, other] of [...b].entries()) {
      const changed = (row[index] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[index + 1] ?? 0) + 1, (next[index] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
