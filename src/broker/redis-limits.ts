import { HEADER_LENGTH, TAG_LENGTH, tagLetters } from '../message/tags.js';
import { readLimitStates } from './limit-states.js';
import type { LimitPort, LineState } from './port/limit-port.js';
import type { RedisConnection } from './redis/redis-connection.js';

/** See lua/lib/lines.lua: the state of a line that waits begins here, and ends where tags of tenants begin. */
const WAITS = 1e15;
const TAGS = 4e15;
const LIMIT_LENGTH = 27;
const TENANT_LENGTH = 20;
const NO_TENANT = '-'.repeat(TENANT_LENGTH);

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
      readLimitStates(this.connection, limits),
      state === null ? 0 : this.linesBefore(queue, line, Number(state)),
    ]);
    const known = states.map((one) => (one.limit === gate ? { ...one, queue } : one));
    return { inLine: line !== '', limits: known, linesAhead, ...order };
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
