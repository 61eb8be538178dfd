import type { ClaimedTask, ClaimReply } from '../../../src/broker/port/broker.js';
import { byAge, handedOut, idOf, isQuarantined } from './messages.js';
import type { Situation } from './situations.js';
import type { ModelPause, State } from './system.js';

/** A queue as the model has it. */
export class ModelQueue {
  readonly pending: string[] = [];
  readonly quarantined: string[] = [];
  /** message -> in how many hours it is due; none or less when it is */
  readonly scheduled = new Map<string, number>();
  /** id -> record */
  readonly dead = new Map<string, string>();
  bell = false;
  pause: ModelPause | undefined;

  constructor(readonly name: string) {}

  get isPaused(): boolean {
    return this.pause !== undefined && this.pause.left !== 0;
  }

  get hasWork(): boolean {
    return this.pending.length + this.quarantined.length > 0;
  }

  /** Comes to the end of where it can be claimed from. */
  append(message: string): void {
    (isQuarantined(message) ? this.quarantined : this.pending).push(message);
    this.bell = true;
  }

  /** The scheduled tasks, the first to be due first. */
  due(): string[] {
    const due = [...this.scheduled].filter(([, hours]) => hours <= 0);
    return due.sort(([a, first], [b, second]) => first - second || (idOf(a) < idOf(b) ? -1 : 1)).map(([it]) => it);
  }

  /** Removes a message from the place where it waits; returns that place. */
  withdraw(message: string): 'scheduled' | 'quarantined' | 'pending' | undefined {
    if (this.scheduled.delete(message)) return 'scheduled';
    for (const where of ['quarantined', 'pending'] as const) {
      const at = this[where].indexOf(message);
      if (at < 0) continue;
      this[where].splice(at, 1);
      return where;
    }
    return undefined;
  }

  messageOfDead(id: string): string | undefined {
    return this.dead.get(id)?.replace(/^.*\n/, '');
  }

  state(): State {
    return {
      [`queue:${this.name}`]: this.pending,
      [`suspects:${this.name}`]: this.quarantined,
      [`scheduled:${this.name}`]: Object.fromEntries(this.scheduled),
      [`bell:${this.name}`]: this.bell ? ['1'] : [],
      [`dead:${this.name}`]: [...this.dead.keys()].sort(),
      [`dead-records:${this.name}`]: Object.fromEntries(this.dead),
    };
  }
}

interface Claimer {
  readonly child: string;
  readonly number: number;
  readonly holdsNothing: boolean;
}

type Grant = Pick<ClaimReply, 'tasks' | 'drain'>;

export class ModelQueues {
  /** the child that takes no more until it holds nothing, for the sake of a quarantined task */
  drainer: string | undefined;
  /** it rings for a promoter */
  alarm = false;
  private readonly queues = new Map<string, ModelQueue>();

  constructor(private readonly note: (situation: Situation) => void) {}

  /** Queues exist as soon as a command names them. */
  get(name: string): ModelQueue {
    const queue = this.queues.get(name) ?? new ModelQueue(name);
    this.queues.set(name, queue);
    return queue;
  }

  /** The tasks that a claim takes: over the queues in their order, a quarantined task alone or not at all. */
  grant(names: readonly string[], limit: number, { child, number, holdsNothing }: Claimer): Grant {
    const tasks: ClaimedTask[] = [];
    for (const name of names) {
      const queue = this.get(name);
      if (queue.isPaused) {
        if (queue.pending.length > 0) this.note('claim that passed over the tasks of a paused queue');
        if (queue.quarantined.length > 0) this.note('claim that passed over the quarantined task of a paused queue');
        continue;
      }
      if (queue.pause && queue.hasWork) this.note('claim from a queue whose pause is over');
      const [quarantined] = limit === 0 || tasks.length > 0 ? [] : queue.quarantined;
      if (quarantined !== undefined) {
        if (holdsNothing) return this.alone(queue, `${child} ${number} 0`);
        if (this.mayDrain(child)) return { tasks, drain: true };
      }
      const first = tasks.length;
      const taken = queue.pending
        .splice(0, limit - tasks.length)
        .map((message, index) => claimed(name, message, `${child} ${number} ${first + index}`));
      if (tasks.length > 0 && taken.length > 0) this.note('claim over several queues');
      if (taken.some(({ id, message }) => message.startsWith(`${id}?`))) this.note('claim of foreign bytes');
      tasks.push(...taken);
    }
    return { tasks, drain: false };
  }

  /** A claimer that leaves work behind rings for the next. */
  /** Returns whether there is any. */
  ringWhereWorkIsLeft(names: readonly string[]): boolean {
    const left = names.map((name) => this.get(name)).filter(({ hasWork, isPaused }) => hasWork && !isPaused);
    for (const queue of left) {
      queue.bell = true;
      this.note('claim left work behind');
    }
    return left.length > 0;
  }

  /** Those that are paused; undefined for none. */
  pausedOf(names: readonly string[]): string[] | undefined {
    const paused = names.filter((name) => this.get(name).isPaused);
    return paused.length > 0 ? paused : undefined;
  }

  pause(name: string, hours: number | undefined, by: string): ModelPause {
    const queue = this.get(name);
    this.note(
      queue.isPaused ? 'paused while it was paused' : queue.pause ? 'paused again after the end of a pause' : 'paused',
    );
    queue.pause = { age: queue.isPaused ? (queue.pause?.age ?? 0) : 0, left: hours, by };
    this.alarm ||= hours !== undefined;
    return queue.pause;
  }

  resume(name: string): boolean {
    const queue = this.get(name);
    const wasPaused = queue.isPaused;
    this.note(wasPaused ? 'resumed' : 'resumed although it was not paused');
    this.reopen(queue);
    return wasPaused;
  }

  /** Takes the token of the first bell that rings. */
  hearBell(names: readonly string[]): boolean {
    const ringing = names.map((name) => this.get(name)).find(({ bell }) => bell);
    if (ringing) ringing.bell = false;
    return ringing !== undefined;
  }

  /** Rings the alarm for a task that is due before all others of its queue. */
  schedule(name: string, messages: readonly string[], hours: number): void {
    const { scheduled } = this.get(name);
    const isFirst = [...scheduled.values()].every((other) => hours < other);
    this.note(isFirst ? 'scheduled earlier than others' : 'scheduled no earlier than others');
    this.alarm ||= isFirst;
    for (const message of messages) scheduled.set(message, hours);
  }

  /** Moves due tasks over the queues in their order. */
  promote(names: readonly string[], limit: number): { moved: number; nextInHours: number | undefined } {
    let moved = 0;
    let from = 0;
    for (const queue of names.map((name) => this.get(name))) {
      const due = queue.due().slice(0, limit - moved);
      for (const message of due) {
        queue.scheduled.delete(message);
        queue.append(message);
        if (isQuarantined(message)) this.note('promoted a quarantined task');
      }
      moved += due.length;
      from += due.length > 0 ? 1 : 0;
    }
    const ends = this.endPauses(names);
    const left = [...names.flatMap((name) => [...this.get(name).scheduled.values()]), ...ends];
    const nextInHours = left.length > 0 ? Math.max(0, Math.min(...left)) : undefined;
    this.note(moved > 0 ? 'promoted' : 'nothing to promote');
    if (from > 1) this.note('promoted from several queues');
    if (nextInHours === 0) this.note('promoted up to the limit: more is due');
    return { moved, nextInHours };
  }

  letTimePass(hours: number): void {
    for (const queue of this.queues.values()) {
      for (const [message, left] of queue.scheduled) queue.scheduled.set(message, left - hours);
      const { pause } = queue;
      if (pause)
        queue.pause = { ...pause, age: pause.age + hours, left: pause.left && Math.max(0, pause.left - hours) };
    }
  }

  /** To the head of where they came from, the oldest first. */
  putBack(tasks: readonly Pick<ClaimedTask, 'queue' | 'message'>[]): void {
    for (const { queue: name, message } of [...tasks].sort((a, b) => byAge(b.message, a.message))) {
      const queue = this.get(name);
      (isQuarantined(message) ? queue.quarantined : queue.pending).unshift(message);
      queue.bell = true;
    }
  }

  state(): State {
    const drain = this.drainer === undefined ? {} : { drain: this.drainer };
    const alarm = { alarm: this.alarm ? ['1'] : [] };
    const paused = [...this.queues.values()].flatMap(({ name, pause }) => (pause ? [[name, pause] as const] : []));
    const pauses = { pauses: Object.fromEntries(paused) };
    return Object.assign(drain, alarm, pauses, ...[...this.queues.values()].map((queue) => queue.state())) as State;
  }

  /** Ends the pauses that are over. Returns in how many hours each of the others ends. */
  private endPauses(names: readonly string[]): number[] {
    const queues = names.map((name) => this.get(name));
    for (const queue of queues.filter(({ pause }) => pause?.left === 0)) {
      this.reopen(queue);
      this.note('promoter ended a pause');
    }
    const ends = queues.flatMap(({ pause }) => pause?.left ?? []);
    if (ends.length > 0) this.note('promoter waits for the end of a pause');
    return ends;
  }

  /** A queue that was paused may have work, and a bell that was used up. */
  private reopen(queue: ModelQueue): void {
    queue.bell ||= queue.pause !== undefined && queue.hasWork;
    queue.pause = undefined;
  }

  private alone(queue: ModelQueue, claim: string): Grant {
    this.note('quarantined handed out alone');
    return {
      tasks: queue.quarantined.splice(0, 1).map((message) => claimed(queue.name, message, claim)),
      drain: false,
    };
  }

  /** One child at a time waits for a quarantined task, the others pass it over. */
  private mayDrain(child: string): boolean {
    this.drainer ??= child;
    const may = this.drainer === child;
    this.note(
      may ? 'quarantined waits for a child that holds nothing' : 'quarantined passed over: another child drains',
    );
    return may;
  }
}

function claimed(queue: string, raw: string, claim: string): ClaimedTask {
  const message = handedOut(raw, claim);
  return { id: idOf(message), queue, message };
}
