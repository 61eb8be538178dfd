import { performance } from 'node:perf_hooks';
import type { CronBroker, CronDetail, CronDetailOf, CronState, CronSurvey, Firing } from '../broker/port/broker.js';
import { type CronDeclaration, countsFromEnd } from '../cron/cron-definition.js';
import { TaskIdSequence } from '../message/task-id.js';
import { AHEAD_MS, lookAtMany } from './cron-looks.js';
import { CronWarnings } from './cron-warnings.js';
import { EndOfFiring } from './end-of-firing.js';
import { fireCrons, runsAt } from './fire-crons.js';
import { type DueTimes, LookedAtCron } from './looked-at-cron.js';
import { PeriodicLoop } from './periodic-loop.js';

const RETRY_MS = 500;
/** The clock of Redis may be set while this loop sleeps. */
const LONGEST_SLEEP_MS = 30_000;
/** How often it looks for crons that no worker declares any more. */
const KEEP_HOUSE_EVERY_MS = 60_000;
/** A record outlives the last worker that declares its cron by a day. */
const FORGET_AFTER_MS = 86_400_000;

export interface CronLoopOptions {
  readonly broker: Pick<CronBroker, 'survey' | 'declare' | 'fire' | 'noteEnds' | 'moveRun' | 'forget'>;
  /** the crons of the app */
  readonly crons: readonly CronDeclaration[];
  /** how long a record outlives the last worker that declares its cron; a day by default */
  readonly forgetAfterMs?: number;
  readonly onWarning: (what: string) => void;
  readonly onError: (error: unknown) => void;
}

/** A cron of which times may be due. */
interface Look extends DueTimes {
  readonly cron: LookedAtCron;
  readonly settledUntil: number;
  /** the queue of the run for which one that counts from its end waits */
  readonly heldIn: string | undefined;
}

/**
 * Fires the crons of an app when they are due by the clock of Redis. Every supervisor runs one, and none leads: each tries
 * every instant, and the script lets one of them succeed. The option `missed` decides about times at which no supervisor
 * was running.
 */
export class CronLoop extends PeriodicLoop {
  private readonly ids = new TaskIdSequence();
  private readonly crons: readonly LookedAtCron[];
  private readonly details: readonly CronDetailOf[];
  private declared = false;
  private lookedAt = 0;
  private readonly ended: EndOfFiring;
  private keptHouseAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: CronLoopOptions) {
    super(RETRY_MS, options.onError);
    this.crons = options.crons.filter(({ disabled }) => !disabled).map((cron) => new LookedAtCron(cron));
    this.details = this.crons.flatMap(({ cron }) => detailsOf(cron));
    this.ended = new EndOfFiring(options.broker, new CronWarnings(options.onWarning));
  }

  /** Fires what is due. Resolves to when to look again, in ms: when the next cron is due by the clock of Redis. */
  async tick(): Promise<number> {
    const { broker, crons } = this.options;
    if (!this.declared) await broker.declare(crons, AHEAD_MS);
    this.declared = true;
    const { now, states } = await this.survey();
    const seenAtMs = performance.now();
    // results under a clock that has been set back since are no longer valid
    if (now < this.lookedAt) for (const cron of this.crons) cron.forget();
    // a release that began under that clock begins anew
    if (now < this.lookedAt - AHEAD_MS) this.declared = false;
    this.lookedAt = now;
    await this.fire(this.lookAtAll(states, now), now);
    await this.keepHouse();
    let nextAt = now + LONGEST_SLEEP_MS;
    for (const { quietUntil } of this.crons) nextAt = Math.min(nextAt, quietUntil > now ? quietUntil : now + RETRY_MS);
    return Math.max(Math.ceil(nextAt - now - (performance.now() - seenAtMs)), 1);
  }

  /** When a cron is due next, in ms of Redis time, if nothing else happens; undefined when none is. */
  async nextDue(): Promise<number | undefined> {
    const { now, states } = await this.survey();
    const times = this.crons.flatMap((cron) => {
      const state = states.get(cron.cron.name);
      return (state && cron.nextAfter(now, state)) ?? [];
    });
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** How the crons stand, with an end of each run that is gone. */
  private async survey(): Promise<CronSurvey> {
    const { broker, onError } = this.options;
    const names = this.crons.map(({ cron }) => cron.name);
    const survey = await broker.survey(names, this.details);
    const states = new Map(survey.states);
    const endless = this.crons.flatMap((cron) => {
      const state = states.get(cron.cron.name);
      return state && cron.lacksEnd(state, survey.now + AHEAD_MS) ? [[cron.cron.name, state] as const] : [];
    });
    if (endless.length === 0) return survey;
    try {
      const lacking = endless.map(([name]) => name);
      const ended = await broker.noteEnds(lacking, AHEAD_MS);
      for (const [name, state] of endless) states.set(name, { ...state, ended });
    } catch (error) {
      onError(error);
    }
    return { ...survey, states };
  }

  /** All of which times may be due. A cron that has a fault must not hold up the others. */
  private lookAtAll(states: ReadonlyMap<string, CronState>, now: number): Look[] {
    return lookAtMany(this.crons, (cron, most) => {
      try {
        return this.lookAt(cron, states.get(cron.cron.name), { now, most });
      } catch (error) {
        this.leaveDue(cron, error);
        return undefined;
      }
    });
  }

  private lookAt(
    cron: LookedAtCron,
    state: CronState | undefined,
    { now, most }: { now: number; most: number },
  ): Look | undefined {
    if (state === undefined || state.settledUntil > now + AHEAD_MS) {
      this.declared = false;
      cron.forget();
      return undefined;
    }
    cron.note(state, now);
    if (now < cron.quietUntil) return undefined;
    const { settledUntil, heldIn } = state;
    return { cron, settledUntil, heldIn, ...cron.due(settledUntil, now, most) };
  }

  private async fire(looks: readonly Look[], now: number): Promise<void> {
    const { broker, onError } = this.options;
    const due = looks
      .filter((look) => look.due.length > 0 || look.missed !== undefined)
      .map(({ cron: { cron }, due, missed, immediate }) => ({ cron, due, missed, immediate }));
    const firings = await fireCrons(due, { broker, toRun: runsAt(now, this.ids), onError });
    for (const look of looks) {
      await this.conclude(look, firings.get(look.cron.cron.name), now).catch((error: unknown) => {
        this.leaveDue(look.cron, error);
      });
    }
  }

  private async conclude(look: Look, firing: Firing | undefined, now: number): Promise<void> {
    const { cron, settledUntil, due, overflow, missed } = look;
    const last = due.at(-1) ?? missed?.last;
    if (last === undefined) {
      cron.settle(settledUntil, now);
      return this.ended.moveFrom(look.heldIn, cron.cron);
    }
    if (firing === undefined || !firing.known) {
      if (firing) this.declared = false;
      return cron.forget();
    }
    cron.noteExhausted(firing.exhausted ?? false);
    cron.settle(Math.max(settledUntil, last), now);
    await this.ended.conclude(cron, { last, overflow }, firing);
  }

  private leaveDue(cron: LookedAtCron, error: unknown): void {
    cron.forget();
    this.options.onError(error);
  }

  private async keepHouse(): Promise<void> {
    const { broker, crons, forgetAfterMs = FORGET_AFTER_MS } = this.options;
    if (performance.now() - this.keptHouseAtMs < KEEP_HOUSE_EVERY_MS) return;
    await broker.forget(forgetAfterMs);
    // it takes effect once no other worker fires them
    await broker.declare(
      crons.filter(({ disabled }) => disabled),
      AHEAD_MS,
    );
    this.keptHouseAtMs = performance.now();
  }
}

/** What a look at a cron needs beside its record: mostly nothing. */
function detailsOf({ name, limit, schedule, atRelease }: CronDeclaration): CronDetailOf[] {
  const details: CronDetail[] = [
    ...(limit === undefined ? [] : (['fires'] as const)),
    ...(countsFromEnd(schedule) ? (['ended'] as const) : []),
    ...(atRelease ? (['begins', 'immediate'] as const) : []),
  ];
  return details.map((detail) => [name, detail]);
}
