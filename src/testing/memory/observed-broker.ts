import type { Due, KeyHolder, TaskPlace, UniqueOptions } from '../../broker/port/broker.js';
import { idOf } from '../../message/task-message.js';
import { BROADCAST_QUEUE } from '../../task/broadcast.js';
import type { Clock } from '../../values/clock.js';
import { MemoryBroker } from './memory-broker.js';

/** A message that an app has sent. */
export interface SentMessage {
  /** `(broadcast)` for a broadcast */
  readonly queue: string;
  readonly message: string;
  readonly due: Due | undefined;
}

/** Receives the sent and cancelled tasks of an app. */
export interface BrokerObserver {
  /** whether scheduled tasks are pending at once */
  readonly impatient: boolean;
  /** Messages are in. The sender waits until this resolves. */
  sent(messages: readonly SentMessage[]): Promise<void>;
  /** An active task was cancelled. */
  cancelled(id: string): void;
}

/** The broker in memory, with an observer. */
export class ObservedBroker extends MemoryBroker {
  constructor(
    clock: Clock,
    queues: readonly string[],
    private readonly observer: BrokerObserver,
  ) {
    super(clock, queues);
  }

  override async enqueue(queue: string, messages: readonly string[], due?: Due): Promise<number> {
    const fresh = this.fresh(messages);
    const added = await super.enqueue(queue, messages, this.observer.impatient ? undefined : due);
    await this.observer.sent(fresh.map((message) => ({ queue, message, due })));
    return added;
  }

  override async enqueueUnique(queue: string, message: string, options: UniqueOptions): Promise<KeyHolder> {
    const { due } = options;
    const fresh = this.fresh([message]);
    const patient = { ...options, due: this.observer.impatient ? undefined : due };
    const holder = await super.enqueueUnique(queue, message, patient);
    if (holder.id === idOf(message)) await this.observer.sent(fresh.map(() => ({ queue, message, due })));
    return holder;
  }

  override async broadcast(messages: readonly string[]): Promise<number> {
    const fresh = this.fresh(messages);
    const added = await super.broadcast(messages);
    await this.observer.sent(fresh.map((message) => ({ queue: BROADCAST_QUEUE, message, due: undefined })));
    return added;
  }

  override async cancel(id: string): Promise<TaskPlace> {
    const place = await super.cancel(id);
    if (place.state === 'active') this.observer.cancelled(id);
    return place;
  }

  /** Adds a message that the app did not send. */
  async enqueueUnobserved(queue: string, message: string): Promise<void> {
    await super.enqueue(queue, [message]);
  }

  private fresh(messages: readonly string[]): string[] {
    return messages.filter((message) => !this.producer.knows(message));
  }
}
