import { performance } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import type { CronBroker } from '../broker/port/broker.js';
import type { CronPlan, LookedUpCron, RunTimeCronBroker } from '../broker/port/run-time-cron-port.js';
import type { CronDeclaration } from '../cron/cron-definition.js';
import { type CronLine, lineText } from '../cron/cron-line.js';
import { TaskIdSequence } from '../message/task-id.js';
import { NewNames } from '../values/log-once.js';
import { AHEAD_MS, lookAtMany } from './cron-looks.js';
import { CronWarnings } from './cron-warnings.js';
import { EndOfFiring } from './end-of-firing.js';
import { type DueCron, fireCrons, runsAt } from './fire-crons.js';
import { type DueTimes, LookedAtCron } from './looked-at-cron.js';
import { PeriodicLoop } from './periodic-loop.js';

const RETRY_MS = 500;
/** A cron that another worker was woken for is seen so much later at most. */
const LONGEST_SLEEP_MS = 5_000;
/** Read in one call. */
const MOST_LOOKED_UP = 100;
const OWN_EVERY_MS = 60_000;
/** A machine with newer time zones, or a newer worker, may read what this one cannot. */
const UNREADABLE_MS = 60_000;
/** One without further times, or whose limit is reached, is listed for a day, with the end of its last run. */
const KEPT_MS = 86_400_000;
/** Their next times are remembered; about 1 KB each. */
const MOST_KNOWN = 10_000;

export interface RunTimeCronLoopOptions {
  readonly broker: Pick<CronBroker, 'fire' | 'moveRun'> & { readonly runTime: RunTimeCronBroker };
  /** the queues that the worker serves */
  readonly queues: readonly string[];
  /** names of the tasks of its app */
  readonly tasks: ReadonlySet<string>;
  /** names of the crons that its app declares */
  readonly declared: ReadonlySet<string>;
  readonly onWarning: (what: string) => void;
  readonly onError: (error: unknown) => void;
}

interface Known {
  readonly version: string;
  readonly cron: LookedAtCron;
}

/** A cron of which times may be due. */
interface Look extends DueTimes {
  readonly known: LookedAtCron;
  readonly plan: CronPlan;
}

/**
 * Fires the crons that were set at run time, for tasks and queues of this worker. Every supervisor runs one, and none leads.
 *
 * Each cron lies in a sorted set by when it is to be looked at, so a round costs what is due, however many there are. The script that fires a run
 * also notes the next look; what a worker has found out about a cron that was set again meanwhile is void.
 */
export class RunTimeCronLoop extends PeriodicLoop {
  private readonly ids = new TaskIdSequence();
  private readonly known = new Map<string, Known>();
  private readonly unreadable = new NewNames();
  private readonly warnings: CronWarnings;
  private readonly ended: EndOfFiring;
  private ownedAtMs = new Map<string, number>();
  private lookedAt = 0;
  private rung = false;

  constructor(private readonly options: RunTimeCronLoopOptions) {
    super(RETRY_MS, options.onError);
    this.warnings = new CronWarnings(options.onWarning);
    this.ended = new EndOfFiring(options.broker, this.warnings);
  }

  /** A cron was set: a look that is under way may have come too early. */
  ring(): void {
    this.rung = true;
    this.hurry();
  }

  /** Fires what is due. Resolves to when to look again, in ms. */
  async tick(): Promise<number> {
    this.rung = false;
    const { runTime } = this.options.broker;
    const { now, lines } = await runTime.lines();
    const seenAtMs = performance.now();
    const own = this.ownIn(lines);
    const ahead = await this.noteOwner(own, now);
    const due = own.filter((line) => line.lookAt <= now || ahead.includes(line));
    let retries = false;
    for (const line of due) {
      if (ahead.includes(line)) await this.lookAgain(line, now);
      if (!(await this.lookAt(line, now))) retries = true;
    }
    // not before: what failed is done again
    this.lookedAt = now;
    if (this.rung) return 0;
    // other crons of a line may be due before those that were looked at
    const next = due.length > 0 ? this.ownIn((await runTime.lines()).lines) : own;
    const nextAt = Math.min(now + LONGEST_SLEEP_MS, ...next.map(({ lookAt }) => lookAt));
    const inMs = Math.max(Math.ceil(nextAt - now - (performance.now() - seenAtMs)), 1);
    return retries ? Math.max(inMs, RETRY_MS) : inMs;
  }

  private ownIn<Line extends CronLine>(lines: readonly Line[]): Line[] {
    return lines.filter(({ queue, task }) => this.options.queues.includes(queue) && this.options.tasks.has(task));
  }

  /** The clock has been set back since the times of a line were found: they would come too late. */
  private async lookAgain(line: CronLine, now: number): Promise<void> {
    this.known.clear();
    await this.options.broker.runTime.lookAgain(line, now + AHEAD_MS);
  }

  /** Resolves to those of the lines whose times were found under a clock that has been set back since. */
  private async noteOwner<Line extends CronLine>(lines: readonly Line[], now: number): Promise<readonly Line[]> {
    const isSetBack = now < this.lookedAt - AHEAD_MS;
    const atMs = performance.now();
    const lastMs = (line: Line): number => this.ownedAtMs.get(lineText(line)) ?? Number.NEGATIVE_INFINITY;
    const late = isSetBack ? lines : lines.filter((line) => atMs - lastMs(line) > OWN_EVERY_MS);
    const marks = late.length > 0 ? await this.options.broker.runTime.own(late) : [];
    this.ownedAtMs = new Map(lines.map((line) => [lineText(line), late.includes(line) ? atMs : lastMs(line)]));
    return isSetBack ? lines : late.filter((_, index) => (marks[index] ?? 0) > now + AHEAD_MS);
  }

  /** Fires what is due in a line. Resolves to whether all of it could be fired. */
  private async lookAt(line: CronLine, now: number): Promise<boolean> {
    const seen = new Set<string>();
    for (;;) {
      const found = await this.options.broker.runTime.due(line, MOST_LOOKED_UP);
      // a frequent one may be due again by now, of which this look at the clock knows nothing
      if (found.some(({ name }) => seen.has(name))) return true;
      for (const { name } of found) seen.add(name);
      const looks = lookAtMany(found, (cron, most) => this.look(cron, now, most));
      const looked = new Set(looks.map(({ known }) => known.cron.name));
      const settled = await this.fire(line, looks, now);
      await this.putOff(
        line,
        found.filter(({ name }) => !looked.has(name)),
        now,
      );
      if (!settled || found.length < MOST_LOOKED_UP) return settled;
    }
  }

  /** Undefined for one that this version, or this machine, cannot read. */
  private look(found: LookedUpCron, now: number, mostCounted: number): Look | undefined {
    const { name, cron, plan, paused } = found;
    if (!cron) return undefined;
    try {
      if (this.options.declared.has(name)) this.warnings.declaredToo(cron);
      const known = this.knownOf(cron, plan.version);
      known.note({ settledUntil: found.settledUntil, paused, fires: found.fires }, now);
      const isAhead = found.settledUntil > now + AHEAD_MS;
      if (isAhead) known.forget();
      // the script begins such a cron anew
      const settledUntil = isAhead ? now : found.settledUntil;
      const { due, overflow, missed } = known.due(settledUntil, now, mostCounted);
      known.settle(Math.max(settledUntil, due.at(-1) ?? missed?.last ?? 0), now);
      const lookAt =
        known.quietUntil === Number.POSITIVE_INFINITY ? endOf({ known, due }, settledUntil, now) : known.quietUntil;
      return { known, due, overflow, missed, plan: { version: plan.version, lookAt } };
    } catch (error) {
      if (this.unreadable.isNew(name)) this.options.onError(error);
      return undefined;
    }
  }

  private knownOf(cron: CronDeclaration, version: string): LookedAtCron {
    const known = this.known.get(cron.name);
    // after a failover, or in an emptied Redis, a version may come again
    if (known?.version === version && isDeepStrictEqual(known.cron.cron, cron)) return known.cron;
    if (this.known.size >= MOST_KNOWN) this.known.clear();
    const looked = new LookedAtCron(cron);
    this.known.set(cron.name, { version, cron: looked });
    return looked;
  }

  /** Resolves to whether all of them were settled. */
  private async fire(line: CronLine, looks: readonly Look[], now: number): Promise<boolean> {
    const { broker, onError } = this.options;
    const ended = looks.filter((look) => isOver(look, now));
    for (const { known, plan } of ended) await broker.runTime.end(known.cron, plan.version);
    const due = looks
      .filter((look) => !ended.includes(look))
      .map(({ known, due, missed, plan }): DueCron => ({ cron: known.cron, due, missed, plan }));
    const firings = await fireCrons(due, { broker, line, toRun: runsAt(now, this.ids), onError });
    let settled = true;
    for (const look of looks) {
      const firing = firings.get(look.known.cron.name);
      const last = look.due.at(-1);
      if (!firing) look.known.forget();
      else if (last !== undefined) await this.ended.conclude(look.known, { ...look, last }, firing);
      settled &&= firing !== undefined || ended.includes(look);
    }
    return settled;
  }

  private async putOff(line: CronLine, crons: readonly LookedUpCron[], now: number): Promise<void> {
    if (crons.length === 0) return;
    const lookAt = now + UNREADABLE_MS;
    await this.options.broker.fire(
      line.queue,
      crons.map(({ name, plan }) => ({ name, start: undefined, runs: [], plan: { ...plan, lookAt } })),
      line,
    );
  }
}

/** When to look at a cron without further times, or whose limit is reached. It had some of the last day also if none was fired: they were missed, or came during a pause. */
function endOf({ known, due }: Pick<Look, 'known' | 'due'>, settledUntil: number, now: number): number {
  if (known.isExhausted) return Math.max(settledUntil + KEPT_MS, now + 1_000);
  const recent = due.at(-1) ?? known.firstAfter(now - KEPT_MS);
  if (recent !== undefined) return Math.max(recent + KEPT_MS, now + LONGEST_SLEEP_MS);
  return Math.max(settledUntil + KEPT_MS, now + 1_000);
}

/** Whether the last time of a cron was so long ago that its record may go. */
function isOver({ known, due, plan }: Look, now: number): boolean {
  return due.length === 0 && known.quietUntil === Number.POSITIVE_INFINITY && plan.lookAt <= now + 1_000;
}
