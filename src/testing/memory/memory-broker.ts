import type {
  AppBroker,
  CatalogEntry,
  Due,
  KeyHolder,
  LimitDeclaration,
  LimitedOptions,
  LimitedReply,
  Promotion,
  QueueState,
  QueueStatesOptions,
  RegisteredTask,
  TaskPlace,
  UniqueOptions,
} from '../../broker/port/broker.js';
import type { LimitPort } from '../../broker/port/limit-port.js';
import { idOf } from '../../message/task-message.js';
import { BROADCAST_QUEUE } from '../../task/broadcast.js';
import type { Clock } from '../../values/clock.js';
import type { TestWork } from '../test-work.js';
import { MemoryActions } from './memory-actions.js';
import { MemoryBroadcasts } from './memory-broadcasts.js';
import { MemoryCheckup } from './memory-checkup.js';
import { MemoryClaims } from './memory-claims.js';
import { MemoryCrons } from './memory-crons.js';
import { MemoryDeadLetters } from './memory-dead-letters.js';
import { MemoryDone } from './memory-done.js';
import { MemoryGroups } from './memory-groups.js';
import { MemoryLimitRules } from './memory-limit-rules.js';
import { MemoryMetrics } from './memory-metrics.js';
import { MemoryNotes } from './memory-notes.js';
import { MemoryPauses } from './memory-pauses.js';
import { MemoryPlaces } from './memory-places.js';
import { MemoryRelay } from './memory-relay.js';
import { MemoryResults } from './memory-results.js';
import { MemoryTasks } from './memory-tasks.js';
import { withTime } from './message-edits.js';

/** A message that an app has sent. */
export interface SentMessage {
  /** `(broadcast)` for a broadcast */
  readonly queue: string;
  readonly message: string;
  readonly due: Due | undefined;
}

/** Receives the sent and cancelled tasks of an app. */
export interface BrokerObserver {
  readonly clock: Clock;
  /** whether tasks are run at all */
  readonly isRunning: boolean;
  /** whether scheduled tasks are pending at once */
  readonly impatient: boolean;
  /** Messages are in. The sender waits until this resolves. */
  onSent(messages: readonly SentMessage[]): Promise<void>;
  /** Somebody waits for the end of a task: called within it. Rejects when the wait would be in vain. */
  onAwaited(id: string): Promise<void>;
  /** A task of a group waits no more, and is pending. @param isNew whether it was not sent before it waited */
  onReady(message: SentMessage, isNew: boolean): void;
  /** An active task was cancelled, or the group with this id. */
  onCancelled(id: string): void;
}

/**
 * Takes the place of Redis in the app of a test: its part of the port, over maps, by the clock of its observer. The conformance
 * suite of the Redis broker tests the common part.
 *
 * Its worker is the test, which takes one task after another from `claims` and never dies. So there are no sessions, no
 * leases and no bells, and nothing is settled or reaped.
 */
export class MemoryBroker implements AppBroker, TestWork {
  readonly tasks: MemoryTasks;
  readonly deadLetters: MemoryDeadLetters;
  readonly broadcasts: MemoryBroadcasts;
  readonly crons: MemoryCrons;
  readonly pauses: MemoryPauses;
  readonly actions: MemoryActions;
  readonly places: MemoryPlaces;
  readonly claims: MemoryClaims;
  /** the test is the worker, and nothing steers it */
  readonly workers = {
    sessions: async () => ({ at: this.tasks.now, live: [], lapsed: [] }),
    workers: async () => [],
    lapsed: async () => [],
    watch: async () => {},
    order: async () => undefined,
  };
  readonly limits: LimitPort;
  readonly limitRules = new MemoryLimitRules();
  readonly metrics: MemoryMetrics;
  readonly notes: MemoryNotes;
  readonly done: MemoryDone;
  readonly results: MemoryResults;
  readonly groups: MemoryGroups;
  readonly outbox: MemoryRelay;
  readonly namespace = 'memory';
  readonly checkup: MemoryCheckup;
  readonly catalog = {
    tasks: async () => [...(this.registered?.values() ?? [])],
    queues: async () => [...this.queues],
  };
  /** by name, once a worker is there */
  private registered: ReadonlyMap<string, CatalogEntry> | undefined;

  /** @param queues all queues of the app, in the order of their priority */
  constructor(
    private readonly queues: readonly string[],
    private readonly observer: BrokerObserver,
  ) {
    this.tasks = new MemoryTasks(observer.clock);
    this.limits = this.tasks.lines;
    this.notes = new MemoryNotes(observer.clock);
    this.done = new MemoryDone(observer.clock);
    this.results = new MemoryResults(this.tasks, observer);
    this.groups = new MemoryGroups(this.tasks, this.results, observer);
    this.outbox = new MemoryRelay(this, observer.clock);
    this.deadLetters = new MemoryDeadLetters(this.tasks, this);
    this.broadcasts = new MemoryBroadcasts(this.tasks);
    this.crons = new MemoryCrons(this.tasks);
    this.pauses = new MemoryPauses(observer.clock);
    this.actions = new MemoryActions(observer.clock);
    this.places = new MemoryPlaces(this.tasks, queues, this.groups, (id) => this.cancel(id));
    this.metrics = new MemoryMetrics(observer.clock);
    this.checkup = new MemoryCheckup(observer.clock);
    this.claims = new MemoryClaims(this.tasks, this, queues);
  }

  async connect(): Promise<void> {}

  async close(): Promise<void> {
    this.results.stopWaiting();
  }

  /** A worker is there, which serves all queues, knows these tasks and declares these limits. */
  serve(catalog: readonly CatalogEntry[], limits: readonly LimitDeclaration[] = []): void {
    this.tasks.lines.limits.declare(limits);
    this.registered = new Map(catalog.map((task) => [task.name, task]));
  }

  async enqueue(queue: string, messages: readonly string[], due?: Due): Promise<number> {
    return this.add(queue, messages, due, due && !this.observer.impatient ? this.timeOf(due) : undefined);
  }

  async enqueueOne(queue: string, message: string, labels?: readonly string[]): Promise<void> {
    await (labels ? this.enqueueLimited(queue, [message], { labels }) : this.enqueue(queue, [message]));
  }

  async enqueueLimited(queue: string, messages: readonly string[], options: LimitedOptions): Promise<LimitedReply> {
    const { due, labels = [], refuses = false } = options;
    const { now, lines } = this.tasks;
    const [message = ''] = messages;
    const full = refuses && !this.tasks.isKnown(message) ? lines.fullFor(queue, message) : undefined;
    if (full !== undefined) return { added: 0, full };
    lines.limits.label(labels);
    // those of one line in the order in which they came, by one clock
    const at = due && !this.observer.impatient && this.timeOf(due) > now ? this.timeOf(due) : undefined;
    const stamped = at === undefined ? messages.map((one) => withTime(one, now)) : messages;
    return { added: await this.add(queue, stamped, due, at) };
  }

  async enqueueUnique(queue: string, message: string, options: UniqueOptions): Promise<KeyHolder> {
    const { due, replace, labels = [] } = options;
    const { tasks } = this;
    const id = idOf(message);
    if (tasks.isKnown(message)) return { id, queue };
    const former = tasks.holderOf(message);
    if (former && !replace) return { id: former.id, queue: former.queue };
    tasks.lines.limits.label(labels);
    const at = due && !this.observer.impatient ? this.timeOf(due) : tasks.now;
    tasks.add(queue, message, at > tasks.now ? at : undefined);
    if (former?.state === 'pending' || former?.state === 'scheduled') {
      tasks.remove(former);
      this.results.replaced(former);
    }
    await this.announce([message], queue, due);
    return { id, queue };
  }

  async broadcast(messages: readonly string[]): Promise<number> {
    const fresh = messages.filter((message) => this.tasks.letIn(message));
    for (const message of fresh) this.broadcasts.add(message);
    return this.announce(fresh, BROADCAST_QUEUE);
  }

  async registeredTask(name: string): Promise<RegisteredTask | undefined> {
    return this.registered?.get(name);
  }

  async locate(id: string): Promise<TaskPlace> {
    const waiting = await this.groups.waitingNode(id);
    return waiting ? { state: 'waiting', ...waiting } : this.tasks.locate(id);
  }

  async cancel(id: string): Promise<TaskPlace> {
    const waiting = this.groups.cancelWaiting(id);
    const place: TaskPlace = waiting ? { state: 'waiting', ...waiting } : this.tasks.cancel(id);
    if (place.state === 'active') this.observer.onCancelled(id);
    this.results.announce(id);
    const hasLeft = place.state === 'pending' || place.state === 'scheduled';
    if (hasLeft && place.message !== undefined) this.groups.left(place.message, 'cancelled');
    await this.observer.onSent([]);
    return place;
  }

  async promote(limit: number): Promise<Promotion> {
    const { now } = this.tasks;
    this.groups.tend();
    const scheduled = this.tasks.scheduled(this.queues);
    const due = scheduled.slice(0, limit).filter(({ at }) => at <= now);
    for (const task of due) this.tasks.move(task, 'pending');
    const { nextEnd } = this.pauses;
    const next = [scheduled[due.length]?.at, nextEnd, this.groups.nextEnd, this.tasks.nextOpening(this.queues)];
    const times = next.filter((at) => at !== undefined);
    return { moved: due.length, nextInMs: times.length > 0 ? Math.max(Math.min(...times) - now, 0) : undefined };
  }

  async queueStates(queues: readonly string[], { diedSince }: QueueStatesOptions = {}): Promise<QueueState[]> {
    const died = diedSince === undefined ? [] : await this.deadLetters.counts(queues, { since: diedSince });
    return queues.map((queue, at) => {
      const [pending, dead] = [this.tasks.in(queue, 'pending'), this.tasks.in(queue, 'dead')];
      const heldBack = this.tasks.heldBack(queue);
      const scheduled = this.tasks.scheduled([queue]);
      const counts = {
        pending: pending.size + this.tasks.lines.of(queue).size - heldBack,
        scheduled: scheduled.length,
        heldBack,
        quarantined: 0,
        dead: dead.size,
      };
      const served = this.registered !== undefined && this.queues.includes(queue);
      return {
        queue,
        ...counts,
        died: died[at] ?? 0,
        head: this.tasks.headOf(queue)?.message,
        dueAt: scheduled[0]?.at,
        served,
        paused: this.pauses.of(queue),
        contestants: [],
      };
    });
  }

  /** A worker without a lease is never late. */
  async staleAcks(): Promise<number> {
    return 0;
  }

  private timeOf(due: Due): number {
    return 'in' in due ? this.tasks.now + due.in : due.at;
  }

  /** @param at when they are pending; undefined for now */
  private add(
    queue: string,
    messages: readonly string[],
    due: Due | undefined,
    at: number | undefined,
  ): Promise<number> {
    const fresh = messages.filter((message) => this.tasks.add(queue, message, at));
    return this.announce(fresh, queue, due);
  }

  private async announce(messages: readonly string[], queue: string, due?: Due): Promise<number> {
    if (messages.length > 0) await this.observer.onSent(messages.map((message) => ({ queue, message, due })));
    return messages.length;
  }
}
