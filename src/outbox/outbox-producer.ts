import type {
  AppBroker,
  Due,
  KeyHolder,
  LimitedOptions,
  LimitedReply,
  ProducerBroker,
  RegisteredTask,
  UniqueOptions,
} from '../broker/port/broker.js';
import type { OutboxCall } from '../broker/port/relay-port.js';
import type { NestworkError } from '../errors.js';
import { limitKeysOf } from '../message/limit-tag.js';
import { enqueuedAtOf, idOf } from '../message/task-message.js';
import { BROADCAST_QUEUE } from '../task/broadcast.js';
import { pairsOf } from '../values/pairs.js';
import { unsupported } from './outbox-errors.js';
import type { OutboxTable } from './outbox-table.js';

/** The senders' part of the port within one transaction: what is sent becomes rows, which the relay sends after the commit. */
export class OutboxProducer implements ProducerBroker {
  /** @param behind Redis, which has the catalog of tasks that are sent by their names */
  constructor(
    private readonly table: OutboxTable,
    private readonly transaction: unknown,
    private readonly behind: Pick<AppBroker, 'registeredTask' | 'groups'>,
  ) {}

  /** Of Redis: its senders refuse to be part of a batch or flow. */
  get groups(): AppBroker['groups'] {
    return this.behind.groups;
  }

  async enqueue(queue: string, messages: readonly string[], due?: Due): Promise<number> {
    return this.add(messages.map((message) => ({ queue, message, dueAt: dueAt(message, due) })));
  }

  async enqueueOne(queue: string, message: string, labels: readonly string[] = []): Promise<void> {
    await this.add([{ queue, message, labels }]);
  }

  async enqueueLimited(
    queue: string,
    messages: readonly string[],
    { due, labels = [], refuses }: LimitedOptions,
  ): Promise<LimitedReply> {
    if (refuses) throw refusedLimit();
    const labelOf = new Map(pairsOf(labels));
    const calls = messages.map((message) => ({
      queue,
      message,
      dueAt: dueAt(message, due),
      labels: labelsIn(message, labelOf),
    }));
    return { added: await this.add(calls) };
  }

  async enqueueUnique(queue: string, message: string, { due, labels, replace }: UniqueOptions): Promise<KeyHolder> {
    const onConflict = replace ? 'replace' : 'keep';
    await this.add([{ queue, message, dueAt: dueAt(message, due), labels, onConflict }]);
    return { id: idOf(message), queue };
  }

  async broadcast(messages: readonly string[]): Promise<number> {
    return this.add(messages.map((message) => ({ queue: BROADCAST_QUEUE, message })));
  }

  registeredTask(name: string): Promise<RegisteredTask | undefined> {
    return this.behind.registeredTask(name);
  }

  private async add(calls: readonly OutboxCall[]): Promise<number> {
    await this.table.add(this.transaction, calls);
    return calls.length;
  }
}

/** A delay counts from the call: nobody knows when the relay comes to it. */
export function dueAt(message: string, due: Due | undefined): number | undefined {
  if (!due) return undefined;
  return 'at' in due ? due.at : enqueuedAtOf(message);
}

function labelsIn(message: string, labelOf: ReadonlyMap<string, string>): string[] {
  return limitKeysOf(message).flatMap((key) => {
    const label = labelOf.get(key);
    return label === undefined ? [] : [key, label];
  });
}

export function refusedLimit(): NestworkError {
  return unsupported(
    "A limit with `onLimit: 'drop'` or 'reject' decides when the task is sent, which is after the commit. The call cannot say what becomes of it.",
    ["Let the task wait: `onLimit: 'wait'`.", 'Send it after the commit, without in().'],
  );
}
