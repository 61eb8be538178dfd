import { Logger } from '@nestjs/common';
import type { Claimant, LiveWorker } from '../broker/port/broker.js';
import type { TaskPort } from '../broker/port/task-port.js';
import { printable } from '../values/printable.js';
import { runningTask } from './task-context.js';

/** How often to look at the other workers for tasks that wait like this, in ms. */
const LOOK_AGAIN_MS = 10_000;
const MOST_LOOKED = 1_000;

/** A child that runs tasks, and how to learn of the others. */
export interface WatchedChild {
  readonly claimant: Claimant;
  readonly concurrency: number;
  readonly broker: { liveWorkers(): Promise<readonly LiveWorker[]>; readonly places: Pick<TaskPort, 'children'> };
}

/**
 * Warns of tasks that wait by `run()` for tasks that only their own child could run, while all its slots wait like this: what they
 * wait for cannot start before they give up.
 */
export class WaitWatch {
  private child: WatchedChild | undefined;
  /** running tasks, each with the number of its waits */
  private readonly waiting = new Map<object, number>();
  /** `<waiter> <task> <queue>` -> when to look again, by `performance.now()` */
  private readonly looked = new Map<string, number>();
  private readonly logger = new Logger('TaskWorker');

  /** A child begins to claim in this process. */
  serve(child: WatchedChild): void {
    this.child = child;
  }

  /** A call of `run()` begins to wait for a task of this queue. Returns what to call at its end. */
  readonly begin = (task: string, queue: string): (() => void) => {
    const { child } = this;
    const waiter = runningTask.getStore();
    if (!child || !waiter || !child.claimant.queues.includes(queue)) return () => {};
    this.waiting.set(waiter, (this.waiting.get(waiter) ?? 0) + 1);
    if (this.waiting.size >= child.concurrency) void this.look(child, { waiter: waiter.name, task, queue });
    return () => {
      const left = (this.waiting.get(waiter) ?? 1) - 1;
      if (left > 0) this.waiting.set(waiter, left);
      else this.waiting.delete(waiter);
    };
  };

  private async look(
    { claimant, concurrency, broker }: WatchedChild,
    { waiter, task, queue }: { readonly waiter: string; readonly task: string; readonly queue: string },
  ): Promise<void> {
    const which = `${waiter} ${task} ${queue}`;
    if ((this.looked.get(which) ?? 0) > performance.now()) return;
    if (this.looked.size >= MOST_LOOKED) this.looked.clear();
    this.looked.set(which, performance.now() + LOOK_AGAIN_MS);
    try {
      const [workers, children] = await Promise.all([broker.liveWorkers(), broker.places.children()]);
      const isSole =
        workers.filter(({ queues }) => queues.includes(queue)).length <= 1 &&
        children.filter(({ child }) => child.startsWith(`${claimant.session}.`)).length <= 1;
      if (!isSole) return;
      this.looked.set(which, Number.POSITIVE_INFINITY);
    } catch {
      // a warning is not worth a failure
      return;
    }
    const slots = concurrency === 1 ? 'its only slot waits' : `all its ${concurrency} slots wait`;
    this.logger.warn(
      `Task "${printable(waiter)}" waits by run() for task "${printable(task)}". Only this child serves the queue "${queue}", and ${slots}: ` +
        'what they wait for cannot start before a wait is over. Give the worker more `concurrency` or `children`, or serve that task from another queue.',
    );
  }
}
