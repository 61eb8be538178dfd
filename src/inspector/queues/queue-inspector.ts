import type { ActionPort } from '../../broker/port/action-port.js';
import type { QueueHealth, QueueReport } from '../queue-health.js';
import type { KnownQueues } from './known-queues.js';
import type { QueuePause, QueuePauseOptions, QueuePauses, QueueResumeOptions } from './queue-pauses.js';

/**
 * Looks at the queues of a namespace, pauses and resumes them.
 *
 * @example
 * const inspector = await createInspector();
 * for (const { queue, pending, waitingMs } of await inspector.queues.list()) {
 *   console.log(`${queue}: ${pending} pending, the next has waited ${waitingMs} ms`);
 * }
 */
export class QueueInspector {
  /** @internal */
  constructor(
    private readonly health: QueueHealth,
    private readonly known: KnownQueues,
    private readonly held: QueuePauses,
    private readonly actions: Pick<ActionPort, 'record'>,
  ) {}

  /** The names of all queues. */
  async names(): Promise<readonly string[]> {
    return this.known.all();
  }

  /** All queues, by name. One script for 100 of them. */
  async list(): Promise<readonly QueueReport[]> {
    return (await this.health.check({ queues: await this.known.all() })).queues;
  }

  /** @throws NestworkError UNKNOWN_QUEUE */
  async get(queue: string): Promise<QueueReport> {
    const queues = await this.known.choose(queue, 'queues.get()');
    const [report] = (await this.health.check({ queues })).queues;
    return report as QueueReport;
  }

  /**
   * Pauses a queue in the whole cluster and over restarts: workers claim none of its tasks. Active tasks go on. Tasks that are
   * sent, due or retried wait in it. A queue that is paused gets the new end, `by` and `reason`; its `since` stays.
   *
   * @example
   * const { until } = await inspector.queues.pause('mail', { for: '1h', by: 'anna', reason: 'The mail server is down' });
   *
   * @throws NestworkError UNKNOWN_QUEUE, INVALID_OPTION, INVALID_DURATION
   */
  async pause(queue: string, options: QueuePauseOptions): Promise<QueuePause> {
    await this.known.choose(queue, 'queues.pause()');
    const pause = await this.held.pause(queue, options);
    await this.actions.record({ action: 'pause', subject: queue, count: 1, by: options.by });
    return pause;
  }

  /**
   * Lets the workers start the tasks of a queue again. Resolves to whether it was paused.
   *
   * @example
   * if (!(await inspector.queues.resume('mail', { by: 'anna' }))) console.log('It was not paused.');
   *
   * @throws NestworkError UNKNOWN_QUEUE, INVALID_OPTION
   */
  async resume(queue: string, options: QueueResumeOptions): Promise<boolean> {
    await this.known.choose(queue, 'queues.resume()');
    const resumed = await this.held.resume(queue, options);
    if (resumed) await this.actions.record({ action: 'resume', subject: queue, count: 1, by: options.by });
    return resumed;
  }

  /** All queues that are paused now, by name. */
  async pauses(): Promise<QueuePause[]> {
    return this.held.list();
  }
}
