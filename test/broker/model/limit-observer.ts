import type { Redis } from 'ioredis';

const TAG = '{nestwork}:';

/** What a limit allows at the moment; undefined for no bound of that kind. */
export interface Allowed {
  readonly most?: number | undefined;
  readonly intervalUs?: number | undefined;
  readonly burst: number;
}

interface Start {
  readonly fromUs: number;
  readonly tillUs: number;
}

/** Watches from outside that no limit is exceeded: it counts what the claims brought, and trusts no count of the scripts. */
export class LimitObserver {
  private readonly running = new Map<string, Set<string>>();
  private readonly starts = new Map<string, Start[]>();
  /** held at the moment at which a limit was lowered: these may go on */
  private readonly allowed = new Map<string, Allowed>();

  /** A rule has changed: only starts from now on count for its rate. */
  changed(limit: string, allowed: Allowed): void {
    const before = this.allowed.get(limit);
    if (before && JSON.stringify(before) === JSON.stringify(allowed)) return;
    this.allowed.set(limit, allowed);
    this.starts.delete(limit);
  }

  /** A claim brought a task, between these times. @throws Error when a limit is exceeded by it */
  started(id: string, limits: readonly string[], kept: readonly string[], when: Start): void {
    for (const limit of limits) {
      const { most, intervalUs, burst } = this.allowed.get(limit) ?? { burst: 1 };
      const running = this.running.get(limit) ?? new Set();
      running.add(id);
      this.running.set(limit, running);
      if (most !== undefined && running.size > most && !kept.includes(limit))
        throw new Error(`${running.size} tasks hold ${limit}, which allows ${most}`);
      const starts = [...(this.starts.get(limit) ?? []), when];
      this.starts.set(limit, starts);
      if (intervalUs === undefined) continue;
      for (const [at, { fromUs }] of starts.entries()) {
        const count = starts.length - at;
        const most = burst + (when.tillUs - fromUs) / intervalUs;
        if (count > most + 1e-6)
          throw new Error(`${limit} started ${count} tasks within ${when.tillUs - fromUs} us, which allows ${most}`);
      }
    }
  }

  /** A task holds its slots no more, but those that it keeps while it waits. */
  ended(id: string, kept: readonly string[] = []): void {
    for (const [limit, running] of this.running) if (!kept.includes(limit)) running.delete(id);
  }
}

/** The clock that the scripts read, and what tests have moved it by. */
export class MovedClock {
  private movedMs = 0;

  constructor(private readonly redis: Redis) {}

  async us(): Promise<number> {
    const [seconds, microseconds] = (await this.redis.time()).map(Number) as [number, number];
    return seconds * 1e6 + microseconds + this.movedMs * 1e3;
  }

  /** Lets time pass: every time that is stored moves back. */
  async pass(ms: number): Promise<void> {
    this.movedMs += ms;
    await this.redis.eval(PASS, 0, ms);
  }
}

const PASS = `
local ms = tonumber(ARGV[1])
local function move(key, by)
  local entries = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for i = 1, #entries, 2 do
    redis.call('ZADD', key, string.format('%.0f', math.max(entries[i + 1] - by, 1)), entries[i])
  end
end
move('${TAG}rates', ms * 1000)
move('${TAG}paced', ms)
for _, key in ipairs(redis.call('KEYS', '${TAG}scheduled:*')) do
  move(key, ms)
end
local limits = redis.call('HGETALL', '${TAG}limits')
for i = 1, #limits, 2 do
  local field, value = limits[i], limits[i + 1]
  local last = string.sub(field, -1)
  if last == '.' then
    redis.call('HSET', '${TAG}limits', field, string.format('%.0f', value - ms))
  elseif last == '!' then
    local before, ends, rest = string.match(value, '^(%S+ %S+ %S+ )(%d+)(.*)$')
    if ends ~= '0' then
      redis.call('HSET', '${TAG}limits', field, before .. string.format('%.0f', ends - ms) .. rest)
    end
  end
end`;
