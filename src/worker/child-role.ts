/** Names the supervisor in the environment of a child. */
export const SUPERVISOR_PID = 'NESTWORK_SUPERVISOR_PID';

/** Whether this process was forked by a supervisor; a process forked by a task inherits the variable, but not the parent. */
export function isWorkerChild(): boolean {
  return process.send !== undefined && process.env[SUPERVISOR_PID] === String(process.ppid);
}
