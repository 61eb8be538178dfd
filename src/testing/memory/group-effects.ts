import type { Continuation } from '../../broker/port/group-port.js';
import { labelOf } from '../../message/message-label.js';
import { idOf } from '../../message/task-message.js';
import { encodeCancelled } from '../../message/task-result.js';
import type { BrokerObserver } from './memory-broker.js';
import type { MemoryResults } from './memory-results.js';
import type { MemoryTasks } from './memory-tasks.js';
import { withTime } from './message-edits.js';

const LOST = 'It waited for tasks of which one failed for good, or was cancelled, dropped or deleted.';

/** What groups do to tasks. */
export class GroupEffects {
  constructor(
    private readonly tasks: MemoryTasks,
    private readonly results: MemoryResults,
    private readonly observer: Pick<BrokerObserver, 'onReady' | 'onCancelled'>,
  ) {}

  get now(): number {
    return this.tasks.now;
  }

  /**
   * A task that waited comes to its queue.
   *
   * @param isNew whether nobody knows yet that it was sent
   */
  send({ queue, message }: Continuation, isNew: boolean): void {
    const sent = withTime(message, this.tasks.now);
    this.tasks.add(queue, sent);
    this.observer.onReady({ queue, message: sent, due: undefined }, isNew);
  }

  /** A task that waited is dead. Returns its report. */
  bury({ queue, message }: Continuation): string {
    const report = { code: 'GROUP_FAILED', task: labelOf(message)?.name ?? '', error: LOST, host: '', pid: 0 };
    this.tasks.add(queue, message);
    const task = this.tasks.get(idOf(message));
    if (task) {
      task.report = JSON.stringify(report);
      this.tasks.move(task, 'dead');
    }
    this.results.keepFailure({ id: idOf(message), message }, JSON.stringify(report));
    return JSON.stringify(report);
  }

  /** A task that waited never starts. */
  drop({ message }: Continuation): void {
    this.results.keep({ id: idOf(message), message }, encodeCancelled());
  }

  /** The signals of the running members abort. */
  abort(group: string): void {
    this.observer.onCancelled(group);
  }
}
