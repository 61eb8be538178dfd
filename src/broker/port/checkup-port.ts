import type { CronDeclaration } from '../../cron/cron-definition.js';
import type { LimitDeclaration } from '../../policy/limit-declarations.js';

/** The part of INFO that decides whether a server keeps tasks. A server that does not list a field leaves it undefined. */
export interface ServerFacts {
  readonly version: string | undefined;
  /** whether the version runs the scripts; true where the server does not list one */
  readonly isSupported: boolean;
  /** the oldest major version that runs them */
  readonly oldest: number;
  /** whether it is a node of a Redis Cluster */
  readonly isCluster: boolean;
  /** address of its primary; undefined for a primary */
  readonly replicaOf: string | undefined;
  /** `noeviction` is the only one that keeps tasks */
  readonly evictionPolicy: string | undefined;
  /** in bytes */
  readonly usedMemory: number | undefined;
  /** in bytes; 0 for no limit */
  readonly maxMemory: number | undefined;
  /** whether it appends each write to a file */
  readonly appends: boolean | undefined;
  /** the last snapshot, write or rewrite of that file that failed, by the name of the field in INFO; mostly none */
  readonly failedSave: string | undefined;
}

/** A key as a scan finds it. */
export interface FoundKey {
  readonly key: string;
  /** as TYPE answers */
  readonly type: string;
  /** the type of nestwork's keys of such a name, in the words of TYPE; undefined where nestwork has none */
  readonly expected: string | undefined;
  /** the child whose claims the key holds; undefined for other keys */
  readonly child: string | undefined;
  /** the queue whose pending, quarantined or scheduled tasks the key holds; undefined for other keys */
  readonly queue: string | undefined;
}

/** A step of a scan over all keys of the database. */
export interface KeyPage {
  /** where to go on; undefined at the end */
  readonly cursor: string | undefined;
  /** about how many keys of the database this step passed */
  readonly looked: number;
  readonly keys: readonly FoundKey[];
}

/** A session, whether its lease runs or not. Times are in ms since 1970, by the clock of Redis. */
export interface SessionRecord {
  readonly session: string;
  /** when its lease ends, or ended */
  readonly until: number;
  readonly leaseMs: number;
  readonly host: string;
  readonly pid: number;
  readonly children: readonly string[];
  readonly queues: readonly string[];
  /** the letters of the tags that its worker reads */
  readonly reads: string;
  /** version of its time zone data, such as `2025b`; undefined for an older worker, and for a Node without `Intl` */
  readonly zoneData: string | undefined;
  /** those that its worker fires */
  readonly crons: readonly CronDeclaration[];
  readonly limits: readonly LimitDeclaration[];
}

/** What a check of a server and a namespace reads, beside what people see elsewhere. All of it only reads. */
export interface CheckupPort {
  /** address of the server, without credentials */
  readonly where: string;
  /** number of the database */
  readonly database: number;
  /** The name of a key, by the part of it behind the namespace. */
  key(name: string): string;
  server(): Promise<ServerFacts>;
  /** Bytes, without a `limit` where Redis has none; undefined where the server does not report them. */
  memory(): Promise<{ readonly used: number; readonly limit: number | undefined } | undefined>;
  /** A setting of the server; undefined where it has none of this name. */
  setting(name: string): Promise<string | undefined>;
  /** The time of Redis, in ms since 1970. */
  now(): Promise<number>;
  /** The format of the namespace: the one that was found, if it was written, and the one that this version works on. */
  format(): Promise<{ readonly found: string | undefined; readonly expected: string }>;
  /** The number of keys in the database, those of others included. */
  size(): Promise<number>;
  /** Looks at a bounded part of the database for keys of the namespace. */
  scan(cursor: string | undefined): Promise<KeyPage>;
  sessions(): Promise<SessionRecord[]>;
  /** How many tasks a child holds. */
  heldBy(child: string): Promise<number>;
}
