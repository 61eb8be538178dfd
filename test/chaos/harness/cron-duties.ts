import type { CronDeclaration } from '../../../dist/cron/cron-definition.js';

/** Times of Redis in ms: later than `after`, and up to `until`. */
export interface Range {
  readonly after: number;
  readonly until: number;
}

/** For which of its times a cron was to have a run while its schedule was the same, and for which it might have one. */
export interface Duty {
  readonly cron: CronDeclaration;
  /** times of Redis before and after its clock was set back far may be the same */
  readonly era: number;
  must: Range;
  may: Range;
  /** what stood in the arguments of its runs; the ranges of two that follow each other overlap while one replaced the other */
  readonly versions: (Range & { readonly version: string })[];
}

/** When something was done: not before the first time, and not after the second one. */
export type Span = readonly [from: number, to: number];

const EVER = { after: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY };

/**
 * The log of all that was done to crons, as what came of it: which runs there must be, and which there may be.
 *
 * What a scenario does takes effect at a moment between two looks at the clock. A run that is due in between may come or not. So may those that
 * were due before and not yet fired when a cron is changed, removed or paused: `settled` is up to when they were fired, read right before.
 */
export class CronDuties {
  readonly all: Duty[] = [];
  era = 0;
  private readonly open = new Map<string, Duty>();

  get names(): string[] {
    return [...this.open.keys()];
  }

  of(name: string): Duty | undefined {
    return this.open.get(name);
  }

  /** A cron begins, at some moment in the span. */
  begin(cron: CronDeclaration, version: string, [from, to]: Span): void {
    const [after, sure] = [Math.floor(from), Math.ceil(to)];
    const duty: Duty = {
      ...{ cron, era: this.era, must: { ...EVER, after: sure }, may: { ...EVER, after } },
      versions: [{ ...EVER, version }],
    };
    this.all.push(duty);
    this.open.set(cron.name, duty);
  }

  /** A cron ends: it is removed or paused, or gets other times. */
  end(name: string, settled: number, to: number): void {
    const duty = this.open.get(name);
    if (!duty) return;
    duty.must = { ...duty.must, until: Math.min(settled, to) };
    duty.may = { ...duty.may, until: Math.ceil(to) };
    this.open.delete(name);
  }

  /** Its runs have other arguments; its times stay the same. */
  reword(name: string, version: string, settled: number, to: number): void {
    const versions = this.open.get(name)?.versions;
    const last = versions?.pop();
    if (versions && last) versions.push({ ...last, until: Math.ceil(to) }, { ...EVER, after: settled, version });
  }

  /**
   * The clock was set back so far that all crons begin anew.
   *
   * @param settled up to when each was settled before
   * @param last the latest time that the clock showed before
   * @param span when they began again, by the clock as it is now
   */
  beginAnew(settled: ReadonlyMap<string, number>, last: number, span: Span): void {
    const duties = [...this.open.values()];
    for (const { cron } of duties) this.end(cron.name, settled.get(cron.name) ?? 0, last);
    this.era += 1;
    for (const { cron, versions } of duties) this.begin(cron, versions.at(-1)?.version ?? '', span);
  }
}
