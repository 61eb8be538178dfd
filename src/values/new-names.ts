/** So many names are remembered. With one more, all are forgotten: others may send tasks of any number of names. */
const MOST = 1_000;

/** Distinguishes new names from those met before, for lines that are logged once for each name. */
export class NewNames {
  private readonly met = new Set<string>();

  /** Whether this name is met for the first time. */
  isNew(name: string): boolean {
    if (this.met.has(name)) return false;
    if (this.met.size === MOST) this.met.clear();
    this.met.add(name);
    return true;
  }
}
