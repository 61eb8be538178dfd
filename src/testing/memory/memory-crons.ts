import type { Claimant, CronBroker, CronRecord, CronRun, CronSurvey, DueRun, Firing } from '../../broker/broker.js';
import type { CronDeclaration } from '../../task/cron-definition.js';
import type { MemorySessions } from './memory-sessions.js';
import type { MemorySession, MemoryStore } from './memory-store.js';
import { keyOf } from './message-edits.js';

interface Noted {
  declaration: CronDeclaration;
  settledUntil: number;
  paused: boolean;
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
      const same = former && sameSchedule(former.declaration, declaration);
      const settledUntil = same && former.settledUntil <= now + toleranceMs ? former.settledUntil : now;
      this.crons.set(declaration.name, { ...(former ?? UNKNOWN), declaration: plain(declaration), settledUntil });
    }
  }

  async fire({ name, queue }: Pick<CronDeclaration, 'name' | 'queue'>, runs: readonly DueRun[]): Promise<Firing> {
    const noted = this.crons.get(name);
    if (!noted) return { known: false, fired: 0, skipped: 0 };
    if (noted.paused) return { known: true, fired: 0, skipped: 0 };
    let fired = 0;
    let skipped = 0;
    for (const { due, message } of runs) {
      if (due <= noted.settledUntil || due > this.store.now) continue;
      noted.settledUntil = due;
      const key = keyOf(message);
      if (key && this.store.unique.has(key.digest)) {
        skipped += 1;
        continue;
      }
      if (key) this.store.unique.set(key.digest, { queue, message });
      this.store.append(queue, message);
      noted.firedAt = due;
      fired += 1;
    }
    noted.skipped += skipped;
    return { known: true, fired, skipped };
  }

  async forget(afterMs: number): Promise<number> {
    const declared = declaredBy(this.store.sessions.values());
    const { now } = this.store;
    let forgotten = 0;
    for (const [name, noted] of this.crons) {
      if (declared.has(name)) noted.orphanSince = undefined;
      else if (noted.orphanSince === undefined) noted.orphanSince = now;
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
    const declared = declaredBy(this.sessions.alive());
    return [...this.crons].map(([name, { declaration, paused, firedAt, skipped, lastRun }]) => {
      return { ...declaration, name, declared: declared.has(name), paused, firedAt, skipped, lastRun };
    });
  }
}

const UNKNOWN = { paused: false, firedAt: undefined, skipped: 0, lastRun: undefined, orphanSince: undefined };

function declaredBy(sessions: Iterable<MemorySession>): Set<string> {
  const catalogs = [...sessions].flatMap(({ description }) => description.catalog);
  return new Set(catalogs.filter(({ cron }) => cron).map(({ name }) => name));
}

function sameSchedule(a: CronDeclaration, b: CronDeclaration): boolean {
  return JSON.stringify(a.schedule) === JSON.stringify(b.schedule);
}

/** As it comes back from Redis. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
