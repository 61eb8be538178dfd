import type { PausedQueue, PausePort, PauseRequest } from '../../broker/port/pause-port.js';
import type { Clock } from '../../values/clock.js';

/** The pauses of queues, in memory. */
export class MemoryPauses implements PausePort {
  private readonly held = new Map<string, PausedQueue>();

  constructor(private readonly clock: Clock) {}

  async pause(queue: string, { forMs, by, reason }: PauseRequest): Promise<PausedQueue> {
    const now = this.clock();
    const { since = now } = this.of(queue) ?? {};
    const pause = { queue, since, until: forMs === undefined ? undefined : now + forMs, by, reason };
    this.held.set(queue, pause);
    return pause;
  }

  async resume(queue: string): Promise<boolean> {
    const was = this.of(queue) !== undefined;
    this.held.delete(queue);
    return was;
  }

  async pauses(): Promise<PausedQueue[]> {
    return [...this.held.keys()].flatMap((queue) => this.of(queue) ?? []);
  }

  /** When the next pause ends by itself; undefined when none does. */
  get nextEnd(): number | undefined {
    const ends = [...this.held.keys()].flatMap((queue) => this.of(queue)?.until ?? []);
    return ends.length > 0 ? Math.min(...ends) : undefined;
  }

  /** The pause that holds a queue now. */
  of(queue: string): PausedQueue | undefined {
    const pause = this.held.get(queue);
    return pause && (pause.until === undefined || pause.until > this.clock()) ? pause : undefined;
  }
}
