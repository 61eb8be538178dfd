import { LIMIT_KEY_LENGTH } from '../message/limit-tag.js';
import { type LinePlace, placeInLine } from '../message/line-place.js';
import { readLimitStates } from './limit-states.js';
import type { LimitPort, LineState } from './port/limit-port.js';
import type { RedisConnection } from './redis/redis-connection.js';

/** See lua/lib/lines.lua: the state of a line that waits begins here, and ends where tags of tenants begin. */
const WAITS = 1e15;
const TAGS = 4e15;

/** Reads limits over Redis, without a script: no decision hangs on it, so the figures need not be of one moment. */
export class RedisLimits implements LimitPort {
  constructor(private readonly connection: RedisConnection) {}

  async lineOf(queue: string, message: string): Promise<LineState> {
    const place = placeInLine(message);
    const [gate, state] = await this.connection.command((redis, keys) =>
      Promise.all([redis.hget(keys.gates(), queue), place ? redis.zscore(keys.ready(queue), place.name) : null]),
    );
    const own = place?.limits ?? [];
    const { priority = 0, ageMs = 0 } = place?.order ?? {};
    const limits = gate === null ? own : [...own, gate];
    const [states, linesAhead] = await Promise.all([
      readLimitStates(this.connection, limits),
      place && state !== null ? this.linesBefore(queue, place, Number(state)) : 0,
    ]);
    const known = states.map((one) => (one.limit === gate ? { ...one, queue } : one));
    const order = { priority, olderMs: priority * ageMs, hasTenant: place?.tenant !== undefined };
    return { limits: known, linesAhead, ...order };
  }

  private linesBefore(queue: string, { name: line, tenant }: LinePlace, state: number): Promise<number> {
    return this.connection.command((redis, keys) => {
      if (state < WAITS) return redis.zcount(keys.ready(queue), state < 0 ? '-inf' : 0, `(${state}`);
      if (state >= TAGS) return Promise.resolve(0);
      const index = (state - WAITS) % 4;
      const kind = tenant === undefined ? 'a' : 'f';
      const before = `${line.slice(LIMIT_KEY_LENGTH * index, LIMIT_KEY_LENGTH * (index + 1))}${queue} ${kind}`;
      const order = String((state - WAITS - index) / 4).padStart(13, '0');
      return redis.zlexcount(keys.waiters(), `[${before}`, `(${before}${order} ${line}`);
    });
  }
}
