import type {
  CronBroker,
  CronRecord,
  CronRun,
  CronState,
  CronSurvey,
  DeclaringSession,
  Firing,
  FiringCron,
} from '../../broker/port/broker.js';
import { type CronDeclaration, releaseRunAt } from '../../cron/cron-definition.js';
import {
  type CronHappening,
  type MissedTimes,
  MOST_HAPPENINGS,
  MOST_OF_RUN_TIME_CRON,
  missedTimes,
} from '../../cron/cron-history.js';
import type { MissedInstants } from '../../cron/missed-instants.js';
import { digestOf } from '../../message/unique-key.js';
import { MemoryRunTimeCrons } from './memory-run-time-crons.js';
import type { MemoryTasks } from './memory-tasks.js';

/** The record of a cron, and up to when what came due has been dealt with. */
type Noted = { -readonly [Field in keyof CronRecord]: CronRecord[Field] } & {
  settledUntil: number;
  ended?: number;
  begins?: number;
  /** the newest first */
  readonly history: CronHappening[];
};

const DAY_MS = 86_400_000;
const UNTOUCHED = { declared: true, paused: false, firedAt: undefined, skipped: 0, missedTimes: 0, lastRun: undefined };

/** The records of the crons of one app, in memory. One worker declares them, so they stay the same and declared. */
export class MemoryCrons implements Omit<CronBroker, 'recordRun'> {
  private readonly crons = new Map<string, Noted>();

  readonly runTime: MemoryRunTimeCrons;

  constructor(private readonly tasks: MemoryTasks) {
    this.runTime = new MemoryRunTimeCrons(
      () => tasks.now,
      (name) => this.crons.has(name),
    );
  }

  async survey(names: readonly string[]): Promise<CronSurvey> {
    const known = names.flatMap((name) => this.crons.get(name) ?? []);
    const states = known.map((noted): [string, CronState] => [
      noted.name,
      { ...noted, heldIn: this.heldIn(noted.name) },
    ]);
    return { now: this.tasks.now, states: new Map(states) };
  }

  async declare(crons: readonly CronDeclaration[], toleranceMs: number): Promise<void> {
    const { now } = this.tasks;
    for (const declaration of crons) {
      const former = this.crons.get(declaration.name);
      const settledUntil = former && former.settledUntil <= now + toleranceMs ? former.settledUntil : now;
      const { limit } = declaration;
      const counted = limit === undefined ? {} : { fires: former?.fires ?? 0 };
      const released = former ? {} : beginningOf(declaration, now);
      const noted = {
        history: [],
        ...UNTOUCHED,
        ...former,
        ...plain(declaration),
        ...counted,
        ...released,
        settledUntil,
      };
      this.crons.set(declaration.name, noted);
    }
  }

  async fire(queue: string, crons: readonly FiringCron[]): Promise<Firing[]> {
    return crons.map((cron) => this.fireOne(queue, cron));
  }

  private fireOne(queue: string, cron: FiringCron): Firing {
    const { name, start, limit = Number.POSITIVE_INFINITY, runs, plan, jitterMs = 0, missed, immediate } = cron;
    const noted = this.noted(name);
    if (plan && !this.runTime.plan(name, plan)) return { known: noted !== undefined, fired: 0, skipped: 0 };
    if (!noted || noted.paused) return { known: noted !== undefined, fired: 0, skipped: 0 };
    this.tasks.lines.limits.label(start?.labels ?? []);
    let heldIn: string | undefined;
    if (missed?.settled === noted.settledUntil && missed.last <= this.tasks.now) {
      noted.settledUntil = missed.last;
      this.noteMissed(noted, missedTimes(missed, jitterMs));
    }
    let left = limit - (noted.fires ?? 0);
    let [fired, skipped] = [0, 0];
    for (const { due, message } of runs) {
      const isImmediate = due === immediate && due === noted.immediate;
      if ((due <= noted.settledUntil && !isImmediate) || due > this.tasks.now || left <= 0) continue;
      if (isImmediate) noted.immediate = undefined;
      noted.settledUntil = Math.max(noted.settledUntil, due);
      const holder = this.tasks.holderOf(message);
      if (holder) {
        heldIn = holder.queue;
        skipped += 1;
        this.note(noted, { kind: 'skipped', due: isImmediate ? due : due - jitterMs, id: holder.id });
        continue;
      }
      this.tasks.add(queue, message);
      noted.firedAt = due;
      fired += 1;
      left -= 1;
    }
    noted.skipped += skipped;
    if (cron.limit !== undefined) noted.fires = (noted.fires ?? 0) + fired;
    if (plan && left <= 0) this.runTime.plan(name, { ...plan, lookAt: this.tasks.now + DAY_MS });
    const firing = { known: true, fired, skipped, lastRun: noted.lastRun };
    return { ...firing, ...(heldIn !== undefined && { heldIn }), ...(left <= 0 && { exhausted: true }) };
  }

  async noteEnds(names: readonly string[]): Promise<number> {
    for (const name of names) {
      const noted = this.crons.get(name);
      const isNoted = noted?.ended !== undefined && noted.ended >= noted.settledUntil;
      if (noted && !isNoted && this.heldIn(name) === undefined) noted.ended = this.tasks.now;
    }
    return this.tasks.now;
  }

  private heldIn(name: string): string | undefined {
    return this.tasks.withKey(digestOf(name, 'cron'))?.queue;
  }

  private noted(name: string): Noted | undefined {
    return this.crons.get(name) ?? this.runTime.get(name);
  }

  /** The worker of a test serves all queues, so no run is stuck in another. */
  async moveRun(): Promise<boolean> {
    return false;
  }

  /** The worker of a test never ends, so none is left behind. */
  async forget(): Promise<number> {
    return 0;
  }

  recordRun(name: string, run: CronRun): void {
    const noted = this.noted(name);
    if (!noted) return;
    noted.lastRun = plain(run);
    const { id, attempt, startedAt, due = startedAt, durationMs, outcome } = run;
    this.note(noted, { kind: 'run', due, outcome, startedAt, durationMs, attempt, id });
    if (noted.ended !== undefined && outcome !== 'failed') noted.ended = this.tasks.now;
  }

  async history(name: string, count: number): Promise<CronHappening[]> {
    return this.noted(name)?.history.slice(0, count) ?? [];
  }

  private note({ name, history }: Noted, happening: CronHappening): void {
    history.unshift(happening);
    history.splice(this.crons.has(name) ? MOST_HAPPENINGS : MOST_OF_RUN_TIME_CRON);
  }

  private noteMissed(noted: Noted, missed: MissedTimes): void {
    this.note(noted, missed);
    noted.missedTimes += missed.count;
  }

  async pause(name: string): Promise<boolean> {
    const noted = this.noted(name);
    if (noted) noted.paused = true;
    return noted !== undefined;
  }

  async resume(name: string, missed?: MissedTimes & Pick<MissedInstants, 'settled'>): Promise<boolean> {
    const noted = this.noted(name);
    if (noted?.paused && missed?.settled === noted.settledUntil) {
      const { settled: _, ...times } = missed;
      this.noteMissed(noted, times);
    }
    if (noted?.paused) Object.assign(noted, { paused: false, settledUntil: this.tasks.now, immediate: undefined });
    return noted !== undefined;
  }

  /** The worker of a test has no session. */
  async declarers(): Promise<DeclaringSession[]> {
    return [];
  }

  async records(): Promise<CronRecord[]> {
    return [...this.crons.values()].map(({ settledUntil, ended, history: _, ...record }) =>
      ended === undefined || ended < settledUntil ? record : { ...record, endedAt: ended },
    );
  }
}

/** The worker of a test is of one release, which begins when it declares its crons. */
function beginningOf(declaration: CronDeclaration, now: number): Partial<Noted> {
  const { atRelease } = declaration;
  if (!atRelease) return {};
  const begins = now + atRelease.delayMs;
  return { begins, immediate: releaseRunAt(declaration, begins) };
}

/** As it comes back from Redis. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
