import type { ChildProcess } from '../child-process.js';

type Replaceable = Pick<ChildProcess, 'dismissed' | 'successor'>;

/**
 * Replaces children one after another, so that a worker never has many more of them than it should: the next one's turn
 * comes when the successor of the last one works.
 */
export class RollingReplacement<C extends Replaceable> {
  private readonly waiting = new Set<C>();
  private current: C | undefined;

  constructor(
    private readonly children: ReadonlySet<C>,
    /** Begins to replace a child; does nothing to one that cannot be replaced now. */
    private readonly replace: (child: C) => void,
  ) {}

  add(children: Iterable<C>): void {
    for (const child of children) this.waiting.add(child);
    this.goOn();
  }

  /** After each change of the children. */
  goOn(): void {
    if (this.current && this.children.has(this.current) && !this.current.dismissed) return;
    this.current = undefined;
    for (const child of this.waiting) {
      this.waiting.delete(child);
      if (!this.children.has(child)) continue;
      this.replace(child);
      if (!child.successor || child.dismissed) continue;
      this.current = child;
      return;
    }
  }
}
