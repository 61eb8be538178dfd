/** So many characters go in one command, unless one task has more: a script writes them while all others wait. */
const MOST_CHARACTERS = 1_000_000;

/** The list in parts that each have so few characters that one command can take them. An empty list has one part. */
export function* bySize<Item>(items: readonly Item[], sizeOf: (item: Item) => number): Generator<readonly Item[]> {
  let from = 0;
  let characters = 0;
  for (const [at, item] of items.entries()) {
    const size = sizeOf(item);
    if (at > from && characters + size > MOST_CHARACTERS) {
      yield items.slice(from, at);
      from = at;
      characters = 0;
    }
    characters += size;
  }
  yield items.slice(from);
}
