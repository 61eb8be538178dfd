import { watchSupervisor } from './orphan-watch.js';

/** Names the supervisor in the environment of a child. */
export const SUPERVISOR_PID = 'NESTWORK_SUPERVISOR_PID';

const supervisor = process.send && process.env[SUPERVISOR_PID];
// what a task forks must not take itself for a child of the supervisor
Reflect.deleteProperty(process.env, SUPERVISOR_PID);
// as early as can be: what the entry imports may hang
if (supervisor !== undefined) watchSupervisor(Number(supervisor));

/** Whether this process was forked by a supervisor. */
export function isWorkerChild(): boolean {
  return supervisor !== undefined;
}

/** Whether the supervisor died before this child of it had started: nobody will ever tell it anything. */
export function isOrphan(): boolean {
  return isWorkerChild() && supervisor !== String(process.ppid);
}
