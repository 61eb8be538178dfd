import type { Settlement } from '../broker/port/broker.js';
import type { UncaughtError } from '../ipc/uncaught-error.js';
import { printable, printableLines } from '../values/printable.js';
import { printedText } from '../values/printed.js';
import type { Death } from './child-exit.js';

/** One line for the log: which child died of which cause, and how its tasks go on. */
export function exitLine(death: Death, settlement: Settlement): string {
  const { pid, reason, uncaught, running, timedOut, stopping } = death;
  const fates = [
    [settlement.released, 'given back'],
    [settlement.timedOut, 'to run again after a hard timeout'],
    [settlement.crashed, 'to run again alone after a crash'],
    [settlement.quarantined, 'to run again alone in quarantine'],
    [settlement.dead, timedOut.length > 0 ? 'dead after a hard timeout' : 'dead after repeated crashes'],
  ] as const;
  const parts = fates.filter(([tasks]) => tasks > 0).map(([tasks, fate]) => `${tasks} ${fate}`);
  const at = [...running, ...timedOut.map(({ id }) => id)];
  const during = at.length > 0 ? ` while it ran ${at.join(', ')}` : '';
  const why = printable(reason);
  const how = uncaught
    ? `${why}, uncaught${origin(uncaught.task, running)}: ${printedText(uncaught.error, false)}`
    : why;
  const when = stopping ? ' as the worker was being stopped' : '';
  return `Child ${pid} died (${how})${during}${when}; tasks: ${parts.join(', ') || 'none held'}.`;
}

/** The task that threw an error. A timer, for example, that a task left behind can end a process that runs other tasks. */
function origin(task: UncaughtError['task'], running: readonly string[]): string {
  if (!task) return '';
  return ` in ${printable(task.name)} ${printable(task.id)}${running.includes(task.id) ? '' : ', which had ended'}`;
}

/** The error of an app that cannot start. The reason comes from the child, and an error of nestwork has several lines. */
export function unbooted(pid: number, reason: string, uncaught: UncaughtError | undefined): string {
  const why = uncaught ? `: ${printedText(uncaught.error, false)}` : '';
  const who = pid > 0 ? `Child ${pid} could not boot` : 'Could not fork a child';
  return `${who}: ${printableLines(reason)}${why}`;
}
