import type { EndedTask, KeptOutcome, KeptResult, OutcomeBroker, ResultBroker } from '../../broker/port/result-port.js';
import { NestworkError } from '../../errors.js';
import { resultTagOf } from '../../message/result-tag.js';
import { producerOf } from '../../message/task-id.js';
import { encodeCancelled, encodeFailed } from '../../message/task-result.js';
import type { BrokerObserver } from './memory-broker.js';
import type { MemoryTask, MemoryTasks } from './memory-tasks.js';

interface Kept {
  readonly stored: string;
  /** ms since 1970 */
  readonly until: number;
}

/** The results of tasks, in memory. */
export class MemoryResults implements ResultBroker, OutcomeBroker {
  private readonly stored = new Map<string, Kept>();
  private readonly announced = new Map<string, string[]>();
  private stopped = false;
  private wake: () => void = () => {};

  /** @param observer where nothing runs the tasks, nobody can wait for their end */
  constructor(
    private readonly tasks: MemoryTasks,
    private readonly observer: Pick<BrokerObserver, 'isRunning' | 'onAwaited'>,
  ) {}

  /** A task has ended; its message still has the tag. */
  keep({ id, message }: Pick<MemoryTask, 'id' | 'message'>, stored: string): void {
    const asked = resultTagOf(message);
    if (!asked) return;
    this.stored.set(id, { stored, until: this.tasks.now + asked.seconds * 1_000 });
    this.announce(id);
  }

  keepFailure({ id, message }: Pick<MemoryTask, 'id' | 'message'>, report: string): void {
    const failures = Number.parseInt(message.slice(21, 23), 36);
    this.keep({ id, message }, encodeFailed({ failures, crashes: 0 }, report));
  }

  /** Another task has taken its place, so it ends like one that was cancelled. */
  replaced(task: MemoryTask): void {
    this.keep(task, encodeCancelled());
  }

  /** The task runs again. */
  forget(id: string): void {
    this.stored.delete(id);
  }

  /** It has ended, with a result or cancelled. */
  announce(id: string): void {
    const producer = producerOf(id);
    this.announced.set(producer, [...(this.announced.get(producer) ?? []), id]);
    this.wake();
  }

  async read(ids: readonly string[]): Promise<(KeptResult | undefined)[]> {
    if (!this.observer.isRunning) throw neverEnds();
    return ids.map((id) => this.outcome(id)?.result);
  }

  async awaited(id: string): Promise<KeptResult | undefined> {
    if (!this.observer.isRunning) throw neverEnds();
    await this.observer.onAwaited(id);
    return this.outcome(id)?.result;
  }

  /** Whether the task has ended, as far as those who wait for it can see. */
  has(id: string): boolean {
    return this.outcome(id) !== undefined;
  }

  async kept(id: string): Promise<KeptOutcome | undefined> {
    return this.outcome(id);
  }

  /** Without a timer, which a test would wait for: nothing is lost in memory. */
  async ended(producer: string): Promise<readonly EndedTask[] | undefined> {
    if (!this.observer.isRunning) throw neverEnds();
    while (!this.stopped && !this.announced.has(producer)) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    const ids = this.announced.get(producer) ?? [];
    this.announced.delete(producer);
    return this.stopped ? undefined : ids.map((id) => ({ id }));
  }

  stopWaiting(): void {
    this.stopped = true;
    this.wake();
  }

  private outcome(id: string): KeptOutcome | undefined {
    const kept = this.stored.get(id);
    if (kept && kept.until > this.tasks.now) return { result: { stored: kept.stored }, until: kept.until };
    return this.tasks.get(id)?.state === 'cancelled' ? { result: 'cancelled', until: undefined } : undefined;
  }
}

function neverEnds(): NestworkError {
  return new NestworkError(
    'WRONG_TEST_MODE',
    "A result was awaited, but in the mode 'fake' of TaskQueueTestingModule no task is ever run.",
    [
      "Import TaskQueueTestingModule.forRoot({ mode: 'inline' }), or 'memory' with `drain()`.",
      'Or replace the provider that awaits it by a fake of your own.',
    ],
  );
}
