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
 */
export interface StreamGap {
  readonly reason: 'trimmed' | 'rewound';
  /** how many entries are missing; undefined when nobody can know */
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
  /** Where to begin for everything that was added in the last `agoMs`, and all that follows. */
  position(agoMs: number): Promise<StreamPosition>;
  /** The next entries, oldest first; does not wait. */
  read(from: StreamPosition): Promise<StreamRead>;
  /** Resolves when there is more, or after `timeoutMs`; true when there is more. */
  waitForMore(from: StreamPosition, timeoutMs: number): Promise<boolean>;
  /** Ends a pending `waitForMore`. */
  stopWaiting(): void;
}
