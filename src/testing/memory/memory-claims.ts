import type { ClaimedTask, CronRun, DeathReport, Retry } from '../../broker/port/broker.js';
import type { NotesWrite } from '../../broker/port/notes-port.js';
import { encodeCancelled } from '../../message/task-result.js';
import type { DoneRecord } from '../../task/done-record.js';
import type { TestClaims } from '../test-work.js';
import type { MemberEnd } from './group-ends.js';
import type { MemoryCrons } from './memory-crons.js';
import type { MemoryDone } from './memory-done.js';
import type { MemoryGroups } from './memory-groups.js';
import type { MemoryNotes } from './memory-notes.js';
import type { MemoryPauses } from './memory-pauses.js';
import type { MemoryResults } from './memory-results.js';
import type { MemoryTask, MemoryTasks } from './memory-tasks.js';
import { keyOf, remembered, withFailure, withTime } from './message-edits.js';

/** The parts that the end of a claim touches. */
export interface ClaimEnds {
  readonly crons: MemoryCrons;
  readonly pauses: MemoryPauses;
  readonly notes: MemoryNotes;
  readonly done: MemoryDone;
  readonly results: MemoryResults;
  readonly groups: MemoryGroups;
}

/** By the first letter of what is kept. */
const HOW: Readonly<Record<string, MemberEnd>> = { x: 'dropped', c: 'cancelled' };

/** pending -> active -> the state in which a claim ends. */
export class MemoryClaims implements TestClaims {
  /** every second one is a turn of the tenants */
  private turn = 0;

  constructor(
    private readonly tasks: MemoryTasks,
    private readonly parts: ClaimEnds,
    private readonly queues: readonly string[],
  ) {}

  async next(): Promise<ClaimedTask | undefined> {
    this.turn += 1;
    for (const queue of this.queues) {
      const task = this.parts.pauses.of(queue) ? undefined : this.tasks.next(queue, this.turn);
      if (task) return (await this.started(task)) ?? this.next();
    }
    return undefined;
  }

  /** Takes one task that is pending, at any place in its queue, whatever its limits. Returns undefined when it is not pending. */
  async one(id: string): Promise<ClaimedTask | undefined> {
    const task = this.tasks.get(id);
    return task?.state === 'pending' ? this.started(task) : undefined;
  }

  /** The same, unless its queue is paused, or a limit holds it back. */
  async awaited(id: string): Promise<ClaimedTask | undefined> {
    const task = this.tasks.get(id);
    return !task || this.parts.pauses.of(task.queue) || this.tasks.lines.shut(task) ? undefined : this.one(id);
  }

  async done(claimed: ClaimedTask, result?: string): Promise<boolean> {
    const how = HOW[result?.charAt(0) ?? ''] ?? 'done';
    return this.end(claimed, (task) => {
      if (result !== undefined) this.parts.results.keep(task, result);
      this.tasks.freeKey(task);
      this.tasks.remove(task);
      this.parts.groups.left(task.message, how);
    });
  }

  async retry(claimed: ClaimedTask, { inMs, line, counts, stop }: Retry): Promise<boolean> {
    const { lines } = this.tasks;
    if (stop && this.tasks.get(claimed.id)?.claim === claimed) lines.limits.stop(stop.limit, stop.ms);
    return this.end(claimed, (task) => {
      lines.release(task, true);
      const due = this.tasks.now + inMs;
      task.message = withTime(remembered(counts ? withFailure(task.message) : task.message, line), due);
      this.tasks.move(task, inMs > 0 ? 'scheduled' : 'pending', due);
    });
  }

  async bury(claimed: ClaimedTask, report: DeathReport, line: string): Promise<boolean> {
    return this.end(claimed, (task) => {
      if (line !== '') task.message = remembered(withFailure(task.message), line);
      task.report = JSON.stringify(report);
      this.parts.results.keepFailure(task, task.report);
      this.tasks.freeKey(task);
      this.tasks.lines.release(task);
      this.tasks.move(task, 'dead');
      this.parts.notes.bury(task.id);
      this.parts.groups.left(task.message, 'dead', task.report);
    });
  }

  async recordRun(cron: string, run: CronRun): Promise<void> {
    this.parts.crons.recordRun(cron, run);
  }

  async keepDone(task: string, most: number, records: readonly DoneRecord[]): Promise<void> {
    this.parts.done.keep(task, most, records);
  }

  async note(notes: NotesWrite): Promise<boolean> {
    const isHeld = this.tasks.get(notes.id)?.claim !== undefined;
    if (isHeld) this.parts.notes.write(notes);
    return isHeld;
  }

  /** Takes it; one whose batch or flow was stopped ends instead. */
  private async started(task: MemoryTask): Promise<ClaimedTask | undefined> {
    const claimed = this.take(task);
    if (!this.parts.groups.isStopped(task.message)) return claimed;
    await this.done(claimed, encodeCancelled());
    return undefined;
  }

  private take(task: MemoryTask): ClaimedTask {
    const { id, queue, message } = task;
    task.claim = { id, queue, message };
    this.tasks.move(task, 'active');
    this.tasks.lines.take(task);
    if (keyOf(message)?.until === 'started') this.tasks.freeKey(task);
    return task.claim;
  }

  /** Of this attempt alone: the task may have been forgotten, or be held once more. A cancelled one does not run again. */
  private end(claimed: ClaimedTask, act: (task: MemoryTask) => void): boolean {
    const task = this.tasks.get(claimed.id);
    if (task?.claim !== claimed) return false;
    task.claim = undefined;
    if (task.state !== 'cancelled') {
      act(task);
      return true;
    }
    this.tasks.freeKey(task);
    this.tasks.lines.release(task);
    this.parts.groups.left(task.message, 'cancelled');
    return true;
  }
}
