import type {
  CatalogEntry,
  Claimant,
  CronBroker,
  CronRecord,
  CronRun,
  CronSurvey,
  DueRun,
  Firing,
} from '../../broker/broker.js';
import type { CronDeclaration } from '../../task/cron-definition.js';
import { encodeUnique } from '../../task/unique-key.js';
import type { MemorySessions } from './memory-sessions.js';
import type { MemorySession, MemoryStore } from './memory-store.js';
import { keyOf } from './message-edits.js';

interface Noted {
  declaration: CronDeclaration;
  settledUntil: number;
  paused: boolean;
  /** all sessions that declare it have disabled it */
  disabled: boolean;
  firedAt: number | undefined;
  skipped: number;
  lastRun: CronRun | undefined;
  orphanSince: number | undefined;
}

/** What is noted of crons, in memory. */
export class MemoryCrons implements CronBroker {
  private readonly crons = new Map<string, Noted>();

  constructor(
    private readonly store: MemoryStore,
    private readonly sessions: MemorySessions,
  ) {}

  async survey(names: readonly string[]): Promise<CronSurvey> {
    const states = new Map<string, { settledUntil: number; paused: boolean }>();
    for (const name of names) {
      const noted = this.crons.get(name);
      if (noted) states.set(name, { settledUntil: noted.settledUntil, paused: noted.paused });
    }
    return { now: this.store.now, states };
  }

  async declare(crons: readonly CronDeclaration[], toleranceMs: number): Promise<void> {
    const { now } = this.store;
    for (const declaration of crons) {
      const former = this.crons.get(declaration.name);
      const idle = former?.disabled || former?.declaration.disabled;
      // others may fire it
      if (former && declaration.disabled && !idle) continue;
      const same = former && !idle && sameSchedule(former.declaration, declaration);
      const settledUntil = same && former.settledUntil <= now + toleranceMs ? former.settledUntil : now;
      this.crons.set(declaration.name, {
        ...(former ?? UNKNOWN),
        declaration: plain(declaration),
        settledUntil,
        disabled: declaration.disabled,
      });
    }
  }

  async fire({ name, queue }: Pick<CronDeclaration, 'name' | 'queue'>, runs: readonly DueRun[]): Promise<Firing> {
    const noted = this.crons.get(name);
    if (!noted) return { known: false, fired: 0, skipped: 0 };
    if (noted.paused) return { known: true, fired: 0, skipped: 0 };
    let fired = 0;
    let skipped = 0;
    let heldIn: string | undefined;
    for (const { due, message } of runs) {
      if (due <= noted.settledUntil || due > this.store.now) continue;
      noted.settledUntil = due;
      const key = keyOf(message);
      const holder = key && this.store.unique.get(key.digest);
      if (holder) {
        skipped += 1;
        heldIn = holder.queue;
        continue;
      }
      if (key) this.store.unique.set(key.digest, { queue, message });
      this.store.append(queue, message);
      noted.firedAt = due;
      fired += 1;
    }
    noted.skipped += skipped;
    const firing = { known: true, fired, skipped, lastRun: noted.lastRun };
    return heldIn === undefined ? firing : { ...firing, heldIn };
  }

  async moveRun({ name, queue }: Pick<CronDeclaration, 'name' | 'queue'>, from: string): Promise<boolean> {
    const digest = encodeUnique(name, 'cron', 'finished').slice(1);
    const holder = this.store.unique.get(digest);
    const served = this.sessions.alive().some(({ description }) => description.queues.includes(from));
    if (served || holder?.queue !== from) return false;
    const { message } = holder;
    const due = this.store.queue(from).scheduled.find((other) => other.message === message)?.due;
    if (!this.store.queue(from).withdraw(message)) return false;
    if (due === undefined) this.store.append(queue, message);
    else this.store.queue(queue).schedule(due, message);
    this.store.unique.set(digest, { queue, message });
    return true;
  }

  async forget(afterMs: number): Promise<number> {
    const sessions = [...this.store.sessions.values()];
    const [declared, enabled] = [declaredBy(sessions), enabledBy(sessions)];
    const { now } = this.store;
    let forgotten = 0;
    for (const [name, noted] of this.crons) {
      if (declared.has(name)) {
        noted.orphanSince = undefined;
        noted.disabled = !enabled.has(name);
      } else if (noted.orphanSince === undefined) noted.orphanSince = now;
      else if (now - noted.orphanSince >= afterMs && this.crons.delete(name)) forgotten += 1;
    }
    return forgotten;
  }

  async recordRun({ session, child }: Claimant, name: string, run: CronRun): Promise<void> {
    this.sessions.childrenWith(session, child);
    const noted = this.crons.get(name);
    if (noted) noted.lastRun = plain(run);
  }

  async pause(name: string): Promise<boolean> {
    const noted = this.crons.get(name);
    if (noted) noted.paused = true;
    return noted !== undefined;
  }

  async resume(name: string): Promise<boolean> {
    const noted = this.crons.get(name);
    if (noted?.paused) {
      noted.paused = false;
      noted.settledUntil = this.store.now;
    }
    return noted !== undefined;
  }

  async records(): Promise<CronRecord[]> {
    const sessions = this.sessions.alive();
    const [declared, enabled] = [declaredBy(sessions), enabledBy(sessions)];
    return [...this.crons].map(([name, { declaration, paused, firedAt, skipped, lastRun }]) => {
      const disabled = declared.has(name) ? !enabled.has(name) : declaration.disabled;
      return { ...declaration, name, disabled, declared: declared.has(name), paused, firedAt, skipped, lastRun };
    });
  }
}

const UNKNOWN = {
  paused: false,
  disabled: false,
  firedAt: undefined,
  skipped: 0,
  lastRun: undefined,
  orphanSince: undefined,
};

export function cronsOf(catalog: readonly CatalogEntry[]): CronDeclaration[] {
  return catalog.flatMap(({ name, queue, cron }) => (cron ? [{ name, queue, ...cron }] : []));
}

function declaredBy(sessions: readonly MemorySession[]): Set<string> {
  return new Set(sessions.flatMap(({ description }) => cronsOf(description.catalog)).map(({ name }) => name));
}

function enabledBy(sessions: readonly MemorySession[]): Set<string> {
  const crons = sessions.flatMap(({ description }) => cronsOf(description.catalog));
  return new Set(crons.filter(({ disabled }) => !disabled).map(({ name }) => name));
}

function sameSchedule(a: CronDeclaration, b: CronDeclaration): boolean {
  return JSON.stringify(a.schedule) === JSON.stringify(b.schedule);
}

/** As it comes back from Redis. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
