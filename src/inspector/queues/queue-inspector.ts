import type { QueueHealth, QueueReport } from '../queue-health.js';
import type { KnownQueues } from './known-queues.js';

/**
 * Looks at the queues of a namespace.
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
  ) {}

  /** The names of all queues. */
  async names(): Promise<readonly string[]> {
    return this.known.all();
  }

  /** All queues, by name. Six cheap commands for each. */
  async list(): Promise<readonly QueueReport[]> {
    return (await this.health.check({ queues: await this.known.all() })).queues;
  }

  /** @throws NestworkError UNKNOWN_QUEUE */
  async get(queue: string): Promise<QueueReport> {
    const queues = await this.known.choose(queue, 'queues.get()');
    const [report] = (await this.health.check({ queues })).queues;
    return report as QueueReport;
  }
}
