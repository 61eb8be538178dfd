import { Worker } from 'node:worker_threads';
import { killGroup } from './process-group.js';

/** From now on the child ends, with all processes that it has started, as soon as its supervisor is gone. */
export function endWithSupervisor(): void {
  process.on('disconnect', () => {
    // as the last listener: the exit handlers of the app come before
    process.on('exit', () => killGroup(process.pid));
    process.exit(1);
  });
}

/**
 * Does the same for a child that blocks its event loop, in a task or at its boot: a thread is not blocked.
 *
 * @param supervisor process id
 */
export function watchSupervisor(supervisor: number): void {
  const watch = `const { kill, pid } = process;
    const { workerData: supervisor } = require('node:worker_threads');
    setInterval(() => {
      if (process.ppid === supervisor) return;
      try {
        kill(-pid, 'SIGKILL');
      } finally {
        kill(pid, 'SIGKILL');
      }
    }, 200);`;
  // next to nothing is ever allocated in there; with the usual room it takes a third more memory
  const resourceLimits = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 };
  new Worker(watch, { eval: true, execArgv: [], resourceLimits, workerData: supervisor }).unref();
}
