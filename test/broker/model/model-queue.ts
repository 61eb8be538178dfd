import type { ClaimedTask, ClaimReply } from '../../../src/broker/broker.js';
import { byAge, handedOut, idOf, isSuspect } from './messages.js';
import type { Situation } from './situations.js';
import type { State } from './system.js';

/** A queue as the model has it. */
export class ModelQueue {
  readonly pending: string[] = [];
  readonly suspects: string[] = [];
  /** id -> record */
  readonly dead = new Map<string, string>();
  bell = false;

  constructor(readonly name: string) {}

  get hasWork(): boolean {
    return this.pending.length + this.suspects.length > 0;
  }

  messageOfDead(id: string): string | undefined {
    return this.dead.get(id)?.replace(/^.*\n/, '');
  }

  state(): State {
    return {
      [`queue:${this.name}`]: this.pending,
      [`suspects:${this.name}`]: this.suspects,
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
  /** the child that takes no more until it holds nothing, for the sake of a suspect */
  drainer: string | undefined;
  private readonly queues = new Map<string, ModelQueue>();

  constructor(private readonly note: (situation: Situation) => void) {}

  /** Queues exist as soon as somebody names them. */
  get(name: string): ModelQueue {
    const queue = this.queues.get(name) ?? new ModelQueue(name);
    this.queues.set(name, queue);
    return queue;
  }

  /** What a claim takes: over the queues in their order, a suspect alone or not at all. */
  grant(names: readonly string[], limit: number, { child, number, holdsNothing }: Claimer): Grant {
    const tasks: ClaimedTask[] = [];
    for (const name of names) {
      const queue = this.get(name);
      const [suspect] = limit === 0 || tasks.length > 0 ? [] : queue.suspects;
      if (suspect !== undefined) {
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
  ringWhereWorkIsLeft(names: readonly string[]): void {
    for (const queue of names.map((name) => this.get(name)).filter(({ hasWork }) => hasWork)) {
      queue.bell = true;
      this.note('claim left work behind');
    }
  }

  /** Takes the token of the first bell that rings. */
  hearBell(names: readonly string[]): boolean {
    const ringing = names.map((name) => this.get(name)).find(({ bell }) => bell);
    if (ringing) ringing.bell = false;
    return ringing !== undefined;
  }

  /** To the head of where they came from, the oldest first. */
  putBack(tasks: readonly Pick<ClaimedTask, 'queue' | 'message'>[]): void {
    for (const { queue: name, message } of [...tasks].sort((a, b) => byAge(b.message, a.message))) {
      const queue = this.get(name);
      (isSuspect(message) ? queue.suspects : queue.pending).unshift(message);
      queue.bell = true;
    }
  }

  state(): State {
    const drain = this.drainer === undefined ? {} : { drain: this.drainer };
    return Object.assign(drain, ...[...this.queues.values()].map((queue) => queue.state())) as State;
  }

  private alone(queue: ModelQueue, claim: string): Grant {
    this.note('suspect handed out alone');
    return { tasks: queue.suspects.splice(0, 1).map((message) => claimed(queue.name, message, claim)), drain: false };
  }

  /** One child at a time waits for a suspect, the others pass it over. */
  private mayDrain(child: string): boolean {
    this.drainer ??= child;
    const may = this.drainer === child;
    this.note(may ? 'suspect waits for a child that holds nothing' : 'suspect passed over: another child drains');
    return may;
  }
}

function claimed(queue: string, raw: string, claim: string): ClaimedTask {
  const message = handedOut(raw, claim);
  return { id: idOf(message), queue, message };
}
