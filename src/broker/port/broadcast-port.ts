/** Where a reader of the stream stands. */
export interface StreamPosition {
  /** id of the last entry that it has */
  readonly id: string;
  /** that entry was the so-manieth ever added; how lost ones are noticed */
  readonly ordinal: number;
}

/** One entry of the stream that every supervisor reads. */
export interface StreamEntry {
  /** `<ms of Redis time>-<number>`, rising */
  readonly id: string;
  /** what it is about: `call` for a broadcast */
  readonly kind: string;
  readonly fields: ReadonlyMap<string, string>;
}

/**
 * Entries that this reader did not get: `trimmed` when the stream let go of them before they were read, `rewound` when
 * Redis came back with an older stream or without one.
 *
 * @example
 * const [gap] = await broadcastLog.gaps();
 * if (gap?.reason === 'trimmed') logger.warn(`${gap.missed ?? 'Some'} broadcasts after ${gap.after} were missed.`);
 */
export interface StreamGap {
  /** `trimmed`: the stream let go of them; `rewound`: Redis came back with older data */
  readonly reason: 'trimmed' | 'rewound';
  /** how many entries are missing; undefined when it is unknown */
  readonly missed: number | undefined;
  /** the last entry before the gap */
  readonly after: string;
}

/** What a reader gets at once. */
export interface StreamRead {
  readonly entries: readonly StreamEntry[];
  /** where to go on */
  readonly position: StreamPosition;
  /** whether more lies there already */
  readonly more: boolean;
  readonly gap: StreamGap | undefined;
}

/** The stream that every supervisor reads from a place of its own; reading takes nothing away. */
export interface StreamBroker {
  /** Where to begin for everything that was added since that moment by `performance.now()`, and perhaps a little more. */
  position(sinceMs: number): Promise<StreamPosition>;
  /** The next entries, oldest first; does not wait. */
  read(from: StreamPosition): Promise<StreamRead>;
  /** Resolves when there is more, or after `timeoutMs`; true when there is more. */
  waitForMore(from: StreamPosition, timeoutMs: number): Promise<boolean>;
  /** Ends a pending `waitForMore`. */
  stopWaiting(): void;
}

/**
 * How a broadcast ended in one process.
 *
 * @example
 * const outcomes: BroadcastOutcome[] = await broadcastLog.outcomes(id);
 * for (const { host, pid, error } of outcomes) if (error) logger.warn(`${host} (${pid}): ${error}`);
 */
export interface BroadcastOutcome {
  /** name of the machine, or of the container */
  readonly host: string;
  /** the child; the supervisor itself, if no child of it could run the broadcast */
  readonly pid: number;
  /** whether the method returned */
  readonly ok: boolean;
  /** what it threw, or how its process ended; never arguments */
  readonly error?: string;
  /** how long it ran, in ms; undefined when its process ended first */
  readonly durationMs?: number;
  /** ms since 1970, by the clock of the worker */
  readonly at: number;
}

export interface BroadcastRecord {
  /** the task id under which it was sent */
  readonly id: string;
  /** the process, unique among all that may run it */
  readonly target: string;
  readonly outcome: BroadcastOutcome;
  /** the machine that is done with it, if it runs once on each */
  readonly machine?: string;
}

/**
 * A gap, and who had it.
 *
 * @example
 * const gaps: RecordedGap[] = await broadcastLog.gaps();
 * for (const { host, pid, at } of gaps) logger.warn(`${host} (${pid}) missed broadcasts on ${new Date(at).toISOString()}`);
 */
export interface RecordedGap extends StreamGap {
  /** name of the machine, or of the container */
  readonly host: string;
  /** the supervisor */
  readonly pid: number;
  /** ms since 1970, by the clock of the worker */
  readonly at: number;
}

/** The session that runs a broadcast once on its machine. */
export type Turn = 'mine' | 'taken' | 'done';

/** The outcomes of broadcasts. All of it can be repeated after a lost answer. */
export interface BroadcastRecords {
  /** The first session of a machine that asks gets it; another one when that session is gone and it is not done. */
  takeTurn(id: string, machine: string, session: string): Promise<Turn>;
  record(records: readonly BroadcastRecord[]): Promise<void>;
  recordGap(gap: RecordedGap): Promise<void>;
  /** In the order in which they ended. Empty for one that no child has run yet, or that ended more than a day ago. */
  outcomes(id: string): Promise<BroadcastOutcome[]>;
  /** The latest ones, oldest first. */
  gaps(): Promise<RecordedGap[]>;
}
