import type { CallOptions } from '../message/call-options.js';
import type { StartTags } from '../policy/start-tags.js';

/** One call of a task, to be sent again and again. */
export interface RepeatedCall {
  readonly task: string;
  readonly queue: string;
  /** the encoded arguments */
  readonly payload: string;
  readonly call: CallOptions | undefined;
  /** for how many seconds the results are kept; undefined for none */
  readonly result: number | undefined;
  readonly start: StartTags | undefined;
}

/** How a sender prepares a call for a cron. */
export const REPEATED = Symbol('nestwork.repeated');

export type PrepareRepeated = (args: readonly unknown[]) => Promise<RepeatedCall>;

/** The call of a sender. Undefined for what is no sender of ours. */
export function repeatedCall(sender: unknown, args: readonly unknown[]): Promise<RepeatedCall> | undefined {
  if (typeof sender !== 'object' || sender === null) return undefined;
  const prepare: unknown = Reflect.get(sender, REPEATED);
  return typeof prepare === 'function' ? (prepare as PrepareRepeated)(args) : undefined;
}
