import type { Settlement } from '../broker/broker.js';
import type { Death } from './verdict.js';

/** One line for the log: which child died of what, and what became of its tasks. */
export function obituary({ pid, reason, uncaught, running, timedOut }: Death, settlement: Settlement): string {
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
  const from = uncaught?.task ? ` out of ${uncaught.task.name} ${uncaught.task.id}` : '';
  const how = uncaught ? `${reason}, uncaught${from}: ${uncaught.error}` : reason;
  return `Child ${pid} died (${how})${during}; tasks: ${told.join(', ') || 'none held'}.`;
}
