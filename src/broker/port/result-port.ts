import type { Claimant } from './broker.js';

/** A task that is to end, with what is kept of it, see message/task-result.ts. */
export interface FinishedTask {
  readonly id: string;
  readonly result: string;
  /** whether it belongs to a batch or a flow, which counts its end */
  readonly inGroup?: boolean;
  /** whether its end frees a limit for others */
  readonly limited?: boolean;
}

/** The call of a child. */
export interface FinishingBroker {
  /** Ends tasks that are done and keep their results. Resolves to how many the child still held. Rejects with LEASE_LOST. */
  finish(claimant: Pick<Claimant, 'session' | 'child'>, tasks: readonly FinishedTask[]): Promise<number>;
}

/** What became of a task: as it is stored, or that it was cancelled and keeps nothing. */
export type KeptResult = { readonly stored: string } | 'cancelled';

/** The same of one task, for people who look at it. */
export interface KeptOutcome {
  readonly result: KeptResult;
  /** until when it is stored, in ms since 1970 by the clock of Redis; undefined where nothing is stored */
  readonly until: number | undefined;
}

/** The announcement of a task that has ended, with what is kept of it if that is short. */
export interface EndedTask {
  readonly id: string;
  readonly result?: KeptResult;
}

/** The call of people and tools. */
export interface OutcomeBroker {
  /** Undefined for a task of which nothing is kept. */
  kept(id: string): Promise<KeptOutcome | undefined>;
}

/** The calls of those who wait. */
export interface ResultBroker {
  /** In the order of the ids; undefined for a task that has not ended, or of which nothing is kept. */
  read(ids: readonly string[]): Promise<(KeptResult | undefined)[]>;
  /** Tasks of this sender that have ended, each once, as soon as there are some; none after `timeoutMs`, undefined after `stopWaiting`. */
  ended(producer: string, timeoutMs: number): Promise<readonly EndedTask[] | undefined>;
  /**
   * Somebody begins to wait for a task, which is sent: only where no worker but the caller's process could run it. Resolves to its
   * result, or to undefined if it may still come. Rejects when it cannot.
   */
  awaited?(id: string): Promise<KeptResult | undefined>;
  /** Ends an `ended` under way, and all to come. */
  stopWaiting(): void;
}
