import type { Due, ProducerBroker } from '../broker/port/broker.js';
import { NestworkError } from '../errors.js';
import { nameDigest } from '../message/limit-tag.js';
import {
  type GivenStart,
  type SentLimit,
  type SentRules,
  type StartTags,
  startTags,
  UNREGISTERED,
} from '../policy/start-tags.js';
import { pairsOf } from '../values/pairs.js';

/** Why a call added nothing. */
export interface Refusal {
  readonly limit: SentLimit;
  /** in clear; undefined for a limit without keys */
  readonly key: string | undefined;
}

/** A call with tags for limits or order, ready to be sent. */
export interface LimitedCall extends Pick<StartTags, 'labels'> {
  readonly queue: string;
  readonly message: string;
  readonly due: Due | undefined;
}

/** When the calls of a sender may start: the rules of their task, and what `with()` has set. */
export class CallStart {
  /** whether a limit of the task refuses calls that it would have to keep waiting */
  readonly refuses: boolean;
  /** whether no call of them has such tags */
  readonly isPlain: boolean;

  constructor(
    private readonly task: string,
    private readonly given: GivenStart,
    readonly rules: SentRules | undefined,
  ) {
    const { priority = 0, age, limitKeys, fairKey } = given;
    const isPlain = rules === undefined || rules === UNREGISTERED;
    const asksNothing = [age, limitKeys, fairKey].every((option) => option === undefined);
    this.isPlain = isPlain && priority === 0 && asksNothing;
    this.refuses = rules?.limits.some(refusing) ?? false;
  }

  /**
   * The tags of a call; undefined for most, which have none.
   *
   * @param args undefined where they are not known yet
   * @param path which of many calls: `calls[3]`
   * @throws NestworkError INVALID_LIMIT_KEY, LIMIT_KEY_NEEDED, INVALID_OPTION
   */
  tags(args?: readonly unknown[], path?: string): StartTags | undefined {
    return this.isPlain ? undefined : startTags(this.rules, this.given, { task: this.task, args, path });
  }

  /** Adds one call with such tags, due now or later. Resolves to why it was not added; undefined for one that was. */
  async enqueue(
    broker: Pick<ProducerBroker, 'enqueueLimited' | 'enqueueOne'>,
    call: LimitedCall,
  ): Promise<Refusal | undefined> {
    const { queue, message, due, labels } = call;
    if (this.refuses) {
      const { full } = await broker.enqueueLimited(queue, [message], { due, labels, refuses: true });
      const refusal = full === undefined ? undefined : this.refusalBy(full, labels);
      if (full === undefined || refusal) return refusal;
    }
    if (due) await broker.enqueueLimited(queue, [message], { due, labels });
    else await broker.enqueueOne(queue, message, labels);
    return undefined;
  }

  /** What the full limit of this key does to a call; undefined when the call waits. */
  private refusalBy(full: string, labels: readonly string[]): Refusal | undefined {
    const limit = this.rules?.limits.find(({ name }) => full.startsWith(nameDigest(name)));
    if (!limit || !refusing(limit)) return undefined;
    const at = labels.indexOf(full);
    return { limit, key: at < 0 ? undefined : labels[at + 1] };
  }

  /**
   * Refuses a call that no limit could refuse in time.
   *
   * @param option what keeps it from being decided at once: `with({ delay })`
   * @throws NestworkError INVALID_OPTION
   */
  assertRefusable(option: string): void {
    const limit = this.rules?.limits.find(refusing);
    if (!limit) return;
    throw new NestworkError(
      'INVALID_OPTION',
      `${option} on task "${this.task}" does not go with \`onLimit: '${limit.onLimit}'\` of the limit "${limit.name}", which decides about one call that is due now.`,
      ['Send such calls one by one with delay().', "Let the task wait: `onLimit: 'wait'`."],
    );
  }
}

/** The labels of many calls, each key once. */
export function labelsOf(calls: readonly (StartTags | undefined)[]): string[] {
  const labels = new Map(calls.flatMap((start) => pairsOf(start?.labels ?? [])));
  return [...labels].flat();
}

function refusing({ onLimit = 'wait' }: SentLimit): boolean {
  return onLimit !== 'wait';
}
