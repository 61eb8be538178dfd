import type { Place } from '../values/place.js';
import { MAX_BYTES, tooLarge } from './payload-errors.js';

/** How many of the things that a survey met may still fit, so that it ends before it has taken long. */
export class PayloadBudget {
  private values = 0;
  /** Bytes that JSON needs at the least. */
  private json = 0;
  /** Bytes that each encoding needs at the least, of what was met since JSON alone would be too large. */
  private distinct = 0;
  /** What `distinct` has in it: devalue writes the same thing once, however often it is met. */
  private readonly met = new Set<unknown>();

  /** Values take a byte at the least. The bound also ends a walk on which shared references multiply. */
  count(values: number, at: Place): void {
    this.values += values;
    if (this.values > MAX_BYTES) throw tooLarge(`${at.path} is past ${MAX_BYTES} values`);
  }

  /**
   * @param thing what takes the bytes
   * @returns false when it is known from before, and need not be looked at again
   * @throws NestworkError PAYLOAD_TOO_LARGE
   */
  spend(thing: unknown, bytes: number, at: Place): boolean {
    this.json += bytes;
    if (this.json <= MAX_BYTES) return true;
    if (this.met.has(thing)) return false;
    this.met.add(thing);
    this.distinct += bytes;
    if (this.distinct > MAX_BYTES) throw tooLarge(`${at.path} is past ${MAX_BYTES} bytes`);
    return true;
  }

  /** To be asked at the end, when it is known that JSON does. */
  assertJson(name: string): void {
    // a value is at least one character, and a comma or a bracket follows it
    if (this.json + 2 * this.values > MAX_BYTES) throw tooLarge(`${name} takes more than ${MAX_BYTES} bytes`);
  }
}
