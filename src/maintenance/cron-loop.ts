import { performance } from 'node:perf_hooks';
import type { CronBroker, CronState, DueRun } from '../broker/port/broker.js';
import type { CronDeclaration } from '../cron/cron-definition.js';
import { type Instants, instantsOf } from '../cron/cron-schedule.js';
import { dueInstants, MOST_MADE_UP } from '../cron/due-instants.js';
import { callTags } from '../message/call-tags.js';
import { TaskIdSequence } from '../message/task-id.js';
import { encodeMessage } from '../message/task-message.js';
import { encodeUnique } from '../message/unique-key.js';
import { CronWarnings } from './cron-warnings.js';
import { PeriodicLoop } from './periodic-loop.js';

const RETRY_MS = 500;
/** The clock of Redis may be set while this loop sleeps. */
const LONGEST_SLEEP_MS = 30_000;
/** A record this far ahead of Redis was written under a clock that has been set back. A failover may cost seconds. */
const AHEAD_MS = 60_000;
/** A cron that is paused is looked at no more often, in ms: so much later it may go on after `resume()`. */
const PAUSED_LOOK_MS = 5_000;
/** How often it looks for crons that no worker declares any more. */
const KEEP_HOUSE_EVERY_MS = 60_000;
/** A record outlives the last worker that declares its cron by a day. */
const FORGET_AFTER_MS = 86_400_000;

export interface CronLoopOptions {
  readonly broker: Pick<CronBroker, 'survey' | 'declare' | 'fire' | 'moveRun' | 'forget'>;
  /** the crons of the app */
  readonly crons: readonly CronDeclaration[];
  /** how long a record outlives the last worker that declares its cron; a day by default */
  readonly forgetAfterMs?: number;
  readonly onWarning: (what: string) => void;
  readonly onError: (error: unknown) => void;
}

interface Entry {
  readonly cron: CronDeclaration;
  readonly instants: Instants;
  /** before this time nothing new comes due, so nothing need be computed */
  quietUntil: number;
  paused: boolean;
}

/**
 * Fires the crons of an app when they are due by the clock of Redis. Every supervisor runs one, and none leads: each tries
 * every instant, and the script lets one of them succeed. The option `missed` decides about times at which no supervisor
 * was running.
 */
export class CronLoop extends PeriodicLoop {
  private readonly ids = new TaskIdSequence();
  private readonly entries: readonly Entry[];
  private declared = false;
  private lookedAt = 0;
  private readonly warnings: CronWarnings;
  private keptHouseAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: CronLoopOptions) {
    super(RETRY_MS, options.onError);
    this.entries = options.crons
      .filter(({ disabled }) => !disabled)
      .map((cron) => {
        const instants = instantsOf(cron.schedule, `cron "${cron.name}"`);
        return { cron, instants, quietUntil: 0, paused: false };
      });
    this.warnings = new CronWarnings(options.onWarning);
  }

  /** Fires what is due. Resolves to when to look again, in ms: when the next cron is due by the clock of Redis. */
  async tick(): Promise<number> {
    const { broker, crons, onError } = this.options;
    if (!this.declared) await broker.declare(crons, AHEAD_MS);
    this.declared = true;
    const { now, states } = await broker.survey(this.entries.map(({ cron }) => cron.name));
    const seenAtMs = performance.now();
    // results under a clock that has been set back since are no longer valid
    if (now < this.lookedAt) for (const entry of this.entries) entry.quietUntil = 0;
    this.lookedAt = now;
    let nextAt = now + LONGEST_SLEEP_MS;
    for (const entry of this.entries) {
      // a cron that cannot be fired must not delay the others
      const settled = await this.settle(entry, states.get(entry.cron.name), now).catch((error: unknown) => {
        onError(error);
        return false;
      });
      if (!settled) entry.quietUntil = 0;
      else if (now >= entry.quietUntil) entry.quietUntil = quietUntil(entry, now);
      nextAt = Math.min(nextAt, settled ? entry.quietUntil : now + RETRY_MS);
    }
    await this.keepHouse();
    return Math.max(Math.ceil(nextAt - now - (performance.now() - seenAtMs)), 1);
  }

  /** Resolves to whether all times up to now have been handled. */
  private async settle(entry: Entry, state: CronState | undefined, now: number): Promise<boolean> {
    const { cron, instants } = entry;
    if (state === undefined || state.settledUntil > now + AHEAD_MS) {
      this.declared = false;
      return false;
    }
    if (entry.paused && !state.paused) entry.quietUntil = 0;
    entry.paused = state.paused;
    if (state.paused || now < entry.quietUntil) return true;
    const { due, overflow } = dueInstants(instants, cron, state.settledUntil, now);
    if (due.length === 0) return true;
    const runs = due.map((at) => this.run(cron, at, now));
    const { known, fired, heldIn, lastRun } = await this.options.broker.fire(cron, runs);
    this.declared &&= known;
    if (overflow && fired > 0) this.warnings.overflow(cron, MOST_MADE_UP);
    const last = due.at(-1) ?? now;
    this.warnings.slow(cron, (instants.next(last) ?? Number.POSITIVE_INFINITY) - last, lastRun);
    if (heldIn !== undefined && heldIn !== cron.queue && (await this.options.broker.moveRun(cron, heldIn))) {
      this.warnings.moved(cron, heldIn);
    }
    return known;
  }

  private run(cron: CronDeclaration, due: number, enqueuedAt: number): DueRun {
    const { name, task = name, payload = '[]', overlap, result, start, schedule } = cron;
    const unique = overlap === 'skip' ? encodeUnique(name, 'cron', 'finished') : undefined;
    const tags = callTags(unique, { seconds: result }, undefined, start?.tags);
    // the time of its schedule: the jitter is there for the machines
    const options = { cron: name, due: due - (schedule.jitterMs ?? 0) };
    return { due, message: encodeMessage({ id: this.ids.next(), name: task, payload, enqueuedAt, options, tags }) };
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

/** When to look again at a cron whose times up to now are all handled. */
function quietUntil({ instants, paused }: Entry, now: number): number {
  const next = instants.next(now) ?? Number.POSITIVE_INFINITY;
  if (!paused) return next;
  const following = instants.next(next) ?? Number.POSITIVE_INFINITY;
  return following - next < PAUSED_LOOK_MS ? now + PAUSED_LOOK_MS : next;
}
