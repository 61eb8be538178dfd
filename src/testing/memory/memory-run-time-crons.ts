import type { CronRecord } from '../../broker/port/broker.js';
import type {
  CronLines,
  CronPageOptions,
  CronPlan,
  CronSetting,
  CronSettingBroker,
  FirstTime,
  LookedUpCron,
  RunTimeCronBroker,
  SetCron,
} from '../../broker/port/run-time-cron-port.js';
import type { CronDeclaration } from '../../cron/cron-definition.js';
import type { CronHappening } from '../../cron/cron-history.js';
import { type CronLine, lineFor, lineText } from '../../cron/cron-line.js';

/** The record of a cron that was set at run time. */
export interface NotedRunTimeCron extends Mutable<CronRecord> {
  /** up to when what came due has been dealt with */
  settledUntil: number;
  version: number;
  lookAt: number;
  /** the newest first */
  readonly history: CronHappening[];
}

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] };

/** The crons of one app that were set at run time, in memory. Its one worker fires all of them. */
export class MemoryRunTimeCrons implements RunTimeCronBroker, CronSettingBroker {
  private readonly crons = new Map<string, NotedRunTimeCron>();
  /** as they were set */
  private readonly definitions = new Map<string, string>();

  /** a cron that is removed and set again has no version that it had before */
  private versions = 0;

  constructor(
    private readonly clock: () => number,
    private readonly isDeclared: (name: string) => boolean,
  ) {}

  get(name: string): NotedRunTimeCron | undefined {
    return this.crons.get(name);
  }

  async lines(): Promise<CronLines> {
    const lines = new Map<string, CronLine & { lookAt: number }>();
    for (const { lookAt, ...cron } of this.crons.values()) {
      const line = lineFor(cron);
      const key = lineText(line);
      lines.set(key, { ...line, lookAt: Math.min(lookAt, lines.get(key)?.lookAt ?? lookAt) });
    }
    return { now: this.clock(), lines: [...lines.values()] };
  }

  async due({ queue, task }: CronLine, most: number): Promise<LookedUpCron[]> {
    return [...this.crons.values()]
      .filter((cron) => cron.queue === queue && (cron.task ?? cron.name) === task && cron.lookAt <= this.clock())
      .sort((a, b) => a.lookAt - b.lookAt)
      .slice(0, most)
      .map((cron) => ({
        name: cron.name,
        cron,
        plan: { version: String(cron.version) },
        settledUntil: cron.settledUntil,
        paused: cron.paused,
        fires: cron.fires ?? 0,
      }));
  }

  /** Its one worker fires all of them. */
  async own(): Promise<number[]> {
    return [];
  }

  /** The clock of a test is not set back. */
  async lookAgain(): Promise<void> {}

  async end({ name }: CronDeclaration, version: string): Promise<void> {
    if (this.crons.get(name)?.version === Number(version)) this.crons.delete(name);
  }

  /** Notes what a worker found out about a cron. Returns false where it was set again meanwhile, or removed. */
  plan(name: string, { version, lookAt }: CronPlan): boolean {
    const noted = this.crons.get(name);
    if (noted?.version !== Number(version)) return false;
    noted.lookAt = lookAt;
    return true;
  }

  async set(cron: CronDeclaration, setting: CronSetting, first: FirstTime = { at: 0, after: 0 }): Promise<SetCron> {
    if (this.isDeclared(cron.name)) return 'taken';
    const definition = JSON.stringify(cron);
    const former = this.crons.get(cron.name);
    if (former && this.definitions.get(cron.name) === definition) return 'unchanged';
    this.definitions.set(cron.name, definition);
    const plain = JSON.parse(definition) as CronDeclaration;
    const now = this.clock();
    this.versions += 1;
    const same = former && JSON.stringify(former.schedule) === JSON.stringify(plain.schedule);
    const fires = (same ? former.fires : undefined) ?? 0;
    const turns = former && isReached(former.limit, fires) !== isReached(plain.limit, fires);
    this.crons.set(cron.name, {
      ...{ declared: true, paused: former?.paused ?? false, firedAt: former?.firedAt },
      ...{ skipped: former?.skipped ?? 0, missedTimes: former?.missedTimes ?? 0, lastRun: former?.lastRun, setting },
      ...plain,
      history: former?.history ?? [],
      fires,
      ...(same
        ? { settledUntil: turns ? now : former.settledUntil, lookAt: now }
        : { settledUntil: now, lookAt: now >= first.after ? Math.max(now, first.at) : now }),
      version: this.versions,
    });
    return former ? 'changed' : 'added';
  }

  async remove(name: string): Promise<boolean> {
    return this.crons.delete(name);
  }

  async page({ after = '', prefix = '', count }: CronPageOptions): Promise<CronRecord[]> {
    const names = [...this.crons.keys()].filter((name) => name > after && name.startsWith(prefix)).sort();
    return names.slice(0, count).flatMap((name) => this.crons.get(name) ?? []);
  }

  async find(name: string): Promise<CronRecord | undefined> {
    return this.crons.get(name);
  }

  clear(): void {
    this.crons.clear();
  }

  async settledUntil(name: string): Promise<number | undefined> {
    return this.crons.get(name)?.settledUntil;
  }

  async count(): Promise<number> {
    return this.crons.size;
  }
}

/** Whether so many runs are all that a limit allows. */
function isReached(limit: number | undefined, fires: number): boolean {
  return fires >= (limit ?? Number.POSITIVE_INFINITY);
}
