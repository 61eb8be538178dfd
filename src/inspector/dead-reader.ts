import type { DeadLetterBroker, DeadQuery } from '../broker/port/broker.js';
import type { ResolvedFilter } from './dead-filter.js';
import { DeadTask } from './dead-task.js';

type Query = Omit<DeadQuery, 'range'>;

/**
 * The dead tasks of one queue that match, as they are read: tasks that die or leave in the meantime do not move the others.
 */
export async function* batchesOf(
  broker: DeadLetterBroker,
  queue: string,
  { range, matches }: ResolvedFilter,
  query: Query,
): AsyncGenerator<DeadTask[]> {
  let { after } = query;
  for (;;) {
    const { entries, more } = await broker.read(queue, { ...query, range, after });
    const tasks = entries.map((entry) => new DeadTask(entry)).filter(matches);
    if (tasks.length > 0) yield tasks;
    if (!more) return;
    after = entries.at(-1);
  }
}

/** The dead tasks of all queues that match, in one order. */
export async function* deathsOf(
  broker: DeadLetterBroker,
  filter: ResolvedFilter,
  query: Query,
): AsyncGenerator<DeadTask> {
  const heads = await Promise.all(
    filter.queues.map((queue) => Head.of(oneByOne(batchesOf(broker, queue, filter, query)))),
  );
  for (;;) {
    const [first] = heads
      .filter(({ task }) => task !== undefined)
      .sort((a, b) => (query.order === 'oldest' ? a.compare(b) : b.compare(a)));
    if (!first?.task) return;
    yield first.task;
    await first.advance();
  }
}

async function* oneByOne(batches: AsyncGenerator<DeadTask[]>): AsyncGenerator<DeadTask> {
  for await (const batch of batches) yield* batch;
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
