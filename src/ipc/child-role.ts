import { watchSupervisor } from './orphan-watch.js';

/** Names the supervisor in the environment of a child. */
export const SUPERVISOR_PID = 'NESTWORK_SUPERVISOR_PID';
/** Where the first copy of the package in this process stores its finding for the others. */
const ROLE = Symbol.for('nestwork:role');

/** The purpose for which this process was forked. */
interface Role {
  /** process id as text; undefined in a process that no supervisor has forked */
  readonly supervisor: string | undefined;
}

const { supervisor } = role();

/** Another copy that took a child for a supervisor would fork one more, whose child would do the same, and so on without end. */
function role(): Role {
  const shared = globalThis as { [ROLE]?: Role };
  shared[ROLE] ??= found();
  return shared[ROLE];
}

function found(): Role {
  const named = process.send && process.env[SUPERVISOR_PID];
  // a process that a task forks must not take itself for a child of the supervisor
  Reflect.deleteProperty(process.env, SUPERVISOR_PID);
  // as early as possible: the imports of the entry file may hang
  if (named !== undefined) watchSupervisor(Number(named));
  return { supervisor: named };
}

/** Whether this process was forked by a supervisor. */
export function isWorkerChild(): boolean {
  return supervisor !== undefined;
}

/** Whether the supervisor died before this child had started: it will never get a message. */
export function isOrphan(): boolean {
  return isWorkerChild() && supervisor !== String(process.ppid);
}
