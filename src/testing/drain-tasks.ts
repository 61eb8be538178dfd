import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { INestApplicationContext, Type } from '@nestjs/common';
import type { Broker } from '../broker/broker.js';
import { explained } from '../copies.js';
import { TaskDiscovery } from '../discovery/task-discovery.js';
import { RESOLVED_OPTIONS, type ResolvedTaskQueueOptions } from '../options.js';
import { BROKER } from '../stand-in.js';
import { inCleanContext } from '../task/clean-context.js';
import { systemClock } from '../task/clock.js';
import { TaskRegistry } from '../task/task-registry.js';

import { Executor } from '../worker/executor.js';
import { drainBroadcasts } from './drain-broadcasts.js';
import type { TaskRun } from './task-run.js';
import { TaskRunner } from './task-runner.js';

/** Long enough for any test; nobody renews it. */
const LEASE_MS = 600_000;
/** Scheduled tasks that are moved to their queues at once. */
const BATCH = 500;

/**
 * Runs the pending tasks of an app on a real Redis in this process, one after another, and those they enqueue, until none
 * is left. Without Redis use `TaskQueueTestingModule` and `TestQueue.drain()`.
 *
 * When no task is left, it runs the broadcasts that were sent since the app was made, once in this process whatever
 * their `on`, and then what those enqueue.
 *
 * For tests of what tasks do: no process is forked, so breakpoints, spies and overridden providers work. Hooks,
 * wrappers and `TaskContext` are those of a worker. A task that is to be tried again is, without a wait; scheduled tasks
 * run if they are due, and are left otherwise.
 *
 * @returns the last attempt at each task
 * @example
 * const app = await Test.createTestingModule({ imports: [AppModule] }).compile();
 * await app.init();
 * await app.get(SignupService).signUp(7);
 * expect(await drainTasks(app)).toMatchObject([{ name: 'ReportTasks.send', error: undefined }]);
 */
export async function drainTasks(app: INestApplicationContext): Promise<TaskRun[]> {
  const find = <T>(token: Type<T> | symbol): T => {
    try {
      return app.get<T>(token, { strict: false });
    } catch (error) {
      throw explained(error);
    }
  };
  const { queues } = find<ResolvedTaskQueueOptions>(RESOLVED_OPTIONS);
  const broker = find<Broker>(BROKER);
  const executor = new Executor(find(TaskRegistry), find(TaskDiscovery).hooks());
  const session = `${randomUUID()}-${LEASE_MS}`;
  const claimant = { session, child: `${session}.1`, queues };
  const runner = new TaskRunner({ broker, executor, claimant, clock: systemClock, impatient: true });
  const drained: TaskRun[] = [];

  await broker.openSession({ session, leaseMs: LEASE_MS, queues, catalog: [], host: hostname(), pid: process.pid });
  await broker.register(session, claimant.child);
  for (;;) {
    await broker.promote(BATCH);
    // what the caller has in its AsyncLocalStorage is not there in a worker
    const run = await inCleanContext(() => runner.runNext());
    const runs = run ? [run] : await inCleanContext(() => drainBroadcasts(broker, executor, systemClock));
    if (runs.length === 0) break;
    drained.push(...runs.filter(({ outcome }) => outcome !== 'retried'));
  }
  const verdict = { blamed: [], done: [], timedOut: [], maxCrashes: 1, line: '', report: '' };
  await broker.settle(claimant, verdict);
  await broker.closeSession(session);
  return drained;
}
