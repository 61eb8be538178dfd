import { watchSupervisor } from './orphan-watch.js';

/** Names the supervisor in the environment of a child. */
export const SUPERVISOR_PID = 'NESTWORK_SUPERVISOR_PID';
/** Where the first copy of the package in this process leaves for the others what it found there. */
const ROLE = Symbol.for('nestwork:role');

/** What this process was forked for. */
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
  // what a task forks must not take itself for a child of the supervisor
  Reflect.deleteProperty(process.env, SUPERVISOR_PID);
  // as early as can be: what the entry imports may hang
  if (named !== undefined) watchSupervisor(Number(named));
  return { supervisor: named };
}

/** Whether this process was forked by a supervisor. */
export function isWorkerChild(): boolean {
  return supervisor !== undefined;
}

/** Whether the supervisor died before this child of it had started: nobody will ever tell it anything. */
export function isOrphan(): boolean {
  return isWorkerChild() && supervisor !== String(process.ppid);
}
