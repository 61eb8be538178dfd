import type { Duration } from '../../values/duration.js';
import type { CronInfo } from '../cron-info.js';
import type { ClosedLimitReport } from '../limits/limit-report.js';
import type { OutboxStatus } from '../outbox/outbox-status.js';
import type { QueueReport } from '../queue-health.js';
import type { LapsedWorker, WorkerReport } from '../workers/worker-report.js';

/**
 * When `Inspector.status` finds a problem.
 *
 * @example
 * const options: StatusOptions = { maxWait: { critical: '10s' }, maxDead: 20 };
 * const { healthy } = await inspector.status(options);
 */
export interface StatusOptions {
  /**
   * How long the next task of a queue may have waited; for all queues, or by queue.
   * @default '1m'
   */
  maxWait?: Duration | Readonly<Record<string, Duration>>;
  /**
   * How many tasks that died within the last hour may still be dead, over all queues.
   * @default 0
   */
  maxDead?: number;
}

/**
 * The kind of a finding. `no-worker`: no worker runs in the namespace; `queue-unserved`: tasks wait, and no worker serves their
 * queue; `memory-short`: Redis has nearly reached its memory limit; `queue-late`: the next task of a queue has waited too long;
 * `dead-tasks`: more tasks died within the last hour, and are still dead, than may; `worker-crashing`: children of a worker end again and again;
 * `outbox-unrelayed`: rows of an outbox waited when its relay was last seen; `outbox-late`: a row has waited for more than a minute;
 * `outbox-aside`: rows were put aside, because they cannot be read; `queue-paused`, `cron-paused`: until somebody resumes it, or until its time; `cron-slow`: the last run of a cron
 * took longer than the time between its next two; `limit-closed`: somebody has set a limit to 0, and nothing
 * starts under it until it is reset, or until its time; `worker-quiet`, `worker-stopping`: it claims nothing
 * more; `worker-silent`: it has published nothing about itself.
 *
 * @example
 * const serious: StatusFindingCode[] = ['no-worker', 'queue-unserved'];
 * const { findings } = await inspector.status();
 * if (findings.some(({ code }) => serious.includes(code))) process.exitCode = 1;
 */
export type StatusFindingCode =
  | 'no-worker'
  | 'queue-unserved'
  | 'memory-short'
  | 'queue-late'
  | 'dead-tasks'
  | 'worker-crashing'
  | 'outbox-unrelayed'
  | 'outbox-late'
  | 'outbox-aside'
  | 'queue-paused'
  | 'cron-paused'
  | 'cron-slow'
  | 'limit-closed'
  | 'worker-quiet'
  | 'worker-stopping'
  | 'worker-silent';

/**
 * Something in a namespace that needs a look.
 *
 * @example
 * const line = ({ text, command }: StatusFinding) => `${text} See: npx nestwork ${command.join(' ')}`;
 */
export interface StatusFinding {
  /** stable, for programs */
  readonly code: StatusFindingCode;
  /** `problem`: tasks do not run as they should; `notice`: somebody ordered it, or it ends by itself */
  readonly severity: 'problem' | 'notice';
  /** one or two sentences; names in them cannot steer a terminal */
  readonly text: string;
  /** the arguments of `npx nestwork` for a command that shows more or mends it: `['queues', 'resume', 'mail']` */
  readonly command: readonly string[];
  /** the queue that it concerns, if it concerns one */
  readonly queue?: string;
  /** the id of the worker that it concerns, if it concerns one */
  readonly worker?: string;
  /** the name of the limit that it concerns, if it concerns one */
  readonly limit?: string;
}

/**
 * A queue in a `StatusReport`.
 *
 * @example
 * const isGrowing = ({ inPerMinute = 0, outPerMinute }: QueueStatus) => inPerMinute > outPerMinute;
 */
export interface QueueStatus extends QueueReport {
  /** workers that serve it and claim tasks */
  readonly workers: number;
  /** tasks that came in, in a minute: the average of the last five; undefined where workers have not sampled the queue twice */
  readonly inPerMinute: number | undefined;
  /** tasks that ended, in a minute: the average of the last five */
  readonly outPerMinute: number;
  /** tasks that died within the last hour and are still dead */
  readonly deadLastHour: number;
}

/**
 * The attempts that ended within one minute.
 *
 * @example
 * const peak = (minutes: readonly StatusMinute[]) => Math.max(...minutes.map(({ done }) => done));
 */
export interface StatusMinute {
  /** its beginning, by the clock of Redis */
  readonly at: Date;
  /** attempts that returned */
  readonly done: number;
  /** attempts that threw an error, ran out of time or crashed */
  readonly failed: number;
}

/**
 * The attempts that ended within the last hour, over all tasks.
 *
 * @example
 * const { throughput } = await inspector.status();
 * const percent = (throughput: StatusThroughput) => Math.round(throughput.failureRate * 100);
 * console.log(`${throughput.perMinute} a minute, ${percent(throughput)} % fail`);
 */
export interface StatusThroughput {
  /** attempts that returned */
  readonly done: number;
  /** attempts that threw an error, ran out of time or crashed */
  readonly failed: number;
  /** the part of the attempts that failed, from 0 to 1 */
  readonly failureRate: number;
  /** attempts that returned, in a minute: the average of the last five */
  readonly perMinute: number;
  /** each minute of the hour, and the present one last: 61 */
  readonly minutes: readonly StatusMinute[];
}

/**
 * The result of `Inspector.status`: whether all is well in a namespace, and the figures behind that.
 *
 * @example
 * const report: StatusReport = await inspector.status();
 * for (const { severity, text } of report.findings) console.log(`${severity}: ${text}`);
 */
export interface StatusReport {
  /** when it was made, by the clock of Redis */
  readonly at: Date;
  /** whether no finding is a problem */
  readonly healthy: boolean;
  /** problems before notices */
  readonly findings: readonly StatusFinding[];
  /** by name */
  readonly queues: readonly QueueStatus[];
  /** those whose lease runs, by host and pid */
  readonly workers: readonly WorkerReport[];
  /** those whose lease has run out and whose tasks nobody has given back yet, by host and pid */
  readonly lapsed: readonly LapsedWorker[];
  /** of the last hour */
  readonly throughput: StatusThroughput;
  /** dead tasks of all queues */
  readonly dead: {
    /** all that are kept */
    readonly total: number;
    /** those of them that died within the last hour */
    readonly lastHour: number;
  };
  /** by name */
  readonly crons: readonly CronInfo[];
  /** limits and keys of limits that somebody has set to 0, by name and key: nothing starts */
  readonly closedLimits: readonly ClosedLimitReport[];
  /** those of which a relay has noted something within a day, by table */
  readonly outboxes: readonly OutboxStatus[];
  /** of Redis; undefined where the server does not report it */
  readonly memory:
    | {
        /** in bytes */
        readonly used: number;
        /** in bytes; undefined for no limit */
        readonly limit: number | undefined;
      }
    | undefined;
}
