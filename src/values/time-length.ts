const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const two = (first: string, rest: number, unit: string): string => (rest > 0 ? `${first} ${rest} ${unit}` : first);

/**
 * A length of time in a sentence, with two units at most. Tables of a terminal have a shorter form of their own.
 *
 * @param ms not below zero
 * @example
 * timeLength(206_000); // '3 min 26 s'
 */
export function timeLength(ms: number): string {
  if (ms < 1) return ms > 0 ? '<1 ms' : '0 ms';
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  const seconds = Math.floor(ms / SECOND_MS);
  if (ms < 9_950) return `${(ms / SECOND_MS).toFixed(1)} s`;
  if (ms < MINUTE_MS) return `${seconds} s`;
  if (ms < HOUR_MS) return two(`${Math.floor(ms / MINUTE_MS)} min`, ms < 10 * MINUTE_MS ? seconds % 60 : 0, 's');
  if (ms < DAY_MS) return two(`${Math.floor(ms / HOUR_MS)} h`, Math.floor((ms % HOUR_MS) / MINUTE_MS), 'min');
  return two(`${Math.floor(ms / DAY_MS)} d`, ms < 10 * DAY_MS ? Math.floor((ms % DAY_MS) / HOUR_MS) : 0, 'h');
}
