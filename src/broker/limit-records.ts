import { limitKey, nameDigest } from '../message/limit-tag.js';
import type { LimitDeclaration } from './port/broker.js';

/** The field of a session's hash that has the limits that its app declares, as JSON. */
export const LIMITS_OF_SESSION = '@limits';

/** Stands for no bound. */
const NONE = '-';

/** A declared limit as `limits` has it: what is allowed, and JSON for people. Scripts read the four words in front. */
export function encodeLimit({ name, concurrency, intervalUs, burst, keyed, ordered, queue }: LimitDeclaration): string {
  const about = JSON.stringify({ name, keyed, ...(queue !== undefined && { queue }) });
  return `${concurrency ?? NONE} ${intervalUs ?? NONE} ${burst ?? 1} ${ordered ? 1 : 0} ${about}`;
}

/** Fields and values of `limits` and of `gates`, for a session that declares these. */
export function declaredIn(limits: readonly LimitDeclaration[]): { declared: string[]; gated: string[] } {
  return {
    declared: limits.flatMap((limit) => [nameDigest(limit.name), encodeLimit(limit)]),
    gated: limits.flatMap(({ queue, name }) => (queue === undefined ? [] : [queue, limitKey(name)])),
  };
}
