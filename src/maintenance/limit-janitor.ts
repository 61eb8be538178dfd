import type { LimitForgetting } from '../broker/port/limit-rules-port.js';
import { type PeriodicLoop, periodically } from './periodic-loop.js';

const EVERY_MS = 30_000;
const RETRY_MS = 5_000;
const FORGOTTEN_AFTER_MS = 60_000;

export interface LimitJanitorOptions {
  readonly broker: LimitForgetting;
  /** for how long no session declares a limit before it is forgotten, in ms */
  readonly afterMs?: number;
  /** in ms */
  readonly clock?: () => number;
  readonly onError: (error: unknown) => void;
}

/**
 * Forgets limits that no session has declared for a minute: the tasks that wait for them go on. A deployment that stops all workers
 * before it starts new ones thus keeps them. Every supervisor runs one: another one finds less to do.
 */
export function limitJanitor({
  broker,
  afterMs = FORGOTTEN_AFTER_MS,
  clock = () => performance.now(),
  onError,
}: LimitJanitorOptions): PeriodicLoop {
  let seen = new Map<string, { readonly declared: string; readonly since: number }>();
  const forget = async (): Promise<number> => {
    const undeclared = await broker.undeclared();
    const now = clock();
    const before = seen;
    seen = new Map();
    for (const limit of undeclared) {
      const known = before.get(limit.field);
      // one that was declared anew in between counts from now on
      const since = known?.declared === limit.declared ? known.since : now;
      if (now - since < afterMs) seen.set(limit.field, { declared: limit.declared, since });
      // a limit that cannot be forgotten must not keep the others
      else await broker.forget(limit).catch(onError);
    }
    return EVERY_MS;
  };
  return periodically(forget, RETRY_MS, onError);
}
