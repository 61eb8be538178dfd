import type { RedisAddress, RedisOption, SentinelOption } from '../broker/port/broker.js';
import { NestworkError } from '../errors.js';
import { assertKnownOptions } from '../values/known-options.js';
import { invalid, isPlainObject } from '../values/option-values.js';
import { shown } from '../values/shown.js';
import { parseRedisUrl } from './redis-url.js';

const OPTION = 'the option `redis` of TaskQueueModule';
/** For an option of another library or version, or one that is not the user's to set. */
const NOT_OURS =
  'Give a URL alone as text: redis: url. The prefix of keys is `namespace` of TaskQueueModule; the limit of commands and of connecting is `commandTimeout` of TaskQueueModule. Leave out other options of ioredis: nestwork connects again, repeats commands and reads replies by itself, and always from the primary.';
const MAX_PORT = 65_535;

/** Returns what to hand to ioredis, or undefined for what does not fit. */
interface Kind {
  readonly read: (value: unknown) => unknown;
  /** what fits, as a remedy */
  readonly give: string;
  /** whether its value may be shown */
  readonly secret?: boolean;
}

const TEXT: Kind = {
  read: (value) => (typeof value === 'string' ? value : undefined),
  give: 'Give text.',
  secret: true,
};
const FLAG: Kind = {
  read: (value) => (typeof value === 'boolean' ? value : undefined),
  give: "Give true or false; a value from the environment is text: process.env.X === 'true'.",
};
const TLS: Kind = {
  read: (value) => (isPlainObject(value) ? value : undefined),
  give: 'Give an object of options of tls.connect(), {} for TLS with the defaults, or leave it out for none.',
};
const PLACE: Kind = {
  read: (value) => (typeof value === 'string' && value !== '' && !/:\/\/|@/.test(value) ? value : undefined),
  give: "Give it as text that is not empty, and a URL as the whole of it: redis: 'redis://127.0.0.1:6379'.",
  secret: true,
};
const SECRET: Kind = { ...TEXT, give: 'Give text, in quotes.' };

/** The options of a connection by way of Sentinels. */
const OF_SENTINELS: Record<SentinelOption, Kind> = {
  sentinels: {
    read: (value) => (Array.isArray(value) && value.length > 0 ? value.map(sentinel) : undefined),
    give: 'Give a list of at least one { host, port }.',
  },
  name: TEXT,
  role: {
    read: (value) => (value === 'master' ? value : undefined),
    give: 'Leave it out: tasks are written, so it is the primary.',
  },
  natMap: {
    read: natMap,
    give: "Give an object like { '10.0.0.7:6379': { host: 'redis-1', port: 6379 } }; workers cannot hand on a function.",
  },
  sentinelUsername: SECRET,
  sentinelPassword: SECRET,
  sentinelTLS: TLS,
  enableTLSForSentinelMode: FLAG,
  updateSentinels: FLAG,
  failoverDetector: FLAG,
  sentinelMaxConnections: whole(1, 1_000),
};

/** Every option there is. */
const KINDS: Record<RedisOption, Kind> = {
  host: PLACE,
  port: whole(1, MAX_PORT),
  path: PLACE,
  family: oneOf(0, 4, 6),
  db: whole(0, 2 ** 31 - 1),
  username: SECRET,
  password: SECRET,
  tls: TLS,
  keepAlive: whole(0, 2 ** 31 - 1),
  noDelay: FLAG,
  connectionName: TEXT,
  disableClientInfo: FLAG,
  clientInfoTag: TEXT,
  protocol: oneOf(2, 3),
  ...OF_SENTINELS,
};
const OF_ADDRESS = { host: PLACE, port: KINDS.port, family: KINDS.family };

/**
 * Checks the option `redis`, and reads it as options of ioredis: those that say where Redis is.
 *
 * No error shows a password, nor text in which one may be.
 *
 * @throws NestworkError INVALID_OPTION; REDIS_IS_CLUSTER where the nodes of a Redis Cluster are given
 */
export function resolveRedis(given: unknown): RedisAddress {
  if (typeof given === 'string') return read(parseRedisUrl(given), KINDS, 'redis');
  if (!isPlainObject(given)) {
    throw invalid(
      'redis',
      'is neither a redis:// URL nor an object',
      "Give a URL like 'redis://127.0.0.1:6379', or an object like { host, port }.",
    );
  }
  const options = withInherited(given as Record<string, unknown>);
  assertNoCluster(options);
  assertKnownOptions(options, Object.keys(KINDS), OPTION, () => NOT_OURS);
  const address: RedisAddress = read(options, KINDS, 'redis');
  assertPlaced(options, address);
  assertOneWay(address);
  return address;
}

/** Options may be the getters of a class: what is known is read by name. */
function withInherited(given: Record<string, unknown>): Record<string, unknown> {
  if ('href' in given) throw invalid('redis', 'is a URL as an object', 'Give its text: redis: url.href.');
  if (typeof given.sendCommand === 'function') {
    throw invalid('redis', 'is a client of Redis', 'Give what it was made of: nestwork makes connections of its own.');
  }
  const inherited = Object.keys(KINDS).filter((name) => name in given && !Object.hasOwn(given, name));
  return inherited.length > 0
    ? { ...given, ...Object.fromEntries(inherited.map((name) => [name, given[name]])) }
    : given;
}

/** Of each option what fits it; those that are undefined or null are left out, as by ioredis. */
function read(given: Record<string, unknown>, kinds: Record<string, Kind>, of: string): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const [name, { read: value, give, secret }] of Object.entries(kinds)) {
    const raw = given[name];
    if (raw === undefined || raw === null) continue;
    options[name] = value(raw);
    if (options[name] !== undefined) continue;
    // a URL that went astray has a password before its @
    const withheld = secret || (typeof raw === 'string' && raw.includes('@'));
    throw invalid(`${of}.${name}`, `is ${withheld ? `of type ${typeof raw}` : shown(raw)}`, give);
  }
  return options;
}

/** Numbers of the environment are text. */
function whole(least: number, most: number): Kind {
  return {
    read: (value) => {
      const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
      return Number.isInteger(number) && Number(number) >= least && Number(number) <= most ? number : undefined;
    },
    give: `Give a whole number from ${least} to ${most}.`,
  };
}

function oneOf(...numbers: readonly number[]): Kind {
  return {
    read: (value) => numbers.find((number) => number === value || String(number) === value),
    give: `Give one of ${numbers.join(', ')}.`,
  };
}

function sentinel(given: unknown): Record<string, unknown> {
  assertKnownOptions(given, Object.keys(OF_ADDRESS), 'a sentinel in `redis.sentinels`');
  const options = given as Record<string, unknown>;
  const address = read(options, OF_ADDRESS, 'redis.sentinels[]');
  if ('host' in options && address.host === undefined) throw placeless('redis.sentinels[].host');
  return address;
}

function natMap(given: unknown): unknown {
  if (!isPlainObject(given)) return undefined;
  const addresses = Object.entries(given as Record<string, unknown>).map(([from, to]) => {
    assertKnownOptions(to, ['host', 'port'], 'an address in `redis.natMap`');
    return [from, read(to as Record<string, unknown>, OF_ADDRESS, 'redis.natMap[]')] as const;
  });
  return addresses.every(([, to]) => to.host !== undefined && to.port !== undefined)
    ? Object.fromEntries(addresses)
    : undefined;
}

function assertNoCluster(options: Record<string, unknown>): void {
  const nodes = ['cluster', 'nodes', 'startupNodes', 'rootNodes'].find((name) => name in options);
  if (nodes === undefined) return;
  throw new NestworkError('REDIS_IS_CLUSTER', `The option \`redis.${nodes}\` names the nodes of a Redis Cluster.`, [
    'nestwork does not support Redis Cluster yet: all keys of a namespace have to be on one server.',
    'Give a single Redis, or Sentinels: redis: { sentinels: [{ host, port }, ...], name }.',
  ]);
}

/** A host that is undefined, because a variable of the environment is, would be localhost. */
function assertPlaced(given: Record<string, unknown>, address: RedisAddress): void {
  const ways = ['host', 'path', 'sentinels'] as const;
  if (ways.some((way) => address[way] !== undefined)) return;
  const undefinedWay = ways.find((way) => way in given);
  if (undefinedWay !== undefined) throw placeless(`redis.${undefinedWay}`);
}

function placeless(option: string): NestworkError {
  return invalid(option, 'is undefined', [
    'Set the variable of the environment from which it comes.',
    'Leave it out to connect to localhost.',
  ]);
}

/** Refuses an option that ioredis would ignore because of another one. */
function assertOneWay(address: RedisAddress): void {
  const given = (name: RedisOption): boolean => address[name] !== undefined;
  const [direct] = (['host', 'port', 'path'] as const).filter(given);
  if (given('sentinels')) {
    if (direct) throw beside(direct, 'sentinels');
    if (!given('name'))
      throw invalid('redis.name', 'is missing', 'Give the name under which the sentinels know the primary.');
    return assertTls(address);
  }
  if (given('path') && direct !== 'path') throw beside(direct as RedisOption, 'path');
  const idle = (Object.keys(OF_SENTINELS) as SentinelOption[]).find(given);
  if (idle)
    throw invalid(
      `redis.${idle}`,
      'is about Sentinel, and there are no `sentinels`',
      'Give `redis.sentinels`, or leave it out.',
    );
}

function beside(option: RedisOption, other: RedisOption): NestworkError {
  return invalid(`redis.${option}`, `would be ignored, because \`redis.${other}\` is given, too`, 'Give one of them.');
}

/** With sentinels ioredis speaks TLS to the primary only if both are given. */
function assertTls({ tls, enableTLSForSentinelMode: enabled = false }: RedisAddress): void {
  if (enabled === (tls !== undefined)) return;
  throw invalid(
    'redis.tls',
    'does not go with `redis.enableTLSForSentinelMode`: with `redis.sentinels` the primary is reached over TLS only if both are given',
    'Give both, `tls: {}` and `enableTLSForSentinelMode: true`, or none; `sentinelTLS` is for the sentinels themselves.',
  );
}
