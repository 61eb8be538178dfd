/** For so long all who look see the same, in ms. */
const FRESH_MS = 1_000;
/** Looking costs at most this part of the time of one that looks all the time. */
const MOST_PART = 0.1;
/** More would be kept for nobody. */
const MOST = 200;

interface Kept<T> {
  readonly value: Promise<T>;
  until: number;
}

/** Keeps what was read a moment ago for others who want the same: many tabs cost one reading. */
export class Recent<T> {
  private readonly owners = new WeakMap<object, Map<string, Kept<T>>>();

  get(owner: object, key: string, read: () => Promise<T>): Promise<T> {
    const all = this.owners.get(owner) ?? new Map<string, Kept<T>>();
    this.owners.set(owner, all);
    const kept = all.get(key);
    if (kept && performance.now() < kept.until) return kept.value;
    const began = performance.now();
    const made: Kept<T> = { value: read(), until: Number.POSITIVE_INFINITY };
    all.delete(key);
    all.set(key, made);
    for (const oldest of all.keys()) {
      if (all.size <= MOST) break;
      all.delete(oldest);
    }
    made.value.then(
      () => {
        const now = performance.now();
        made.until = now + Math.max(FRESH_MS, (now - began) / MOST_PART);
      },
      () => all.get(key) === made && all.delete(key),
    );
    return made.value;
  }

  /** After an action: the next who looks sees what it did. */
  forget(owner: object, key: string): void {
    this.owners.get(owner)?.delete(key);
  }
}
