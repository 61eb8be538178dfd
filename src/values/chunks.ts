/** How large a chunk may be. */
export interface ChunkBounds<T> {
  /** entries */
  readonly most: number;
  /** what all its entries measure together; one that is larger comes alone */
  readonly largest: number;
  readonly sizeOf: (one: T) => number;
  /** Whether an entry may stand in one chunk with the one before it; all may by default. */
  readonly joins?: (one: T, before: T) => boolean;
}

/**
 * All, in their order, in chunks of bounded size.
 *
 * @example
 * [...chunksOf(['a', 'bb', 'ccc'], { most: 10, largest: 3, sizeOf: ({ length }) => length })]; // [['a', 'bb'], ['ccc']]
 */
export function* chunksOf<T>(
  all: Iterable<T>,
  { most, largest, sizeOf, joins = () => true }: ChunkBounds<T>,
): Generator<T[]> {
  let chunk: T[] = [];
  let size = 0;
  let before: T | undefined;
  for (const one of all) {
    const isFull = chunk.length === most || size + sizeOf(one) > largest;
    if (chunk.length > 0 && (isFull || !joins(one, before as T))) {
      yield chunk;
      chunk = [];
      size = 0;
    }
    chunk.push(one);
    size += sizeOf(one);
    before = one;
  }
  if (chunk.length > 0) yield chunk;
}
