/** What people can do to queues, tasks, crons, limits and workers. */
export const ACTIONS = [
  'pause',
  'resume',
  'purge',
  'cancel',
  'cancel-batch',
  'cancel-flow',
  'send',
  'run-now',
  'move',
  'redrive',
  'delete',
  'run-cron',
  'set-cron',
  'remove-cron',
  'pause-cron',
  'resume-cron',
  'set-limit',
  'reset-limit',
  'quiet',
  'stop',
  'recycle',
] as const;
export type ActionName = (typeof ACTIONS)[number];

/** An action that was carried out. */
export interface Action {
  readonly action: ActionName;
  /** the queue, the id of the task, the name of the cron or of the limit with its key, or the id of the worker; of a bulk action its filter */
  readonly subject: string;
  /** tasks, crons, queues or workers that it concerned */
  readonly count: number;
  /** the name of the person or program; undefined for the code of an app that gives none */
  readonly by: string | undefined;
  /** of a limit what was set, or what a reset has ended */
  readonly details?: string | undefined;
}

/** An action as it was recorded. */
export interface RecordedAction extends Action {
  /** of the record */
  readonly id: string;
  /** Redis time, in ms since 1970 */
  readonly at: number;
}

/** The record of actions. */
export interface ActionPort {
  /** Adds to the record, which keeps the last 1,000. It never rejects: the action has been carried out. */
  record(action: Action): Promise<void>;
  /** The latest actions, the latest first. */
  latest(limit: number): Promise<RecordedAction[]>;
}
