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
import { NestworkError } from '../errors.js';
import { idOf } from '../message/task-message.js';
import { dueAt, refusedLimit } from '../outbox/outbox-producer.js';
import { counted } from '../values/counted.js';
import { shown } from '../values/shown.js';
import type { SenderBroker } from './task-sender.js';

/** More ids than a reader wants. */
const MOST_NAMED = 5;

/** A call that waits for a commit. */
interface Held {
  readonly ids: readonly string[];
  readonly send: (broker: ProducerBroker) => Promise<unknown>;
}

/** The senders' part of the port until a transaction is over: what is sent is held in memory. */
export class HeldSends implements ProducerBroker {
  private readonly held: Held[] = [];
  private isOver = false;

  /** @param behind where all of it goes; its catalog has tasks that are sent by their names */
  constructor(private readonly behind: SenderBroker) {}

  /** Its senders refuse to be part of a batch or flow. */
  get groups(): AppBroker['groups'] {
    return this.behind.groups;
  }

  async enqueue(queue: string, messages: readonly string[], due?: Due): Promise<number> {
    const at = absolute(messages, due);
    return this.hold(messages, (broker) => broker.enqueue(queue, messages, at));
  }

  async enqueueOne(queue: string, message: string, labels?: readonly string[]): Promise<void> {
    this.hold([message], (broker) => broker.enqueueOne(queue, message, labels));
  }

  async enqueueLimited(queue: string, messages: readonly string[], options: LimitedOptions): Promise<LimitedReply> {
    if (options.refuses) throw refusedLimit();
    const due = absolute(messages, options.due);
    const send = (broker: ProducerBroker): Promise<unknown> =>
      broker.enqueueLimited(queue, messages, { ...options, due });
    return { added: this.hold(messages, send) };
  }

  async enqueueUnique(queue: string, message: string, options: UniqueOptions): Promise<KeyHolder> {
    const due = absolute([message], options.due);
    this.hold([message], (broker) => broker.enqueueUnique(queue, message, { ...options, due }));
    return { id: idOf(message), queue };
  }

  async broadcast(messages: readonly string[]): Promise<number> {
    return this.hold(messages, (broker) => broker.broadcast(messages));
  }

  registeredTask(name: string): Promise<RegisteredTask | undefined> {
    return this.behind.registeredTask(name);
  }

  /** Takes no more. */
  close(): void {
    this.isOver = true;
  }

  /**
   * Sends what is held, in order, and ends with the first call that fails.
   *
   * @throws NestworkError AFTER_COMMIT_UNSENT
   */
  async send(): Promise<void> {
    const left = [...this.held];
    while (left[0]) {
      try {
        await left[0].send(this.behind);
      } catch (error) {
        throw unsent(
          left.flatMap(({ ids }) => ids),
          error,
        );
      }
      left.shift();
    }
  }

  /** @throws NestworkError OUTBOX_NO_TRANSACTION */
  private hold(messages: readonly string[], send: Held['send']): number {
    if (this.isOver) throw over();
    this.held.push({ ids: messages.map(idOf), send });
    return messages.length;
  }
}

/**
 * Refuses what cannot send anything after a commit: above all the function of other libraries, which is called after it.
 *
 * @throws NestworkError INVALID_OPTION
 */
export function assertAfterCommit(work: unknown): void {
  if (typeof work === 'function' && work.length > 0) return;
  const what = typeof work === 'function' ? 'a function without a parameter' : shown(work);
  throw new NestworkError(
    'INVALID_OPTION',
    `queue.afterCommit() got ${what}. It takes a function that runs the transaction, and sends through its parameter. Nothing was run.`,
    [
      'queue.afterCommit(async (after) => { await dataSource.transaction(async (manager) => { await after.of(ReportTasks).send.delay(7); }); });',
      'queue.in(transaction) takes a transaction, and needs an outbox.',
    ],
  );
}

/** A delay counts from the call. */
function absolute([first = '']: readonly string[], due: Due | undefined): Due | undefined {
  const at = dueAt(first, due);
  return at === undefined ? undefined : { at };
}

function over(): NestworkError {
  return new NestworkError(
    'OUTBOX_NO_TRANSACTION',
    'A task was sent through the parameter of a function of queue.afterCommit() that has ended. Nothing was sent.',
    ['Await all that is sent before the function returns.', 'Elsewhere send without afterCommit().'],
  );
}

function unsent(ids: readonly string[], cause: unknown): NestworkError {
  const named = ids.length > MOST_NAMED ? [...ids.slice(0, MOST_NAMED), '...'] : ids;
  return new NestworkError(
    'AFTER_COMMIT_UNSENT',
    `queue.afterCommit() has run its function, but not sent ${counted(ids.length, 'task')}: ${named.join(', ')}. The \`cause\` says why.`,
    [
      'The transaction is committed: do not repeat it. Send the tasks by themselves; the first of them may be in Redis.',
      'With an outbox, queue.in(transaction) cannot lose them.',
    ],
    { cause },
  );
}
