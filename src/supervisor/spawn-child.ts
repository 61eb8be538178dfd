import { type ChildProcess, spawn } from 'node:child_process';
import { SUPERVISOR_PID } from '../ipc/child-role.js';
import { LEADS_GROUP } from '../ipc/process-group.js';
import { childExecArguments } from './entry-file.js';
import { inspectorArguments } from './inspector-port.js';
import type { WorkingDirectory } from './working-directory.js';

/** The descriptor of the channel in a child, between the standard ones and the scoreboard. */
export const CHANNEL_FD = 3;

export interface Launch {
  /** its number among the children there are now, from 0: it decides on which port a debugger finds the child */
  readonly seat: number;
  /** where it starts, and what it runs */
  readonly program: Pick<WorkingDirectory, 'place'>;
}

/**
 * Starts a process that has a channel like one that `fork()` makes, while this end of it, `stdio[CHANNEL_FD]`, is a stream
 * that we read ourselves.
 *
 * @throws if the system refuses at once; later refusals come as the event 'error' of the process
 */
export function spawnChild({ seat, program }: Launch, scoreboardFd: number): ChildProcess {
  const { argv, debugPort, env, execArgv, execPath } = process;
  const inspector = inspectorArguments(seat, { execArgv, nodeOptions: env.NODE_OPTIONS, debugPort });
  const { directory, entry } = program.place();
  return spawn(execPath, [...childExecArguments(execArgv), ...inspector, entry, ...argv.slice(2)], {
    cwd: directory,
    env: {
      ...env,
      [SUPERVISOR_PID]: String(process.pid),
      // as the documentation of Node says of processes that are not started by fork()
      NODE_CHANNEL_FD: String(CHANNEL_FD),
      NODE_CHANNEL_SERIALIZATION_MODE: 'json',
    },
    detached: LEADS_GROUP,
    stdio: ['inherit', 'inherit', 'inherit', 'pipe', scoreboardFd],
  });
}
