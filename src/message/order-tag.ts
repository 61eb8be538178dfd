import { createHash } from 'node:crypto';
import { tagOf } from './tags.js';

/** What goes before what among the tasks that may start. */
export interface OrderTag {
  /** 0 to 9; 9 goes first */
  readonly priority: number;
  /** after so many ms of waiting a task counts as if its priority were one higher */
  readonly ageMs: number;
  /** from `fairDigest`; undefined for a task that takes no turns with others */
  readonly fair: string | undefined;
}

/** By how much waiting raises a task by one step of priority, unless it is set. */
export const DEFAULT_AGE_MS = 60_000;

const AGE_LENGTH = 6;
const FAIR_LENGTH = 20;
const NO_TENANT = '-'.repeat(FAIR_LENGTH);

/** What the tasks of a tenant have in common. */
export function fairDigest(tenant: string): string {
  return createHash('sha1').update(`fair\n${tenant}`).digest('base64url').slice(0, FAIR_LENGTH);
}

/**
 * The tag of a message for its priority and its tenant: `o`, a digit of priority, 6 digits, base 36, for the ms of age of a step,
 * and the digest of the tenant, or dashes.
 *
 * @param ageMs whole, at most the 2,176,782,335 that fit
 *
 * @example
 * encodeOrderTag({ priority: 2, ageMs: 60_000, fair: undefined }); // 'o2001aao' and 20 dashes
 */
export function encodeOrderTag({ priority, ageMs, fair = NO_TENANT }: OrderTag): string {
  return `o${priority}${ageMs.toString(36).padStart(AGE_LENGTH, '0')}${fair}`;
}

/** That of a message as it lies in Redis; undefined for one with neither priority nor tenant. */
export function orderTagOf(raw: string): OrderTag | undefined {
  const text = tagOf(raw, 'o');
  if (text === undefined) return undefined;
  const fair = text.slice(1 + AGE_LENGTH);
  return {
    priority: Number.parseInt(text.charAt(0), 10) || 0,
    ageMs: Number.parseInt(text.slice(1, 1 + AGE_LENGTH), 36) || 0,
    fair: fair === NO_TENANT ? undefined : fair,
  };
}
