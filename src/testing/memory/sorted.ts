/** A list that is kept in order. What an item is compared by must not change while it is in the list. */
export class Sorted<T> implements Iterable<T> {
  private readonly items: T[] = [];

  /** @param compare 0 for one item and itself only */
  constructor(private readonly compare: (a: T, b: T) => number) {}

  get size(): number {
    return this.items.length;
  }

  get first(): T | undefined {
    return this.items[0];
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.items.values();
  }

  add(item: T): void {
    this.items.splice(this.before(item), 0, item);
  }

  delete(item: T): void {
    const at = this.before(item);
    if (this.items[at] === item) this.items.splice(at, 1);
  }

  /** How many items come before this one. */
  before(item: T): number {
    let from = 0;
    let until = this.items.length;
    while (from < until) {
      const middle = (from + until) >>> 1;
      if (this.compare(this.items[middle] as T, item) < 0) from = middle + 1;
      else until = middle;
    }
    return from;
  }
}
