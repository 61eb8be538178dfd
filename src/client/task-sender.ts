import type { AppBroker, Due, ProducerBroker } from '../broker/port/broker.js';
import { type PrepareRepeated, REPEATED } from '../cron/repeated-call.js';
import { NestworkError } from '../errors.js';
import { refusedInGroup } from '../groups/group-options.js';
import { MEMBER, type MemberCall, type SendMembers } from '../groups/member-call.js';
import type { CallOptions } from '../message/call-options.js';
import { callTags } from '../message/call-tags.js';
import { combineHeaders, type GivenHeaders, readHeaders } from '../message/headers.js';
import type { TaskIdSequence } from '../message/task-id.js';
import { encodeMessage } from '../message/task-message.js';
import { assertUniqueKey, encodeUnique } from '../message/unique-key.js';
import type { ArgumentCheck } from '../payload/argument-check.js';
import { decodePayload, encodePayload } from '../payload/payload.js';
import type { PayloadCodec } from '../payload/payload-codec.js';
import { PLAIN, type ResolvedPayload } from '../payload/payload-options.js';
import { keysNeeded } from '../payload/seal-errors.js';
import { toCallOptions } from '../policy/policy-options.js';
import { secondsToKeep, secondsToWait } from '../policy/result-time.js';
import type { SentRules, StartTags } from '../policy/start-tags.js';
import { patienceOf } from '../results/result-options.js';
import type { SentResult } from '../results/results.js';
import { BROADCAST_QUEUE } from '../task/broadcast.js';
import { type Clock, systemClock } from '../values/clock.js';
import { assertOptionsObject } from '../values/known-options.js';
import { CallStart, labelsOf, type Refusal } from './call-start.js';
import { conflictUnknown, groupInTransaction, waitsForCommit } from './in-transaction.js';
import { type Propagation, propagatedHeaders } from './propagation.js';
import {
  duplicateKey,
  limitReached,
  misplaced,
  notArguments,
  notAwaited,
  notCalls,
  notRepeated,
  refusedBroadcast,
  refusedInCron,
} from './send-errors.js';
import {
  assertBroadcastOptions,
  assertSendOptions,
  deferringOption,
  dueOf,
  invalid,
  type SendOptions,
  waitOptions,
} from './send-options.js';
import type { SendWrappers } from './send-wrappers.js';
import { type HandleContext, TaskHandle } from './task-handle.js';
import { atCall, type UnansweredSends } from './unanswered-sends.js';

/** What says something about one call, and not about those of a cron. */
const UNREPEATED = ['delay', 'eta', 'key', 'id', 'ids', 'timeout', 'signal'] as const;

/** Where a task goes that is sent without naming a queue, and for how many seconds its results are kept; mostly they are not. */
export interface TaskHome {
  readonly queue: string;
  readonly result?: number | undefined;
  /** whether what it carries is sealed; false by default */
  readonly sealed?: boolean | undefined;
  /** when its tasks may start, as the catalog has it */
  readonly rules?: SentRules | undefined;
}

/** Finds when the tasks may start; undefined where this app does not have the task, so that its home says it. */
export type RulesOfTask = () => { readonly rules: SentRules | undefined } | undefined;

/**
 * Finds the home of a task.
 *
 * @param needsQueue false when the call names a queue: then nobody minds that the task is in no catalog
 */
export type HomeOfTask = (needsQueue: boolean) => TaskHome | Promise<TaskHome>;

/** Finds what looks at the arguments of a task before they are sent; most have nothing of the kind. */
export type CheckOfTask = () => ArgumentCheck | undefined;

/** A call that waits for its task. */
interface Awaited {
  readonly id: string;
  readonly timeoutMs: number;
}

/** Where a call goes, and for how many seconds its result is kept; undefined for none. */
interface Destination {
  readonly queue: string;
  readonly seconds: number | undefined;
  /** when the call may start, as the catalog has it */
  readonly rules: SentRules | undefined;
  readonly sealed: boolean;
}

/** A call as it was when it was made. */
interface Call {
  readonly payload: string;
  /** undefined when the catalog has to be asked first */
  readonly start: CallStart | undefined;
  /** where `start` is known and makes any */
  readonly tags: StartTags | undefined;
}

/** Those of one turn. */
interface Calls {
  readonly payloads: readonly string[];
  /** undefined when the catalog has to be asked first */
  readonly start: CallStart | undefined;
  /** of each call, where `start` is known and makes any */
  readonly tags: readonly (StartTags | undefined)[];
}

/** A call that is ready to be sent. */
interface OneMessage {
  readonly id: string;
  readonly queue: string;
  readonly message: string;
  readonly due: Due | undefined;
  readonly start: StartTags | undefined;
}

/** A call of `run()` waits for a task of this queue. Returns what to call when it waits no more. */
export type OnWait = (task: string, queue: string) => () => void;

/** Where a sender sends to: Redis, or the outbox within a transaction. */
export type SenderBroker = ProducerBroker & Pick<AppBroker, 'groups'>;

interface Target {
  readonly name: string;
  readonly homeOfTask: HomeOfTask;
  readonly checkOfTask?: CheckOfTask;
  readonly rulesOfTask?: RulesOfTask;
  /** those that `with({ queue })` may name; any if undefined */
  readonly queues: readonly string[] | undefined;
  readonly unanswered: UnansweredSends;
  readonly handles: HandleContext;
  /** it is known to be a broadcast; of what is sent by name that turns out with its queue */
  readonly broadcast?: boolean;
  /** that of this machine by default */
  readonly clock?: Clock;
  /** what travels with every call */
  readonly propagate?: Propagation;
  readonly wrappers?: SendWrappers;
  /** how payloads lie in Redis; plain by default */
  readonly payload?: ResolvedPayload;
  readonly onWait?: OnWait;
  /** what is sent becomes rows, of which nothing is known before the commit */
  readonly inTransaction?: boolean;
}

/**
 * Sends calls of one task. Immutable: `with()` returns another sender.
 *
 * @example
 * const send: TaskSender<[userId: number, options: { weekly: boolean }]> = queue.of(ReportTasks).send;
 * await send.with({ delay: '10m' }).delay(7, { weekly: true });
 */
export class TaskSender<Args extends unknown[], Result = unknown> {
  /** what travels with each message */
  private readonly callOptions: CallOptions | undefined;
  private start: CallStart | undefined;

  /** @internal */
  constructor(
    private readonly broker: SenderBroker,
    private readonly sequence: TaskIdSequence,
    private readonly target: Target,
    private readonly options: SendOptions,
  ) {
    this.callOptions = toCallOptions(options);
  }

  /** The name of the task: `Class.method`, unless its decorator gives another. */
  get name(): string {
    return this.target.name;
  }

  /**
   * Whether `with()` has given any.
   *
   * @internal
   */
  get hasOptions(): boolean {
    return Object.keys(this.options).length > 0;
  }

  /**
   * The same sender within a transaction.
   *
   * @internal
   */
  within(broker: SenderBroker, handles: HandleContext): TaskSender<Args, Result> {
    return new TaskSender(broker, this.sequence, { ...this.target, handles, inTransaction: true }, this.options);
  }

  /**
   * The same sender with other options.
   *
   * @throws NestworkError INVALID_OPTION, INVALID_DURATION, INVALID_HEADERS, UNKNOWN_QUEUE, INVALID_TASK_ID, INVALID_LIMIT_KEY
   * @example
   * await queue.of(ReportTasks).send.with({ delay: '10m', queue: 'bulk' }).delay(7, { weekly: false });
   * @example
   * // runs once, two seconds after the last of several calls
   * const debounced = queue.of(ReportTasks).send.with({ key: 'user-7', onConflict: 'replace', delay: '2s' });
   * await debounced.delay(7, { weekly: true });
   */
  with(options: SendOptions): TaskSender<Args, Result> {
    const { name, queues, broadcast } = this.target;
    const where = `on task "${name}"`;
    // nothing is as good as an empty object; of anything else a copy would be empty
    if (options !== undefined && options !== null) assertOptionsObject(options, `with() ${where}`);
    const all = { ...this.options, ...options };
    if (broadcast) assertBroadcastOptions(all, name);
    assertSendOptions(all, name, queues);
    if (options?.headers !== undefined) {
      // a copy: the checked arguments must not change any more
      all.headers = { ...this.options.headers, ...readHeaders(all.headers, `with({ headers }) ${where}`) };
    }
    return new TaskSender(this.broker, this.sequence, this.target, all);
  }

  /**
   * Enqueues one call. Once it resolves, the task is in Redis and will run.
   *
   * @throws NestworkError UNSERIALIZABLE_ARGUMENT, PAYLOAD_TOO_LARGE, PAYLOAD_TOO_DEEP, INVALID_PAYLOAD, INVALID_HEADERS,
   * PROPAGATE_FAILED, TASK_NOT_SENT, WORKERS_TOO_OLD, INVALID_LIMIT_KEY, LIMIT_KEY_NEEDED, INVALID_OPTION for options that do not go with
   * `onLimit`: nothing was sent; DUPLICATE_KEY, LIMIT_REACHED: nothing was added, because the key is taken, or a limit is full; REDIS_UNAVAILABLE, REDIS_OUT_OF_MEMORY, REDIS_REFUSED, REDIS_FORBIDDEN: nothing was added
   * @throws EnqueueUnconfirmedError when Redis did not answer in time: repeat with the same id
   */
  delay(...args: Args): Promise<TaskHandle<Result>> {
    return this.sendOne(args);
  }

  /**
   * Enqueues one call and waits for it to end. Its result is kept for the time of `with({ result })` or of the task, or else for the
   * `timeout` of the call and 10 s at the least.
   *
   * @returns what the task returned
   * @throws as `delay()` does, LIMIT_REACHED also for `onLimit: 'drop'`, and as `TaskHandle.result()`: TaskFailedError, ResultTimeoutError, RESULT_TOO_LARGE, UNSERIALIZABLE_RESULT
   * @example
   * const part = await queue.of(PartTasks).extract.run(7);
   * @example
   * const { signal } = new AbortController();
   * const sum = await queue.of(PartTasks).sum.with({ timeout: '2m', signal }).run(1, 2);
   */
  async run(...args: Args): Promise<Result> {
    const { name, handles } = this.target;
    const { results } = handles;
    const { id = this.sequence.next() } = this.options;
    const patience = patienceOf(waitOptions(this.options), `with() on task "${name}"`);
    try {
      if (this.target.broadcast) throw notAwaited(name);
      if (this.target.inTransaction) throw waitsForCommit(name);
      patience.signal?.throwIfAborted();
      this.assertDueWithin(patience.timeoutMs);
      // one that is sent again may have ended before
      const wait = results.wait(id, { isNew: this.options.id === undefined });
      let handle: TaskHandle<Result>;
      try {
        handle = await this.sendOne(args, { id, timeoutMs: patience.timeoutMs });
      } catch (error) {
        wait.giveUp();
        throw error;
      }
      const endOfWait = this.target.onWait?.(name, handle.queue);
      try {
        if (handle.added) return (await results.awaited(id, wait, patience)) as Result;
        wait.giveUp();
        return (await results.of(handle.id, patience)) as Result;
      } finally {
        endOfWait?.();
      }
    } catch (error) {
      throw atCall(error, name, this.run);
    }
  }

  /**
   * Enqueues many calls in order, in far fewer round trips. Every argument is checked before the first is sent.
   *
   * @throws as `delay()` does; after an EnqueueUnconfirmedError, repeat all of them with its `taskIds`
   * @example
   * await queue.of(ReportTasks).send.delayMany(users.map((user) => [user.id, { weekly: true }]));
   */
  async delayMany(calls: Iterable<Args>): Promise<TaskHandle<Result>[]> {
    const { name, unanswered, wrappers } = this.target;
    unanswered.begin(name);
    try {
      this.assertWaitsForNothing();
      const all = this.encodeAll(calls);
      const { length } = all.payloads;
      if (!wrappers?.any) return await this.sendMany(all);
      if (length === 0) return [];
      return [...(await wrappers.around(this.wrapped(length), (headers) => this.sendMany(all, headers)))];
    } catch (error) {
      throw atCall(error, name, this.delayMany);
    } finally {
      unanswered.end(name);
    }
  }

  /**
   * How batches and flows send calls of this task.
   *
   * @internal
   */
  readonly [MEMBER]: SendMembers = async (count, send) => {
    const { name, unanswered, wrappers } = this.target;
    unanswered.begin(name);
    try {
      this.assertGoesWithGroups();
      if (!wrappers?.any) return await send(await this.memberCall());
      return await wrappers.around(this.wrapped(count), async (headers) => send(await this.memberCall(headers)));
    } finally {
      unanswered.end(name);
    }
  };

  /**
   * How a cron that is set at run time takes a call: without what belongs to the moment of the call.
   *
   * @internal
   */
  readonly [REPEATED]: PrepareRepeated = async (args) => {
    const { name, broadcast, inTransaction } = this.target;
    if (broadcast || inTransaction) throw notRepeated(name, broadcast ? 'a broadcast' : 'a sender of a transaction');
    const refused = UNREPEATED.find((option) => this.options[option] !== undefined);
    if (refused) throw refusedInCron(refused, name);
    const payload = encodePayload(args);
    const check = this.target.checkOfTask?.();
    if (check) await check(asReceived(payload));
    const { queue, seconds, rules, sealed } = await this.destination();
    if (queue === BROADCAST_QUEUE) throw notRepeated(name, 'a broadcast');
    const calls = this.knownStart() ?? this.startBy(rules);
    calls.assertRefusable('A cron');
    const headers = combineHeaders(undefined, this.options.headers, name);
    const call = headers ? { ...this.callOptions, headers } : this.callOptions;
    const packed = this.codec.encodeRepeatedly(payload, name, sealed);
    return { task: name, queue, payload: packed, call, result: seconds, start: calls.tags(args) };
  };

  /** An error of this task has its name; the sending of a flow concerns others, too. */
  private memberCall(added?: GivenHeaders): Promise<MemberCall> {
    return this.preparedMember(added).catch((error: unknown) => {
      throw atCall(error, this.target.name, this.memberCall);
    });
  }

  private async preparedMember(added?: GivenHeaders): Promise<MemberCall> {
    const options = this.travelling(added);
    const check = this.target.checkOfTask?.();
    const { queue, seconds, rules, sealed } = await this.destination();
    const { name } = this.target;
    if (queue === BROADCAST_QUEUE) throw refusedBroadcast(name);
    const { due, enqueuedAt } = this.time();
    const takeIds = (count: number): string[] => this.sequence.take(count);
    const { groups } = this.broker;
    const calls = this.knownStart() ?? this.startBy(rules);
    calls.assertRefusable('A batch or flow');
    const start: MemberCall['start'] = (args, path) => calls.tags(args, path);
    const pack: MemberCall['pack'] = (payload) => this.codec.encode(payload, name, sealed);
    return { name, queue, seconds, options, check, due, enqueuedAt, start, pack, groups, takeIds };
  }

  /** @throws NestworkError INVALID_OPTION */
  private assertGoesWithGroups(): void {
    const { name, broadcast, inTransaction } = this.target;
    if (inTransaction) throw groupInTransaction(`A batch or flow got a sender of task "${name}" from in(transaction).`);
    if (broadcast) throw refusedBroadcast(name);
    const refused = (['key', 'id', 'ids', 'timeout', 'signal'] as const).find((it) => this.options[it] !== undefined);
    if (refused) throw refusedInGroup(refused, name);
  }

  private async sendOne(args: Args, awaited?: Awaited): Promise<TaskHandle<Result>> {
    const { name, unanswered, wrappers } = this.target;
    unanswered.begin(name);
    try {
      if (!awaited) this.assertWaitsForNothing();
      // as they are now: a wrapper may wait before it sends
      const call = this.encode(args);
      if (!wrappers?.any) return await this.send(call, undefined, awaited);
      const send = async (headers: GivenHeaders) => [await this.send(call, headers, awaited)];
      const [handle] = await wrappers.around(this.wrapped(1), send);
      return handle as TaskHandle<Result>;
    } catch (error) {
      throw atCall(error, name, this.sendOne);
    } finally {
      unanswered.end(name);
    }
  }

  /** @throws NestworkError INVALID_OPTION, OUTBOX_UNSUPPORTED */
  private assertWaitsForNothing(): void {
    if (this.target.inTransaction && this.options.onConflict === 'reject') throw conflictUnknown(this.target.name);
    if (this.options.timeout !== undefined) throw misplaced('timeout', 'run');
    if (this.options.signal !== undefined) throw misplaced('signal', 'run');
  }

  /** @throws NestworkError INVALID_OPTION */
  private assertDueWithin(timeoutMs: number): void {
    const { due, now } = this.time();
    const waitMs = due === undefined ? 0 : 'in' in due ? due.in : due.at - now;
    if (waitMs < timeoutMs) return;
    throw invalid(
      'delay, eta',
      this.target.name,
      `is due in ${waitMs} ms, when run() waits no more`,
      'Give a longer `timeout`, or send it with delay() and await handle.result() later.',
    );
  }

  private encode(args: Args): Call {
    if (this.options.ids) throw misplaced('ids', 'delayMany');
    const start = this.knownStart();
    if (start?.refuses) this.assertRefusable(start);
    return { payload: encodePayload(args), start, tags: start?.tags(args) };
  }

  /** @throws NestworkError INVALID_OPTION */
  private assertRefusable(start: CallStart): void {
    const option = deferringOption(this.options);
    if (option) start.assertRefusable(`with({ ${option} })`);
  }

  /** Undefined when the catalog has to be asked. */
  private knownStart(): CallStart | undefined {
    const known = this.target.rulesOfTask?.();
    return known && this.startBy(known.rules);
  }

  private startBy(rules: SentRules | undefined): CallStart {
    if (!this.start || this.start.rules !== rules) this.start = new CallStart(this.target.name, this.options, rules);
    return this.start;
  }

  private async send(call: Call, added?: GivenHeaders, awaited?: Awaited): Promise<TaskHandle<Result>> {
    const { broker } = this;
    const { name } = this.target;
    const { key, until = 'finished' } = this.options;
    const { payload } = call;
    const options = this.travelling(added);
    const check = this.target.checkOfTask?.();
    if (check) await check(asReceived(payload));
    if (key !== undefined) assertUniqueKey(name, key);
    const { queue, seconds, rules, sealed } = await this.destination(awaited);
    const unique = key === undefined ? undefined : encodeUnique(name, key, until, sealed ? this.codec : undefined);
    const calls = call.start ?? this.startBy(rules);
    if (!call.start && calls.refuses) this.assertRefusable(calls);
    const start = call.start ? call.tags : calls.tags();
    const { id = this.sequence.next() } = awaited ?? this.options;
    const { due, enqueuedAt, now } = this.time();
    const tags = callTags(unique, { seconds, announced: true }, undefined, start?.tags);
    const packed = this.codec.encode(payload, name, sealed);
    const message = encodeMessage({ id, name, payload: packed, enqueuedAt, options, tags });
    const sent = { sentAt: now, seconds };
    if (unique !== undefined) return this.sendUnique({ id, queue, message, due, start }, sent);
    if (start) {
      const refusal = await calls.enqueue(broker, { queue, message, due, labels: start.labels });
      if (refusal) return this.refused({ id, name, queue, added: false }, refusal, awaited);
    } else if (queue === BROADCAST_QUEUE) await broker.broadcast([message]);
    else if (due) await broker.enqueue(queue, [message], due);
    else await broker.enqueueOne(queue, message);
    return this.handle({ id, name, queue, added: true }, sent);
  }

  /** @throws NestworkError LIMIT_REACHED */
  private refused(
    task: { id: string; name: string; queue: string; added: false },
    refusal: Refusal,
    awaited: Awaited | undefined,
  ): TaskHandle<Result> {
    const { limit, key } = refusal;
    // nothing was added that could be waited for
    if (awaited || limit.onLimit === 'reject') throw limitReached(task.name, limit.name, key);
    return this.handle({ ...task, droppedBy: limit.name }, undefined);
  }

  private async sendUnique(
    { id, queue, message, due, start }: OneMessage,
    sent: SentResult,
  ): Promise<TaskHandle<Result>> {
    const { name } = this.target;
    const { onConflict = 'drop' } = this.options;
    const replace = onConflict === 'replace';
    const holder = await this.broker.enqueueUnique(queue, message, {
      due,
      replace,
      ...(start && { labels: start.labels }),
    });
    if (holder.id !== id && onConflict === 'reject') throw duplicateKey(name, holder.id);
    const added = holder.id === id;
    // of the task of another call nobody here knows whether it keeps its result
    return this.handle({ id: holder.id, name, queue: holder.queue, added }, added ? sent : undefined);
  }

  private handle(
    task: { id: string; name: string; queue: string; added: boolean; droppedBy?: string },
    sent: SentResult | undefined,
  ): TaskHandle<Result> {
    return new TaskHandle(this.target.handles, task, sent);
  }

  private encodeAll(calls: Iterable<Args>): Calls {
    if (this.options.id) throw misplaced('id', 'delay');
    if (this.options.key !== undefined) throw misplaced('key', 'delay');
    if (!isReadable(() => typeof Reflect.get(Object(calls), Symbol.iterator) === 'function')) throw notCalls();
    const start = this.knownStart();
    start?.assertRefusable('delayMany()');
    const tags: (StartTags | undefined)[] = [];
    const payloads = Array.from(calls, (args, call) => {
      if (!isReadable(() => Array.isArray(args))) throw notArguments(call);
      const payload = encodePayload(args, `calls[${call}]`);
      if (start && !start.isPlain) tags.push(start.tags(args, `calls[${call}]`));
      return payload;
    });
    const { ids } = this.options;
    if (ids && ids.length !== payloads.length) {
      throw new NestworkError(
        'INVALID_OPTION',
        `with({ ids }) names ${ids.length} ids for ${payloads.length} calls of task "${this.target.name}".`,
        'Pass the same calls in the same order as the first time.',
      );
    }
    return { payloads, start, tags };
  }

  private async sendMany({ payloads, start, tags }: Calls, added?: GivenHeaders): Promise<TaskHandle<Result>[]> {
    const { broker } = this;
    const { name } = this.target;
    const options = this.travelling(added);
    const check = this.target.checkOfTask?.();
    // nothing is awaited without need: another call in this turn would get in before
    if (check) for (const [call, payload] of payloads.entries()) await check(asReceived(payload), `calls[${call}]`);
    if (payloads.length === 0) return [];
    const { ids = payloads.map(() => this.sequence.next()) } = this.options;
    const { queue, seconds, rules, sealed } = await this.destination();
    const { due, enqueuedAt, now } = this.time();
    const byCatalog = start ? undefined : this.startBy(rules);
    byCatalog?.assertRefusable('delayMany()');
    const ofAll = byCatalog?.tags();
    const result = { seconds, announced: true };
    const others = callTags(undefined, result, undefined, ofAll?.tags);
    const messages = payloads.map((payload, call) => {
      const own = tags[call];
      const all = own ? callTags(undefined, result, undefined, own.tags) : others;
      const packed = this.codec.encode(payload, name, sealed);
      return encodeMessage({ id: ids[call] as string, name, payload: packed, enqueuedAt, options, tags: all });
    });
    const limited = ofAll ? [ofAll] : tags;
    // all of them have such tags, or none
    if (limited[0]) await broker.enqueueLimited(queue, messages, { due, labels: labelsOf(limited) });
    else if (queue === BROADCAST_QUEUE) await broker.broadcast(messages);
    else await broker.enqueue(queue, messages, due);
    return ids.map((id) => this.handle({ id, name, queue, added: true }, { sentAt: now, seconds }));
  }

  /** Known at once, unless Redis has to be asked. */
  private destination(awaited?: Awaited): Destination | Promise<Destination> {
    const home = this.target.homeOfTask(this.options.queue === undefined);
    return home instanceof Promise
      ? home.then((found) => this.destinationIn(found, awaited))
      : this.destinationIn(home, awaited);
  }

  /** A call by name may turn out to be a broadcast only when its queue is known. */
  private destinationIn(home: TaskHome, awaited: Awaited | undefined): Destination {
    const { queue = home.queue, result } = this.options;
    const { name } = this.target;
    const sealed = home.sealed === true;
    if (sealed && !this.codec.canSeal) throw keysNeeded(`Task "${name}" cannot be sent`);
    if (queue === BROADCAST_QUEUE) {
      if (awaited) throw notAwaited(name);
      assertBroadcastOptions(this.options, name);
      return { queue, seconds: undefined, rules: undefined, sealed };
    }
    const own = result === undefined ? home.result : secondsToKeep(result, `with({ result }) on task "${name}"`);
    return { queue, seconds: own ?? (awaited && secondsToWait(awaited.timeoutMs)), rules: home.rules, sealed };
  }

  /** What wrappers get to know of a call. */
  private wrapped(count: number): { name: string; count: number; sealed: boolean } {
    const { name, rulesOfTask, homeOfTask } = this.target;
    const home = rulesOfTask?.() && homeOfTask(this.options.queue === undefined);
    const sealed = home && !(home instanceof Promise) ? home.sealed === true : this.codec.canSeal;
    return { name, count, sealed };
  }

  private get codec(): PayloadCodec {
    return (this.target.payload ?? PLAIN).codec;
  }

  /** When the calls come into their queue, in ms since 1970: now, or when they are due. */
  private time(): { due: Due | undefined; enqueuedAt: number; now: number } {
    const { clock = systemClock } = this.target;
    const now = clock();
    const due = dueOf(this.options, now);
    return { due, now, enqueuedAt: due && 'at' in due ? due.at : now + (due?.in ?? 0) };
  }

  /** What travels with each message of a call. Asked before anything is awaited, so that `propagate` sees the context of the caller; a wrapper of sends that awaits keeps that context. */
  private travelling(added?: GivenHeaders): CallOptions | undefined {
    const { name, propagate } = this.target;
    const { headers: own } = this.options;
    if (propagate === undefined && own === undefined && added === undefined) return this.callOptions;
    const headers = combineHeaders(propagate && propagatedHeaders(propagate), own, name, added);
    return headers ? { ...this.callOptions, headers } : this.callOptions;
  }
}

/** The arguments as a worker will get them: what checks them may change them, and must not change those of the caller. */
function asReceived(payload: string): unknown[] {
  return decodePayload(JSON.parse(payload), payload);
}

/** Both answers can throw for a proxy. */
function isReadable(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}
