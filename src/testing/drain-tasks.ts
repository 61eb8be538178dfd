import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { RedisBroker } from '../broker/redis-broker.js';
import { TaskDiscovery } from '../discovery/task-discovery.js';
import type { ResolvedTaskQueueOptions } from '../options.js';
import { encodeAttempt } from '../task/attempt-record.js';
import { decodeMessage } from '../task/task-message.js';
import { TaskRegistry } from '../task/task-registry.js';
import { RESOLVED_OPTIONS } from '../task-queue.module.js';
import { describeError } from '../worker/describe-error.js';
import { Executor, isFailure } from '../worker/executor.js';
import { drainBroadcasts } from './drain-broadcasts.js';

/** Long enough for any test; nobody renews it. */
const LEASE_MS = 600_000;
/** A task may ask to run again without a limit. */
const MOST_RETRIES = 100;
/** Scheduled tasks that are moved to their queues at once. */
const BATCH = 500;

/**
 * How one task ended.
 *
 * @example
 * const drained: DrainedTask[] = await drainTasks(app);
 * const failed = drained.filter(({ error }) => error !== undefined);
 */
export interface DrainedTask {
  /** the id that its handle has */
  readonly id: string;
  /** `Class.method`, unless the decorator gives another name; empty for bytes that are no message */
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
 * wrappers and `TaskContext` are those of a worker. A task that is to be tried again is, without a wait; scheduled tasks
 * run if they are due, and are left otherwise.
 *
 * @example
 * const app = await Test.createTestingModule({ imports: [AppModule] }).compile();
 * await app.init();
 * await app.get(SignupService).signUp(7);
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
    await broker.promote(BATCH);
    const { tasks } = await broker.claim(claimant, { number, limit: 1, acks: [] });
    const [claimed] = tasks;
    if (!claimed) {
      const broadcasts = await drainBroadcasts(broker, executor);
      if (broadcasts.length === 0) break;
      for (const { id, message, error } of broadcasts) drained.push({ id, name: nameOf(message), error });
      continue;
    }
    const prepared = executor.prepare(claimed);
    const outcome = isFailure(prepared) ? prepared : await executor.run(prepared);
    const error = outcome.kind === 'failed' ? outcome.error : undefined;
    if (outcome.kind === 'done' || outcome.decision.kind === 'drop') await broker.ack(claimant, [claimed.id]);
    else if (outcome.decision.kind === 'retry' && outcome.task && outcome.attempted) {
      const line = encodeAttempt({ at: Date.now(), attempt: outcome.task.attempt, code: 'TASK_FAILED' });
      const { failures } = outcome.task.message;
      // one that would go on for ever is left on the schedule
      const inMs = failures < MOST_RETRIES ? 0 : Math.max(outcome.decision.inMs, 1_000);
      await broker.retry(claimant, claimed, { inMs, failures, line, counts: true });
      continue;
    } else await broker.bury(claimant, claimed, { ...describeError(error), ...place });
    drained.push({ id: claimed.id, name: isFailure(prepared) ? nameOf(claimed.message) : prepared.task.name, error });
  }
  const verdict = { blamed: [], done: [], timedOut: [], maxCrashes: 1, line: '', report: '' };
  await broker.settle(claimant, verdict);
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
