import { LIMIT_KEY_LENGTH } from '../message/limit-tag.js';
import type { LimitKeyPlace } from './port/limit-rules-port.js';
import type { RedisConnection } from './redis/redis-connection.js';

/** Where keys of a limit are found: what is set for them, what stops them, slots that are held, lines that wait. */
const [SET, STOPPED, HELD] = [0, 1, 2] as const;
const PARTS = 4;
/** Lines that wait are read so many at a time; those of one key lie together. */
const LINES = 200;
/** Commands of one call. */
const MOST_STEPS = 100;

/** A key, and in which part it was found. */
export interface FoundLimitKey {
  readonly limit: string;
  readonly part: number;
}

interface Step {
  readonly limits: readonly string[];
  /** undefined at the end of the part */
  readonly next: string | undefined;
}

/**
 * Walks through the keys of a limit, and stops after about so many. A key may be found in several parts.
 *
 * @param prefix the digest of the name
 */
export async function walkLimitKeys(
  connection: RedisConnection,
  prefix: string,
  from: LimitKeyPlace | undefined,
  { count, take }: { readonly count: number; readonly take: (found: readonly FoundLimitKey[]) => Promise<number> },
): Promise<LimitKeyPlace | undefined> {
  let [part, at, taken]: [number, string, number] = [from?.part ?? SET, from?.at ?? '', 0];
  for (let steps = 0; part < PARTS && taken < count && steps < MOST_STEPS; steps += 1) {
    const { limits, next } = await stepOf(part)(connection, prefix, at, count);
    const here = part;
    taken += await take([...new Set(limits)].map((limit) => ({ limit, part: here })));
    if (next === undefined) part += 1;
    at = next ?? '';
  }
  return part < PARTS ? { part, at } : undefined;
}

/** Whether a key was found in an earlier part, too. */
export function isFoundBefore(
  part: number,
  { isSet, isStopped, used }: { readonly isSet: boolean; readonly isStopped: boolean; readonly used: number },
): boolean {
  return (part > SET && isSet) || (part > STOPPED && isStopped) || (part > HELD && used > 0);
}

type StepOf = (connection: RedisConnection, prefix: string, at: string, count: number) => Promise<Step>;

function stepOf(part: number): StepOf {
  if (part === SET) return stepOfFields('!');
  if (part === STOPPED) return stepOfFields('.');
  return part === HELD ? stepOfHeld : stepOfWaiting;
}

function stepOfFields(mark: '!' | '.'): StepOf {
  return async (connection, prefix, at, count) => {
    const match = `${prefix}${'?'.repeat(LIMIT_KEY_LENGTH - prefix.length)}[${mark}]`;
    const [next, flat] = await connection.command((redis, keys) =>
      redis.hscan(keys.limits(), at || '0', 'MATCH', match, 'COUNT', count),
    );
    return scanned(next, flat);
  };
}

async function stepOfHeld(connection: RedisConnection, prefix: string, at: string, count: number): Promise<Step> {
  const [next, flat] = await connection.command((redis, keys) =>
    redis.hscan(keys.slots(), at || '0', 'MATCH', `${prefix}*`, 'COUNT', count),
  );
  return scanned(next, flat);
}

function scanned(next: string, flat: readonly string[]): Step {
  const fields = flat.filter((_, index) => index % 2 === 0);
  return { limits: fields.map((field) => field.slice(0, LIMIT_KEY_LENGTH)), next: next === '0' ? undefined : next };
}

async function stepOfWaiting(connection: RedisConnection, prefix: string, at: string): Promise<Step> {
  const lines = await connection.command((redis, keys) =>
    redis.zrangebylex(keys.waiters(), `[${at}${at ? '~' : prefix}`, `(${prefix}~`, 'LIMIT', 0, LINES),
  );
  const limits = lines.map((line) => line.slice(0, LIMIT_KEY_LENGTH));
  return { limits, next: lines.length < LINES ? undefined : limits.at(-1) };
}
