import { EnqueueUnconfirmedError, NestworkError } from '../errors.js';
import { limitKeysOf } from '../message/limit-tag.js';
import { idOf } from '../message/task-message.js';
import { isKeepTime } from '../policy/result-time.js';
import { readCatalogStart } from '../policy/start-catalog.js';
import { KEPT_BROADCASTS } from '../task/broadcast.js';
import { pairsOf } from '../values/pairs.js';
import { isEntry } from './catalog.js';
import { chunks, SEEN_SECONDS, seenBlock, unlooked } from './enqueue.js';
import { EnqueueTogether } from './enqueue-together.js';
import type {
  Due,
  KeyHolder,
  LimitedOptions,
  LimitedReply,
  ProducerBroker,
  RegisteredTask,
  UniqueOptions,
} from './port/broker.js';
import { ForeignValues } from './redis/foreign-values.js';
import type { RedisConnection } from './redis/redis-connection.js';
import type { RedisBrokerOptions } from './redis-broker.js';
import { hasOldTagsOnly, TagReaders } from './tag-readers.js';

/** The senders' part of the port, over Redis. Each call rejects with EnqueueUnconfirmedError when Redis may have added something without an answer. */
export class RedisProducer implements ProducerBroker {
  protected readonly foreign: ForeignValues;
  private readonly together = new EnqueueTogether((queue, block, messages) => this.append(queue, block, messages));
  /** keys of limits in clear, of messages that leave in this turn of the event loop */
  private readonly labelOf = new Map<string, string>();
  private readonly limitedTogether = new EnqueueTogether((queue, block, messages) => {
    const sent = this.line(queue, block, messages, this.labelOf);
    for (const [limit] of pairsOf(labelsOf(messages, this.labelOf))) this.labelOf.delete(limit);
    return sent;
  });
  private readonly tagReaders: TagReaders;

  constructor(
    protected readonly connection: RedisConnection,
    protected readonly options: RedisBrokerOptions,
  ) {
    this.foreign = new ForeignValues(options.onWarning);
    this.tagReaders = new TagReaders(connection);
  }

  enqueue(queue: string, messages: readonly string[], due?: Due): Promise<number> {
    return this.confirmed(messages, () => {
      this.flush();
      return addInChunks(messages, (chunk, block) => {
        if (!due) return this.append(queue, block, chunk);
        const input = { block, queue, seconds: SEEN_SECONDS, ...dueArgs(due), messages: chunk };
        return this.connection.call('schedule', input);
      });
    });
  }

  async enqueueOne(queue: string, message: string, labels?: readonly string[]): Promise<void> {
    await this.confirmed([message], () => {
      if (!labels) return this.together.add(queue, message);
      this.noteLabels(labels);
      return this.limitedTogether.add(queue, message);
    });
  }

  enqueueLimited(queue: string, messages: readonly string[], limited: LimitedOptions): Promise<LimitedReply> {
    const { due, labels = [], refuses } = limited;
    const labelOf = new Map(pairsOf(labels));
    return this.confirmed(messages, async () => {
      this.flush();
      let full = '';
      const added = await addInChunks(messages, async (chunk, block) => {
        const [news, refusedFor] = await this.line(queue, block, chunk, labelOf, { due, refuses });
        full = refusedFor;
        return news;
      });
      return { added, full: full === '' ? undefined : full };
    });
  }

  enqueueUnique(queue: string, message: string, unique: UniqueOptions): Promise<KeyHolder> {
    const { due = { in: 0 }, replace, queues = this.options.queues, labels = [] } = unique;
    return this.confirmed([message], async () => {
      this.flush();
      const input = {
        ...{ block: seenBlock(message), seconds: SEEN_SECONDS, message, queue },
        // the task that has the key may wait in any queue; a task of another app may have one that this app does not know
        queues: queues.includes(queue) ? queues : [...queues, queue],
        ...dueArgs(due),
        onConflict: replace ? 'replace' : 'keep',
        labels,
      };
      const [id, holder] = await this.connection.call('enqueue-unique', input);
      return { id, queue: holder };
    });
  }

  broadcast(messages: readonly string[]): Promise<number> {
    return this.confirmed(messages, () =>
      addInChunks(messages, (chunk, block) => {
        const input = { block, seconds: SEEN_SECONDS, kept: KEPT_BROADCASTS, messages: chunk };
        return this.connection.call('broadcast', input);
      }),
    );
  }

  async registeredTask(name: string): Promise<RegisteredTask | undefined> {
    const entry = await this.connection
      .command((redis, keys) => redis.hget(keys.catalog(), name))
      .catch(
        unlooked('to which queue the task belongs and which limits it has; nothing was added', 'Repeat the call.'),
      );
    const task = this.foreign.json(`The field "${name}" of ${this.connection.keys.catalog()}`, entry, isEntry);
    // of an entry of another version no more is taken for granted than its queue
    const result = isKeepTime(task?.result) ? task.result : undefined;
    return (
      task && { queue: task.queue, result, ...(task.sealed === true && { sealed: true }), ...readCatalogStart(task) }
    );
  }

  /** Sends what was enqueued one by one: it comes before what is sent next. */
  protected flush(): void {
    this.together.flush();
    this.limitedTogether.flush();
  }

  private noteLabels(labels: readonly string[]): void {
    for (const [limit, key] of pairsOf(labels)) this.labelOf.set(limit, key);
  }

  /** Adds messages with limits, whose ids share a `seen` bitmap, each chunk with its own labels: there may be a key for each message. */
  private line(
    queue: string,
    block: string,
    messages: readonly string[],
    labelOf: ReadonlyMap<string, string>,
    { due = { in: 0 }, refuses = false }: Pick<LimitedOptions, 'due' | 'refuses'> = {},
  ): Promise<[added: number, full: string]> {
    const labels = labelsOf(messages, labelOf);
    const input = { block, queue, seconds: SEEN_SECONDS, ...dueArgs(due), refuses: refuses ? 1 : 0, labels, messages };
    return this.connection.call('enqueue-limited', input);
  }

  /** Adds messages whose ids share a `seen` bitmap. Resolves to how many were new. */
  private append(queue: string, block: string, messages: readonly string[]): Promise<number> {
    return this.connection.call('enqueue', { block, queue, seconds: SEEN_SECONDS, messages });
  }

  /** Sends, and waits for the replicas if any are asked for. */
  protected async confirmed<T>(messages: readonly string[], send: () => Promise<T>): Promise<T> {
    if (!messages.every(hasOldTagsOnly)) await this.tagReaders.refuseUnread(messages);
    const { replicas } = this.options;
    try {
      return await (replicas ? this.onReplicas(replicas, messages, send) : send());
    } catch (error) {
      // every error but a timeout proves that nothing was written
      const uncertain = error instanceof NestworkError && error.code === 'REDIS_TIMEOUT';
      throw uncertain ? unconfirmed(messages, error) : error;
    }
  }

  private async onReplicas<T>(replicas: number, messages: readonly string[], send: () => Promise<T>): Promise<T> {
    await this.connection.ready();
    const { current } = this.connection;
    const reply = await send();
    // Redis gives up before the command does, and says how many there were
    const patienceMs = Math.ceil(this.options.commandTimeoutMs * 0.8);
    const confirmed = await this.connection
      .command((redis) => redis.wait(replicas, patienceMs))
      .catch((error: unknown) => {
        throw unconfirmed(messages, error);
      });
    // another one may lead to a new primary that never had it, and whose replicas would confirm that
    if (this.connection.current !== current) {
      throw unconfirmed(messages, new Error('The connection was lost before replicas could confirm.'));
    }
    if (confirmed < replicas) throw unconfirmed(messages, new Error(`${confirmed} of ${replicas} replicas have it.`));
    return reply;
  }
}

/**
 * Adds messages in order, in as many scripts as needed. Resolves to how many were new.
 *
 * @param add sends a chunk whose ids share the `seen` bitmap of the block
 */
async function addInChunks(
  messages: readonly string[],
  add: (chunk: readonly string[], block: string) => Promise<number>,
): Promise<number> {
  let added = 0;
  let confirmed = 0;
  for (const chunk of chunks(messages)) {
    try {
      added += await add(chunk, seenBlock(chunk[0] ?? ''));
    } catch (error) {
      throw confirmed > 0 ? unconfirmed(messages, error) : error;
    }
    confirmed += chunk.length;
  }
  return added;
}

/** Of the labels those of the limits of these messages. */
export function labelsOf(messages: readonly string[], labels: ReadonlyMap<string, string>): string[] {
  return [...new Set(messages.flatMap(limitKeysOf))].flatMap((key) => {
    const label = labels.get(key);
    return label === undefined ? [] : [key, label];
  });
}

function unconfirmed(messages: readonly string[], cause: unknown): EnqueueUnconfirmedError {
  return new EnqueueUnconfirmedError(messages.map(idOf), { cause });
}

export function dueArgs(due: Due): { dueFrom: string; dueMs: number } {
  return 'in' in due ? { dueFrom: 'in', dueMs: due.in } : { dueFrom: 'at', dueMs: due.at };
}
