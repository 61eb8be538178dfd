import type { Duration } from '../../values/duration.js';

/**
 * Name of a check of the doctor.
 *
 * @example
 * const name: DoctorCheckName = 'eviction';
 * const check = (await inspector.doctor()).find((one) => one.check === name);
 */
export type DoctorCheckName =
  | 'reachable'
  | 'version'
  | 'database'
  | 'format'
  | 'eviction'
  | 'persistence'
  | 'fsync'
  | 'memory'
  | 'clock'
  | 'keys'
  | 'claims'
  | 'sessions'
  | 'digests'
  | 'versions'
  | 'crons'
  | 'limits'
  | 'queues'
  | 'names'
  | 'pauses'
  | 'outbox'
  | 'dead';

/**
 * Stable code of a finding of the doctor. docs/cli.md lists them.
 *
 * @example
 * const ignored: DoctorCode[] = ['no-memory-limit'];
 */
export type DoctorCode =
  | 'too-old'
  | 'cluster-node'
  | 'replica'
  | 'foreign-format'
  | 'eviction-policy'
  | 'no-append-file'
  | 'failed-save'
  | 'fsync-off'
  | 'no-memory-limit'
  | 'memory-short'
  | 'clock-skew'
  | 'sender-clock'
  | 'worker-clock'
  | 'foreign-key'
  | 'wrong-type'
  | 'orphaned-claims'
  | 'no-children'
  | 'lease-over'
  | 'no-digest'
  | 'stale-digest'
  | 'mixed-versions'
  | 'mixed-tags'
  | 'cron-differs'
  | 'zone-data-differs'
  | 'unreadable-cron'
  | 'orphaned-crons'
  | 'limit-differs'
  | 'limit-closed'
  | 'no-worker'
  | 'shared-queue'
  | 'unknown-name'
  | 'foreign-message'
  | 'long-pause'
  | 'outbox-unrelayed'
  | 'outbox-late'
  | 'outbox-aside'
  | 'dead-growing';

/**
 * One thing that is wrong, or soon will be.
 *
 * @example
 * const text = ({ where, what, remedy }: DoctorFinding): string => `${where}: ${what} ${remedy}`;
 */
export interface DoctorFinding {
  /** the kind of the finding */
  readonly code: DoctorCode;
  /** the server, key, queue, cron or worker that it concerns */
  readonly where: string;
  /** the finding and its consequence, in sentences */
  readonly what: string;
  /** the way to repair it, in sentences */
  readonly remedy: string;
  /** a command of a shell that repairs it or shows more; undefined where there is none */
  readonly command: string | undefined;
}

/**
 * The result of one check of the doctor.
 *
 * @example
 * const failed = (checks: readonly DoctorCheck[]): DoctorCheck[] => checks.filter(({ status }) => status === 'findings');
 */
export interface DoctorCheck {
  /** name of the check */
  readonly check: DoctorCheckName;
  /** `unchecked`: it could not look, for example because the Redis user lacks a right; that is no finding */
  readonly status: 'ok' | 'findings' | 'unchecked';
  /** the state that it found, or the reason why it could not look */
  readonly summary: string;
  /** none unless the status is `findings` */
  readonly findings: readonly DoctorFinding[];
}

/**
 * Options of `inspector.doctor()`.
 *
 * @example
 * const options: DoctorOptions = { within: '30s' };
 * const checks = await inspector.doctor(options);
 */
export interface DoctorOptions {
  /**
   * How long the search for foreign keys may take, and how long the search for unknown names. Each check says how far it looked.
   * @default '5s'
   */
  within?: Duration;
}
