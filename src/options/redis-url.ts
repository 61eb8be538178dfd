import { invalid } from '../values/option-values.js';

/** What may stand behind the `?` of a URL; the path names the database, too. */
const PARAMETERS = ['db', 'family'];

const REMEDIES = [
  "Give a URL like 'redis://127.0.0.1:6379', 'rediss://user:password@redis.internal:6380/2' or 'unix:///run/redis.sock'. Behind a ? may stand db and family.",
  'In a user name or a password write / as %2F, ? as %3F, # as %23, @ as %40 and % as %25.',
  'Give all other options in an object: redis: { host, port, tls: { ... } }; several hosts as Sentinels: { sentinels: [{ host, port }, ...], name }.',
];

/**
 * Reads a URL, or the path of a socket, as options; numbers are left as text. No error shows any part of it that may be
 * of a password.
 *
 * @throws NestworkError INVALID_OPTION
 */
export function parseRedisUrl(given: string): Record<string, unknown> {
  if (/^\/(?!\/)/.test(given)) {
    const [path, query] = given.split(/\?(.*)/s);
    return { path, ...parameters(new URLSearchParams(query)) };
  }
  const scheme = /^(rediss?|unix):\/\//i.exec(given)?.[1]?.toLowerCase();
  if (scheme === undefined) throw unreadable('is neither a redis:// URL nor an object');
  if (!URL.canParse(given)) {
    throw unreadable('is a URL that cannot be read, perhaps because of its port, its password or several hosts');
  }
  const url = new URL(given);
  // of a URL that is cut short by a character of its password
  if (`${url.pathname}${url.search}${url.hash}`.includes('@') || url.hash !== '') {
    throw unreadable('is a URL that ends within its user name or password, or has a #');
  }
  return scheme === 'unix' ? ofSocket(url) : { ...ofServer(url), ...(scheme === 'rediss' ? { tls: {} } : {}) };
}

function ofServer(url: URL): Record<string, unknown> {
  if (url.hostname === '') throw unreadable('is a URL without a host; a variable of the environment may be empty');
  if (url.hostname.includes(',')) throw unreadable('names several hosts in its URL');
  const database = url.pathname.slice(1);
  if (database !== '') url.searchParams.append('db', database);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    ...(url.port === '' ? {} : { port: url.port }),
    ...(url.username === '' ? {} : { username: decoded(url.username) }),
    ...(url.password === '' ? {} : { password: decoded(url.password) }),
    ...parameters(url.searchParams),
  };
}

function ofSocket(url: URL): Record<string, unknown> {
  if (url.host !== '' || url.pathname === '') throw unreadable('is a unix:// URL that does not consist of a path');
  return { path: decoded(url.pathname), ...parameters(url.searchParams) };
}

function parameters(given: URLSearchParams): Record<string, string> {
  const named: Record<string, string> = {};
  for (const [name, value] of given) {
    if (!PARAMETERS.includes(name)) throw unreadable(`has an unknown parameter "${name.slice(0, 40)}" in its URL`);
    if ((named[name] ?? value) !== value) throw unreadable(`has two values of \`${name}\` in its URL`);
    named[name] = value;
  }
  return named;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw unreadable('has a % in its URL that stands for no character');
  }
}

function unreadable(why: string): Error {
  return invalid('redis', why, REMEDIES);
}
