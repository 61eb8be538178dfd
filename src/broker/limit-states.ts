import { LIMIT_NAME_LENGTH } from '../message/limit-tag.js';
import { overrideIn } from './limit-overrides.js';
import { declarationIn, nameIn } from './limit-records.js';
import type { LimitState } from './port/limit-port.js';
import type { RedisConnection } from './redis/redis-connection.js';

/** Reads what limits allow now, by their keys of 27 characters. */
export async function readLimitStates(connection: RedisConnection, limits: readonly string[]): Promise<LimitState[]> {
  if (limits.length === 0) return [];
  const fields = limits.flatMap((limit) => {
    const name = limit.slice(0, LIMIT_NAME_LENGTH);
    return [name, `${name}!`, `${limit}!`, `${limit}.`];
  });
  const [entries, slots, rates, labels, time] = await connection.command((redis, keys) =>
    Promise.all([
      redis.hmget(keys.limits(), ...fields),
      redis.hmget(keys.slots(), ...limits),
      redis.zmscore(keys.rates(), ...limits),
      redis.hmget(keys.limitLabels(), ...limits),
      redis.time(),
    ]),
  );
  const nowUs = Number(time[0]) * 1e6 + Number(time[1]);
  return limits.map((limit, at) =>
    stateOf(limit, {
      entries: entries.slice(4 * at, 4 * at + 4),
      used: Number(slots[at] ?? 0),
      arrivalUs: Number(rates[at] ?? 0),
      key: labels[at] ?? undefined,
      nowUs,
    }),
  );
}

interface Found {
  /** as declared, what is set for the name, what is set for the key, until when the key is stopped */
  readonly entries: readonly (string | null)[];
  readonly used: number;
  /** when the next task would come if all came evenly, in us */
  readonly arrivalUs: number;
  readonly key: string | undefined;
  readonly nowUs: number;
}

function stateOf(limit: string, { entries, used, arrivalUs, key, nowUs }: Found): LimitState {
  const now = nowUs / 1_000;
  const [declared, ofName, ofKey, stopped] = entries;
  const set = [ofName, ofKey].map((entry) => overrideIn(entry, now)?.record);
  const bounds = [declarationIn(declared)?.bounds, ...set];
  const most = lastOf(bounds.map((one) => one?.most));
  const intervalUs = lastOf(bounds.map((one) => one?.intervalUs));
  const burst = lastOf(bounds.map((one) => one?.burst)) ?? 1;
  const freeAt = intervalUs === undefined ? 0 : freeAtOf(arrivalUs, { intervalUs, burst, nowUs });
  const stoppedUntil = Number(stopped ?? 0);
  const isStopped = stoppedUntil > now;
  const isFull = most !== undefined && used >= most;
  const opens = isStopped ? stoppedUntil : !isFull && freeAt > now ? freeAt : undefined;
  const name = nameIn(declared ?? ofName ?? ofKey);
  const closed = most === 0 ? set.findLast((one) => one?.most === 0) : undefined;
  const shut = { opensAt: opens, isStopped, closed, isShut: isFull || opens !== undefined };
  return { limit, name, queue: undefined, key, used, most, intervalUs, burst, ...shut };
}

/** In ms. A slower rate that held before counts for no more than a full burst of this one. */
function freeAtOf(
  arrivalUs: number,
  { intervalUs, burst, nowUs }: { readonly intervalUs: number; readonly burst: number; readonly nowUs: number },
): number {
  const arrival = Math.min(arrivalUs, nowUs + burst * intervalUs);
  return Math.ceil((arrival - (burst - 1) * intervalUs) / 1_000);
}

/** The last of these that says something; undefined for no bound. */
function lastOf(values: readonly (number | null | undefined)[]): number | undefined {
  return values.findLast((value) => value !== undefined) ?? undefined;
}
