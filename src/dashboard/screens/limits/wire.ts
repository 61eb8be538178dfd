/** What somebody has set, in words. Times are ISO, by the clock of Redis. */
export interface SetView {
  /** `0 at once, 200/s (burst 10)` */
  readonly amounts: string;
  readonly since: string;
  /** undefined until it is reset */
  readonly until: string | undefined;
  /** undefined for app code that gave no name */
  readonly by: string | undefined;
}

/** What a limit and a key of it have in common. */
export interface Standing {
  /** what holds now: `5 at once, 20/s (burst 40)` */
  readonly allows: string;
  /** whether no task may start at all, because 0 at once was set */
  readonly stops: boolean;
  readonly set: SetView | undefined;
  /** `3 of 5` */
  readonly used: string;
  /** `12 tasks in 3 lines`; undefined for none */
  readonly waiting: string | undefined;
  /** when the next task may start, if time alone keeps it back; ISO */
  readonly opensAt: string | undefined;
  /** until when a task has stopped it, ISO; undefined for one that is not stopped, and for a limit with keys */
  readonly stoppedUntil: string | undefined;
}

export interface LimitLine extends Standing {
  readonly name: string;
  /** of the limit of a queue */
  readonly queue: string | undefined;
  readonly keyed: boolean;
  readonly ordered: boolean;
  /** `5 at once`, or that no worker does */
  readonly declared: string;
  /** keys that are stopped, or have something of their own */
  readonly ownKeys: number;
}

/** A part of the limits, by name. */
export interface LimitsPage {
  readonly limits: readonly LimitLine[];
  /** where to go on; undefined at the end */
  readonly cursor: string | undefined;
}

export interface KeyLine extends Standing {
  /** undefined where this person does not see it */
  readonly key: string | undefined;
  /** why; undefined where they do */
  readonly why: string | undefined;
  /** stands for the key in Redis */
  readonly digest: string;
}

/** A part of the keys of a limit that are in use. */
export interface KeysPage {
  readonly keys: readonly KeyLine[];
  /** where to go on; undefined at the end */
  readonly cursor: string | undefined;
}
