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
import type { MessageEdit } from '../../message/edited-message.js';
import type { MemoryGroups } from './memory-groups.js';
import type { MemoryNotes } from './memory-notes.js';
import type { MemoryResults } from './memory-results.js';
import type { MemoryTask, MemoryTasks } from './memory-tasks.js';
import { remembered, startedAnew, withBody, withoutGroup } from './message-edits.js';

/** The parts that dead tasks touch. */
interface DeadParts {
  readonly notes: MemoryNotes;
  readonly results: MemoryResults;
  readonly groups: MemoryGroups;
}

/** The dead tasks, in memory. */
export class MemoryDeadLetters implements DeadLetterBroker {
  constructor(
    private readonly tasks: MemoryTasks,
    private readonly parts: DeadParts,
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

  async counts(queues: readonly string[], range: DeadRange): Promise<number[]> {
    return queues.map((queue) => this.inRange(queue, range).length);
  }

  async find(queue: string, id: string): Promise<DeadEntry | undefined> {
    const entry = this.inRange(queue, {}).find((one) => one.id === id);
    return entry && { ...entry, notes: this.parts.notes.ofDead(id) };
  }

  async redrive(queue: string, deaths: readonly Death[]): Promise<Redrive[]> {
    const line = encodeAttempt({ at: this.tasks.now, code: REDRIVEN });
    return deaths.map((death) => this.sendAgain(queue, death, (message) => remembered(message, line)));
  }

  async redriveEdited(queue: string, death: Death, { body, sent }: MessageEdit): Promise<Redrive> {
    const line = `\n{"at":${this.tasks.now},"code":"${REDRIVEN}","sent":${sent}}`;
    return this.sendAgain(queue, death, (message) => remembered(withBody(message, body), line));
  }

  async remove(queue: string, deaths: readonly Death[]): Promise<number> {
    const found = deaths.map((death) => this.opened(queue, death));
    const removed = new Set(found.flatMap((task) => task ?? []));
    for (const task of removed) {
      this.tasks.remove(task);
      this.parts.notes.delete(task.id);
      this.parts.groups.left(task.message, 'deleted');
    }
    return removed.size;
  }

  private sendAgain(queue: string, death: Death, change: (message: string) => string): Redrive {
    const { tasks, parts } = this;
    const task = this.opened(queue, death);
    if (!task) return 'not-found';
    const message = parts.groups.redriven(task.message) ? task.message : withoutGroup(task.message);
    task.message = change(startedAnew(message, tasks.now));
    tasks.move(task, 'pending');
    tasks.takeKey(task);
    parts.notes.redrive(task.id);
    parts.results.forget(task.id);
    return 'redriven';
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
