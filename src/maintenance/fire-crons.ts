import type { CronBroker, DueRun, Firing, FiringCron } from '../broker/port/broker.js';
import type { CronPlan } from '../broker/port/run-time-cron-port.js';
import type { CronDeclaration } from '../cron/cron-definition.js';
import type { CronLine } from '../cron/cron-line.js';
import { cronMessage } from '../cron/cron-message.js';
import type { MissedInstants } from '../cron/missed-instants.js';
import { NestworkError } from '../errors.js';
import type { TaskIdSequence } from '../message/task-id.js';

/** Redis does nothing else while it fires crons: 0.7 ms for so many with a run each, about 2 ms for so many runs. */
const MOST_CRONS = 100;
const MOST_RUNS = 1_000;
/** Of messages in one call, unless one alone has more. */
const MOST_BYTES = 1_000_000;

/** A cron, and its times that are due, oldest first. */
export interface DueCron {
  readonly cron: CronDeclaration;
  readonly due: readonly number[];
  /** of one that was set at run time: it is noted even if nothing is due */
  readonly plan?: CronPlan;
  /** which of them is that of a release */
  readonly immediate?: number | undefined;
  /** those before them that are left out */
  readonly missed?: MissedInstants | undefined;
}

export interface FireOptions {
  readonly broker: Pick<CronBroker, 'fire'>;
  /** of crons that were set at run time */
  readonly line?: CronLine;
  readonly toRun: (cron: CronDeclaration, due: number, isImmediate: boolean) => DueRun;
  /** gets each error once, however many crons it concerns */
  readonly onError: (error: unknown) => void;
}

/**
 * Fires the due runs of many crons, many of one queue in one call. One that cannot be fired does not hold up the others.
 *
 * @returns what came of each, by name; those that are missing could not be fired, and stay due, all of their times or the last ones
 */
export async function fireCrons(all: readonly DueCron[], options: FireOptions): Promise<ReadonlyMap<string, Firing>> {
  const firing = new FiringOfMany(options);
  for (const queue of new Set(all.map(({ cron }) => cron.queue))) {
    const ofQueue = all.filter(({ cron }) => cron.queue === queue);
    for (const chunk of firing.chunksOf(ofQueue)) if (!(await firing.fire(queue, chunk))) return firing.outcomes();
  }
  return firing.outcomes();
}

/**
 * Makes runs that come to their queue at a time. The time of a run by its schedule is without the jitter, which is there for the machines; that of
 * a release is the moment itself.
 */
export function runsAt(enqueuedAt: number, ids: TaskIdSequence): FireOptions['toRun'] {
  return (cron, due, isImmediate) => {
    const { jitterMs = 0 } = cron.schedule;
    const message = cronMessage(cron, { id: ids.next(), due: isImmediate ? due : due - jitterMs, enqueuedAt });
    return { due, message };
  };
}

class FiringOfMany {
  private readonly fired = new Map<string, Firing>();
  private readonly failed = new Set<string>();
  private readonly reported = new Set<string>();

  constructor(private readonly options: FireOptions) {}

  outcomes(): ReadonlyMap<string, Firing> {
    return new Map([...this.fired].filter(([name]) => !this.failed.has(name)));
  }

  /** The runs of crons as so many calls take them. A message is made when its turn comes: all together may take too much memory. */
  *chunksOf(all: readonly DueCron[]): Generator<FiringCron[]> {
    let chunk = new Chunk();
    for (const dueCron of all) {
      const { cron, due, plan, missed } = dueCron;
      if (due.length === 0 && (plan || missed)) {
        if (!chunk.hasRoomFor(dueCron)) {
          yield chunk.crons();
          chunk = new Chunk();
        }
        chunk.add(dueCron);
      }
      for (const at of due) {
        const run = this.made(dueCron, at);
        if (run === undefined) break;
        if (!chunk.hasRoomFor(dueCron, run)) {
          yield chunk.crons();
          chunk = new Chunk();
        }
        // with an earlier part of its times that could not be fired, the later ones would count as dealt with
        if (this.failed.has(cron.name)) break;
        chunk.add(dueCron, run);
      }
    }
    yield chunk.crons();
  }

  /** Resolves to whether it makes sense to go on. */
  async fire(queue: string, crons: readonly FiringCron[]): Promise<boolean> {
    try {
      const firings = await this.options.broker.fire(queue, crons, this.options.line);
      for (const [index, firing] of firings.entries()) this.note(crons[index]?.name ?? '', firing);
      return true;
    } catch (error) {
      const isRefused = error instanceof NestworkError && error.code === 'REDIS_REFUSED';
      // one of them may be the reason
      if (isRefused && crons.length > 1) return await this.fireEach(queue, crons);
      for (const { name } of crons) this.fail(name, error);
      return isRefused;
    }
  }

  private async fireEach(queue: string, crons: readonly FiringCron[]): Promise<boolean> {
    for (const cron of crons) if (!(await this.fire(queue, [cron]))) return false;
    return true;
  }

  private made({ cron, immediate }: DueCron, at: number): DueRun | undefined {
    try {
      return this.options.toRun(cron, at, at === immediate);
    } catch (error) {
      this.fail(cron.name, error);
      return undefined;
    }
  }

  /** A cron of which the times came in several calls has the sum of them. */
  private note(name: string, firing: Firing): void {
    const before = this.fired.get(name) ?? { fired: 0, skipped: 0 };
    const [fired, skipped] = [before.fired + firing.fired, before.skipped + firing.skipped];
    this.fired.set(name, { ...before, ...firing, fired, skipped });
  }

  private fail(name: string, error: unknown): void {
    this.failed.add(name);
    const what = String(error);
    if (!this.reported.has(what)) this.options.onError(error);
    this.reported.add(what);
  }
}

/** What one call takes. */
class Chunk {
  private readonly runsOf = new Map<DueCron, DueRun[]>();
  private runs = 0;
  private bytes = 0;

  hasRoomFor(cron: DueCron, run?: DueRun): boolean {
    const crons = this.runsOf.size + (this.runsOf.has(cron) ? 0 : 1);
    if (crons > MOST_CRONS) return false;
    return this.runs === 0 || !run || (this.runs < MOST_RUNS && this.bytes + sizeOf(run) <= MOST_BYTES);
  }

  add(cron: DueCron, run?: DueRun): void {
    const runs = this.runsOf.get(cron) ?? [];
    this.runsOf.set(cron, runs);
    if (!run) return;
    runs.push(run);
    this.runs += 1;
    this.bytes += sizeOf(run);
  }

  crons(): FiringCron[] {
    return [...this.runsOf].map(([{ cron, plan, missed, immediate }, runs]) => {
      const { name, start, limit, schedule } = cron;
      return { name, start, limit, runs, jitterMs: schedule.jitterMs, missed, immediate, ...(plan && { plan }) };
    });
  }
}

function sizeOf({ message }: DueRun): number {
  return Buffer.byteLength(message);
}
