import { useEffect, useState } from 'preact/hooks';

/** A value that components follow. */
export class Cell<T> {
  private readonly followers = new Set<(value: T) => void>();

  constructor(private current: T) {}

  get value(): T {
    return this.current;
  }

  set(value: T): void {
    if (value === this.current) return;
    this.current = value;
    for (const follower of [...this.followers]) follower(value);
  }

  /** @returns a function that ends it */
  follow(follower: (value: T) => void): () => void {
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  }
}

/** The value of a cell, now and after each change. */
export function useCell<T>(cell: Cell<T>): T {
  const [value, set] = useState(cell.value);
  useEffect(() => {
    // it may have changed between the first drawing and this
    set(() => cell.value);
    return cell.follow((next) => set(() => next));
  }, [cell]);
  return value;
}
