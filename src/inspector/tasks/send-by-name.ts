import type { ProducerBroker } from '../../broker/port/broker.js';
import type { CatalogPort } from '../../broker/port/catalog-port.js';
import { CallStart } from '../../client/call-start.js';
import { duplicateKey, limitReached } from '../../client/send-errors.js';
import {
  assertBroadcastOptions,
  assertSendOptions,
  deferringOption,
  dueOf,
  type SendOptions,
} from '../../client/send-options.js';
import { NestworkError } from '../../errors.js';
import type { CallOptions } from '../../message/call-options.js';
import { callTags } from '../../message/call-tags.js';
import { combineHeaders, readHeaders } from '../../message/headers.js';
import { TaskIdSequence } from '../../message/task-id.js';
import { encodeMessage } from '../../message/task-message.js';
import { encodeUnique } from '../../message/unique-key.js';
import { encodePayload } from '../../payload/payload.js';
import type { ResolvedPayload } from '../../payload/payload-options.js';
import { keysNeeded } from '../../payload/seal-errors.js';
import { toCallOptions } from '../../policy/policy-options.js';
import { secondsToKeep } from '../../policy/result-time.js';
import { rulesOfCatalog } from '../../policy/start-catalog.js';
import { type SentRules, UNREGISTERED } from '../../policy/start-tags.js';
import { BROADCAST_QUEUE } from '../../task/broadcast.js';
import type { Clock } from '../../values/clock.js';
import { didYouMean } from '../../values/did-you-mean.js';
import { invalid } from '../../values/option-values.js';
import { printable } from '../../values/printable.js';
import { assertTaskName } from '../../values/task-name.js';
import type { KnownQueues } from '../queues/known-queues.js';

/**
 * A task that `TaskInspector.send` has sent.
 *
 * @example
 * const { id, added }: SentByName = await inspector.tasks.send('ReportTasks.send', [7], { by: 'anna' });
 * console.log(added ? `sent ${id}` : `${id} has the key`);
 */
export interface SentByName {
  /** id of the task */
  readonly id: string;
  /** name of the task */
  readonly task: string;
  /** the queue that it went to; `(broadcast)` for a broadcast */
  readonly queue: string;
  /** false when another task had the `key`: then this is that task */
  readonly added: boolean;
}

/**
 * Options of a call by name: those of `with()`, but `ids`, and nothing of a wait.
 *
 * @example
 * const options: SendByNameOptions = { delay: '10m', queue: 'bulk' };
 * await inspector.tasks.send('ReportTasks.send', [7], { ...options, by: 'anna' });
 */
export type SendByNameOptions = Omit<SendOptions, 'ids' | 'timeout' | 'signal'>;

interface Parts {
  readonly broker: ProducerBroker & { readonly catalog: CatalogPort };
  readonly known: KnownQueues;
  readonly clock: Clock;
  readonly payload: ResolvedPayload;
}

interface Home {
  readonly queue: string;
  readonly result?: number;
  readonly sealed: boolean;
  readonly rules: SentRules | undefined;
}

/** Sends tasks whose classes this process does not have; only those that a worker has announced. Loads nothing of Nest. */
export class SendByName {
  private readonly ids = new TaskIdSequence();

  constructor(private readonly parts: Parts) {}

  async send(name: string, args: readonly unknown[], options: SendByNameOptions): Promise<SentByName> {
    assertTaskName(name, 'tasks.send()');
    if (!Array.isArray(args)) {
      throw invalid('args', 'is no list', 'Give the arguments of the call as an array: [7, { weekly: true }].');
    }
    if ('ids' in options) throw invalid('ids', 'belongs to many calls', 'Give the `id` of the one call.');
    for (const waits of ['timeout', 'signal'])
      if (waits in options) throw invalid(waits, 'belongs to `run()`', 'Ask for the `result`, and await it by the id.');
    const { broker, known, clock } = this.parts;
    const { codec } = this.parts.payload;
    const queues = await known.all();
    if (options.queue !== undefined) known.checked(options.queue, 'tasks.send()', queues);
    assertSendOptions(options, name, queues);
    const encoded = encodePayload(args);
    const { queue, result, rules, sealed } = await this.homeOf(name, options);
    if (sealed && !codec.canSeal) throw keysNeeded(`Task "${name}" cannot be sent`);
    const payload = codec.encode(encoded, name, sealed);
    if (queue === BROADCAST_QUEUE) assertBroadcastOptions(options, name);
    const { id = this.ids.next(), key, until = 'finished' } = options;
    const now = clock();
    const due = dueOf(options, now);
    const enqueuedAt = due && 'at' in due ? due.at : now + (due?.in ?? 0);
    const unique = key === undefined ? undefined : encodeUnique(name, key, until, sealed ? codec : undefined);
    const calls = new CallStart(name, options, rules);
    const deferring = deferringOption(options);
    if (deferring) calls.assertRefusable(`The option \`${deferring}\``);
    const start = calls.tags();
    const tags = callTags(unique, { seconds: result }, undefined, start?.tags);
    const labels = start?.labels;
    const message = encodeMessage({ id, name, payload, enqueuedAt, options: travelling(options, name), tags });
    if (unique !== undefined) {
      const replace = options.onConflict === 'replace';
      const holder = await broker.enqueueUnique(queue, message, {
        due,
        replace,
        queues: [...new Set([...queues, queue])],
        ...(labels && { labels }),
      });
      if (holder.id !== id && options.onConflict === 'reject') throw duplicateKey(name, holder.id);
      return { id: holder.id, task: name, queue: holder.queue, added: holder.id === id };
    }
    if (start) {
      const refusal = await calls.enqueue(broker, { queue, message, due, labels: start.labels });
      // a person who sends one task by hand wants to know why there is none
      if (refusal) throw limitReached(name, refusal.limit.name, refusal.key);
    } else if (queue === BROADCAST_QUEUE) await broker.broadcast([message]);
    else await broker.enqueue(queue, [message], due);
    return { id, task: name, queue, added: true };
  }

  /** Where it goes, and for how many seconds its result is kept. */
  private async homeOf(name: string, { queue, result }: SendByNameOptions): Promise<Home> {
    const task = await this.parts.broker.registeredTask(name);
    const kept = result === undefined ? task?.result : secondsToKeep(result, 'result');
    const home = queue ?? task?.queue;
    if (home === undefined) throw await this.unknown(name);
    const rules = task ? rulesOfCatalog(task) : UNREGISTERED;
    const sealed = task ? task.sealed === true : this.parts.payload.sealsAll;
    return { queue: home, rules, sealed, ...(kept !== undefined && home !== BROADCAST_QUEUE && { result: kept }) };
  }

  private async unknown(name: string): Promise<NestworkError> {
    const names = (await this.parts.broker.catalog.tasks()).map((task) => task.name);
    const meant = didYouMean(name, names);
    return new NestworkError('UNKNOWN_TASK', `No worker of this namespace has ever had a task "${printable(name)}".`, [
      ...(meant === undefined ? [] : [`Did you mean ${printable(meant)}?`]),
      'Its name is `Class.method` unless the decorator gives another.',
      'Name the queue if a worker that has the task is yet to start.',
    ]);
  }
}

function travelling(options: SendByNameOptions, name: string): CallOptions | undefined {
  const set = toCallOptions(options);
  if (options.headers === undefined) return set;
  const headers = combineHeaders(undefined, readHeaders(options.headers, 'the option `headers`'), name);
  return headers ? { ...set, headers } : set;
}
