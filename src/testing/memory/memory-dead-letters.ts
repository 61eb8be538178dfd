import type {
  DeadBatch,
  DeadEntry,
  DeadLetterBroker,
  DeadQuery,
  DeadRange,
  Death,
  Redrive,
} from '../../broker/port/broker.js';
import { encodeAttempt, REDRIVEN } from '../../message/attempt-record.js';
import type { MemoryNotes } from './memory-notes.js';
import type { MemoryTask, MemoryTasks } from './memory-tasks.js';
import { remembered, startedAnew } from './message-edits.js';

/** The dead tasks, in memory. */
export class MemoryDeadLetters implements DeadLetterBroker {
  constructor(
    private readonly tasks: MemoryTasks,
    private readonly notes: MemoryNotes,
  ) {}

  async now(): Promise<number> {
    return this.tasks.now;
  }

  async read(queue: string, { range, order, after, limit }: DeadQuery): Promise<DeadBatch> {
    const direction = order === 'oldest' ? 1 : -1;
    const behind = this.inRange(queue, range)
      .sort((a, b) => direction * compare(a, b))
      .filter((death) => !after || direction * compare(death, after) > 0);
    return { entries: behind.slice(0, limit), more: behind.length > limit };
  }

  async count(queue: string, range: DeadRange): Promise<number> {
    return this.inRange(queue, range).length;
  }

  async find(queue: string, id: string): Promise<DeadEntry | undefined> {
    const entry = this.inRange(queue, {}).find((one) => one.id === id);
    return entry && { ...entry, notes: this.notes.ofDead(id) };
  }

  async redrive(queue: string, deaths: readonly Death[]): Promise<Redrive[]> {
    const { tasks } = this;
    return deaths.map((death) => {
      const task = this.opened(queue, death);
      if (!task) return 'not-found';
      const anew = startedAnew(task.message, tasks.now);
      task.message = remembered(anew, encodeAttempt({ at: tasks.now, code: REDRIVEN }));
      tasks.move(task, 'pending');
      tasks.takeKey(task);
      this.notes.redrive(task.id);
      return 'redriven';
    });
  }

  async remove(queue: string, deaths: readonly Death[]): Promise<number> {
    const found = deaths.map((death) => this.opened(queue, death));
    const removed = new Set(found.flatMap((task) => task ?? []));
    for (const task of removed) {
      this.tasks.remove(task);
      this.notes.delete(task.id);
    }
    return removed.size;
  }

  private inRange(queue: string, { since = -Infinity, until = Infinity }: DeadRange): DeadEntry[] {
    const dead = [...this.tasks.in(queue, 'dead')].filter(({ at }) => at >= since && at <= until);
    return dead.map(({ id, at, report, message }) => {
      return { queue, id, diedAt: at, record: Buffer.from(`${report}\n${message}`) };
    });
  }

  /** Only this death of it: the task may have run and died once more. */
  private opened(queue: string, { id, diedAt }: Death): MemoryTask | undefined {
    const task = this.tasks.get(id);
    return task?.state === 'dead' && task.queue === queue && task.at === diedAt ? task : undefined;
  }
}

function compare(a: Death, b: Death): number {
  return a.diedAt - b.diedAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
