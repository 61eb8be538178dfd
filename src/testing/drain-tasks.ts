import type { INestApplicationContext, Type } from '@nestjs/common';
import type { Broker } from '../broker/port/broker.js';
import { BROKER } from '../broker/port/tokens.js';
import { explained } from '../discovery/copies.js';
import { TaskDiscovery } from '../discovery/task-discovery.js';
import { RESOLVED_OPTIONS } from '../options/options.js';
import type { ResolvedTaskQueueOptions } from '../options/resolve-options.js';
import { TaskRegistry } from '../task/task-registry.js';
import { systemClock } from '../values/clock.js';
import { Executor } from '../worker/executor.js';
import type { MemoryBroker } from './memory/memory-broker.js';
import { SessionClaims } from './session-claims.js';
import { StreamBroadcasts } from './stream-broadcasts.js';
import type { TaskRun } from './task-run.js';
import { TaskRunner } from './task-runner.js';
import type { TestWork } from './test-work.js';

/**
 * Runs the pending tasks of an app on a real Redis in this process, one after another, and those they enqueue, until none
 * is left. Without Redis use `TaskQueueTestingModule` and `TestQueue.drain()`.
 *
 * When no task is left, it runs the broadcasts that were sent since the app was made, once in this process also if they are
 * for each child, and then the tasks that those enqueue.
 *
 * For tests of the code of tasks: no process is forked, so breakpoints, spies and overridden providers work. Hooks,
 * wrappers and `TaskContext` are those of a worker. Retries run without a wait; scheduled tasks run if they are due, and
 * are left otherwise.
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
  const { queues, payload } = find<ResolvedTaskQueueOptions>(RESOLVED_OPTIONS);
  const broker = find<Broker | MemoryBroker>(BROKER);
  const registry = find(TaskRegistry);
  const executor = new Executor(registry, find(TaskDiscovery).hooks(), undefined, systemClock, payload.codec);
  const { work, close } = await workOf(broker, queues);
  const runner = new TaskRunner({
    work,
    executor,
    registry,
    clock: systemClock,
    payloads: payload.codec,
    impatient: true,
  });
  const drained: TaskRun[] = [];
  for await (const run of runner.drain()) if (run.outcome !== 'retried') drained.push(run);
  await close();
  return drained;
}

/** In an app with `TaskQueueTestingModule`: the tasks in memory. */
async function workOf(
  broker: Broker | MemoryBroker,
  queues: readonly string[],
): Promise<{ readonly work: TestWork; readonly close: () => Promise<void> }> {
  if ('claims' in broker) return { work: broker, close: async () => {} };
  const claims = await SessionClaims.open(broker, queues);
  const promote: TestWork['promote'] = (limit) => broker.promote(limit);
  return {
    work: { promote, claims, results: broker.results, broadcasts: new StreamBroadcasts(broker) },
    close: () => claims.close(),
  };
}
