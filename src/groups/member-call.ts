import type { Due } from '../broker/port/broker.js';
import type { GroupBroker } from '../broker/port/group-port.js';
import type { CallOptions } from '../message/call-options.js';
import type { ArgumentCheck } from '../payload/argument-check.js';
import type { StartTags } from '../policy/start-tags.js';
import type { SentTask } from '../task/task-hooks.js';

/** What is known of the calls of a task before their arguments: where they go, and what travels with them. */
export interface MemberCall {
  readonly name: string;
  readonly queue: string;
  /** for how many seconds its result is kept; undefined for none */
  readonly seconds: number | undefined;
  readonly options: CallOptions | undefined;
  readonly check: ArgumentCheck | undefined;
  readonly due: Due | undefined;
  /**
   * The tags of a call for limits and order, and its keys in clear; undefined for none.
   *
   * @param args undefined where they are not known yet
   * @param path of the call, for errors
   */
  readonly start: (args: readonly unknown[] | undefined, path: string) => StartTags | undefined;
  /** The encoded arguments as they lie in Redis. */
  readonly pack: (payload: string) => string;
  /** ms since 1970 */
  readonly enqueuedAt: number;
  readonly groups: GroupBroker;
  /** So many ids in a row. */
  readonly takeIds: (count: number) => readonly string[];
}

/** How a sender prepares calls for a batch or flow. */
export const MEMBER = Symbol('nestwork.member');

/** Sends calls within the wrappers of the app, once. */
export type SendMembers = (
  count: number,
  send: (call: MemberCall) => Promise<readonly SentTask[]>,
) => Promise<readonly SentTask[]>;

/**
 * A task as batches and flows take it: a sender, as `queue.of(Class).method` gives it, with or without `with()`.
 *
 * @example
 * const extract: GroupSender<[number], Part> = queue.of(PartTasks).extract;
 * const flow = queue.flow();
 * const part = flow.add(extract, 7);
 */
export interface GroupSender<Args extends unknown[] = never[], Result = unknown> {
  /** the name of the task */
  readonly name: string;
  /** only its types count here: the arguments of the task, and its result */
  readonly run: (...args: Args) => Promise<Result>;
}

/** The part of a sender that is not for users. Undefined for what is no sender of ours. */
export function memberOf(sender: unknown): SendMembers | undefined {
  if (typeof sender !== 'object' || sender === null) return undefined;
  const member: unknown = Reflect.get(sender, MEMBER);
  return typeof member === 'function' ? (member.bind(sender) as SendMembers) : undefined;
}
