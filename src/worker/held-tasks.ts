import type { ClaimedTask, ClaimReply } from '../broker/port/broker.js';

/** Tasks to give back, by the number of the claim that brought them. */
export interface Return {
  readonly ids: readonly string[];
  /** undefined for the last ones of a child, which no claim of it will bring again */
  readonly claimNumber: number | undefined;
}

/**
 * What a child holds, as far as it knows: which of its tasks wait for a start, which are to be given back, and what became of
 * its last claim. Pure: it asks nobody and decides nothing, so the ways in which answers are lost can be tried without Redis.
 *
 * A task is held from the answer that brings it until Redis has confirmed its end. Every task that comes in leaves by
 * `next`, and runs, or by `giveUp`, and is given back.
 */
export class HeldTasks {
  private readonly held = new Set<string>();
  private waiting: ClaimedTask[] = [];
  /** ids whose end Redis has confirmed since the last claim was sent */
  private forgotten: string[] = [];
  private unwanted: string[] = [];
  /** ids that a claim brought while they were held: Redis may have another message under them than the one that runs here */
  private readonly doubled = new Set<string>();
  private number = 0;
  private lastClaim: 'answered' | 'under way' | 'unanswered' = 'answered';

  /** How many there are, also those whose end Redis has not confirmed yet. */
  get size(): number {
    return this.held.size;
  }

  /** Claimed and not started. */
  get unstarted(): number {
    return this.waiting.length;
  }

  get claiming(): boolean {
    return this.lastClaim === 'under way';
  }

  /** The last claim got no answer: nobody knows what it brought, and the next one asks for that. */
  get unanswered(): boolean {
    return this.lastClaim === 'unanswered';
  }

  /** A claim is sent. Returns its number. */
  claim(): number {
    this.number += 1;
    this.forgotten = [];
    this.lastClaim = 'under way';
    return this.number;
  }

  /**
   * The claim was answered, and its acks with it. After a lost answer Redis lists all that the child held then. What it still holds it has started,
   * or it waits here; some of the rest is forgotten, because its ack was answered while the claim was under way. And one id
   * may lie in a queue twice: the claims have the message that came last.
   */
  answered({ tasks, repeated }: Pick<ClaimReply, 'tasks' | 'repeated'>, acks: readonly string[]): void {
    this.lastClaim = 'answered';
    this.confirmed(acks);
    for (const task of tasks) {
      if (repeated && this.forgotten.includes(task.id)) continue;
      if (this.held.has(task.id)) {
        this.doubled.add(task.id);
        continue;
      }
      this.held.add(task.id);
      this.waiting.push(task);
    }
  }

  /** The claim got no answer: perhaps it was executed. */
  notAnswered(): void {
    this.lastClaim = 'unanswered';
  }

  /** The first of those that wait. It stays there until `next`. */
  get first(): ClaimedTask | undefined {
    return this.waiting[0];
  }

  /** Takes the first of those that wait: it is started, or has ended. */
  next(): void {
    this.waiting.shift();
  }

  /** The tasks that wait are to be given back. Returns how many that are. */
  giveUp(): number {
    const unstarted = this.waiting;
    this.waiting = [];
    this.giveBack(unstarted.map(({ id }) => id));
    return unstarted.length;
  }

  /** So are these, started or not. */
  giveBack(ids: readonly string[]): void {
    this.unwanted.push(...ids);
  }

  /**
   * The tasks that may be given back now. Not while a claim is under way, whose number it would need; nor after one without an answer,
   * as Redis may know another number then, unless the child claims no more.
   */
  takeUnwanted(isLast: boolean): Return | undefined {
    if (this.unwanted.length === 0 || this.claiming || (this.unanswered && !isLast)) return undefined;
    const ids = this.unwanted;
    this.unwanted = [];
    return { ids, claimNumber: this.unanswered ? undefined : this.number };
  }

  /**
   * Redis no longer counts these among the tasks of the child. Of one that came twice that is not certain, as the end of one
   * message leaves another alone: so it is given back, which changes nothing where nothing is left, and held until then.
   */
  confirmed(ids: readonly string[]): void {
    if (this.claiming) this.forgotten.push(...ids);
    for (const id of ids) {
      if (this.doubled.delete(id)) this.giveBack([id]);
      else this.held.delete(id);
    }
  }

  /** The lease is lost: all of it is others' by now. */
  clear(): void {
    this.held.clear();
    this.waiting = [];
    this.unwanted = [];
    this.doubled.clear();
  }
}
