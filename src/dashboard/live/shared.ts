import { roughBytes } from './rough-bytes.js';

/** Answers that are kept at once: those of more pages than people look at together. */
const MOST = 200;
/** About so many bytes of answers are kept at once. */
const MOST_BYTES = 32 * 2 ** 20;
/** One that takes a greater part of them is not kept: it would drive out the others. */
const MOST_OF_ONE = 1 / 4;
/** An answer is kept for so many times as long as it took: whatever it costs, it keeps Redis busy for a small part of the time. */
const PART = 20;

/** Answers that may be kept so long, in ms, are counts of minutes, and names. */
const LONG_MS = 10_000;

/** The kind of an answer, and all that it depends on, as JSON has it: no text of an address can make the key of another kind. */
export type SharedKey = readonly [kind: string, ...of: unknown[]];

interface Kept {
  readonly isLong: boolean;
  readonly answer: Promise<unknown>;
  /** 0 while the answer is awaited */
  bytes: number;
  /** ends it; undefined while the answer is awaited */
  timer?: NodeJS.Timeout;
}

/**
 * A copy of an answer of JSON that keeps nothing else in memory: a part that was cut from a long text would keep all of it.
 */
export function detached<T>(answer: T): T {
  return JSON.parse(JSON.stringify(answer)) as T;
}

/**
 * Reads for all tabs of a process: those that ask for the same thing within a short time get the same answer. An answer that is
 * old is dropped even if nobody asks again.
 */
export class Shared {
  private readonly kept = new Map<string, Kept>();

  private bytes = 0;

  constructor(
    private readonly clock: () => number = () => performance.now(),
    private readonly mostBytes = MOST_BYTES,
  ) {}

  /**
   * An answer that is younger than `keptMs`, or a new one. One that took long is kept for longer, and one that failed not at all.
   *
   * @param of names all that the answer depends on, rights included
   * @param bytesOf about how many bytes of memory an answer takes
   */
  read<T>(
    of: SharedKey,
    read: () => Promise<T>,
    keptMs = 1_000,
    bytesOf: (answer: T) => number = roughBytes,
  ): Promise<T> {
    const key = JSON.stringify(of);
    const former = this.kept.get(key);
    if (former) return former.answer as Promise<T>;
    const beganAt = this.clock();
    const answer = read();
    const kept: Kept = { answer, isLong: keptMs >= LONG_MS, bytes: 0 };
    this.keep(key, kept);
    answer.then(
      (known) => {
        if (this.kept.get(key) !== kept) return;
        if (!this.weigh(key, kept, bytesOf(known))) return;
        const ms = Math.max(keptMs, PART * (this.clock() - beganAt));
        kept.timer = setTimeout(() => this.drop(key), ms).unref();
      },
      () => {
        if (this.kept.get(key) === kept) this.drop(key);
      },
    );
    return answer;
  }

  /** answers that are kept now */
  get size(): number {
    return this.kept.size;
  }

  /** Forgets what an action may have changed; counts of minutes stay, which it cannot change. */
  clear(): void {
    for (const [key, { isLong }] of this.kept) if (!isLong) this.drop(key);
  }

  private keep(key: string, kept: Kept): void {
    this.kept.set(key, kept);
    const [oldest] = this.kept.keys();
    if (this.kept.size > MOST && oldest !== undefined) this.drop(oldest);
  }

  /** Makes room for an answer, from the oldest ones on. Returns whether it may stay. */
  private weigh(key: string, kept: Kept, bytes: number): boolean {
    if (bytes > this.mostBytes * MOST_OF_ONE) {
      this.drop(key);
      return false;
    }
    kept.bytes = bytes;
    this.bytes += bytes;
    for (const [other, { bytes: freed }] of this.kept) {
      if (this.bytes <= this.mostBytes) break;
      // one that is awaited frees nothing
      if (freed > 0 && other !== key) this.drop(other);
    }
    return true;
  }

  private drop(key: string): void {
    const kept = this.kept.get(key);
    if (!kept) return;
    clearTimeout(kept.timer);
    this.bytes -= kept.bytes;
    this.kept.delete(key);
  }
}
