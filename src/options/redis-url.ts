import type { RedisAddress } from '../broker/port/broker.js';
import { invalid } from '../values/option-values.js';

/** What may stand behind the `?` of a URL. */
const PARAMETERS = ['db', 'family'] as const;

const EXAMPLES = "Give a URL like 'redis://127.0.0.1:6379' or 'rediss://user:password@redis.internal:6380/2'.";
const AS_OBJECT = 'Give all other options in an object: redis: { host, port, tls: { ... } }.';
const ESCAPE = 'In a user name or a password write / as %2F, ? as %3F, # as %23, @ as %40 and % as %25.';

/**
 * Reads a URL, or the path of a socket, as options; numbers are left as text. No error shows any part of it that may be
 * of a password.
 *
 * @throws NestworkError INVALID_OPTION
 */
export function parseRedisUrl(given: string): RedisAddress | Record<string, unknown> {
  if (/^\/(?!\/)/.test(given)) {
    const [path, query] = given.split(/\?(.*)/s);
    return { path, ...parameters(new URLSearchParams(query)) };
  }
  const scheme = /^(rediss?|unix):\/\//i.exec(given)?.[1]?.toLowerCase();
  if (scheme === undefined) throw invalid('redis', 'is neither a redis:// URL nor an object', EXAMPLES);
  if (!URL.canParse(given)) throw unreadable(given);
  const url = new URL(given);
  // of a URL that is cut short by a character of its password
  if (`${url.pathname}${url.search}${url.hash}`.includes('@') || url.hash !== '') throw cutShort();
  if (scheme === 'unix') return { ...ofSocket(url), ...parameters(url.searchParams) };
  return {
    ...ofServer(url),
    ...(scheme === 'rediss' ? { tls: {} } : {}),
    ...database(url, parameters(url.searchParams)),
  };
}

function ofServer(url: URL): Record<string, unknown> {
  if (url.hostname === '') {
    throw invalid('redis', 'is a URL without a host', [EXAMPLES, 'Is a variable of the environment empty?']);
  }
  if (url.hostname.includes(',')) throw severalHosts();
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    ...(url.port === '' ? {} : { port: url.port }),
    ...(url.username === '' ? {} : { username: decoded(url.username) }),
    ...(url.password === '' ? {} : { password: decoded(url.password) }),
  };
}

function ofSocket(url: URL): Record<string, unknown> {
  if (url.host !== '' || url.pathname === '') {
    throw invalid(
      'redis',
      'is a unix:// URL that does not consist of a path',
      "Give three slashes: 'unix:///run/redis.sock'.",
    );
  }
  return { path: decoded(url.pathname) };
}

/** The path and `?db=` say the same. */
function database(url: URL, named: Record<string, string>): Record<string, string> {
  const inPath = url.pathname.slice(1);
  if (inPath === '') return named;
  if (!/^\d+$/.test(inPath)) {
    throw invalid('redis', `names a database that is no number: ${JSON.stringify(inPath.slice(0, 40))}`, [
      "Give its number, as in 'redis://127.0.0.1:6379/2'; databases of Redis have no names.",
      'To keep apps or stages apart in one database, give each a `namespace` of its own.',
    ]);
  }
  if (named.db !== undefined && named.db !== inPath) {
    throw invalid('redis', `names two databases, ${inPath} and ${named.db}`, 'Name one of them.');
  }
  return { ...named, db: inPath };
}

function parameters(given: URLSearchParams): Record<string, string> {
  const named: Record<string, string> = {};
  for (const [name, value] of given) {
    if (!PARAMETERS.some((known) => known === name)) {
      const what = `has an unknown parameter "${name.slice(0, 40)}" in its URL`;
      throw invalid('redis', what, [`Known parameters: ${PARAMETERS.join(', ')}.`, AS_OBJECT]);
    }
    if (name in named) throw invalid('redis', `has the parameter "${name}" twice in its URL`, 'Give it once.');
    if (!/^\d+$/.test(value)) {
      throw invalid('redis', `has a parameter "${name}" in its URL that is no number`, 'Give a number.');
    }
    named[name] = value;
  }
  return named;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('redis', 'has a % in its URL that stands for no character', ESCAPE);
  }
}

function unreadable(given: string): Error {
  if (/^[^/]+:\/\/([^/]*@)?[^/@]*,/.test(given)) return severalHosts();
  return invalid('redis', 'is a URL that cannot be read, perhaps because of its port or its password', [
    EXAMPLES,
    ESCAPE,
  ]);
}

function severalHosts(): Error {
  return invalid('redis', 'names several hosts in its URL', [
    'Give Sentinels as an object: redis: { sentinels: [{ host, port }, ...], name }.',
    'Redis Cluster is not supported yet.',
  ]);
}

function cutShort(): Error {
  return invalid('redis', 'is a URL that ends within its user name or password, or has a #', ESCAPE);
}
