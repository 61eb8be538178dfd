import type {
  ChildDigest,
  LapsedRecord,
  WorkerAction,
  WorkerDigest,
  WorkerRecord,
} from '../../broker/port/worker-port.js';
import { nearestDate } from '../../values/dates.js';
import type { QueueLoad } from '../tasks/task-explanation.js';

/**
 * A task that a child runs now.
 *
 * @example
 * const text = ({ name, id, since }: ActiveTask): string => `${name ?? 'a task'} ${id}, since ${since.toISOString()}`;
 */
export interface ActiveTask {
  /** of the task */
  readonly id: string;
  /** undefined when the app of its child has no task of its name */
  readonly name: string | undefined;
  /** when its handler was started, by the clock of Redis */
  readonly since: Date;
}

/**
 * A child of a worker.
 *
 * @example
 * const isBusy = ({ running }: WorkerChild): boolean => running > 0;
 */
export interface WorkerChild {
  /** of its process */
  readonly pid: number;
  /** `booting` until it may claim; `quiet` or `stopping`, as its worker is, once it claims nothing more and finishes its tasks */
  readonly state: 'booting' | 'running' | 'quiet' | 'stopping';
  /** when it was forked, by the clock of Redis */
  readonly startedAt: Date;
  /** resident memory in bytes; undefined where the system has no /proc */
  readonly memory: number | undefined;
  /** how many tasks it runs */
  readonly running: number;
  /** how many it has done since it began to claim, dropped ones included; undefined for a worker of an older version */
  readonly done: number | undefined;
  /** those of them that have run longest, the longest first: up to 256 of a worker */
  readonly active: readonly ActiveTask[];
}

/**
 * A child that ended or was replaced, and why.
 *
 * @example
 * const text = ({ pid, at, reason }: WorkerRestart): string => `${at.toISOString()} child ${pid}: ${reason}`;
 */
export interface WorkerRestart {
  /** of the process that ended or was replaced */
  readonly pid: number;
  /** by the clock of Redis */
  readonly at: Date;
  /** exit code or signal, a limit that it went beyond, or the name of the person who ordered it */
  readonly reason: string;
  /** whether its process ended by itself, or was killed by another than its worker */
  readonly crashed: boolean;
}

/**
 * An order that a worker has carried out.
 *
 * @example
 * const text = ({ action, by }: WorkerOrderInfo): string => `${action}, ordered by ${by}`;
 */
export interface WorkerOrderInfo {
  /** of the order */
  readonly id: string;
  /** what was ordered */
  readonly action: 'quiet' | 'stop' | 'recycle';
  /** the person or program that ordered it */
  readonly by: string;
  /** by the clock of Redis */
  readonly at: Date;
}

/**
 * A worker whose lease runs, with its children. All but its id, place and queues comes from a digest that it publishes a few
 * times in each lease.
 *
 * @example
 * const slow = (worker: WorkerReport): ActiveTask[] =>
 *   worker.children.flatMap(({ active }) => active.filter(({ since }) => Date.now() - since.getTime() > 600_000));
 */
export interface WorkerReport {
  /** of its session; a worker that lost its lease goes on under another id */
  readonly id: string;
  /** name of its machine */
  readonly host: string;
  /** of the supervisor, or of the app in whose process it runs */
  readonly pid: number;
  /** those that it serves, in the order of their priority */
  readonly queues: readonly string[];
  /** `quiet`: claims nothing more, by an order; `unknown`: it has published nothing, because it has just begun or is of an older version */
  readonly state: 'running' | 'quiet' | 'stopping' | 'unknown';
  /** when it last renewed its lease, by the clock of Redis; one that Redis was away from counts from its return */
  readonly renewedAt: Date;
  /** when it published this, by the clock of Redis */
  readonly seenAt: Date | undefined;
  /** when its supervisor was started, by the clock of Redis */
  readonly startedAt: Date | undefined;
  /** of nestwork */
  readonly version: string | undefined;
  /** the name in the package.json of the app */
  readonly app: string | undefined;
  /** the version there */
  readonly appVersion: string | undefined;
  /** whether it runs in the process of the app, and takes no orders */
  readonly inProcess: boolean;
  /** resident memory of the supervisor and all listed children, in bytes */
  readonly memory: number;
  /** how many tasks it runs */
  readonly running: number;
  /** how many children it has */
  readonly forked: number;
  /** how many it may have, by its option `children`; undefined for a fixed number */
  readonly range:
    | {
        /** the fewest */
        readonly min: number;
        /** the most */
        readonly max: number;
      }
    | undefined;
  /** resident memory of a child in bytes beyond which it is replaced, by its option `maxMemoryPerChild`; undefined for no limit */
  readonly memoryLimit: number | undefined;
  /** up to 128 of them */
  readonly children: readonly WorkerChild[];
  /** how many children have ended or were replaced since its start, orderly stops aside */
  readonly restarted: number;
  /** the last five of these, the latest first */
  readonly restarts: readonly WorkerRestart[];
  /** the last order that it has carried out */
  readonly lastOrder: WorkerOrderInfo | undefined;
}

/**
 * A worker that has ended without closing its session, or cannot reach Redis: its lease has run out, and no other worker has given
 * its tasks back yet. A running worker of the namespace does that within some seconds; nothing is kept of this one then.
 *
 * @example
 * const text = ({ host, pid, leaseEndedAt }: LapsedWorker): string => `${host} ${pid}, ${leaseEndedAt.toISOString()}`;
 */
export interface LapsedWorker {
  /** of its session */
  readonly id: string;
  /** name of its machine */
  readonly host: string;
  /** of the supervisor, or of the app in whose process it ran */
  readonly pid: number;
  /** those that it served, in the order of their priority */
  readonly queues: readonly string[];
  /** its children that may hold tasks */
  readonly children: number;
  /** by the clock of Redis */
  readonly leaseEndedAt: Date;
}

const NOTHING_PUBLISHED = {
  state: 'unknown',
  seenAt: undefined,
  startedAt: undefined,
  version: undefined,
  app: undefined,
  appVersion: undefined,
  inProcess: false,
  memory: 0,
  running: 0,
  forked: 0,
  range: undefined,
  memoryLimit: undefined,
  children: [],
  restarted: 0,
  restarts: [],
  lastOrder: undefined,
} as const;

/** As people read it: with times in place of lengths of time. */
export function describeWorker({ session, host, pid, queues, renewedAt, published }: WorkerRecord): WorkerReport {
  const place = { id: session, host, pid, queues, renewedAt: nearestDate(renewedAt) };
  if (!published) return { ...place, ...NOTHING_PUBLISHED };
  const { digest, at } = published;
  const before = (ms: number): Date => nearestDate(at - ms);
  const { order } = digest;
  return {
    ...place,
    state: digest.state,
    seenAt: before(0),
    startedAt: before(digest.upMs),
    version: digest.version,
    app: digest.app,
    appVersion: digest.appVersion,
    inProcess: digest.inProcess,
    memory: digest.inProcess ? digest.bytes : sum(digest.children, ({ bytes = 0 }) => bytes) + digest.bytes,
    running: sum(digest.children, ({ running }) => running),
    forked: digest.forked,
    range: digest.range,
    memoryLimit: digest.mostBytes,
    children: digest.children.map((child) => describeChild(child, digest.state, before)),
    restarted: digest.restarted,
    restarts: digest.restarts.map(({ agoMs, crashed = false, ...restart }) => ({
      ...restart,
      at: before(agoMs),
      crashed,
    })),
    lastOrder: order && {
      id: order.id,
      action: order.action satisfies WorkerAction,
      by: order.by,
      at: before(order.agoMs),
    },
  };
}

/** As people read it. */
export function describeLapsed({ session, host, pid, queues, children, until }: LapsedRecord): LapsedWorker {
  return { id: session, host, pid, queues, children, leaseEndedAt: nearestDate(until) };
}

function describeChild(
  { pid, state, upMs, bytes, running, done, active }: ChildDigest,
  ofWorker: WorkerDigest['state'],
  before: (ms: number) => Date,
): WorkerChild {
  return {
    pid,
    // it ends because its worker is quiet, which an order of that name did
    state: state === 'stopping' && ofWorker === 'quiet' ? 'quiet' : state,
    startedAt: before(upMs),
    memory: bytes,
    running,
    done,
    active: active.map(({ id, name, forMs }) => ({ id, name, since: before(forMs) })),
  };
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}

/** Whether it claims tasks, as far as it has published; one that has published nothing may. */
export function mayClaim({ state }: Pick<WorkerReport, 'state'>): boolean {
  return state === 'running' || state === 'unknown';
}

/** What the children of these workers do that may claim. */
export function loadOf(workers: readonly Pick<WorkerReport, 'children' | 'state'>[]): QueueLoad {
  const children = workers
    .filter(mayClaim)
    .flatMap((worker) => worker.children.filter(({ state }) => state === 'running'));
  const busy = children.filter(({ running }) => running > 0);
  return { children: children.length, busy: busy.length, running: sum(busy, ({ running }) => running) };
}

/** Whether workers serve the queue, and none of them claims. */
export function isQuiet(queue: string, workers: readonly Pick<WorkerReport, 'queues' | 'state'>[]): boolean {
  const serving = workers.filter(({ queues }) => queues.includes(queue));
  return serving.length > 0 && !serving.some(mayClaim);
}
