/**
 * How many nodes come one behind the other before each, at the most.
 *
 * @param next for each node the indexes of those that wait for it
 */
export function levelsOf(next: readonly (readonly number[])[]): Uint32Array {
  const levels = new Uint32Array(next.length);
  const open = new Uint32Array(next.length);
  for (const followers of next) for (const follower of followers) open[follower] = (open[follower] ?? 0) + 1;
  const ready = next.flatMap((_, at) => (open[at] ? [] : [at]));
  for (let at = ready.pop(); at !== undefined; at = ready.pop()) {
    for (const follower of next[at] ?? []) {
      levels[follower] = Math.max(levels[follower] ?? 0, (levels[at] ?? 0) + 1);
      open[follower] = (open[follower] ?? 1) - 1;
      if (open[follower] === 0) ready.push(follower);
    }
  }
  return levels;
}

/** For each node the indexes of those among them that wait for it; the numbers of nodes have gaps. */
export function followersOf(
  nodes: readonly { readonly number: number; readonly next: readonly number[] }[],
): number[][] {
  const places = new Map(nodes.map(({ number }, at) => [number, at]));
  return nodes.map((node) => node.next.flatMap((number) => places.get(number) ?? []));
}
