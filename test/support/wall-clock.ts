/**
 * When a cron is due, counted minute by minute from the data of Intl about a zone, without the libraries that are tested.
 * All times are in minutes since 1970; a local one is that at which a clock of UTC shows the same.
 */
const MINUTE = 60_000;
export const DAY = 1_440;
const SIX_HOURS = 360;

export interface Pattern {
  /** no `*` and no step among minutes and hours */
  readonly fixed: boolean;
  readonly minutes: (minute: number) => boolean;
  readonly hours: (hour: number) => boolean;
  readonly days: (date: Date) => boolean;
}

export type Span = readonly [from: number, to: number];

/** The clock of a zone for some years. */
export class WallClock {
  private readonly offsets: Int16Array;

  constructor(
    timeZone: string,
    private readonly from: number,
    to: number,
  ) {
    this.offsets = new Int16Array(to - from);
    const read = offsetReader(timeZone);
    let before = read(from);
    // between two equal offsets six hours apart nothing changes
    for (let start = 0; start < this.offsets.length; start += SIX_HOURS) {
      const after = read(from + start + SIX_HOURS);
      for (let minute = start; minute < start + SIX_HOURS; minute += 1) {
        this.offsets[minute] = before === after ? before : read(from + minute);
      }
      before = after;
    }
  }

  /** The minutes with another offset than the one before. */
  changes(): number[] {
    return [...this.offsets.keys()]
      .filter((index) => index > 0 && this.offsets[index] !== this.offsets[index - 1])
      .map((index) => this.from + index);
  }

  /**
   * The instants within a span by the rule of the guide: a fixed time when the clock first shows it or leaves it out, any
   * other whenever the clock shows it.
   */
  due({ fixed, minutes, hours, days }: Pattern, [from, to]: Span): number[] {
    const times = Array.from({ length: DAY }, (_, time) => minutes(time % 60) && hours(Math.floor(time / 60)));
    const matches = (local: number): boolean => times[local % DAY] === true && days(new Date(local * MINUTE));
    const due: number[] = [];
    let furthest = this.shown(from) - 1;
    for (let minute = from; minute < to; minute += 1) {
      const local = this.shown(minute);
      let isDue = matches(local) && !(fixed && local <= furthest);
      for (let skipped = furthest + 1; fixed && skipped < local; skipped += 1) isDue ||= matches(skipped);
      if (isDue) due.push(minute);
      furthest = Math.max(furthest, local);
    }
    return due;
  }

  private shown(minute: number): number {
    return minute + (this.offsets[minute - this.from] ?? 0);
  }
}

/** Minutes by which the clock of the zone differs from UTC, as Intl shows it. */
function offsetReader(timeZone: string): (utc: number) => number {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  return (utc) => {
    const parts = Object.fromEntries(
      format.formatToParts(utc * MINUTE).map(({ type, value }) => [type, Number(value)]),
    ) as Record<'year' | 'month' | 'day' | 'hour' | 'minute', number>;
    return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute) / MINUTE - utc;
  };
}
