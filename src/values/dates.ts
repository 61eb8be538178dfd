/** The last time that a Date can have, in ms since 1970; the first one is as far before it. */
const LAST_MS = 8.64e15;

/** The date of a number that comes from elsewhere, in ms since 1970; undefined when no Date can have it. */
export function dateOf(ms: number | undefined): Date | undefined {
  const date = ms === undefined ? undefined : new Date(ms);
  return date && Number.isNaN(date.getTime()) ? undefined : date;
}

/** The same where a date must be: the nearest that there is, and 1970 for what is no number. */
export function nearestDate(ms: number): Date {
  return new Date(Math.min(Math.max(Number.isNaN(ms) ? 0 : ms, -LAST_MS), LAST_MS));
}

/** That of a time that may be missing. */
export function nearestDateIfAny(ms: number | undefined): Date | undefined {
  return ms === undefined ? undefined : nearestDate(ms);
}
