import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { CatalogEntry, ChildBroker, DeathReportBroker } from '../broker/port/broker.js';
import { NestworkError } from '../errors.js';
import {
  type AppSettings,
  BROADCAST_GRACE_MS,
  type ChildMessage,
  parseSupervisorMessage,
  readyMessage,
  type StartOrder,
  type SupervisorMessage,
} from '../ipc/ipc-protocol.js';
import { endWithSupervisor } from '../ipc/orphan-watch.js';
import { ScoreboardWriter } from '../ipc/scoreboard-writer.js';
import type { TaskHookProvider } from '../task/task-hooks.js';
import { printableStack } from '../values/printable.js';
import { printed } from '../values/printed.js';
import { BroadcastRunner } from './broadcast-runner.js';
import { ClaimLoop } from './claim-loop.js';
import { describeError } from './describe-error.js';
import type { Executor } from './executor.js';
import { LoopListeners } from './loop-listeners.js';
import { shutdownError } from './shutdown-error.js';
import type { StartRuns } from './start-runs.js';
import { noteUncaughtErrors } from './uncaught.js';
import type { WaitWatch, WatchedChild } from './wait-watch.js';

/** The user's app inside a child, booted and with all its bootstrap hooks run. */
export interface ChildApp {
  readonly settings: AppSettings;
  readonly catalog: readonly CatalogEntry[];
  readonly broker: ChildBroker & WatchedChild['broker'] & { readonly deadLetters: DeathReportBroker };
  readonly hooks: readonly TaskHookProvider[];
  readonly executor: Executor;
  /** what it runs by itself after its start */
  readonly starts: StartRuns;
  readonly waits: WaitWatch;
  close(): Promise<void>;
}

const logger = new Logger('TaskWorker');

/**
 * A child from its start to its end: boot the app, report it, and once started claim until it is stopped; then
 * close the app, which still has all its dependencies while tasks run, and end.
 *
 * Signals are the supervisor's business: a terminal or an init system may send them to the children too, which must not act on them.
 */
export async function runChild(boot: () => Promise<ChildApp>): Promise<void> {
  process
    .on('SIGINT', () => {})
    .on('SIGTERM', () => {})
    .on('SIGHUP', () => {});
  endWithSupervisor();
  let child: Child | undefined;
  noteUncaughtErrors(undefined, () => child?.isSealing ?? false);
  try {
    child = new Child(await boot());
    process.on('message', (message) => child?.obey(message));
    child.report();
  } catch (error) {
    await reportBootFailure(error);
  }
}

class Child {
  private loop: ClaimLoop | undefined;

  private readonly broadcasts: BroadcastRunner;

  constructor(private readonly app: ChildApp) {
    this.broadcasts = new BroadcastRunner(app.executor, send);
  }

  /** Whether it has keys with which tasks are sealed. */
  get isSealing(): boolean {
    return this.app.executor.payloads.canSeal;
  }

  /** Hands over the settings; a function among the options of ioredis cannot cross. */
  report(): void {
    const { settings, catalog } = this.app;
    try {
      send(readyMessage(settings, catalog));
    } catch (cause) {
      throw new NestworkError(
        'INVALID_OPTION',
        'The `redis` option of TaskQueueModule holds something that cannot be sent to the supervisor process.',
        'Give a URL, or plain data without functions.',
        { cause },
      );
    }
  }

  obey(value: unknown): void {
    const message = parsed(value);
    if (!message) return;
    if (message.type === 'start') void this.work(message);
    else if (message.type === 'broadcast') this.broadcasts.run(message);
    else if (message.type === 'abort') this.abort();
    else if (message.type === 'cancel') this.loop?.cancel(message.id);
    else if (this.loop) this.loop.stop();
    else void this.end();
  }

  private async work(order: StartOrder): Promise<void> {
    const { broker, executor, catalog, hooks, waits } = this.app;
    const { session, child, queues, concurrency, maxTasks } = order;
    const claimant = { session, child, queues };
    const listeners = new LoopListeners({
      ...{ broker, claimant, catalog, hooks, metrics: order.metrics },
      payloads: executor.payloads,
    });
    this.loop = new ClaimLoop({
      ...listeners.loop,
      broker,
      executor,
      concurrency,
      maxTasks,
      claimant,
      scoreboard: new ScoreboardWriter(order.capacity),
      onWorn: () => send({ type: 'worn' }),
      onLeaseLost: () => send({ type: 'leaseLost', session }),
    });
    waits.serve({ claimant, concurrency, broker });
    listeners.start();
    this.app.starts.start();
    await this.loop.run();
    await listeners.end();
    await this.end();
  }

  private abort(): void {
    const reason = shutdownError();
    this.loop?.abort(reason);
    this.broadcasts.abort(reason);
    this.app.starts.abort(reason);
  }

  private async end(): Promise<void> {
    // a broadcast that never ends must not keep the process alive that another one has taken over from
    const settled = Promise.all([this.broadcasts.settled(), this.app.starts.settled()]);
    await Promise.race([settled, delay(BROADCAST_GRACE_MS)]);
    await this.app.close().catch((error: unknown) => logger.error(`Closing the app failed: ${printed(error)}`));
    process.exit(0);
  }
}

/** Undefined for what is none of ours: tools that run in a child emit messages to the process as well. */
function parsed(value: unknown): SupervisorMessage | undefined {
  try {
    return parseSupervisorMessage(value);
  } catch (error) {
    logger.error(String(error));
    return undefined;
  }
}

function send(message: ChildMessage): void {
  if (process.connected) process.send?.(message);
}

/** The supervisor prints it. Ends the process once the message is on its way. */
function reportBootFailure(error: unknown): Promise<never> {
  const { stack } = describeError(error);
  // the message of an error of ours has the remedies, and its stack adds nothing
  const text = error instanceof NestworkError || !stack ? printed(error) : printableStack(stack);
  return new Promise(() =>
    process.send?.({ type: 'bootFailed', error: text } satisfies ChildMessage, () => process.exit(1)),
  );
}
