import { LIMIT_NAME_LENGTH, limitKey, nameDigest, nameOfQueueLimit, queueOfLimit } from '../message/limit-tag.js';
import { pairsOf } from '../values/pairs.js';
import { isFoundBefore, walkLimitKeys } from './limit-keys.js';
import { linesBehind, queuesBehind, tasksBehind, waitingBehind } from './limit-lines.js';
import { isOfZero, overrideDetails, overrideIn, overrideValue } from './limit-overrides.js';
import { declarationIn, nameIn } from './limit-records.js';
import { readLimitStates } from './limit-states.js';
import type {
  ClosedLimit,
  HeldSlots,
  LimitEnded,
  LimitForgetting,
  LimitKeyPlace,
  LimitKeyRecord,
  LimitRecord,
  LimitRulesPort,
  LimitSet,
  LimitSetting,
  UndeclaredLimit,
  WaitingFor,
} from './port/limit-rules-port.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { ifWrongType } from './redis/redis-errors.js';
import { serverTime } from './redis/server-time.js';
import { LIMITS_OF_SESSION, limitsOfSession } from './session-limits.js';
import { allSessions } from './session-lists.js';

const DECLARATIONS = '?'.repeat(LIMIT_NAME_LENGTH);
const OVERRIDES = `${DECLARATIONS}[!]`;
/** Those of single keys, too. */
const ALL_OVERRIDES = '*[!]';
/** Fields that one command passes. */
const STEP = 1_000;
/** Steps through the slots that are held, which are about as many as tasks run, and through what is set, mostly very little. */
const MOST_STEPS = 20;

/** A key, and which fields of its own it has. */
interface KnownKey {
  readonly record: LimitKeyRecord;
  readonly isSet: boolean;
  readonly isStopped: boolean;
}

/** The limits over Redis: looking at them needs no script, because no decision hangs on it. */
export class RedisLimitRules implements LimitRulesPort, LimitForgetting {
  constructor(private readonly connection: RedisConnection) {}

  async names(): Promise<string[]> {
    const names = new Set<string>();
    for (const match of [DECLARATIONS, OVERRIDES]) {
      const { fields } = await this.scan('limits', match);
      for (const entry of fields.values()) {
        const name = nameIn(entry);
        if (name !== undefined) names.add(name);
      }
    }
    return [...names].sort();
  }

  async read(names: readonly string[]): Promise<(LimitRecord | undefined)[]> {
    if (names.length === 0) return [];
    const digests = names.map(nameDigest);
    const fields = digests.flatMap((digest) => [digest, `${digest}!`, `${digest}*`]);
    const [states, waiting, tasks, [entries, now]] = await Promise.all([
      readLimitStates(
        this.connection,
        names.map((name) => limitKey(name)),
      ),
      linesBehind(this.connection, digests),
      tasksBehind(this.connection, digests),
      this.connection.command((redis, keys) => Promise.all([redis.hmget(keys.limits(), ...fields), serverTime(redis)])),
    ]);
    return names.map((name, at) => {
      const [declaredEntry, overrideEntry, ownKeys] = entries.slice(3 * at, 3 * at + 3);
      const declared = declarationIn(declaredEntry);
      const override = overrideIn(overrideEntry, now);
      const state = states[at];
      const known = nameIn(declaredEntry ?? overrideEntry);
      // what is only set for keys does not name the limit
      const isKnown = known === undefined ? ownKeys !== null && ownKeys !== undefined : known === name;
      if (!isKnown || !state) return undefined;
      return {
        name,
        queue: declared?.queue ?? queueOfLimit(name),
        keyed: declared?.keyed ?? override?.keyed ?? known === undefined,
        ordered: declared?.ordered ?? false,
        declared: declared?.bounds,
        override: override?.record,
        ownKeys: Number(ownKeys ?? 0),
        state,
        waiting: waiting[at] ?? 0,
        waitingTasks: tasks[at],
      };
    });
  }

  async held(names: readonly string[]): Promise<HeldSlots> {
    const byDigest = new Map(names.map((name) => [nameDigest(name), { name, keys: 0, tasks: 0 }]));
    const { fields, isWhole } = await this.scan('slots', '*', MOST_STEPS);
    for (const [limit, used] of fields) {
      const held = byDigest.get(limit.slice(0, LIMIT_NAME_LENGTH));
      if (!held) continue;
      held.keys += 1;
      held.tasks += Number(used) || 0;
    }
    return { byName: new Map([...byDigest.values()].map(({ name, ...held }) => [name, held])), isWhole };
  }

  async closed(): Promise<ClosedLimit[]> {
    const [{ fields }, now] = await Promise.all([
      this.scan('limits', ALL_OVERRIDES, MOST_STEPS),
      this.connection.command(serverTime),
    ]);
    const closed = [...fields.values()].flatMap((entry) => {
      // an app may set something for each of its tenants: what is not 0 is not read further
      if (!isOfZero(entry)) return [];
      const override = overrideIn(entry, now);
      const name = nameIn(entry);
      if (!override || name === undefined) return [];
      return [{ name, keyed: override.keyed, key: override.key, override: override.record }];
    });
    return closed.sort((a, b) => (a.name + (a.key ?? '') < b.name + (b.key ?? '') ? -1 : 1));
  }

  waiting(names: readonly string[]): Promise<WaitingFor[]> {
    return waitingBehind(this.connection, names.map(nameDigest));
  }

  async keys(
    name: string,
    from: LimitKeyPlace | undefined,
    count: number,
  ): Promise<{ readonly keys: LimitKeyRecord[]; readonly next: LimitKeyPlace | undefined }> {
    const keys: LimitKeyRecord[] = [];
    const next = await walkLimitKeys(this.connection, nameDigest(name), from, {
      count,
      take: async (found) => {
        const known = await this.records(found.map(({ limit }) => limit));
        const fresh = known.filter(
          ({ record, ...marks }, at) => !isFoundBefore(found[at]?.part ?? 0, { ...marks, used: record.state.used }),
        );
        keys.push(...fresh.map(({ record }) => record));
        return fresh.length;
      },
    });
    return { keys, next };
  }

  async key(name: string, key: string): Promise<LimitKeyRecord> {
    const [known] = await this.records([limitKey(name, key)]);
    const { record } = known as KnownKey;
    return { ...record, state: { ...record.state, key } };
  }

  async set(setting: LimitSetting): Promise<LimitSet> {
    const { name, key, forMs, by, most, intervalUs, burst } = setting;
    const since = await this.connection.command(serverTime);
    const [ends, before] = await this.connection.call('set-limit', {
      field: fieldOf(name, key),
      value: overrideValue(setting),
      forMs: forMs ?? '',
      details: overrideDetails(setting, since),
      queue: queueOfLimit(name) ?? '',
      queues: await queuesBehind(this.connection, prefixOf(name, key)),
    });
    const record = { most, intervalUs, burst, since, until: Number(ends) || undefined, by };
    return { record, replaced: overrideIn(before, since)?.record };
  }

  async reset(name: string, key: string | undefined): Promise<LimitEnded> {
    const input = {
      field: fieldOf(name, key),
      stop: `${limitKey(name, key)}.`,
      queue: queueOfLimit(name) ?? '',
      queues: await queuesBehind(this.connection, prefixOf(name, key)),
    };
    const [override, stopped, now] = await this.connection.call('reset-limit', input);
    const stoppedUntil = Number(stopped);
    return {
      override: overrideIn(override, Number(now))?.record,
      stoppedUntil: stoppedUntil > Number(now) ? stoppedUntil : undefined,
    };
  }

  async undeclared(): Promise<UndeclaredLimit[]> {
    const { fields: entries } = await this.scan('limits', DECLARATIONS);
    const alone = await this.alone(entries);
    if (entries.size === 0) return alone;
    const sessions = await allSessions(this.connection);
    const declared = sessions.flatMap(({ fields }) => limitsOfSession(fields[LIMITS_OF_SESSION]));
    const digests = new Set(declared.map(({ name }) => nameDigest(name)));
    const forgotten = [...entries].flatMap(([field, entry]) => {
      const declared = declarationIn(entry);
      const name = nameIn(entry);
      // what another program or a newer version wrote stays
      if (!declared || name === undefined || digests.has(field)) return [];
      return [{ name, field, declared: entry, queue: declared.queue }];
    });
    return [...forgotten, ...alone];
  }

  /** Limits of queues for which neither a declaration stands nor anything that somebody has set. */
  private async alone(declared: ReadonlyMap<string, string>): Promise<UndeclaredLimit[]> {
    const gates = await this.connection.command((redis, keys) => redis.hgetall(keys.gates()).catch(ifWrongType({})));
    const limits = Object.entries(gates).flatMap(([queue, limit]) => {
      const name = nameOfQueueLimit(queue);
      const field = nameDigest(name);
      // what another program wrote stays
      return limit === limitKey(name) && !declared.has(field) ? [{ name, field, declared: '', queue }] : [];
    });
    if (limits.length === 0) return [];
    const set = await this.connection.command((redis, keys) =>
      redis.hmget(keys.limits(), ...limits.map(({ field }) => `${field}!`)),
    );
    return limits.filter((_, at) => set[at] === null);
  }

  async forget({ name, field, declared, queue = '' }: UndeclaredLimit): Promise<boolean> {
    const input = { name: field, declared, queue, queues: await queuesBehind(this.connection, nameDigest(name)) };
    return (await this.connection.call('forget-limit', input)) === 1;
  }

  /** The fields that match, as far as so many steps reach. */
  private async scan(
    hash: 'limits' | 'slots',
    match: string,
    mostSteps = Number.POSITIVE_INFINITY,
  ): Promise<{ readonly fields: ReadonlyMap<string, string>; readonly isWhole: boolean }> {
    const fields = new Map<string, string>();
    let cursor = '0';
    let steps = 0;
    do {
      const [next, flat] = await this.connection.command((redis, keys) =>
        redis.hscan(keys[hash](), cursor, 'MATCH', match, 'COUNT', STEP),
      );
      for (const [field, value] of pairsOf(flat)) fields.set(field, value);
      cursor = next;
      steps += 1;
    } while (cursor !== '0' && steps < mostSteps);
    return { fields, isWhole: cursor === '0' };
  }

  private async records(limits: readonly string[]): Promise<KnownKey[]> {
    if (limits.length === 0) return [];
    const fields = limits.flatMap((limit) => [`${limit}!`, `${limit}.`]);
    const [states, waiting, tasks, [entries, now]] = await Promise.all([
      readLimitStates(this.connection, limits),
      linesBehind(this.connection, limits),
      tasksBehind(this.connection, limits),
      this.connection.command((redis, keys) => Promise.all([redis.hmget(keys.limits(), ...fields), serverTime(redis)])),
    ]);
    return states.map((state, at) => {
      const [entry, stop] = entries.slice(2 * at, 2 * at + 2);
      const override = overrideIn(entry, now);
      const record = {
        state: { ...state, key: state.key ?? override?.key },
        override: override?.record,
        waiting: waiting[at] ?? 0,
        waitingTasks: tasks[at],
      };
      return { record, isSet: typeof entry === 'string', isStopped: typeof stop === 'string' };
    });
  }
}

/** A limit key, or what those of all keys of the limit begin with. */
function prefixOf(name: string, key: string | undefined): string {
  return key === undefined ? nameDigest(name) : limitKey(name, key);
}

/** What somebody sets stands here. */
function fieldOf(name: string, key: string | undefined): string {
  return `${prefixOf(name, key)}!`;
}
