import type { CheckupPort, FoundKey, KeyPage, ServerFacts, SessionRecord } from './port/checkup-port.js';
import { FORMAT, readFormat, readServerFacts, unlessForbidden } from './redis/redis-checks.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { KEYS, type KeyName } from './redis/redis-keys.js';
import { parseServerFacts } from './redis/server-facts.js';
import { serverTime } from './redis/server-time.js';
import { FIRED, firedCrons } from './session-crons.js';
import { LIMITS_OF_SESSION, limitsOfSession } from './session-limits.js';
import { allSessions, isChild, leaseMsOf, queuesIn, READS, SERVED_QUEUES, ZONE_DATA } from './session-lists.js';

/** Keys that one step of a scan looks at. */
const STEP = 500;
/** The words of TYPE for those of the table of keys. */
const TYPES = {
  string: 'string',
  list: 'list',
  hash: 'hash',
  'sorted set': 'zset',
  stream: 'stream',
  bitmap: 'string',
} as const;

/** The names of keys behind the namespace: whole ones, and those that end in a parameter. */
const NAMES = (Object.keys(KEYS) as KeyName[]).map((name) => {
  const { pattern, type } = KEYS[name];
  return { name, begins: pattern.replace(/<.*/, ''), isWhole: !pattern.includes('<'), type: TYPES[type] };
});

/** Keys of the tasks of a queue that wait. */
const WAITING: readonly KeyName[] = ['pending', 'quarantined', 'scheduled', 'held'];

/** Reads what a check of a server and a namespace needs, without a script: no decision on tasks hangs on it. */
export class RedisCheckup implements CheckupPort {
  constructor(private readonly connection: RedisConnection) {}

  get where(): string {
    return this.connection.where;
  }

  get database(): number {
    return this.connection.database;
  }

  key(name: string): string {
    return this.connection.keys.format().replace(/format$/, name);
  }

  server(): Promise<ServerFacts> {
    return readServerFacts(this.connection);
  }

  async memory(): Promise<{ readonly used: number; readonly limit: number | undefined } | undefined> {
    const info = await this.connection.command((redis) => redis.info('memory')).catch(unlessForbidden);
    if (info === undefined) return undefined;
    const { usedMemory, maxMemory } = parseServerFacts(info);
    return usedMemory === undefined ? undefined : { used: usedMemory, limit: maxMemory || undefined };
  }

  async setting(name: string): Promise<string | undefined> {
    const pair = await this.connection.command((redis) => redis.config('GET', name));
    return (pair as string[])[1];
  }

  now(): Promise<number> {
    return this.connection.command(serverTime);
  }

  async format(): Promise<{ found: string | undefined; expected: string }> {
    return { found: await readFormat(this.connection), expected: FORMAT };
  }

  size(): Promise<number> {
    return this.connection.command((redis) => redis.dbsize());
  }

  scan(cursor = '0'): Promise<KeyPage> {
    const prefix = this.key('');
    return this.connection.command(async (redis) => {
      const [next, found] = await redis.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', STEP);
      const types = await Promise.all(found.map((key) => redis.type(key)));
      const keys = found.map((key, at) => describeKey(key, prefix, types[at] ?? 'none'));
      // a key that has gone meanwhile is none
      return {
        cursor: next === '0' ? undefined : next,
        looked: STEP,
        keys: keys.filter(({ type }) => type !== 'none'),
      };
    });
  }

  async sessions(): Promise<SessionRecord[]> {
    const found = await allSessions(this.connection);
    return found.map(({ session, until, fields }) => describeSession(session, until, fields));
  }

  heldBy(child: string): Promise<number> {
    return this.connection.command((redis, keys) => redis.hlen(keys.claims(child)));
  }
}

function describeKey(key: string, prefix: string, type: string): FoundKey {
  const rest = key.slice(prefix.length);
  const known = NAMES.find(({ begins, isWhole }) => (isWhole ? rest === begins : rest.startsWith(begins)));
  const parameter = rest.slice(known?.begins.length);
  return {
    key,
    type,
    expected: known?.type,
    child: known?.name === 'claims' ? parameter : undefined,
    queue: known && WAITING.includes(known.name) ? parameter : undefined,
  };
}

function describeSession(session: string, until: number, fields: Readonly<Record<string, string>>): SessionRecord {
  return {
    session,
    until,
    // its id ends in its lease
    leaseMs: leaseMsOf(session),
    host: fields['@host'] ?? '',
    pid: Number(fields['@pid']),
    children: Object.keys(fields).filter(isChild),
    queues: queuesIn(fields[SERVED_QUEUES]),
    reads: fields[READS] ?? '',
    zoneData: fields[ZONE_DATA],
    crons: firedCrons(fields[FIRED]),
    limits: limitsOfSession(fields[LIMITS_OF_SESSION]),
  };
}
