import type {
  ChildExit,
  Claimant,
  ClaimedTask,
  ClaimReply,
  ClaimRequest,
  DeathReport,
  Due,
  KeyHolder,
  Redrive,
  Retry,
  SessionDescription,
  Settlement,
  TimedOut,
  UniqueOptions,
} from '../../../src/broker/port/broker.js';
import { QUEUES } from './choices.js';
import {
  crashed,
  failed,
  failuresOf,
  historyIsFull,
  idOf,
  isForeign,
  isQuarantined,
  keyOf,
  quarantined,
  redriven,
  remembered,
  STRAY,
  strayed,
  triedAgain,
} from './messages.js';
import { ModelKeys } from './model-keys.js';
import { ModelQueues } from './model-queue.js';
import type { Situation } from './situations.js';
import {
  type Child,
  HOUR_MS,
  hoursLeft,
  leaseOf,
  type ModelPause,
  Refusal,
  type State,
  type System,
} from './system.js';

interface Session {
  readonly described: Record<string, string>;
  readonly queues: readonly string[];
  msLeft: number;
  /** registered child -> number of its last claim */
  readonly children: Map<string, number>;
}

/**
 * The promises of the broker once more, in memory: the specification that the scripts are compared with.
 *
 * It knows no Redis, no keys and no atomicity; what it refuses it refuses before it changes anything. Beside the state
 * of the broker it remembers what was, so that commands can let the dead come back too late. It is one long file, a method
 * for each script, to be read beside them.
 */
export class BrokerModel implements System {
  /** id -> queue and message, of all that was ever enqueued */
  readonly enqueued = new Map<string, { queue: string; message: string }>();
  /** children that were settled or reaped */
  readonly gone: Child[] = [];
  readonly goneSessions: string[] = [];
  foreign = 0;
  /** attempts that have been noted in histories */
  attempts = 0;
  private readonly queues: ModelQueues;
  private readonly keys: ModelKeys;
  private readonly sessions = new Map<string, Session>();
  /** child -> id -> task */
  private readonly claims = new Map<string, Map<string, ClaimedTask>>();
  private readonly catalog = new Map<string, string>();
  private gapMs = 0;
  /** acks that came too late */
  private stale = 0;

  constructor(private readonly note: (situation: Situation) => void) {
    this.queues = new ModelQueues(note);
    this.keys = new ModelKeys(note);
  }

  async enqueue(name: string, messages: readonly string[], due?: Due): Promise<number> {
    const queue = this.queues.get(name);
    const fresh = messages.filter((message) => !this.enqueued.has(idOf(message)));
    for (const message of fresh) this.enqueued.set(idOf(message), { queue: name, message });
    if (due && fresh.length > 0) this.schedule(name, fresh, due);
    else queue.pending.push(...fresh);
    queue.bell ||= !due && fresh.length > 0;
    if (fresh.length === 0) this.note('enqueued again: nothing added');
    else if (fresh.length < messages.length) this.note('enqueued again in part: the rest added');
    return fresh.length;
  }

  async enqueueUnique(name: string, message: string, { due, replace }: UniqueOptions): Promise<KeyHolder> {
    const id = idOf(message);
    if (this.enqueued.has(id)) {
      this.note('key taken before by the same task');
      return { id, queue: name };
    }
    const holder = this.keys.holderOf(message);
    if (holder && !replace) {
      this.note('key taken: the task is dropped');
      return { id: idOf(holder.message), queue: holder.queue };
    }
    this.enqueued.set(id, { queue: name, message });
    if (due && hoursOf(due) > 0) this.schedule(name, [message], due);
    else this.queues.get(name).append(message);
    // only now: a promoter that waits for the former one need not wake for a later one
    if (holder) this.note(TAKEN_OVER[this.queues.get(holder.queue).withdraw(holder.message) ?? 'running']);
    else this.note('key taken');
    this.keys.take(name, message);
    return { id, queue: name };
  }

  async promote(limit: number): Promise<{ moved: number; nextInMs: number | undefined }> {
    const { moved, nextInHours } = this.queues.promote(QUEUES, limit);
    return { moved, nextInMs: nextInHours === undefined ? undefined : nextInHours * HOUR_MS };
  }

  async waitForAlarm(): Promise<boolean> {
    const rings = this.queues.alarm;
    this.queues.alarm = false;
    return rings;
  }

  async claim(
    { session, child, queues }: Claimant,
    { number, limit, acks, recover }: ClaimRequest,
  ): Promise<ClaimReply> {
    if (!this.isRegistered({ session, child })) this.stale += acks.length;
    const children = this.childrenWith({ session, child }, 'claim of a child that is not registered');
    const last = children.get(child) ?? 0;
    if (number < last) this.refuse('STALE_CLAIM', 'claim older than the last');
    const held = this.heldBy(child);
    const acked = acks.filter((id) => held.delete(id)).length;
    if (acked > 0) this.note('claim acked a held task');
    if (acked < acks.length) this.note('claim acked a task that is not held');
    if (recover && held.size > 0) this.note('claim that recovers held tasks');
    if (recover || number === last) {
      children.set(child, number);
      if (!recover && held.size > 0) this.note('claim repeated: all that is held');
      return { repeated: true, acked, drain: false, more: false, tasks: [...held.values()] };
    }
    this.stale += acks.length - acked;
    children.set(child, number);
    const { tasks, drain } = this.queues.grant(queues, limit, { child, number, holdsNothing: held.size === 0 });
    for (const task of tasks) {
      held.set(task.id, task);
      if (keyOf(task.message)?.until === 's') this.keys.free(task.message);
    }
    const paused = this.queues.pausedOf(queues);
    return { repeated: false, acked, drain, more: this.queues.ringWhereWorkIsLeft(queues), paused, tasks };
  }

  async ack(claimant: Claimant, ids: readonly string[]): Promise<number> {
    if (!this.isRegistered(claimant)) this.stale += ids.length;
    this.childrenWith(claimant);
    const held = this.heldBy(claimant.child);
    if (ids.some((id) => !held.has(id) && this.isHeld(id))) this.note('ack of a task of another child');
    return ids.filter((id) => {
      this.keys.free(held.get(id)?.message ?? '');
      return held.delete(id);
    }).length;
  }

  async retry(claimant: Claimant, { id, queue }: { id: string; queue: string }, retry: Retry): Promise<boolean> {
    this.childrenWith(claimant);
    const task = this.heldBy(claimant.child).get(id);
    if (!task) this.note('retry of a task that is not held');
    if (!task) return false;
    // a time, or none, in place of the count
    if (isForeign(id) || failuresOf(task.message) !== retry.failures) {
      this.note('retry by an outdated count');
      return false;
    }
    this.note(retry.inMs > 0 ? 'retry later' : 'retry at once');
    if (!retry.counts) this.note('retry uncounted');
    if (isQuarantined(task.message)) this.note('retry of a quarantined task');
    this.heldBy(claimant.child).delete(id);
    this.tryAgain(queue, task.message, retry);
    this.attempts += 1;
    return true;
  }

  async release(claimant: Claimant, ids: readonly string[], claimNumber?: number): Promise<number> {
    const last = this.childrenWith(claimant).get(claimant.child);
    if (claimNumber !== undefined && claimNumber !== last) {
      this.note('release by an outdated claim number');
      return 0;
    }
    const held = this.heldBy(claimant.child);
    const asked = [...new Set(ids)].flatMap((id) => held.get(id) ?? []);
    const tasks = asked.filter(({ queue }) => claimant.queues.includes(queue));
    if (tasks.length < asked.length) this.note('no release to a queue that is not served');
    for (const { id, message } of tasks) {
      held.delete(id);
      this.note(isQuarantined(message) ? 'release of a quarantined task' : 'release');
    }
    this.queues.putBack(tasks);
    return tasks.length;
  }

  async bury(
    claimant: Claimant,
    { id, queue }: { id: string; queue: string },
    report: DeathReport,
    line = '',
  ): Promise<boolean> {
    this.childrenWith(claimant);
    const task = this.heldBy(claimant.child).get(id);
    this.note(task ? 'burial' : 'burial of a task that is not held');
    if (!task) return false;
    this.heldBy(claimant.child).delete(id);
    this.keys.free(task.message);
    if (line !== '') this.note('burial after an attempt');
    const message = line === '' ? task.message : this.remember(failed(task.message), line);
    this.queues.get(queue).dead.set(id, record(report, message));
    return true;
  }

  async redriveDead(name: string, ids: readonly string[], stale: boolean): Promise<Redrive[]> {
    const queue = this.queues.get(name);
    const answers = ids.map((id, index): Redrive => {
      const message = stale || ids.indexOf(id) < index ? undefined : queue.messageOfDead(id);
      if (message === undefined) return 'not-found';
      if (isForeign(id)) return 'refused';
      queue.dead.delete(id);
      queue.pending.push(redriven(message));
      if (!this.keys.holderOf(message)) this.keys.take(name, redriven(message));
      return 'redriven';
    });
    queue.bell ||= answers.includes('redriven');
    for (const answer of answers) this.note(`redrive: ${answer}`);
    return answers;
  }

  async deleteDead(name: string, ids: readonly string[], stale: boolean): Promise<number> {
    const { dead } = this.queues.get(name);
    const deleted = stale ? 0 : ids.filter((id) => dead.delete(id)).length;
    this.note(deleted > 0 ? 'dead deleted' : 'none of the dead deleted');
    return deleted;
  }

  async pauseQueue(name: string, hours: number | undefined, by: string): Promise<ModelPause> {
    return this.queues.pause(name, hours, by);
  }

  async resumeQueue(name: string): Promise<boolean> {
    return this.queues.resume(name);
  }

  async waitForBell(queues: readonly string[]): Promise<boolean> {
    return this.queues.hearBell(queues);
  }

  async holdings(child: Child): Promise<{ claimNumber: number; ids: string[] }> {
    return { claimNumber: this.lastClaim(child) ?? 0, ids: this.held(child) };
  }

  async openSession({ session, leaseMs, queues, host, pid, catalog }: SessionDescription): Promise<void> {
    this.forgiveGap(leaseMs);
    for (const entry of catalog) this.catalog.set(entry.name, JSON.stringify(entry));
    for (const queue of queues) this.catalog.set(`@${queue}`, JSON.stringify({ queue }));
    const own = { '@reads': 'fsz', '@tz': process.versions.tz ?? '' };
    const described = { '@queues': queues.join(' '), '@host': host, '@pid': `${pid}`, ...own };
    const children = this.sessions.get(session)?.children ?? new Map<string, number>();
    this.sessions.set(session, { described, queues, msLeft: leaseMs, children });
  }

  async register(session: string, child: string): Promise<boolean> {
    const children = this.sessions.get(session)?.children;
    if (!children) this.note('child registered in a session that is gone');
    else if (children.has(child)) this.note('child registered twice');
    else children.set(child, 0);
    return children !== undefined;
  }

  async renew(session: string, leaseMs: number): Promise<boolean> {
    this.forgiveGap(leaseMs);
    const found = this.sessions.get(session);
    if (!found) this.note('renewal of a session that is gone');
    else if (found.msLeft === 0) this.note('renewal of an overdue session');
    if (found) found.msLeft = leaseMs;
    return found !== undefined;
  }

  async closeSession(session: string): Promise<boolean> {
    const orderly = (this.sessions.get(session)?.children.size ?? 0) === 0;
    this.note(orderly ? 'session closed' : 'session not closed: a child is registered');
    if (orderly) this.end(session);
    return orderly;
  }

  async settle(claimant: Claimant, childExit: ChildExit): Promise<Settlement> {
    this.childrenWith(claimant, 'settlement of a child that is not registered');
    const held = [...this.heldBy(claimant.child).values()];
    const served = held.filter(({ id }) => !childExit.done.includes(id));
    const unfinished = this.withoutStrays(served, claimant.queues, 'settled: a claim of a queue that is not served');
    if (served.length < held.length) this.note('settled: a lost ack made good');
    for (const { id, message } of held) if (childExit.done.includes(id)) this.keys.free(message);
    const late = this.outOfTime(held, unfinished, childExit.timedOut);
    const tasks = unfinished.filter(({ id }) => !late.has(id));
    const blamed = tasks.filter(({ id }) => childExit.blamed.includes(id) && !isForeign(id));
    const innocent = tasks.filter((task) => !blamed.includes(task));
    const settlement = { released: innocent.length, crashed: 0, quarantined: 0, dead: 0, timedOut: 0 };
    for (const [id, { retryInMs, line, report }] of late) {
      const { queue, message } = held.find((task) => task.id === id) as ClaimedTask;
      if (retryInMs < 0) {
        settlement.dead += 1;
        this.keys.free(message);
        this.queues.get(queue).dead.set(id, `${report}\n${this.remember(failed(message), line)}`);
      } else {
        settlement.timedOut += 1;
        this.tryAgain(queue, message, { inMs: retryInMs, line, counts: true });
      }
    }
    if (late.size > 0) this.attempts += 1;
    this.queues.putBack([...innocent, ...this.punish(blamed, childExit, settlement)]);
    if (blamed.length === 0) this.note('settled without blame');
    this.forget(claimant);
    return settlement;
  }

  async overdue(leaseMs: number): Promise<{ sessions: string[]; nextInMs: number | undefined }> {
    this.forgiveGap(leaseMs);
    const sessions = this.livingSessions().filter((session) => this.sessions.get(session)?.msLeft === 0);
    const running = [...this.sessions.values()].map(({ msLeft }) => msLeft).filter((msLeft) => msLeft > 0);
    if (sessions.length > 0) this.note('overdue sessions found');
    return { sessions, nextInMs: running.length > 0 ? Math.min(...running) : undefined };
  }

  async reap(session: string, leaseMs: number): Promise<number | undefined> {
    this.forgiveGap(leaseMs);
    const found = this.sessions.get(session);
    if (!found) this.note('reap of a session that is gone');
    else if (found.msLeft > 0) this.note('reap of a session that is not overdue');
    if (!found || found.msLeft > 0) return undefined;
    const children = [...found.children.keys()];
    const held = children.flatMap((child) => [...this.heldBy(child).values()]);
    const tasks = this.withoutStrays(held, found.queues, 'reaped: a claim of a queue that is not served');
    if (tasks.length > 0) this.note('reaped with claims');
    this.queues.putBack(tasks);
    for (const child of children) this.forget({ session, child });
    this.end(session);
    return tasks.length;
  }

  async expireLease(session: string): Promise<void> {
    const found = this.sessions.get(session);
    if (!found) return;
    found.msLeft = 0;
    this.gapMs = 0;
  }

  async forgetDrainer(): Promise<void> {
    this.queues.drainer = undefined;
  }

  async missPulse(gapMs: number): Promise<void> {
    this.gapMs = gapMs;
  }

  async letTimePass(hours: number): Promise<void> {
    this.queues.letTimePass(hours);
  }

  async flushScripts(): Promise<void> {}

  async pushForeign(name: string, bytes: string): Promise<void> {
    const queue = this.queues.get(name);
    this.foreign += 1;
    queue.pending.push(bytes);
    queue.bell = true;
  }

  async state(): Promise<State> {
    const state = { ...this.queues.state(), ...this.keys.state() };
    if (this.stale > 0) state.stats = { 'stale-acks': `${this.stale}` };
    state.catalog = Object.fromEntries(this.catalog);
    state.sessions = Object.fromEntries([...this.sessions].map(([name, { msLeft }]) => [name, hoursLeft(msLeft)]));
    for (const [session, { described, children }] of this.sessions) {
      const numbers = [...children].map(([child, number]) => [child, `${number}`]);
      state[`session:${session}`] = { ...described, ...Object.fromEntries(numbers) };
    }
    for (const [child, held] of this.claims) {
      const tasks = [...held.values()].map(({ id, queue, message }) => [id, `${queue} ${message}`]);
      state[`claims:${child}`] = Object.fromEntries(tasks);
    }
    // Redis keeps no empty keys
    return Object.fromEntries(Object.entries(state).filter(([, value]) => Object.keys(value as object).length > 0));
  }

  /** How often a task that a child holds has failed; 0 for others. */
  failuresOf({ child }: Child, id: string): number {
    return failuresOf(this.heldBy(child).get(id)?.message ?? '') || 0;
  }

  /** Whether a task has a key that is freed at its end. */
  hasKeyUntilFinished(id: string): boolean {
    return keyOf(this.enqueued.get(id)?.message ?? '')?.until === 'f';
  }

  /** Ids of the dead of a queue. */
  deadIn(queue: string): string[] {
    return [...this.queues.get(queue).dead.keys()];
  }

  livingSessions(): string[] {
    return [...this.sessions.keys()];
  }

  /** Children that may claim. */
  registered(): Child[] {
    return [...this.sessions].flatMap(([session, { children }]) =>
      [...children.keys()].map((child) => ({ session, child })),
    );
  }

  /** Number of the last claim of a child, or undefined when it is not registered. */
  lastClaim({ session, child }: Child): number | undefined {
    return this.sessions.get(session)?.children.get(child);
  }

  /** The queue from which a child holds a task, or else to which that was sent. */
  queueOf({ child }: Child, id: string): string {
    return this.claims.get(child)?.get(id)?.queue ?? this.enqueued.get(id)?.queue ?? 'default';
  }

  /** Ids of the tasks that a child holds. */
  held({ child }: Child): string[] {
    return [...this.heldBy(child).keys()];
  }

  /** One alone is guilty, and dead when it was so too often; of several each is only a quarantined task. Returns those not dead. */
  private punish(
    blamed: readonly ClaimedTask[],
    { maxCrashes, report, line }: ChildExit,
    settlement: Counts,
  ): ClaimedTask[] {
    if (blamed.length > 1) {
      settlement.quarantined = blamed.length;
      this.note('settled: several quarantined');
      return blamed.map((task) => this.changed(task, this.remember(quarantined(task.message), line)));
    }
    return blamed.flatMap((task) => {
      const { crashes, ...counted } = crashed(task.message);
      const message = this.remember(counted.message, line);
      if (crashes < maxCrashes) {
        settlement.crashed = 1;
        this.note('settled: a crash');
        return this.changed(task, message);
      }
      settlement.dead += 1;
      this.keys.free(message);
      if (crashes === 3) this.note('settled: dead at the third crash');
      this.queues.get(task.queue).dead.set(task.id, `${report}\n${message}`);
      return [];
    });
  }

  /** The tasks that ran out of time, by their first entry; finished tasks and foreign bytes are not among them. */
  private outOfTime(
    held: readonly ClaimedTask[],
    unfinished: readonly ClaimedTask[],
    timedOut: readonly TimedOut[],
  ): Map<string, TimedOut> {
    const late = new Map<string, TimedOut>();
    for (const entry of timedOut) {
      if (!held.some(({ id }) => id === entry.id) || late.has(entry.id)) continue;
      if (!unfinished.some(({ id }) => id === entry.id)) this.note('settled: out of time, but done');
      else if (isForeign(entry.id)) this.note('settled: foreign bytes are not out of time');
      else {
        late.set(entry.id, entry);
        if (entry.retryInMs < 0) this.note('settled: out of time, dead');
        else if (entry.retryInMs === 0) this.note('settled: out of time, to run again at once');
        else this.note('settled: out of time, to run again later');
      }
    }
    return late;
  }

  /** Now at the end of its queue, or later. */
  private tryAgain(queue: string, former: string, { inMs, line, counts }: Omit<Retry, 'failures'>): void {
    if (historyIsFull(former)) this.note('a line more than the history takes');
    const message = triedAgain(former, line, counts);
    this.keys.update(queue, message);
    if (inMs > 0) this.schedule(queue, [message], { in: inMs });
    else this.queues.get(queue).append(message);
  }

  private schedule(name: string, messages: readonly string[], due: Due): void {
    this.note(hoursOf(due) > 0 ? 'scheduled' : 'scheduled for a time in the past');
    this.queues.schedule(name, messages, hoursOf(due));
  }

  private remember(message: string, line: string): string {
    if (historyIsFull(message)) this.note('a line more than the history takes');
    return remembered(message, line);
  }

  private changed(task: ClaimedTask, message: string): ClaimedTask {
    this.keys.update(task.queue, message);
    return { ...task, message };
  }

  /** If no supervisor could renew for a third of the caller's lease, every session gets its own lease again. */
  private forgiveGap(leaseMs: number): void {
    const forgiven = Math.abs(this.gapMs) > leaseMs / 3;
    if (forgiven) for (const [session, found] of this.sessions) found.msLeft = leaseOf(session);
    if (this.gapMs !== 0) this.note(forgiven ? 'gap forgiven' : 'silence too short to be forgiven');
    this.gapMs = 0;
  }

  /** The registered children of its session, with the child among them. */
  private isRegistered({ session, child }: Child): boolean {
    return this.sessions.get(session)?.children.has(child) ?? false;
  }

  private childrenWith({ session, child }: Child, otherwise?: Situation): Map<string, number> {
    const children = this.sessions.get(session)?.children;
    if (!children?.has(child)) this.refuse('LEASE_LOST', otherwise);
    return children;
  }

  /** A claim of a queue that the worker does not serve is buried in the first queue of the worker, behind an id made up for it. */
  private withoutStrays(tasks: readonly ClaimedTask[], queues: readonly string[], otherwise: Situation): ClaimedTask[] {
    return tasks.filter(({ id, queue, message }) => {
      if (queues.includes(queue)) return true;
      this.note(otherwise);
      this.keys.free(message);
      const stray = strayed(id, `${queue} ${message}`);
      this.queues.get(queues[0] as string).dead.set(idOf(stray), `${STRAY}\n${stray}`);
      return false;
    });
  }

  private refuse(code: string, situation?: Situation): never {
    if (situation) this.note(situation);
    throw new Refusal(code);
  }

  private isHeld(id: string): boolean {
    return [...this.claims.values()].some((held) => held.has(id));
  }

  /** The child is gone, and with it its claims. */
  private forget({ session, child }: Child): void {
    this.claims.delete(child);
    this.sessions.get(session)?.children.delete(child);
    this.gone.push({ session, child });
  }

  private end(session: string): void {
    if (this.sessions.delete(session)) this.goneSessions.push(session);
  }

  private heldBy(child: string): Map<string, ClaimedTask> {
    const held = this.claims.get(child) ?? new Map<string, ClaimedTask>();
    this.claims.set(child, held);
    return held;
  }
}

const TAKEN_OVER = {
  pending: 'key taken over: a pending task goes',
  scheduled: 'key taken over: a scheduled task goes',
  quarantined: 'key taken over: a quarantined task goes',
  running: 'key taken over: a running task goes on',
} as const;

/** In how many hours; a run takes no time. */
function hoursOf(due: Due): number {
  return ('in' in due ? due.in : due.at) / HOUR_MS;
}

type Counts = { -readonly [Count in keyof Settlement]: number };

function record(report: DeathReport, message: string): string {
  return `${JSON.stringify(report)}\n${message}`;
}
