import type { Settlement } from '../broker/broker.js';
import type { Death } from './verdict.js';

/** One line for the log: which child died of what, and what became of its tasks. */
export function obituary({ pid, reason, running, timedOut }: Death, settlement: Settlement): string {
  const fates = [
    [settlement.released, 'given back'],
    [settlement.timedOut, 'to run again after a hard timeout'],
    [settlement.crashed, 'to run again alone after a crash'],
    [settlement.suspected, 'to run again alone as suspects'],
    [settlement.dead, timedOut.length > 0 ? 'dead after a hard timeout' : 'dead after repeated crashes'],
  ] as const;
  const told = fates.filter(([tasks]) => tasks > 0).map(([tasks, fate]) => `${tasks} ${fate}`);
  const at = [...running, ...timedOut.map(({ id }) => id)];
  const during = at.length > 0 ? ` while it ran ${at.join(', ')}` : '';
  return `Child ${pid} died (${reason})${during}; tasks: ${told.join(', ') || 'none held'}.`;
}
