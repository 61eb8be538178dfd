import type { ActionName } from '../../broker/port/action-port.js';
import type { AppBroker, Due } from '../../broker/port/broker.js';
import type { ChildOfWorker, FoundTask } from '../../broker/port/task-port.js';
import { labelOf } from '../../message/message-label.js';
import { assertTaskId } from '../../message/task-id.js';
import { idOf } from '../../message/task-message.js';
import { argumentText } from '../../payload/argument-spans.js';
import type { PayloadCodec } from '../../payload/payload-codec.js';
import { PLAIN, type ResolvedPayload } from '../../payload/payload-options.js';
import { keysNeeded } from '../../payload/seal-errors.js';
import type { CatalogStart } from '../../policy/start-catalog.js';
import { decodeNotes } from '../../task/task-notes.js';
import { type Clock, systemClock } from '../../values/clock.js';
import type { Duration } from '../../values/duration.js';
import { assertKnownOptions } from '../../values/known-options.js';
import { filterText, idsText, recordAtEnd } from '../actions/record-at-end.js';
import { assertBy } from '../actor.js';
import type { DeadLetters } from '../dead-letters.js';
import { groupOfTask } from '../groups/group-of-task.js';
import type { KnownQueues } from '../queues/known-queues.js';
import { queuesWithTasks } from '../queues/queues-with-tasks.js';
import { describeWorker, loadOf, mayClaim } from '../workers/worker-report.js';
import { findDone, readDone } from './done-tasks.js';
import { readHolder } from './key-holder.js';
import { holdersOf } from './limit-holders.js';
import { MatchingTasks } from './matching-tasks.js';
import { SendByName, type SendByNameOptions, type SentByName } from './send-by-name.js';
import { TaskDetails } from './task-details.js';
import { explanationOf, LIVING, type TaskExplanation, unknownTask } from './task-explanation.js';
import { readTasks, type TaskMatcher } from './task-list.js';
import { resolveList, type TaskListOptions, type TaskPage } from './task-list-options.js';
import { outcomeOf, type TaskOutcome } from './task-outcome.js';
import {
  type PurgeFilter,
  type PurgeOptions,
  type PurgePreview,
  type PurgeResult,
  positionOf,
  previewPurge,
  purgeTasks,
  resolvePurge,
} from './task-purge.js';
import { runsOf, withRuns } from './task-runs.js';
import { dueOf } from './task-time.js';

/**
 * The name for the record of an action on a task.
 *
 * @example
 * const options: TaskActionOptions = { by: 'anna' };
 * await inspector.tasks.cancel(id, options);
 */
export interface TaskActionOptions {
  /** The name of the person or program that acts, for the record of actions. At most 256 characters. */
  by: string;
}

/**
 * The state in which an action found a task; `unknown` when it is done, or never was.
 *
 * @example
 * const found: FoundState = await inspector.tasks.cancel(id, { by: 'anna' });
 */
export type FoundState = Exclude<TaskDetails['state'], 'done' | 'dropped'>;

/**
 * Looks at single tasks in every state, and acts on those that wait. Whatever it reads, each step asks Redis for a bounded part,
 * and nothing is kept on the server for it.
 *
 * All methods reject with REDIS_UNAVAILABLE or REDIS_TIMEOUT when Redis does not answer.
 *
 * @example
 * const inspector = await createInspector();
 * const { tasks } = await inspector.tasks.list({ state: 'pending', queue: 'mail' });
 * for (const { id } of tasks) console.log((await inspector.tasks.explain(id)).sentences.join(' '));
 */
export class TaskInspector {
  /** @internal */
  readonly matching: MatchingTasks;
  private readonly sender: SendByName;
  private readonly payloads: PayloadCodec;

  /** @internal */
  constructor(
    private readonly broker: AppBroker,
    private readonly known: KnownQueues,
    private readonly dead: DeadLetters,
    clock: Clock = systemClock,
    payload: ResolvedPayload = PLAIN,
  ) {
    this.payloads = payload.codec;
    this.matching = new MatchingTasks(broker.places, known, broker.actions, payload.codec);
    this.sender = new SendByName({ broker, known, clock, payload });
  }

  /** The names of all tasks that workers have ever had, broadcasts included. */
  async names(): Promise<readonly string[]> {
    return (await this.broker.catalog.tasks()).map(({ name }) => name);
  }

  /**
   * The queue that workers announced for a task; undefined for one that none has announced.
   *
   * @internal
   */
  async queueOf(name: string): Promise<string | undefined> {
    return (await this.broker.registeredTask(name))?.queue;
  }

  /**
   * What workers announced of when a task may start; empty for one that none has announced.
   *
   * @internal
   */
  async startOf(name: string): Promise<CatalogStart> {
    return (await this.broker.registeredTask(name)) ?? {};
  }

  /**
   * Tasks that have not ended, page by page; with `state: 'done'` the done tasks of a name with `keepDone`.
   *
   * With `task`, `id` or `text` it searches: it reports how far it looked, ends after `within`, and goes on from its cursor. With
   * `task` and `key` it reads the one task that has that unique key.
   *
   * @example
   * const first = await inspector.tasks.list({ task: 'ReportTasks.send' });
   * const second = await inspector.tasks.list({ task: 'ReportTasks.send', cursor: first.cursor });
   * const [holder] = (await inspector.tasks.list({ task: 'ReportTasks.send', key: 'user-7' })).tasks;
   *
   * @throws NestworkError INVALID_OPTION, INVALID_NAME, INVALID_DURATION, UNKNOWN_QUEUE; PAYLOAD_KEYS_NEEDED for the `key` of a sealed task without keys
   */
  async list(options: TaskListOptions = {}): Promise<TaskPage> {
    const { text } = options;
    if (text === undefined) return this.search(options, undefined);
    return this.search(options, async (_, args) => {
      const given = args();
      return given !== undefined && argumentText(given).includes(text);
    });
  }

  /**
   * Tasks like those of `list`, of which somebody else decides which match.
   *
   * @param passesAll whether the matcher lets all pass, and only reads their arguments
   * @internal
   */
  async search(options: TaskListOptions, matches: TaskMatcher | undefined, passesAll = false): Promise<TaskPage> {
    const list = await resolveList(options, this.known, this.payloads);
    const { state, task } = options;
    if (state === 'done' && task !== undefined) return readDone(this.broker.done, task, list);
    const { places } = this.broker;
    const { payloads } = this;
    const page =
      list.digests === undefined
        ? await readTasks(places, { ...list, matches, passesAll, payloads })
        : await readHolder(places, { digests: list.digests, payloads }, options, matches);
    if (list.digests && page.looked === 0 && !payloads.canSeal) await this.assertPlain(task ?? '');
    if (!page.tasks.some(({ worker }) => worker)) return page;
    return { ...page, tasks: withRuns(page.tasks, await this.broker.workers.workers()) };
  }

  /** Without the key, a sealed task is not found by its unique key: none is there would be no answer. */
  private async assertPlain(task: string): Promise<void> {
    if ((await this.broker.registeredTask(task))?.sealed) throw keysNeeded(`Task "${task}" cannot be found by its key`);
  }

  /**
   * One task in any state, with its progress, its log, and the batch or flow that it is part of; undefined when it is done, or never was. A done one is found for an hour
   * if it noted something, for as long as its result is kept, and for longer if its name has `keepDone`. It searches all that waits,
   * step by step.
   *
   * @example
   * const task = await inspector.tasks.get(id);
   * console.log(task?.state, task?.headers, task?.args);
   *
   * @throws NestworkError INVALID_TASK_ID
   */
  async get(id: string): Promise<TaskDetails | undefined> {
    return (await this.read(id)).task;
  }

  private async read(id: string): Promise<Remains> {
    const found = await this.find(id);
    const hasEnded = !LIVING.includes(found.state);
    const result = hasEnded ? outcomeOf(id, await this.broker.results.kept(id), this.payloads) : undefined;
    const { inLine = false } = found;
    if (found.state === 'dead') return { task: await this.ofDead(id, found, result), inLine };
    return { ...(await this.ofOther(id, found, result)), inLine };
  }

  /**
   * Why a task is waiting, or how it ended: as a stable code, with the facts, and in sentences.
   *
   * @example
   * const { code, sentences } = await inspector.tasks.explain(id);
   * console.log(code, sentences.join(' ')); // no-worker No worker serves the queue mail now: start one.
   *
   * @throws NestworkError INVALID_TASK_ID
   */
  async explain(id: string): Promise<TaskExplanation> {
    const { task, holder, inLine } = await this.read(id);
    if (!task) return unknownTask(id);
    const { places, catalog, workers } = this.broker;
    const waits = task.queue !== undefined && ['pending', 'quarantined', 'scheduled'].includes(task.state);
    const sessions = waits ? await workers.sessions() : undefined;
    const { limits } = this.broker;
    const [now, states, worker, names, records, line] = await Promise.all([
      places.now(),
      waits ? this.broker.queueStates([task.queue as string], { sessions }) : [],
      task.state === 'quarantined' ? this.drainer() : holder,
      // no other remark of an explanation has the names
      LIVING.includes(task.state) ? catalog.tasks() : [],
      waits ? workers.workers(sessions) : [],
      task.state === 'pending' ? limits.lineOf(task.queue ?? '', task.raw?.toString() ?? '') : undefined,
    ]);
    const isKnown = names.some(({ name }) => name === task.task);
    const serving = records.map(describeWorker).filter(({ queues }) => queues.includes(task.queue ?? ''));
    const quiet = serving.length > 0 && !serving.some(mayClaim);
    const holders = line ? await holdersOf(line, places, records) : new Map();
    const [queue, load] = [states[0], loadOf(serving)];
    return explanationOf({ task, now, queue, isQuiet: quiet, load, worker, inLine, line, holders, isKnown });
  }

  /**
   * Cancels a task, as `TaskHandle.cancel` does: one that waits is gone, and its unique key is free; one that runs is stopped.
   *
   * @returns the state in which it was found; `'cancelled'` when it was cancelled before, `'dead'` and `'unknown'` when there is
   * nothing to cancel
   * @example
   * if ((await inspector.tasks.cancel(id, { by: 'anna' })) === 'unknown') console.log('It is done.');
   *
   * @throws NestworkError INVALID_TASK_ID, INVALID_OPTION
   */
  async cancel(id: string, options: TaskActionOptions): Promise<FoundState> {
    assertTaskId(id);
    assertAction(options, 'cancel()');
    const { state } = await this.broker.places.cancel(id, await this.queues());
    if (LIVING.includes(state)) await this.record('cancel', id, options.by);
    return state;
  }

  /**
   * Cancels these tasks, as one action of the record. Active ones get an aborted signal.
   *
   * @returns how many were found in each state; those that may not be cancelled as `not allowed`
   * @internal
   */
  async cancelEach(ids: readonly string[], options: EachOptions): Promise<EachResult> {
    return this.each('cancel', ids, LIVING, options, async (id, queues) => {
      const { state } = await this.broker.places.cancel(id, queues);
      return state;
    });
  }

  /**
   * Gives these scheduled tasks another time, as one action of the record.
   *
   * @param when the same time for all; undefined to run them now
   * @returns as `cancelEach`
   * @internal
   */
  async rescheduleEach(
    ids: readonly string[],
    when: Date | Duration | undefined,
    options: EachOptions,
  ): Promise<EachResult> {
    const [action, due]: [ActionName, Due] = when === undefined ? ['run-now', { in: 0 }] : ['move', dueOf(when)];
    return this.each(action, ids, ['scheduled'], options, async (_, queues, found) => this.move(found, due, queues));
  }

  /**
   * Sends a task by its name, to the queue that workers announced for it. The process needs not have its class.
   *
   * @param args the arguments of the call, as `delay()` takes them
   * @param options as `with()` takes them; `queue` is one that a worker has ever served
   * @example
   * const { id } = await inspector.tasks.send('ReportTasks.send', [7, { weekly: true }], { by: 'anna', delay: '10m' });
   *
   * @throws NestworkError UNKNOWN_TASK, UNKNOWN_QUEUE, INVALID_NAME, INVALID_OPTION, DUPLICATE_KEY, PAYLOAD_KEYS_NEEDED, LIMIT_REACHED also for
   *   a limit with `onLimit: 'drop'`, and what `delay()` rejects with
   */
  async send(
    name: string,
    args: readonly unknown[],
    { by, ...options }: TaskActionOptions & SendByNameOptions,
  ): Promise<SentByName> {
    assertBy(by);
    const sent = await this.sender.send(name, args, options);
    if (sent.added) await this.record('send', `${sent.task} ${sent.id}`, by);
    return sent;
  }

  /**
   * Moves a scheduled task to the tail of its queue, so that it runs as soon as a worker is free.
   *
   * @returns the state in which it was found: it was moved if that is `'scheduled'`
   * @example
   * if ((await inspector.tasks.runNow(id, { by: 'anna' })) !== 'scheduled') console.log('It waits for no time.');
   *
   * @throws NestworkError INVALID_TASK_ID, INVALID_OPTION
   */
  async runNow(id: string, options: TaskActionOptions): Promise<FoundState> {
    assertAction(options, 'runNow()');
    return this.reschedule('run-now', { id, due: { in: 0 }, by: options.by });
  }

  /**
   * Gives a scheduled task another time. `expires` counts from the new one.
   *
   * @param when a date, or so long from now by the clock of Redis
   * @returns the state in which it was found: it was moved if that is `'scheduled'`
   * @example
   * await inspector.tasks.moveTo(id, '2h', { by: 'anna' });
   *
   * @throws NestworkError INVALID_TASK_ID, INVALID_OPTION, INVALID_DURATION
   */
  async moveTo(id: string, when: Date | Duration, options: TaskActionOptions): Promise<FoundState> {
    assertAction(options, 'moveTo()');
    return this.reschedule('move', { id, due: dueOf(when), by: options.by });
  }

  /**
   * Removes pending tasks of a queue for ever, in batches, and frees their unique keys. Active, scheduled and dead tasks stay.
   * Tasks that come meanwhile may stay.
   *
   * It can be ended between two batches, and goes on from the cursor of its result. The tasks that stay keep their order; where
   * more than 50,000 of them were sent after a purged task, the newest ones move into its place.
   *
   * @param filter `{}` for all
   * @example
   * const { purged } = await inspector.tasks.purge('mail', { task: 'DigestTasks.send', olderThan: '1d' }, { by: 'anna' });
   *
   * @throws NestworkError UNKNOWN_QUEUE, INVALID_OPTION, INVALID_NAME, INVALID_DURATION
   */
  async purge(queue: string, filter: PurgeFilter, options: PurgeOptions): Promise<PurgeResult> {
    assertKnownOptions(options, ['by', 'onProgress', 'signal', 'within', 'cursor'], 'purge()');
    assertBy(options.by);
    await this.known.chooseAll([queue], 'tasks.purge()');
    const purge = await resolvePurge(this.broker.places, queue, filter);
    let count = 0;
    const onProgress: PurgeOptions['onProgress'] = (progress) => {
      count = progress.purged;
      options.onProgress?.(progress);
    };
    return recordAtEnd(
      this.broker.actions,
      { action: 'purge', by: options.by, subject: () => `${queue} ${filterText(filter)}`, count: () => count },
      () => purgeTasks(this.broker.places, purge, { ...options, onProgress }),
    );
  }

  /**
   * Checks what `purge` would get.
   *
   * @throws NestworkError UNKNOWN_QUEUE, INVALID_OPTION, INVALID_NAME, INVALID_DURATION
   * @internal
   */
  async assertPurge(queue: string, filter: PurgeFilter, cursor: string | undefined): Promise<void> {
    await this.known.chooseAll([queue], 'tasks.purge()');
    await resolvePurge(this.broker.places, queue, filter);
    if (cursor !== undefined) positionOf(cursor);
  }

  /**
   * Counts the tasks that a purge would remove, for at most 5 s, and shows some of them.
   *
   * @example
   * const { matching, sample } = await inspector.tasks.previewPurge('mail', { olderThan: '1d' });
   *
   * @throws NestworkError UNKNOWN_QUEUE, INVALID_OPTION, INVALID_NAME, INVALID_DURATION
   */
  async previewPurge(queue: string, filter: PurgeFilter): Promise<PurgePreview> {
    await this.known.chooseAll([queue], 'tasks.previewPurge()');
    return previewPurge(this.broker.places, await resolvePurge(this.broker.places, queue, filter));
  }

  private async record(action: ActionName, subject: string, by: string): Promise<void> {
    await this.broker.actions.record({ action, subject, count: 1, by });
  }

  private async reschedule(
    action: ActionName,
    { id, due, by }: { readonly id: string; readonly due: Due; readonly by: string },
  ): Promise<FoundState> {
    assertTaskId(id);
    const queues = await this.queues();
    const state = await this.move(await this.broker.places.find(id, queues), due, queues);
    if (state === 'scheduled') await this.record(action, id, by);
    return state;
  }

  private async move(first: FoundTask, due: Due, queues: readonly string[]): Promise<FoundState> {
    let found = first;
    for (;;) {
      const { state, queue, message } = found;
      if (state !== 'scheduled' || queue === undefined || message === undefined) return state;
      if (await this.broker.places.reschedule(queue, message, due)) return state;
      // it has moved on in the meantime
      found = await this.broker.places.find(idOf(message), queues);
    }
  }

  /** @param changed the states of tasks that the action changes */
  private async each(
    action: ActionName,
    ids: readonly string[],
    changed: readonly string[],
    { by, may, signal, onProgress }: EachOptions,
    act: (id: string, queues: readonly string[], found: FoundTask) => Promise<FoundState>,
  ): Promise<EachResult> {
    for (const id of ids) assertTaskId(id);
    assertBy(by);
    const counts: Record<string, number> = {};
    const count = (): number => changed.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
    const queues = await this.queues();
    await recordAtEnd(this.broker.actions, { action, by, subject: () => idsText(ids), count }, async () => {
      for (const [index, id] of ids.entries()) {
        signal.throwIfAborted();
        const found = await this.broker.places.find(id, queues);
        const { state, queue, message } = found;
        let end: string = state;
        // one that comes back only now was not decided on
        if (changed.includes(state)) {
          const task = message === undefined ? undefined : labelOf(message)?.name;
          end = (await may({ id, queue, task })) ? await act(id, queues, found) : 'not allowed';
        }
        counts[end] = (counts[end] ?? 0) + 1;
        onProgress(index + 1, count());
      }
    });
    return counts;
  }

  private async find(id: string): Promise<FoundTask> {
    assertTaskId(id);
    return this.broker.places.find(id, await this.queues());
  }

  /** Those that workers have served. Before the first worker nobody has named them: then those in which tasks wait, as far as a scan finds them. */
  private async queues(): Promise<readonly string[]> {
    const known = await this.known.all();
    return known.length > 0 ? known : queuesWithTasks(this.broker.checkup);
  }

  private async ofOther(
    id: string,
    found: FoundTask,
    result: TaskOutcome | undefined,
  ): Promise<Omit<Remains, 'inLine'>> {
    const stored = await this.broker.notes.read(id);
    const texts = this.payloads.opener(id);
    const notes = stored === undefined ? undefined : decodeNotes(stored, texts.open);
    const done = found.state === 'unknown' ? await this.doneOf(id) : undefined;
    if (!notes && !done && !result && found.state === 'unknown') return { task: undefined };
    const { places, workers } = this.broker;
    const { child } = found;
    const [children, records] =
      child === undefined ? [[], []] : await Promise.all([places.children(), workers.workers()]);
    const holder = children.find((one) => one.child === child);
    const run = holder && runsOf(records)(id, holder);
    const partOf = await groupOfTask(this.broker.groups, found.message, found.state === 'waiting', this.payloads);
    return { task: new TaskDetails(id, found, { notes, texts, done, run, result, partOf }, this.payloads), holder };
  }

  private async doneOf(id: string): ReturnType<typeof findDone> {
    const kept = (await this.broker.catalog.tasks()).filter(({ keepDone = 0 }) => keepDone > 0);
    return findDone(
      this.broker.done,
      kept.map(({ name }) => name),
      id,
    );
  }

  private async ofDead(
    id: string,
    found: FoundTask,
    result: TaskOutcome | undefined,
  ): Promise<TaskDetails | undefined> {
    const { queue } = found;
    const death = await this.dead.get(id, queue === undefined ? {} : { queue });
    // it was redriven or deleted in between
    if (!death) return undefined;
    const partOf = await groupOfTask(this.broker.groups, death.bytes.toString(), false, this.payloads);
    return new TaskDetails(id, found, { death, result, partOf }, this.payloads);
  }

  /** The child that takes no others in order to run a quarantined task alone. */
  private async drainer(): Promise<ChildOfWorker | undefined> {
    const { places } = this.broker;
    const wanted = await places.drainer();
    return wanted === undefined ? undefined : (await places.children()).find(({ child }) => child === wanted);
  }
}

/** A task as it was read; undefined when Redis has nothing of it. */
interface Remains {
  readonly task: TaskDetails | undefined;
  /** whether it waits in a line */
  readonly inLine: boolean;
  /** the child that holds it */
  readonly holder?: ChildOfWorker | undefined;
}

/** How many tasks there were of each end. */
type EachResult = Readonly<Record<string, number>>;

interface EachOptions extends TaskActionOptions {
  /** decides for each that could be changed */
  readonly may: (task: Pick<TaskDetails, 'id' | 'queue' | 'task'>) => Promise<boolean>;
  readonly signal: AbortSignal;
  /** called after each, with the number of those that are done with, and of those that were changed */
  readonly onProgress: (handled: number, count: number) => void;
}

function assertAction(options: TaskActionOptions, where: string): void {
  assertKnownOptions(options, ['by'], where);
  assertBy(options.by);
}
