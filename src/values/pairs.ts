/** The pairs of a flat list, as Redis returns fields with values, and members with scores. */
export function pairsOf(flat: readonly string[]): [first: string, second: string][] {
  return Array.from({ length: Math.floor(flat.length / 2) }, (_, at) => [flat[2 * at] ?? '', flat[2 * at + 1] ?? '']);
}
