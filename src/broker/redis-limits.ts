import { HEADER_LENGTH, TAG_LENGTH, tagLetters } from '../message/tags.js';
import type { LimitPort, LimitState, LineState } from './port/limit-port.js';
import type { RedisConnection } from './redis/redis-connection.js';

/** See lua/lib/lines.lua: the state of a line that waits begins here, and ends where tags of tenants begin. */
const WAITS = 1e15;
const TAGS = 4e15;
const NAME_LENGTH = 6;
const LIMIT_LENGTH = 27;
const TENANT_LENGTH = 20;
const NO_TENANT = '-'.repeat(TENANT_LENGTH);
/** `<most> <interval in us> <burst> <ordered or end>`, see lua/lib/limits.lua. */
const ENTRY = /^(\S+) (\S+) (\S+) (\d+)/;

/** Where a message waits, by its tags. */
interface Place {
  readonly line: string;
  readonly limits: readonly string[];
  readonly priority: number;
  readonly olderMs: number;
  readonly hasTenant: boolean;
}

/** Reads limits over Redis, without a script: no decision hangs on it, so the figures need not be of one moment. */
export class RedisLimits implements LimitPort {
  constructor(private readonly connection: RedisConnection) {}

  async lineOf(queue: string, message: string): Promise<LineState> {
    const { line, limits: own, ...order } = placeOf(message);
    const [gate, state] = await this.connection.command((redis, keys) =>
      Promise.all([redis.hget(keys.gates(), queue), line === '' ? null : redis.zscore(keys.ready(queue), line)]),
    );
    const limits = gate === null ? own : [...own, gate];
    const [states, linesAhead] = await Promise.all([
      this.states(limits),
      state === null ? 0 : this.linesBefore(queue, line, Number(state)),
    ]);
    const known = states.map((one) => (one.limit === gate ? { ...one, queue } : one));
    return { inLine: line !== '', limits: known, linesAhead, ...order };
  }

  private async states(limits: readonly string[]): Promise<LimitState[]> {
    if (limits.length === 0) return [];
    const fields = limits.flatMap((limit) => {
      const name = limit.slice(0, NAME_LENGTH);
      return [name, `${name}!`, `${limit}!`, `${limit}.`];
    });
    const [entries, slots, rates, labels, time] = await this.connection.command((redis, keys) =>
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

  private linesBefore(queue: string, line: string, state: number): Promise<number> {
    return this.connection.command((redis, keys) => {
      if (state < WAITS) return redis.zcount(keys.ready(queue), state < 0 ? '-inf' : 0, `(${state}`);
      if (state >= TAGS) return Promise.resolve(0);
      const index = (state - WAITS) % 4;
      const kind = line.length % LIMIT_LENGTH === TENANT_LENGTH ? 'f' : 'a';
      const before = `${line.slice(LIMIT_LENGTH * index, LIMIT_LENGTH * (index + 1))}${queue} ${kind}`;
      const order = String((state - WAITS - index) / 4).padStart(13, '0');
      return redis.zlexcount(keys.waiters(), `[${before}`, `(${before}${order} ${line}`);
    });
  }
}

/** An empty line for a message that waits in the list of its queue. */
function placeOf(message: string): Place {
  const limits: string[] = [];
  let order: string | undefined;
  for (const [index, letter] of [...tagLetters(message)].entries()) {
    const at = HEADER_LENGTH + TAG_LENGTH * index;
    const text = message.slice(at + 1, at + TAG_LENGTH);
    if (letter === 'l' || letter === 'L') limits.push(text);
    else if (letter === 'o') order = text;
  }
  const tenant = order?.slice(-TENANT_LENGTH) ?? NO_TENANT;
  const hasTenant = tenant !== NO_TENANT;
  const line = limits.join('') + (hasTenant ? tenant : '');
  const priority = Number(order?.charAt(0) ?? 0);
  const olderMs = priority * Number.parseInt(order?.slice(1, -TENANT_LENGTH) ?? '0', 36);
  return { line: line === '' && order !== undefined ? '-' : line, limits, priority, olderMs, hasTenant };
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
  const rule = [declared, ofName, ofKey].map((entry, index) => entryOf(entry, index > 0 ? now : undefined));
  const most = lastOf(rule.map((one) => one?.most));
  const intervalUs = lastOf(rule.map((one) => one?.interval));
  const burst = lastOf(rule.map((one) => one?.burst)) ?? 1;
  const freeAt = intervalUs === undefined ? 0 : Math.ceil((arrivalUs - (burst - 1) * intervalUs) / 1_000);
  const stoppedUntil = Number(stopped ?? 0);
  const isStopped = stoppedUntil > now;
  const isFull = most !== undefined && used >= most;
  const opens = isStopped ? stoppedUntil : !isFull && freeAt > now ? freeAt : undefined;
  const name = nameIn(declared ?? ofName ?? ofKey);
  const shut = { opensAt: opens, isStopped, isShut: isFull || opens !== undefined };
  return { limit, name, queue: undefined, key, used, most, intervalUs, ...shut };
}

/** What one entry says; `=` is as before, `-` is no such limit. @param now undefined for a declaration, which has no end */
function entryOf(
  entry: string | null | undefined,
  now: number | undefined,
): Record<'most' | 'interval' | 'burst', string> | undefined {
  const [, most = '=', interval = '=', burst = '=', end = '0'] = ENTRY.exec(entry ?? '') ?? [];
  const isOver = now !== undefined && end !== '0' && Number(end) <= now;
  return isOver ? undefined : { most, interval, burst };
}

/** The last that says something. */
function lastOf(values: readonly (string | undefined)[]): number | undefined {
  const value = values.findLast((one) => one !== undefined && one !== '=') ?? '-';
  return value === '-' ? undefined : Number(value);
}

function nameIn(entry: string | null | undefined): string | undefined {
  const at = entry?.indexOf('{') ?? -1;
  try {
    const { name }: { name?: unknown } = at < 0 ? {} : JSON.parse(entry?.slice(at) ?? '');
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined;
  }
}
