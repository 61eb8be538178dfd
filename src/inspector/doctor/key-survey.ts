import type { CheckupPort, FoundKey } from '../../broker/port/checkup-port.js';

/** Keys that are named; the others are counted. */
const MOST_NAMED = 10;

/** Keys of one kind: how many, and the first of them. */
export interface KeyList {
  readonly count: number;
  readonly first: readonly FoundKey[];
}

/** The keys of a namespace, as far as a scan looked. */
export interface KeySurvey {
  /** about how many keys of the database it passed */
  readonly looked: number;
  /** how many keys the database has */
  readonly size: number;
  readonly isComplete: boolean;
  /** keys whose names begin with the namespace */
  readonly ours: number;
  readonly foreign: KeyList;
  readonly wrong: KeyList;
  /** the children that hold tasks */
  readonly children: readonly string[];
  /** the queues in which tasks wait */
  readonly queues: readonly string[];
}

/** Looks at all keys of the database, or at those that it reaches in time; at least at one step. */
export async function surveyKeys(port: Pick<CheckupPort, 'size' | 'scan'>, withinMs: number): Promise<KeySurvey> {
  const endsAt = performance.now() + withinMs;
  const size = await port.size();
  // a scan may return a key twice
  const seen = new Set<string>();
  const [foreign, wrong, children, queues] = [new Listing(), new Listing(), new Set<string>(), new Set<string>()];
  let cursor: string | undefined;
  let looked = 0;
  do {
    const page = await port.scan(cursor);
    looked += page.looked;
    for (const key of page.keys) {
      if (seen.has(key.key)) continue;
      seen.add(key.key);
      if (key.expected === undefined) foreign.add(key);
      else if (key.expected !== key.type) wrong.add(key);
      else if (key.child !== undefined) children.add(key.child);
      else if (key.queue !== undefined) queues.add(key.queue);
    }
    cursor = page.cursor;
  } while (cursor !== undefined && performance.now() < endsAt);
  const isComplete = cursor === undefined;
  return {
    looked: isComplete ? size : Math.min(looked, size),
    size,
    isComplete,
    ours: seen.size,
    foreign,
    wrong,
    children: [...children],
    queues: [...queues].sort(),
  };
}

class Listing implements KeyList {
  count = 0;
  readonly first: FoundKey[] = [];

  add(key: FoundKey): void {
    this.count += 1;
    if (this.first.length < MOST_NAMED) this.first.push(key);
  }
}
