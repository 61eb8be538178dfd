import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { RedisBroker } from '../broker/redis-broker.js';
import { TaskDiscovery } from '../discovery/task-discovery.js';
import type { ResolvedTaskQueueOptions } from '../options.js';
import { decodeMessage } from '../task/task-message.js';
import { TaskRegistry } from '../task/task-registry.js';
import { RESOLVED_OPTIONS } from '../task-queue.module.js';
import { describeError } from '../worker/describe-error.js';
import { Executor } from '../worker/executor.js';
import { drainBroadcasts } from './drain-broadcasts.js';

/** Long enough for any test; nobody renews it. */
const LEASE_MS = 600_000;

/** How one task ended. */
export interface DrainedTask {
  readonly id: string;
  readonly name: string;
  /** what the handler threw; undefined when it succeeded */
  readonly error: unknown;
}

/**
 * Runs the pending tasks of an app in this process, one after another, and those they enqueue, until none is left.
 *
 * When no task is left, it runs the broadcasts that were sent since the app was made, once in this process whatever
 * their `on`, and then what those enqueue.
 *
 * For tests of what tasks do: no process is forked, so breakpoints, spies and overridden providers work. Hooks,
 * wrappers and `TaskContext` are those of a worker. A task that fails is not run again; it is dead, as in a worker.
 *
 * @example
 * const app = await Test.createTestingModule({ imports: [AppModule] }).compile();
 * await app.init();
 * await app.get(SignupService).signUp(user);
 * expect(await drainTasks(app)).toMatchObject([{ name: 'ReportTasks.send', error: undefined }]);
 */
export async function drainTasks(app: INestApplicationContext): Promise<DrainedTask[]> {
  const find = <T>(token: Type<T> | symbol): T => app.get<T>(token, { strict: false });
  const { queues } = find<ResolvedTaskQueueOptions>(RESOLVED_OPTIONS);
  const broker = find(RedisBroker);
  const executor = new Executor(find(TaskRegistry), find(TaskDiscovery).hooks());
  const session = `${randomUUID()}-${LEASE_MS}`;
  const claimant = { session, child: `${session}.1`, queues };
  const place = { host: hostname(), pid: process.pid };
  const drained: DrainedTask[] = [];

  await broker.openSession({ session, leaseMs: LEASE_MS, queues, catalog: [], ...place });
  await broker.register(session, claimant.child);
  for (let number = 1; ; number += 1) {
    const { tasks } = await broker.claim(claimant, { number, limit: 1, acks: [] });
    const [claimed] = tasks;
    if (!claimed) {
      const broadcasts = await drainBroadcasts(broker, executor);
      if (broadcasts.length === 0) break;
      for (const { id, message, error } of broadcasts) drained.push({ id, name: nameOf(message), error });
      continue;
    }
    const prepared = executor.prepare(claimed);
    const outcome = 'kind' in prepared ? prepared : await executor.run(prepared);
    const error = outcome.kind === 'failed' ? outcome.error : undefined;
    if (outcome.kind === 'done') await broker.ack(claimant, [claimed.id]);
    else await broker.bury(claimant, claimed, { ...describeError(error), ...place });
    drained.push({ id: claimed.id, name: 'kind' in prepared ? nameOf(claimed.message) : prepared.task.name, error });
  }
  await broker.settle(claimant, { ids: [], maxCrashes: 1, report: { code: '', error: '', ...place } });
  await broker.closeSession(session);
  return drained;
}

function nameOf(message: string): string {
  try {
    return decodeMessage(message).name;
  } catch {
    return '';
  }
}
