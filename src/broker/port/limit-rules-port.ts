import type { LimitState } from './limit-port.js';

/** What a limit allows: undefined for any number. */
export interface LimitBounds {
  readonly most: number | undefined;
  readonly intervalUs: number | undefined;
  /** with an interval: starts at once after a pause */
  readonly burst: number | undefined;
}

/** What somebody sets for a limit: undefined for what is declared, null for any number. */
export interface LimitOverride {
  readonly most: number | null | undefined;
  readonly intervalUs: number | null | undefined;
  readonly burst: number | undefined;
}

/** What was set. Times are in ms since 1970, by the clock of Redis. */
export interface LimitOverrideRecord extends LimitOverride {
  readonly since: number;
  /** undefined for no end */
  readonly until: number | undefined;
  readonly by: string | undefined;
}

/** What to set for a limit, or for one of its keys. */
export interface LimitSetting extends LimitOverride {
  readonly name: string;
  readonly keyed: boolean;
  /** undefined for a limit without keys, and for all keys */
  readonly key: string | undefined;
  /** undefined for no end */
  readonly forMs: number | undefined;
  readonly by: string | undefined;
}

/** What was set now, and what held until then. */
export interface LimitSet {
  readonly record: LimitOverrideRecord;
  /** undefined for nothing; also after a command that had to be repeated and had already been carried out */
  readonly replaced: LimitOverrideRecord | undefined;
}

/** What a reset has ended. */
export interface LimitEnded {
  readonly override: LimitOverrideRecord | undefined;
  /** ms since 1970; undefined if no task had stopped it */
  readonly stoppedUntil: number | undefined;
}

/** A limit that is declared, or for which something is set. */
export interface LimitRecord {
  readonly name: string;
  /** the queue whose limit it is; undefined for one of tasks */
  readonly queue: string | undefined;
  readonly keyed: boolean;
  readonly ordered: boolean;
  /** undefined for a limit that no app declares any more */
  readonly declared: LimitBounds | undefined;
  /** what is set for all of it */
  readonly override: LimitOverrideRecord | undefined;
  /** how many keys have something of their own */
  readonly ownKeys: number;
  /** what holds now; of a limit with keys that of a key without anything of its own */
  readonly state: LimitState;
  /** lines of tasks that wait for it */
  readonly waiting: number;
  /** tasks in these lines; undefined where there are too many lines to count */
  readonly waitingTasks: number | undefined;
}

/** A key of a limit that is held or waited for, or for which something is set. */
export interface LimitKeyRecord {
  readonly state: LimitState;
  /** what is set for this key */
  readonly override: LimitOverrideRecord | undefined;
  /** lines of tasks that wait for it */
  readonly waiting: number;
  /** tasks in these lines; undefined where there are too many lines to count */
  readonly waitingTasks: number | undefined;
}

/** A limit, or a key of one, for which somebody has set a concurrency of 0: nothing starts. */
export interface ClosedLimit {
  readonly name: string;
  readonly keyed: boolean;
  /** undefined for the whole limit; of one with keys that is each key without anything of its own */
  readonly key: string | undefined;
  readonly override: LimitOverrideRecord;
}

/** How far the keys of a limit were read: in which hash, and where there. */
export interface LimitKeyPlace {
  readonly part: number;
  readonly at: string;
}

/** How much waits for a limit. */
export interface WaitingFor {
  readonly lines: number;
  /** undefined where there are too many lines to count */
  readonly tasks: number | undefined;
}

/** The slots of limits that are held. */
export interface HeldSlots {
  /** by name, of each limit of which one is held: with how many keys, and how many tasks */
  readonly byName: ReadonlyMap<string, { readonly keys: number; readonly tasks: number }>;
  /** whether these are all: only so many keys are read */
  readonly isWhole: boolean;
}

/** A declaration that no session has any more, or a limit of a queue that is left of what somebody had set. */
export interface UndeclaredLimit {
  readonly name: string;
  /** its field, and the value of that; '' where no app has declared it */
  readonly field: string;
  readonly declared: string;
  readonly queue: string | undefined;
}

/** Limits, for those who look at them and change them. */
export interface LimitRulesPort {
  /** The names of all limits that are declared, or for which something is set, sorted. */
  names(): Promise<string[]>;
  /** Limits by their names; undefined for one that is not known. */
  read(names: readonly string[]): Promise<(LimitRecord | undefined)[]>;
  held(names: readonly string[]): Promise<HeldSlots>;
  /** Those that are set to 0, by name and key; not all of them where tens of thousands of keys have something of their own. */
  closed(): Promise<ClosedLimit[]>;
  /** How much waits for each of these limits. */
  waiting(names: readonly string[]): Promise<WaitingFor[]>;
  /** Keys of a limit, about so many; more or less when they lie together. */
  keys(
    name: string,
    from: LimitKeyPlace | undefined,
    count: number,
  ): Promise<{ readonly keys: LimitKeyRecord[]; readonly next: LimitKeyPlace | undefined }>;
  /** One key, whether anything is known of it or not. */
  key(name: string, key: string): Promise<LimitKeyRecord>;
  set(setting: LimitSetting): Promise<LimitSet>;
  /** Ends what was set, and what a task has stopped. */
  reset(name: string, key: string | undefined): Promise<LimitEnded>;
}

/** What forgets limits. */
export interface LimitForgetting {
  /** Declarations that no session has, whether its lease runs or not, and what is left of limits of queues that none has declared. */
  undeclared(): Promise<UndeclaredLimit[]>;
  /** Forgets one unless a session has declared it anew. Its tasks go on. */
  forget(limit: UndeclaredLimit): Promise<boolean>;
}
