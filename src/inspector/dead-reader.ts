import type { DeadBatch, DeadLetterBroker, DeadQuery, Death } from '../broker/port/broker.js';
import type { ResolvedFilter } from './dead-filter.js';
import { DeadTask } from './dead-task.js';

type Query = Omit<DeadQuery, 'range'>;
type Reader = Pick<DeadLetterBroker, 'read'>;

/** A part of a queue that was read. */
export interface DeadTasks {
  /** those that match */
  readonly tasks: readonly DeadTask[];
  /** the last one that was read; undefined when there was none */
  readonly last: Death | undefined;
}

/**
 * The dead tasks of one queue that match, as they are read: tasks that die or leave in the meantime do not move the others.
 *
 * @param ahead reads the next part while the caller acts on this one; of use where all parts are wanted
 */
export async function* batchesOf(
  broker: Reader,
  queue: string,
  { range, matches, payloads }: ResolvedFilter,
  { ahead = false, ...query }: Query & { readonly ahead?: boolean },
): AsyncGenerator<DeadTasks> {
  const read = (after: Death | undefined): Promise<DeadBatch> => broker.read(queue, { ...query, range, after });
  let next = read(query.after);
  for (;;) {
    const { entries, more } = await next;
    const last = entries.at(-1);
    if (more && ahead) {
      next = read(last);
      // it is awaited after the caller's work, which may fail or end first
      next.catch(() => {});
    }
    yield { tasks: entries.map((entry) => new DeadTask(entry, payloads)).filter(matches), last };
    if (!more) return;
    if (!ahead) next = read(last);
  }
}

/** The queues of a filter in which tasks died in its time, with their number: mostly few of many. */
export async function filledQueues(
  broker: DeadLetterBroker,
  { queues, range }: Pick<ResolvedFilter, 'queues' | 'range'>,
): Promise<{ readonly queue: string; readonly size: number }[]> {
  const sizes = await broker.counts(queues, range);
  return queues.map((queue, at) => ({ queue, size: sizes[at] ?? 0 })).filter(({ size }) => size > 0);
}

/** The dead tasks of all queues that match, in one order. */
export async function* deathsOf(broker: Reader, filter: ResolvedFilter, query: Query): AsyncGenerator<DeadTask> {
  const heads = await Promise.all(
    filter.queues.map((queue) => Head.of(oneByOne(batchesOf(broker, queue, filter, query)))),
  );
  for (;;) {
    let first: Head | undefined;
    for (const head of heads) {
      if (head.task && (!first || (query.order === 'oldest' ? head.compare(first) : first.compare(head)) < 0))
        first = head;
    }
    if (!first?.task) return;
    yield first.task;
    await first.advance();
  }
}

async function* oneByOne(batches: AsyncGenerator<DeadTasks>): AsyncGenerator<DeadTask> {
  for await (const { tasks } of batches) yield* tasks;
}

/** The next task of one queue. */
class Head {
  task: DeadTask | undefined;

  private constructor(private readonly tasks: AsyncGenerator<DeadTask>) {}

  static async of(tasks: AsyncGenerator<DeadTask>): Promise<Head> {
    const head = new Head(tasks);
    await head.advance();
    return head;
  }

  async advance(): Promise<void> {
    const { value, done } = await this.tasks.next();
    this.task = done ? undefined : value;
  }

  /** By the time of death, then by id, as Redis orders them. */
  compare(other: Head): number {
    if (!this.task || !other.task) return 0;
    const [mine, theirs] = [this.task, other.task];
    return mine.diedAt.getTime() - theirs.diedAt.getTime() || (mine.id < theirs.id ? -1 : 1);
  }
}
