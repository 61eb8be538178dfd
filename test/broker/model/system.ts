import type { Broker, Claimant, Redrive } from '../../../src/broker/port/broker.js';

/**
 * The two systems that a command can run against: the real broker, and the model of it.
 *
 * A command is a function of a System. It is run against both, and then everything must be equal: the reply, the error,
 * the whole state. So it cannot distinguish the two, and neither can a user.
 */
export interface System extends BrokerUnderTest, Misfortunes, Graves, Pauses {
  /** All that can be observed, key by key; leaves out the parts that are compared by behaviour: bits of seen ids, the time of the last renewal, counts. */
  state(): Promise<State>;
}

type BrokerUnderTest = Pick<
  Broker,
  | 'enqueue'
  | 'enqueueUnique'
  | 'claim'
  | 'ack'
  | 'release'
  | 'retry'
  | 'bury'
  | 'waitForBell'
  | 'openSession'
  | 'register'
  | 'renew'
  | 'closeSession'
  | 'holdings'
  | 'settle'
  | 'overdue'
  | 'reap'
  | 'promote'
  | 'waitForAlarm'
>;

/** The actions on dead tasks. A stale command means an earlier death of the same task. */
export interface Graves {
  /** Resolves to the outcome of each. */
  redriveDead(queue: string, ids: readonly string[], stale: boolean): Promise<Redrive[]>;
  /** Resolves to how many there were. */
  deleteDead(queue: string, ids: readonly string[], stale: boolean): Promise<number>;
}

/** The commands of people on queues. */
export interface Pauses {
  /** @param hours undefined until it is resumed */
  pauseQueue(queue: string, hours: number | undefined, by: string): Promise<ModelPause>;
  /** Resolves to whether it was paused. */
  resumeQueue(queue: string): Promise<boolean>;
}

/** A pause, its times in hours. */
export interface ModelPause {
  /** for how long it has held the queue */
  readonly age: number;
  /** how long it goes on, 0 when it is over; undefined without an end */
  readonly left: number | undefined;
  readonly by: string;
}

/** Events that happen to a broker without a call. */
export interface Misfortunes {
  /** The lease of a session ran out a moment ago, while others renewed theirs. Nothing happens to a session that is gone. */
  expireLease(session: string): Promise<void>;
  /** No supervisor renewed for so many ms; negative when the clock jumped back. */
  missPulse(gapMs: number): Promise<void>;
  /** The child that was to take a quarantined task did not come back for it within its time. */
  forgetDrainer(): Promise<void>;
  /** Hours pass for scheduled tasks and for pauses, and for nothing else. */
  letTimePass(hours: number): Promise<void>;
  /** Redis forgets the scripts it was sent. */
  flushScripts(): Promise<void>;
  /** Another program puts bytes into a queue that nestwork did not write. */
  pushForeign(queue: string, bytes: string): Promise<void>;
}

/**
 * Key without the namespace -> its value; a sorted set of leases maps each session to {@link hoursLeft}, and one of
 * scheduled messages maps each to the hour at which it is due. All that is sent is due at a full hour, and `at` counts
 * from the beginning of the run.
 */
export type State = Record<string, unknown>;

/** One child of one session. */
export type Child = Pick<Claimant, 'session' | 'child'>;

/** A refusal of the model: the real broker answers it as a NestworkError or as an error reply. */
export class Refusal extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/** Why a task is dead. */
export const REPORT = { code: 'TEST', error: 'no', host: 'here', pid: 7 };

/** The shortest lease. No run takes nearly as long, so time stands still unless a command moves the clock. */
export const HOUR_MS = 3_600_000;

/** Time left in whole hours, rounded up, 0 when it is over: more of a deadline the model cannot predict. */
export function hoursLeft(ms: number): number {
  return Math.max(0, Math.ceil(ms / HOUR_MS));
}

/** A session id ends in its lease. */
export function leaseOf(session: string): number {
  return Number(session.split('-')[1]);
}
