import type { Due, KeyHolder, TaskPlace } from '../../broker/port/broker.js';
import type {
  ChildOfWorker,
  FoundTask,
  HeldQuery,
  HeldTask,
  PurgeQuery,
  PurgeStep,
  TaskPort,
  WaitingPage,
  WaitingPlace,
  WaitingQuery,
} from '../../broker/port/task-port.js';
import { labelOf } from '../../message/message-label.js';
import { enqueuedAtOf } from '../../message/task-message.js';
import type { MemoryGroups } from './memory-groups.js';
import type { MemoryTask, MemoryTasks } from './memory-tasks.js';

/** The one child of a test. */
const CHILD = 'test';

/** All tasks that have not ended, in memory. Each call may look at all of them. */
export class MemoryPlaces implements TaskPort {
  /** @param cancelTask cancels a task, and has an active one stopped */
  constructor(
    private readonly tasks: MemoryTasks,
    private readonly queues: readonly string[],
    private readonly groups: Pick<MemoryGroups, 'left' | 'waitingNode'>,
    private readonly cancelTask: (id: string) => Promise<TaskPlace>,
  ) {}

  async now(): Promise<number> {
    return this.tasks.now;
  }

  async sizes(places: readonly WaitingPlace[]): Promise<number[]> {
    return places.map((place) => this.in(place).length);
  }

  async page(place: WaitingPlace, { order, at, limit, look, task, id = '' }: WaitingQuery): Promise<WaitingPage> {
    const all = this.in(place);
    const start = order === 'oldest' ? all.length - Math.min(at, all.length) : at;
    const ordered = (order === 'oldest' ? all : all.reverse()).slice(start);
    const found: WaitingPage['tasks'][number][] = [];
    let looked = 0;
    for (const one of ordered.slice(0, look)) {
      if (found.length === limit) break;
      looked += 1;
      const dueAt = one.state === 'scheduled' ? one.at : undefined;
      if (!one.id.startsWith(id) || !isCallOf(one, task)) continue;
      const held = one.state === 'pending' && this.tasks.isHeldBack(one) && { heldBack: true };
      found.push({ head: one.message, dueAt, looked, ...held });
    }
    const left = ordered.length - looked;
    return { looked, next: order === 'oldest' ? left : at + looked, left, tasks: found };
  }

  async children(): Promise<ChildOfWorker[]> {
    return [{ child: CHILD, host: 'test', pid: process.pid, leaseUntil: Number.POSITIVE_INFINITY }];
  }

  async held(_child: string, { after, limit }: HeldQuery): Promise<{ tasks: HeldTask[]; more: boolean }> {
    const all = this.queues.flatMap((queue) => [...this.tasks.in(queue, 'active')]);
    const behind = all.filter(({ id }) => id > after).sort((a, b) => (a.id < b.id ? -1 : 1));
    const tasks = behind.slice(0, limit).map(({ id, queue, message }) => ({ id, queue, head: message }));
    return { tasks, more: behind.length > limit };
  }

  async drainer(): Promise<undefined> {
    return undefined;
  }

  async find(id: string): Promise<FoundTask> {
    const waiting = await this.groups.waitingNode(id);
    if (waiting) return { state: 'waiting', ...waiting };
    const task = this.tasks.get(id);
    const place = this.tasks.locate(id);
    if (!task) return place;
    if (place.state === 'pending') {
      const waits = { ahead: this.tasks.ahead(task), heldBack: this.tasks.isHeldBack(task) };
      return { ...place, ...waits, ...(task.line && { inLine: true }) };
    }
    if (place.state === 'scheduled') return { ...place, dueAt: task.at };
    if (place.state === 'cancelled') return { ...place, cancelledAt: task.at };
    return place.state === 'active' ? { ...place, child: CHILD } : place;
  }

  async holderOf(digest: string): Promise<KeyHolder | undefined> {
    return this.tasks.withKey(digest);
  }

  cancel(id: string): Promise<TaskPlace> {
    return this.cancelTask(id);
  }

  async cancelWaiting(place: WaitingPlace, message: string): Promise<boolean> {
    const task = this.in(place).find((one) => one.message === message);
    if (task) await this.cancelTask(task.id);
    return task !== undefined;
  }

  async cancelHeld(_child: string, id: string): Promise<boolean> {
    if (this.tasks.get(id)?.state !== 'active') return false;
    await this.cancelTask(id);
    return true;
  }

  async purge(queue: string, { state, passed, task, before, look }: PurgeQuery): Promise<PurgeStep> {
    const looked = this.in({ queue, state })
      .reverse()
      .slice(passed, passed + look);
    const wanted = looked.filter((one) => {
      return isCallOf(one, task) && (before === undefined || enqueuedAtOf(one.message) < before);
    });
    for (const one of wanted) {
      this.tasks.freeKey(one);
      this.tasks.remove(one);
      this.groups.left(one.message, 'cancelled');
    }
    const kept = passed + looked.length - wanted.length;
    const left = Math.max(this.in({ queue, state }).length - kept, 0);
    return { purged: wanted.length, looked: looked.length, passed: kept, left };
  }

  async reschedule(queue: string, message: string, due: Due): Promise<boolean> {
    const task = this.tasks.scheduled([queue]).find((one) => one.message === message);
    if (!task) return false;
    const at = 'in' in due ? this.tasks.now + due.in : due.at;
    const time = Math.max(at, this.tasks.now).toString(36).padStart(9, '0');
    task.message = `${message.slice(0, 25)}${time}${message.slice(34)}`;
    this.tasks.move(task, at > this.tasks.now ? 'scheduled' : 'pending', at);
    return true;
  }

  private in({ queue, state }: WaitingPlace): MemoryTask[] {
    if (state === 'quarantined') return [];
    if (state === 'held') return this.tasks.lines.of(queue).all();
    return state === 'scheduled' ? this.tasks.scheduled([queue]) : [...this.tasks.in(queue, 'pending')];
  }
}

function isCallOf({ message }: MemoryTask, task: string | undefined): boolean {
  return task === undefined || labelOf(message)?.name === task;
}
