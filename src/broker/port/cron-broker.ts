import type { CronDeclaration } from '../../cron/cron-definition.js';
import type { CronHappening, CronOutcome, MissedTimes } from '../../cron/cron-history.js';
import type { CronLine } from '../../cron/cron-line.js';
import type { MissedInstants } from '../../cron/missed-instants.js';
import type { Claimant } from './broker.js';
import type { CronPlan, CronSetting, CronSettingBroker, RunTimeCronBroker } from './run-time-cron-port.js';
import type { LiveSessions } from './worker-port.js';

/** A run of a cron that has come due. */
export interface DueRun {
  /** its instant in ms since 1970 */
  readonly due: number;
  readonly message: string;
}

/** A cron with its due runs, oldest first: they have the tags of `start` already, and people read the keys of its labels. */
export interface FiringCron extends Pick<CronDeclaration, 'name' | 'start' | 'limit'> {
  readonly runs: readonly DueRun[];
  /** of a cron that was set at run time */
  readonly plan?: CronPlan;
  /** by how much instants are later than the times of the schedule, in ms; 0 by default */
  readonly jitterMs?: number | undefined;
  /** which of the runs is that of a release; it may come before what was dealt with */
  readonly immediate?: number | undefined;
  /** instants before these runs that are left out, and come into the history */
  readonly missed?: MissedInstants | undefined;
}

/** What came of runs that were due; others may have been faster. */
export interface Firing {
  /** whether anything was known of the cron; if not, nothing happened */
  readonly known: boolean;
  readonly fired: number;
  /** left out because an earlier run waits or is under way */
  readonly skipped: number;
  /** the queue of that earlier run */
  readonly heldIn?: string;
  /** how the latest run ended, if one has */
  readonly lastRun?: CronRun;
  /** as many were fired as its limit allows */
  readonly exhausted?: boolean;
}

/** Where a cron stands. */
export interface CronState {
  /** up to when what came due has been dealt with, in ms of Redis time */
  readonly settledUntil: number;
  readonly paused: boolean;
  /** how many of its runs were fired, where that was asked */
  readonly fires?: number | undefined;
  /** when the end of its last run was noted, in ms of Redis time, where that was asked */
  readonly ended?: number | undefined;
  /** the queue of the run that has its key, where `ended` was asked */
  readonly heldIn?: string | undefined;
  /** no time of it comes due before, in ms of Redis time, where that was asked */
  readonly begins?: number | undefined;
  /** when its run of the release is due, if that was not fired yet, in ms of Redis time, where that was asked */
  readonly immediate?: number | undefined;
}

/** What a survey reads of those crons alone that need it. */
export type CronDetail = 'fires' | 'ended' | 'begins' | 'immediate';

/** A detail of the cron of this name. */
export type CronDetailOf = readonly [name: string, detail: CronDetail];

/** The crons at one moment; those of which nothing is known are missing. */
export interface CronSurvey {
  /** the time of Redis, in ms since 1970 */
  readonly now: number;
  readonly states: ReadonlyMap<string, CronState>;
}

/** How a run of a cron ended. */
export interface CronRun {
  /** id of the task */
  readonly id: string;
  /** its time by the schedule, without jitter, in ms since 1970; older workers do not note it */
  readonly due?: number;
  readonly attempt: number;
  /** in ms since 1970, by the clock of the worker */
  readonly startedAt: number;
  readonly durationMs: number;
  /** of a first attempt: for how long it waited in its queue, in ms */
  readonly waitedMs?: number;
  readonly outcome: CronOutcome;
  readonly error?: string;
  readonly host: string;
  readonly pid: number;
}

/** All that is noted of a cron. */
export interface CronRecord extends CronDeclaration {
  /** whether a worker with a lease declares it, or has the task of one that was set at run time; otherwise no worker fires it */
  readonly declared: boolean;
  readonly paused: boolean;
  /** instant of the latest run that was fired, in ms since 1970 */
  readonly firedAt: number | undefined;
  /** runs that `overlap: 'skip'` left out */
  readonly skipped: number;
  /** times for which no run was fired; of many at once the first 1,000 are counted */
  readonly missedTimes: number;
  /** when its run of the release is due, if that was not fired yet, in ms since 1970 */
  readonly immediate?: number;
  /** how many of its runs were fired, of a cron with a limit */
  readonly fires?: number;
  /** of a cron that counts from the end of its runs: when the last one ended, in ms since 1970; undefined while one is under way */
  readonly endedAt?: number;
  readonly lastRun: CronRun | undefined;
  /** of a cron that was set at run time: when, and by whom */
  readonly setting?: CronSetting;
}

/** A session with a lease that declares a cron. */
export interface DeclaringSession {
  readonly session: string;
  readonly host: string;
  readonly pid: number;
  /** false where its app disables the cron */
  readonly fires: boolean;
  /** as it declares the cron; undefined where it does not fire it, and of an older version, which does not list it */
  readonly cron: CronDeclaration | undefined;
}

/** What schedulers, children and inspectors need of crons. */
export interface CronBroker {
  /** those that are set at run time */
  readonly runTime: RunTimeCronBroker & CronSettingBroker;
  /** @param details of which crons to read more */
  survey(names: readonly string[], details?: readonly CronDetailOf[]): Promise<CronSurvey>;
  /**
   * Notes the crons of an app. A record that is further ahead of the clock than `toleranceMs` begins anew, and so does one
   * that was disabled. One that is disabled here is left alone while others may fire it.
   */
  declare(crons: readonly CronDeclaration[], toleranceMs: number): Promise<void>;
  /**
   * Enqueues the due runs of crons of one queue, each instant once in the cluster: all of them or, when it rejects, none. Each cron is there once.
   * Resolves to what came of each, in their order.
   *
   * @param line of crons that were set at run time, whose plans are noted, too
   */
  fire(queue: string, crons: readonly FiringCron[], line?: CronLine): Promise<Firing[]>;
  /**
   * Notes the present as the end of the last run of crons that have no run, and whose end nothing has noted: it was cancelled or killed, or is none
   * yet. The same for an end that is further ahead of the clock than `toleranceMs`. Resolves to the present.
   */
  noteEnds(names: readonly string[], toleranceMs: number): Promise<number>;
  /** Moves a run that waits in `queue` to that of its cron, if no live worker serves `queue`. Resolves to whether it did. */
  moveRun(cron: Pick<CronDeclaration, 'name' | 'queue'>, queue: string): Promise<boolean>;
  /** Forgets crons that no session has declared for so long. Resolves to how many. */
  forget(afterMs: number): Promise<number>;
  /** Notes how a run ended, also in the history. Rejects with LEASE_LOST once the child is unregistered. */
  recordRun(claimant: Claimant, name: string, run: CronRun): Promise<void>;
  /** What became of the last times of a cron, the newest first: up to so many. */
  history(name: string, count: number): Promise<CronHappening[]>;
  /** Resolves to false when nothing is known of the cron. */
  pause(name: string): Promise<boolean>;
  /**
   * What came due during the pause is not made up. Resolves to false when nothing is known of the cron.
   *
   * @param missed what came due, for the history
   */
  resume(name: string, missed?: MissedTimes & Pick<MissedInstants, 'settled'>): Promise<boolean>;
  records(sessions?: LiveSessions): Promise<CronRecord[]>;
  declarers(name: string, sessions?: LiveSessions): Promise<DeclaringSession[]>;
}
