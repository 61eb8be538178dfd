/** Calls a function with parts of a list, one after another, and returns all that it resolves to in order. */
export async function mapInParts<T, R>(
  all: readonly T[],
  size: number,
  map: (part: readonly T[]) => Promise<readonly R[]>,
): Promise<R[]> {
  const mapped: R[] = [];
  for (let from = 0; from < all.length; from += size) mapped.push(...(await map(all.slice(from, from + size))));
  return mapped;
}
