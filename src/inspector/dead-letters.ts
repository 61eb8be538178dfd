import type { ActionPort } from '../broker/port/action-port.js';
import type { DeadEntry, DeadLetterBroker, Redrive } from '../broker/port/broker.js';
import { NestworkError } from '../errors.js';
import { editOf } from '../message/edited-message.js';
import { assertTaskId } from '../message/task-id.js';
import { encodePayload } from '../payload/payload.js';
import { type PayloadCodec, PLAIN_PAYLOADS } from '../payload/payload-codec.js';
import { type Duration, toMilliseconds } from '../values/duration.js';
import { assertKnownOptions } from '../values/known-options.js';
import { invalid } from '../values/option-values.js';
import { printable } from '../values/printable.js';
import { shown } from '../values/shown.js';
import { type BulkAction, filterText, idsText, recordAtEnd } from './actions/record-at-end.js';
import { type ActorOptions, assertActor } from './actor.js';
import { actOnAll, boundedBy, countMatching, type DeadBulkOptions, resolveBulk } from './dead-bulk.js';
import { assertNothingUndefined, type DeadFilter, type ResolvedFilter, resolveFilter } from './dead-filter.js';
import { type DeadGroupOptions, type DeadGroups, readGroups } from './dead-groups.js';
import { type DeadPage, type DeadPageOptions, resolvePage } from './dead-paging.js';
import { batchesOf, deathsOf, filledQueues } from './dead-reader.js';
import { search } from './dead-search.js';
import { DeadTask } from './dead-task.js';
import type { KnownQueues } from './queues/known-queues.js';

/**
 * Where to look for a task.
 *
 * @example
 * const lookup: DeadLookup = { queue: 'bulk' };
 * await deadLetters.get(id, lookup);
 */
export interface DeadLookup {
  /**
   * The queue it is dead in.
   * @default all of the app are searched
   */
  queue?: string;
}

/**
 * Options of `redrive`.
 *
 * @example
 * const options: RedriveOptions = { args: [7, { weekly: false }], by: 'anna' };
 * await deadLetters.redrive(id, options);
 */
export interface RedriveOptions extends DeadLookup, ActorOptions {
  /**
   * Arguments of the call in place of those that it was sent with. Nobody checks them against the method before it runs, unless its
   * payloads are validated at the worker. A unique task keeps its key.
   * @default those that it was sent with
   */
  args?: readonly unknown[];
}

/**
 * Lists, redrives and deletes dead tasks: those that will not run again by themselves. Inject it anywhere.
 *
 * Every change is atomic for each task and can be repeated: a task is dead or back in its queue, never both or neither, and
 * a repeated call finds nothing more to do. All methods reject with REDIS_UNAVAILABLE or REDIS_TIMEOUT when Redis does not
 * answer.
 *
 * @example
 * @Injectable()
 * class Repairs {
 *   constructor(private readonly deadLetters: DeadLetters) {}
 *
 *   async afterTheOutage() {
 *     const { tasks } = await this.deadLetters.list({ error: 'ECONNREFUSED', since: '2h' });
 *     console.log(tasks); // without arguments
 *     await this.deadLetters.redriveAll({ error: 'ECONNREFUSED', since: '2h' });
 *   }
 * }
 */
export class DeadLetters {
  /** @internal */
  constructor(
    private readonly broker: DeadLetterBroker,
    private readonly queues: KnownQueues,
    private readonly actions: Pick<ActionPort, 'record'>,
    private readonly payloads: PayloadCodec = PLAIN_PAYLOADS,
  ) {}

  /**
   * The dead tasks that match, page by page. If tasks die or leave between two pages, no other task is repeated or left
   * out.
   *
   * @throws NestworkError INVALID_OPTION, INVALID_DURATION, UNKNOWN_QUEUE
   *
   * @example
   * const first = await deadLetters.list({ task: 'ReportTasks.send' }, { limit: 20 });
   * const second = await deadLetters.list({ task: 'ReportTasks.send' }, { limit: 20, cursor: first.cursor });
   */
  async list(filter: DeadFilter = {}, page: DeadPageOptions = {}): Promise<DeadPage> {
    const { limit, order, after, endsAt } = resolvePage(page);
    const resolved = await this.resolve(filter);
    const tasks: DeadTask[] = [];
    const reach = { order, after, look: Number.POSITIVE_INFINITY, wanted: limit, endsAt };
    const { foreign, ...searched } = await search(this.broker, resolved, reach, (task) => tasks.push(task) < limit);
    return { tasks, ...searched, ...(foreign.size > 0 && { foreign: Object.fromEntries(foreign) }) };
  }

  /**
   * The dead tasks that match by their errors: how many died of each, when, and one of them. Looks at those that died last.
   *
   * @throws NestworkError INVALID_OPTION, INVALID_DURATION, UNKNOWN_QUEUE
   *
   * @example
   * const { groups } = await deadLetters.groups({ since: '1d' });
   * for (const { task, error, count, last } of groups) console.log(count, task, error, last);
   */
  async groups(filter: DeadFilter = {}, options: DeadGroupOptions = {}): Promise<DeadGroups> {
    return readGroups(this.broker, await this.resolve(filter), options);
  }

  /**
   * One dead task; undefined when no task of this id is dead.
   *
   * @throws NestworkError INVALID_TASK_ID, UNKNOWN_QUEUE
   */
  async get(id: string, options: DeadLookup = {}): Promise<DeadTask | undefined> {
    const entry = await this.find(id, options);
    return entry && new DeadTask(entry, this.payloads);
  }

  /**
   * How many dead tasks match. Cheap by queue and time; otherwise it reads all records of that time.
   *
   * @param cursor of a result of `redriveAll` or `deleteAll`: counts those that it left
   * @throws NestworkError INVALID_OPTION, INVALID_DURATION, UNKNOWN_QUEUE
   */
  async count(filter: DeadFilter = {}, cursor?: string): Promise<number> {
    const { from } = resolveBulk({ cursor });
    return countMatching(this.broker, boundedBy(from, await this.resolve(filter)), { from });
  }

  /**
   * Lets a dead task run again: it goes to the tail of its queue with its attempts counted anew, keeps its id and its
   * history, and does not expire any more. With `args` it gets other arguments; its history then has those before, see
   * `DeadTask.edits`.
   *
   * @returns `'not-found'` when it is not dead, for example because it was redriven before
   * @throws NestworkError UNDECODABLE_MESSAGE when it is no message that could run; it stays dead. INVALID_TASK_ID,
   * INVALID_OPTION, UNKNOWN_QUEUE; for `args` UNSERIALIZABLE_ARGUMENT, PAYLOAD_TOO_DEEP, PAYLOAD_TOO_LARGE,
   * PAYLOAD_KEYS_NEEDED where those before are sealed and this process has no keys, and REDIS_OUT_OF_MEMORY
   *
   * @example
   * await deadLetters.redrive(id, { args: [7, { weekly: false }], by: 'anna' });
   */
  async redrive(id: string, options: RedriveOptions = {}): Promise<'redriven' | 'not-found'> {
    assertKnownOptions(options, ['queue', 'by', 'args'], 'The redrive of a dead task');
    const { args, ...rest } = options;
    const payload = 'args' in options ? payloadOf(args) : undefined;
    const entry = await this.findToAct(id, rest);
    if (!entry) return 'not-found';
    const answer = await this.sendAgain(entry, payload);
    if (answer === 'refused') throw noMessage(entry);
    if (answer === 'redriven') await this.actions.record({ action: 'redrive', subject: id, count: 1, by: options.by });
    return answer;
  }

  /**
   * Redrives all tasks that match now, the oldest first, in batches. Tasks that die in the meantime stay dead.
   *
   * When it ends early, redriven tasks stay redriven and the rest stays dead. Call it again with the `cursor` of its result
   * or of its last progress to continue: tasks that have died since stay dead.
   *
   * @param filter `{}` for all
   * @returns how many run again, and how many cannot because they are no messages (see `redrive`)
   * @throws NestworkError INVALID_OPTION, INVALID_DURATION, UNKNOWN_QUEUE
   *
   * @example
   * await deadLetters.redriveAll({ code: 'CRASHED' }, { onProgress: ({ done, total }) => console.log(done / total) });
   */
  async redriveAll(
    filter: DeadFilter,
    options: DeadBulkOptions = {},
  ): Promise<{
    /** tasks that run again */
    redriven: number;
    /** those that are no messages; they stay dead */
    refused: number;
    /** where another call goes on; undefined unless the time of `within` was over, or more match than `limit` */
    cursor: string | undefined;
  }> {
    const count = { redriven: 0, refused: 0, 'not-found': 0 };
    const action: BulkAction = {
      action: 'redrive',
      by: options.by,
      subject: () => filterText(options.subject ?? filter),
      count: () => count.redriven,
    };
    const cursor = await this.forAll(filter, options, action, async (queue, deaths) => {
      for (const answer of await this.broker.redrive(queue, deaths)) count[answer] += 1;
    });
    return { redriven: count.redriven, refused: count.refused, cursor };
  }

  /**
   * Removes a dead task for ever.
   *
   * @throws NestworkError INVALID_TASK_ID, INVALID_OPTION, UNKNOWN_QUEUE
   */
  async delete(id: string, options: DeadLookup & ActorOptions = {}): Promise<'deleted' | 'not-found'> {
    const entry = await this.findToAct(id, options);
    const deleted = entry ? await this.broker.remove(entry.queue, [entry]) : 0;
    if (deleted !== 1) return 'not-found';
    await this.actions.record({ action: 'delete', subject: id, count: 1, by: options.by });
    return 'deleted';
  }

  /**
   * Removes all tasks that match now for ever, in batches.
   *
   * @param filter `{}` for all
   * @throws NestworkError INVALID_OPTION, INVALID_DURATION, UNKNOWN_QUEUE
   */
  async deleteAll(
    filter: DeadFilter,
    options: DeadBulkOptions = {},
  ): Promise<{
    /** tasks that are gone */
    deleted: number;
    /** where another call goes on; undefined unless the time of `within` was over, or more match than `limit` */
    cursor: string | undefined;
  }> {
    let deleted = 0;
    const action: BulkAction = {
      action: 'delete',
      by: options.by,
      subject: () => filterText(options.subject ?? filter),
      count: () => deleted,
    };
    const cursor = await this.forAll(filter, options, action, async (queue, deaths) => {
      deleted += await this.broker.remove(queue, deaths);
    });
    return { deleted, cursor };
  }

  /**
   * Redrives or deletes these tasks, those that are dead, as one action of the record.
   *
   * @internal
   */
  async forEach(
    action: 'redrive' | 'delete',
    ids: readonly string[],
    { by, only, signal, onProgress }: Pick<DeadBulkOptions, 'by' | 'only' | 'signal'> & DeadEachOptions,
  ): Promise<Readonly<Record<Redrive | 'deleted', number>>> {
    assertActor(by);
    for (const id of ids) assertTaskId(id);
    const queues = await this.queues.all();
    const counts = { redriven: 0, deleted: 0, refused: 0, 'not-found': 0 };
    const count = (): number => counts.redriven + counts.deleted;
    await recordAtEnd(this.actions, { action, by, subject: () => idsText(ids), count }, async () => {
      for (const [index, id] of ids.entries()) {
        signal?.throwIfAborted();
        const entry = await this.entryIn(queues, id);
        if (entry === undefined) counts['not-found'] += 1;
        else if (!only || (await only(new DeadTask(entry, this.payloads))))
          counts[await this.actOn(action, entry)] += 1;
        onProgress?.(index + 1, count());
      }
    });
    return counts;
  }

  private async actOn(action: 'redrive' | 'delete', entry: DeadEntry): Promise<Redrive | 'deleted'> {
    if (action === 'redrive') return this.sendAgain(entry, undefined);
    return (await this.broker.remove(entry.queue, [entry])) === 1 ? 'deleted' : 'not-found';
  }

  /**
   * What an action on all that match would be about, as far as can be counted in a moment.
   *
   * @internal
   */
  async preview(filter: DeadFilter, { within, cursor, only }: DeadPreviewOptions): Promise<DeadSurvey> {
    const { from } = resolveBulk({ cursor });
    const resolved = boundedBy(from, await this.resolve(filter));
    const endsAt = performance.now() + toMilliseconds(within, 'within');
    if (resolved.isRange && !only) {
      const sample = await this.newest(resolved, endsAt);
      const total = await countMatching(this.broker, resolved, { from });
      return { matching: total, looked: total, left: 0, sample };
    }
    const sample: DeadTask[] = [];
    let matching = 0;
    const reach = { order: 'newest', after: undefined, look: Number.POSITIVE_INFINITY, endsAt } as const;
    const { looked, left } = await search(this.broker, resolved, reach, async (task) => {
      if (only && !(await only(task))) return true;
      matching += 1;
      if (sample.length < SAMPLE) sample.push(task);
      return true;
    });
    return { matching, looked, left, sample };
  }

  /**
   * The tasks that an action on all that match takes first: it takes one queue after another.
   *
   * @param cursor of an action that ended early: those that it left
   * @internal
   */
  async first(
    filter: DeadFilter,
    { cursor, limit }: { readonly cursor: string | undefined; readonly limit: number },
  ): Promise<DeadTask[]> {
    const { from } = resolveBulk({ cursor });
    const bounded = boundedBy(from, await this.resolve(filter));
    const first: DeadTask[] = [];
    for (const { queue } of await filledQueues(this.broker, bounded)) {
      const after = queue === from?.queue ? from.after : undefined;
      for await (const { tasks } of batchesOf(this.broker, queue, bounded, { order: 'oldest', limit, after })) {
        first.push(...tasks.slice(0, limit - first.length));
        if (first.length === limit) return first;
      }
    }
    return first;
  }

  /** Of a range nearly all match. */
  private async newest(filter: ResolvedFilter, endsAt: number): Promise<DeadTask[]> {
    const sample: DeadTask[] = [];
    const query = { order: 'newest', after: undefined, limit: SAMPLE } as const;
    const queues = (await filledQueues(this.broker, filter)).map(({ queue }) => queue);
    for await (const task of deathsOf(this.broker, { ...filter, queues, matches: () => true }, query)) {
      if (filter.matches(task)) sample.push(task);
      if (sample.length === SAMPLE || performance.now() > endsAt) break;
    }
    return sample;
  }

  private async forAll(
    filter: DeadFilter,
    options: DeadBulkOptions,
    action: BulkAction,
    to: Parameters<typeof actOnAll>[3]['to'],
  ): Promise<string | undefined> {
    const bulk = resolveBulk(options);
    assertNothingUndefined(filter);
    const resolved = await this.resolve(filter);
    return recordAtEnd(this.actions, action, () => actOnAll(this.broker, resolved, bulk, { to, count: action.count }));
  }

  /**
   * Checks what `redriveAll` and `deleteAll` would get.
   *
   * @throws NestworkError INVALID_OPTION, INVALID_DURATION, UNKNOWN_QUEUE
   * @internal
   */
  async assertBulk(filter: DeadFilter, options: Pick<DeadBulkOptions, 'cursor'>): Promise<void> {
    const { from } = resolveBulk(options);
    boundedBy(from, await this.resolve(filter));
  }

  /**
   * The same filter with its times fixed: tasks that die from now on do not match it. A question and the action that it is
   * about then mean the same tasks.
   *
   * @internal
   */
  async fixed(filter: DeadFilter): Promise<DeadFilter> {
    const [{ range }, now] = await Promise.all([this.resolve(filter), this.broker.now()]);
    const { since, until = now } = range;
    const times = { ...(since !== undefined && { since: new Date(since) }) };
    return { ...filter, ...times, until: new Date(Math.max(Math.min(until, now), since ?? 0)) };
  }

  private async sendAgain(entry: DeadEntry, payload: string | undefined): Promise<Redrive> {
    if (payload === undefined) return (await this.broker.redrive(entry.queue, [entry]))[0] ?? 'not-found';
    return this.broker.redriveEdited(
      entry.queue,
      entry,
      editOf(new DeadTask(entry).bytes.toString(), payload, this.payloads),
    );
  }

  private async findToAct(id: string, options: DeadLookup & ActorOptions): Promise<DeadEntry | undefined> {
    assertKnownOptions(options, ['queue', 'by'], 'An action on a dead task');
    const { by, ...lookup } = options;
    assertActor(by);
    return this.find(id, lookup);
  }

  private async find(id: string, options: DeadLookup): Promise<DeadEntry | undefined> {
    assertTaskId(id);
    assertKnownOptions(options, ['queue'], 'The search for a dead task');
    return this.entryIn(await this.queues.choose(options.queue, 'the search for a dead task'), id);
  }

  private async entryIn(queues: readonly string[], id: string): Promise<DeadEntry | undefined> {
    for (const queue of queues) {
      const entry = await this.broker.find(queue, id);
      if (entry) return entry;
    }
    return undefined;
  }

  private resolve(filter: DeadFilter): Promise<ResolvedFilter> {
    return resolveFilter(filter, this.queues, this.payloads, () => this.broker.now());
  }
}

/** Of a preview. */
const SAMPLE = 5;

interface DeadEachOptions {
  /** called after each, with the number of those that are done with, and of those that were redriven or deleted */
  readonly onProgress?: (handled: number, count: number) => void;
}

interface DeadPreviewOptions {
  readonly within: Duration;
  /** of an action that ended early: those that it left */
  readonly cursor?: string;
  /** decides what else must match */
  readonly only?: (task: DeadTask) => Promise<boolean>;
}

/** The effect that an action on all that match would have. */
export interface DeadSurvey {
  /** tasks that match among those that were looked at */
  readonly matching: number;
  readonly looked: number;
  /** about how many are left to look at */
  readonly left: number;
  /** up to five of them, those that died last */
  readonly sample: readonly DeadTask[];
}

/** @throws NestworkError */
function payloadOf(args: unknown): string {
  if (Array.isArray(args)) return encodePayload(args);
  throw invalid('args', `is ${shown(args)}`, 'Give the arguments of the call as an array: [7, { weekly: true }].');
}

function noMessage({ id, queue }: DeadEntry): NestworkError {
  return new NestworkError(
    'UNDECODABLE_MESSAGE',
    `The dead task ${printable(id)} of queue "${queue}" cannot run again: it is no message of this version of nestwork.`,
    [
      'Read the `bytes` of get(id), and find the program that writes to this queue.',
      'Remove it with delete(id) if it is not needed.',
    ],
  );
}
