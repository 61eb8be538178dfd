import type { LimitPort, LineState } from '../../broker/port/limit-port.js';
import { placeInLine } from '../../message/line-place.js';
import type { Clock } from '../../values/clock.js';
import { MemoryLimits, type Shut } from './memory-limits.js';
import { type LinedTask, QueueLines } from './queue-lines.js';

/** A task, in a line or not, and the limits whose slots it holds. */
interface Holder extends Partial<Pick<LinedTask, 'line'>> {
  readonly queue: string;
  slots: readonly string[];
}

const NO_ORDER = { priority: 0, ageMs: 0 };

/** The lines of all queues, and the limits for which they wait. */
export class MemoryLines<T extends LinedTask> implements LimitPort {
  readonly limits: MemoryLimits;
  private readonly queues = new Map<string, QueueLines<T>>();

  constructor(clock: Clock) {
    this.limits = new MemoryLimits(clock);
  }

  of(queue: string): QueueLines<T> {
    const lines = this.queues.get(queue) ?? new QueueLines<T>(this.limits);
    this.queues.set(queue, lines);
    return lines;
  }

  /** The limit of a queue, while it lets none of its tasks start. */
  shutQueue(queue: string): Shut | undefined {
    const gate = this.limits.gateOf(queue);
    return gate === undefined ? undefined : this.limits.shut([gate]);
  }

  /** What keeps a task from its start, be it the first of its line or not. */
  shut({ queue, line, slots }: Holder): Shut | undefined {
    return this.shutQueue(queue) ?? this.limits.shut(line?.limits ?? [], slots);
  }

  /** The limit that is full for a message that would come into its queue now: those that wait in its line count as if they had started. */
  fullFor(queue: string, message: string): string | undefined {
    const place = placeInLine(message);
    const waiting = place ? this.of(queue).sizeOf(place.name) : 0;
    return place?.limits.find((limit) => this.limits.room(limit) <= waiting);
  }

  /** A task starts. */
  take(task: Holder): void {
    const own = task.line?.limits ?? [];
    for (const limit of own) this.limits.take(limit, task.slots.includes(limit));
    const gate = this.limits.gateOf(task.queue);
    if (gate !== undefined) this.limits.take(gate);
    task.slots = gate === undefined ? own : [...own, gate];
  }

  /** A task gives up its slots. @param runsAgain it keeps those of ordered limits until then */
  release(task: Holder, runsAgain = false): void {
    const kept = runsAgain ? task.slots.filter((limit) => this.limits.isOrdered(limit)) : [];
    for (const limit of task.slots) if (!kept.includes(limit)) this.limits.giveUp(limit);
    task.slots = kept;
  }

  async lineOf(queue: string, message: string): Promise<LineState> {
    const place = placeInLine(message);
    const { limits = [], order = NO_ORDER } = place ?? {};
    const gate = this.limits.gateOf(queue);
    const all = gate === undefined ? limits : [...limits, gate];
    return {
      limits: all.map((limit) => this.limits.state(limit)),
      linesAhead: place ? this.of(queue).linesBefore(place.name) : 0,
      priority: order.priority,
      olderMs: order.priority * order.ageMs,
      hasTenant: place?.tenant !== undefined,
    };
  }

  /** Forgets all tasks; what is declared stays. */
  clear(): void {
    this.queues.clear();
    this.limits.clear();
  }
}
