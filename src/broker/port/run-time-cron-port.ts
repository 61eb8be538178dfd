import type { CronDeclaration } from '../../cron/cron-definition.js';
import type { CronLine } from '../../cron/cron-line.js';
import type { CronRecord } from './cron-broker.js';

/** The lines that have crons, at one moment. */
export interface CronLines {
  /** the time of Redis, in ms since 1970 */
  readonly now: number;
  /** and when the first cron of each is to be looked at, in ms since 1970 */
  readonly lines: readonly (CronLine & { readonly lookAt: number })[];
}

/** A cron that is to be looked at. */
export interface LookedUpCron {
  readonly name: string;
  /** as it was set; undefined for what this version cannot read */
  readonly cron: CronDeclaration | undefined;
  readonly plan: Pick<CronPlan, 'version'>;
  /** up to when what came due has been dealt with, in ms of Redis time */
  readonly settledUntil: number;
  readonly paused: boolean;
  /** how many of its runs were fired, as far as a limit counts them */
  readonly fires: number;
}

/** What a worker found out about a cron that was set at run time. */
export interface CronPlan {
  /** another one each time that it is set, also after it was removed: a plan for an earlier version is void */
  readonly version: string;
  /** when to look at it next, in ms of Redis time */
  readonly lookAt: number;
}

/** What became of a cron that was to be set: `taken` by workers that declare one of its name, `full` where there are too many. */
export type SetCron = 'added' | 'changed' | 'unchanged' | 'taken' | 'full';

/** When and by whom a cron was set. */
export interface CronSetting {
  /** in ms since 1970, by the clock of the caller */
  readonly at: number;
  readonly by?: string | undefined;
}

/** The first time of a cron after another one, in ms since 1970. */
export interface FirstTime {
  readonly at: number;
  readonly after: number;
}

/** Which crons to list, by name. */
export interface CronPageOptions {
  /** those whose names come after this one */
  readonly after?: string | undefined;
  readonly prefix?: string | undefined;
  readonly count: number;
}

/** What supervisors need of crons that are set at run time. */
export interface RunTimeCronBroker {
  lines(): Promise<CronLines>;
  /** Those of a line that are to be looked at, the longest due first. */
  due(line: CronLine, most: number): Promise<LookedUpCron[]>;
  /** Notes that a worker fires the crons of these lines. Resolves to when this was noted of each before, in ms of Redis time; 0 for never. */
  own(lines: readonly CronLine[]): Promise<number[]>;
  /** Lets the crons of a line be looked at now that were to be looked at after a time, in ms of Redis time. */
  lookAgain(line: CronLine, after: number): Promise<void>;
  /** Removes a cron that has no time any more, or whose limit is reached, unless it was set again. */
  end(cron: CronDeclaration, version: string): Promise<void>;
}

/** What people and programs need of them. */
export interface CronSettingBroker {
  /**
   * Adds a cron, or changes the one of its name. One whose times change begins at the present, and so does the count of its
   * limit. Its pause stays.
   *
   * @param first a worker need not look before; it looks at once by default, and where the clock of Redis is before `after`
   */
  set(cron: CronDeclaration, setting: CronSetting, first?: FirstTime): Promise<SetCron>;
  /** Resolves to whether there was one. Runs that were enqueued go on. */
  remove(name: string): Promise<boolean>;
  page(options: CronPageOptions): Promise<CronRecord[]>;
  /** The one of this name. */
  find(name: string): Promise<CronRecord | undefined>;
  count(): Promise<number>;
  /** Up to when what came due of one has been dealt with, in ms of Redis time. */
  settledUntil(name: string): Promise<number | undefined>;
}
