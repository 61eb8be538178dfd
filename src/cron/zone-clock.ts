/**
 * A clock on a wall somewhere. What it shows is given as the time at which a clock of UTC shows the same, in ms since 1970.
 */
export interface ZoneClock {
  /** What it shows at an instant. */
  shown(at: number): number;
  /** The first instant at which it shows so much or more: of a time that it shows twice the first, of one that it leaves out the end of the gap. */
  reaches(shown: number): number;
}

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
/** No clock is further behind UTC, or ahead of it, with some room. */
const BEHIND = 14 * HOUR;
const AHEAD = 16 * HOUR;
/** More than there are zones: a name may be written in capitals, too. */
const MOST_KEPT = 1_000;

/** To make one takes 150 us, and 100,000 crons may go by the same. */
const clocks = new Map<string, ZoneClock>();

/** A clock that is never changed. @param minutes ahead of UTC */
export function offsetClock(minutes: number): ZoneClock {
  return { shown: (at) => at + minutes * MINUTE, reaches: (shown) => shown - minutes * MINUTE };
}

/**
 * The clock of a zone of the IANA database.
 *
 * @throws RangeError when there is no such zone
 *
 * @example
 * const paris = zoneClock('Europe/Paris');
 * paris.reaches(Date.UTC(2026, 2, 29, 2, 30)); // 2026-03-29T01:00Z: at 02:00 the clock was set to 03:00
 */
export function zoneClock(timeZone: string): ZoneClock {
  const kept = clocks.get(timeZone);
  if (kept) return kept;
  const made = clockOf(timeZone);
  if (clocks.size >= MOST_KEPT) clocks.clear();
  clocks.set(timeZone, made);
  return made;
}

function clockOf(timeZone: string): ZoneClock {
  const offset = offsetReader(timeZone);
  const shown = (at: number): number => at + offset(at);
  const reaches = (wanted: number): number => {
    const [from, to] = [wanted - AHEAD, wanted + BEHIND];
    // by the offset before a change first: of two passes of an hour it gives the earlier one
    for (const at of [wanted - offset(from), wanted - offset(to)]) if (shown(at) === wanted) return at;
    return changeWithin(from, to, offset);
  };
  return { shown, reaches };
}

/** The first instant with another offset. It is a full second. */
function changeWithin(from: number, to: number, offset: (at: number) => number): number {
  const former = offset(from);
  let [before, after] = [Math.floor(from / SECOND), Math.ceil(to / SECOND)];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offset(middle * SECOND) === former) before = middle;
    else after = middle;
  }
  return after * SECOND;
}

/** ms by which the clock of a zone is ahead of UTC. */
function offsetReader(timeZone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (at) => {
    const second = Math.floor(at / SECOND) * SECOND;
    const part = new Map(format.formatToParts(second).map(({ type, value }) => [type, Number(value)]));
    const of = (type: Intl.DateTimeFormatPartTypes): number => part.get(type) ?? Number.NaN;
    const shown = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
    return shown - second;
  };
}
