/** A task that runs now. */
export interface ActiveDigest {
  readonly id: string;
  /** undefined when its child has no task of its name in the catalog */
  readonly name?: string;
  /** how long its handler has run, in ms */
  readonly forMs: number;
}

/** One child of a worker. */
export interface ChildDigest {
  readonly pid: number;
  readonly state: 'booting' | 'running' | 'stopping';
  /** since it was forked, in ms */
  readonly upMs: number;
  /** resident memory; undefined where the system does not report it */
  readonly bytes?: number;
  /** how many tasks it runs */
  readonly running: number;
  /** how many it has done since it began to claim; undefined for a worker of an older version */
  readonly done?: number;
  /** those that have run longest */
  readonly active: readonly ActiveDigest[];
}

/** A child that ended or was replaced. */
export interface RestartDigest {
  readonly pid: number;
  readonly reason: string;
  /** how long ago, in ms */
  readonly agoMs: number;
  /** whether its process ended by itself, or was killed by others */
  readonly crashed?: boolean;
}

/** What a worker may be asked to do. */
export const WORKER_ACTIONS = ['quiet', 'stop', 'recycle'] as const;
export type WorkerAction = (typeof WORKER_ACTIONS)[number];

/** The last order that a worker has carried out. */
export interface OrderDigest {
  readonly id: string;
  readonly action: WorkerAction;
  readonly by: string;
  /** how long ago, in ms */
  readonly agoMs: number;
}

/** What a worker publishes of itself. Lengths of time, because its clock may differ from that of Redis. */
export interface WorkerDigest {
  /** of nestwork */
  readonly version?: string;
  readonly app?: string;
  readonly appVersion?: string;
  readonly state: 'running' | 'quiet' | 'stopping';
  /** whether it runs in the process of the app, and takes no orders */
  readonly inProcess: boolean;
  readonly upMs: number;
  /** resident memory of the supervisor */
  readonly bytes: number;
  /** the children that there are, listed or not */
  readonly forked: number;
  /** how many there may be; undefined for a fixed number */
  readonly range?: { readonly min: number; readonly max: number } | undefined;
  /** resident memory of a child beyond which it is replaced, in bytes; undefined for no limit */
  readonly mostBytes?: number | undefined;
  readonly children: readonly ChildDigest[];
  /** children that ended or were replaced, since the start */
  readonly restarted: number;
  /** the last of them, the latest first */
  readonly restarts: readonly RestartDigest[];
  readonly order?: OrderDigest;
}

/** A worker with a lease. */
export interface WorkerRecord {
  readonly session: string;
  readonly host: string;
  readonly pid: number;
  readonly queues: readonly string[];
  /** of its lease, by the clock of Redis, in ms since 1970 */
  readonly renewedAt: number;
  /** none for a worker of an older version, or one that has just begun */
  readonly published?: { readonly digest: WorkerDigest; readonly at: number };
}

/** A worker whose lease has run out, and whose tasks no other worker has given back yet. */
export interface LapsedRecord extends Pick<WorkerRecord, 'session' | 'host' | 'pid' | 'queues'> {
  /** that are registered */
  readonly children: number;
  /** when its lease ended, by the clock of Redis, in ms since 1970 */
  readonly until: number;
}

/** A session, as it lies in Redis. */
export interface LiveSession {
  readonly session: string;
  /** when its lease ends, by the clock of Redis, in ms since 1970 */
  readonly until: number;
  readonly fields: Readonly<Record<string, string>>;
  /** undefined when it has published none */
  readonly digest: string | undefined;
}

/** All of them at one moment: a reader of several things reads them once. */
export interface LiveSessions {
  /** by the clock of Redis, in ms since 1970 */
  readonly at: number;
  /** those whose lease runs */
  readonly live: readonly LiveSession[];
  /** those whose lease is over, and that are still there */
  readonly lapsed: readonly LiveSession[];
}

/** An order to a worker. */
export interface WorkerOrder {
  readonly action: WorkerAction;
  /** of the child that it concerns; undefined for all */
  readonly pid: number | undefined;
  readonly by: string;
}

/** What people need to look at workers and to steer them. */
export interface WorkerPort {
  /** Every session. */
  sessions(): Promise<LiveSessions>;
  /** Every worker whose lease runs, or ran a moment ago. */
  workers(sessions?: LiveSessions): Promise<WorkerRecord[]>;
  /** Every worker whose lease is over, while its session is still there. */
  lapsed(sessions?: LiveSessions): Promise<LapsedRecord[]>;
  /** Lets the workers publish more often for so many ms. */
  watch(forMs: number): Promise<void>;
  /** Gives an order. Resolves to its id, or undefined when the lease of the worker is over. */
  order(session: string, order: WorkerOrder): Promise<string | undefined>;
}

/** What a worker needs to publish its digest. */
export interface DigestPort {
  /** Resolves to whether somebody looks; undefined when the session was reaped. */
  publish(session: string, digest: WorkerDigest, forMs: number): Promise<boolean | undefined>;
}
