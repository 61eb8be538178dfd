import type { SupervisorBroker } from '../broker/port/broker.js';
import { type PeriodicLoop, periodically } from './periodic-loop.js';

const RETRY_MS = 500;
/** A deadline that has just passed may be seen a moment too early. */
const MARGIN_MS = 10;

export interface ReaperOptions {
  readonly broker: Pick<SupervisorBroker, 'overdue' | 'reap'>;
  readonly leaseMs: number;
  readonly onReaped: (session: string, tasks: number) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Gives the tasks of sessions whose lease ran out to others. Every supervisor runs one; the script lets one succeed.
 *
 * It looks again at the next deadline, or in time to notice a new session.
 */
export function reaper({ broker, leaseMs, onReaped, onError }: ReaperOptions): PeriodicLoop {
  const reap = async (): Promise<number> => {
    const { sessions, nextInMs = leaseMs } = await broker.overdue(leaseMs);
    for (const session of sessions) {
      // a session that cannot be reaped must not delay the others
      const tasks = await broker.reap(session, leaseMs).catch(onError);
      if (typeof tasks === 'number') onReaped(session, tasks);
    }
    return Math.min(nextInMs + MARGIN_MS, leaseMs / 6);
  };
  return periodically(reap, RETRY_MS, onError);
}
