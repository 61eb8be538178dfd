import type { CronInfo } from '../../../inspector/cron-info.js';
import type { CronDeclarer } from '../../../inspector/cron-manager.js';
import type { Json } from '../../wire.js';

/** A schedule in words. */
export interface ScheduleText {
  /** undefined where the expression stands for itself */
  readonly words: string | undefined;
  /** the clock by which it is read */
  readonly zone: string | undefined;
}

/** How often attempts of a cron ended within the last day; undefined where nothing was counted. */
export interface CronCounts {
  readonly done: number;
  readonly failed: number;
  readonly dead: number;
  /** half took no longer, in ms */
  readonly usualMs: number;
}

/** The person or program that paused a cron, and when; undefined where the record of actions has lost it. */
export interface CronPause {
  readonly by: string | undefined;
  /** in ms since 1970 */
  readonly at: number;
}

/** What the list of crons shows beside the snapshot. */
export interface CronLine extends ScheduleText {
  readonly name: string;
  /** the times within the next 24 hours, in ms since 1970; of a dense one none */
  readonly times: readonly number[];
  /** whether there are too many to be told apart */
  readonly dense: boolean;
  readonly counts: CronCounts | undefined;
  readonly pause: CronPause | undefined;
}

/** A cron that was set at run time, in the list of these. */
export interface SetCronLine extends ScheduleText {
  readonly cron: Json<CronInfo>;
}

/** Some of the crons that were set at run time, by name. */
export interface SetCronsPage {
  /** how many there are of them, whatever their names */
  readonly total: number;
  readonly lines: readonly SetCronLine[];
  /** whether others come after them */
  readonly more: boolean;
}

/** Why a cron is not fired, or not as one would think. */
export interface CronNote {
  /** without one, its pause */
  readonly title?: string;
  readonly text: string;
  /** a cron that is paused or declared differently is held back; one that nobody fires is as if it were cancelled */
  readonly glyph: 'held' | 'cancelled';
}

/** What became of one or more times of a cron. */
export interface HistoryLine {
  readonly kind: 'run' | 'skipped' | 'missed';
  /** the shape and the colour of a state */
  readonly look: 'done' | 'cancelled' | 'failed' | 'dead' | 'held';
  /** `done`, `missed 12` */
  readonly word: string;
  /** of those that did not run: the reason, in words */
  readonly why: string | undefined;
  /** the time of the schedule, in ms since 1970 */
  readonly at: number;
  /** the same by the clock of its zone */
  readonly local: string;
  /** of several times the last one, in ms since 1970 */
  readonly last?: number;
  /** of the task, of a run that has ended */
  readonly id?: string;
  readonly tookMs?: number;
  readonly lateMs?: number | undefined;
  readonly attempt?: number;
}

/** Attempts of the last week by how they ended, a number for each hour. */
export interface PastHours {
  /** their beginnings, in ms since 1970 */
  readonly at: readonly number[];
  readonly done: readonly number[];
  readonly failed: readonly number[];
}

/** One cron. */
export interface CronPage extends ScheduleText {
  readonly hours: PastHours;
  /** the newest first */
  readonly history: readonly HistoryLine[];
  readonly cron: Json<CronInfo>;
  /** the next ten, by its schedule */
  readonly runs: readonly {
    /** in ms since 1970 */
    readonly at: number;
    /** by the clock of its zone: `Mon 2026-11-30 08:00:00` */
    readonly local: string;
  }[];
  readonly declarers: readonly CronDeclarer[];
  readonly notes: readonly CronNote[];
  /** what else decides about its times, in words */
  readonly bounds: readonly string[];
  /** what becomes of times that were missed, and of runs that would overlap */
  readonly missed: string;
  readonly overlaps: string;
  readonly counts: CronCounts | undefined;
  readonly pause: CronPause | undefined;
}
