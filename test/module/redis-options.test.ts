import { inspect } from 'node:util';
import type { NestworkError } from '../../src/errors.js';
import type { TaskQueueOptions } from '../../src/options/options.js';
import { resolveTaskQueueOptions } from '../../src/options/resolve-options.js';

const SECRET = 'correct-horse-battery-staple';
const sentinels = [{ host: 'sentinel-1', port: 26379 }, { host: 'sentinel-2' }];

function resolved(redis: unknown): unknown {
  return resolveTaskQueueOptions({ redis } as TaskQueueOptions).redis;
}

function refusal(redis: unknown): NestworkError {
  try {
    resolved(redis);
  } catch (error) {
    return error as NestworkError;
  }
  throw new Error('It was accepted.');
}

describe('a URL', () => {
  it.each<[string, object]>([
    ['redis://localhost', { host: 'localhost' }],
    ['redis://127.0.0.1:6379/', { host: '127.0.0.1', port: 6379 }],
    ['redis://h:1/15', { host: 'h', port: 1, db: 15 }],
    ['REDIS://h', { host: 'h' }],
    ['REDISS://h', { host: 'h', tls: {} }],
    ['rediss://me:secret@h:6380/2', { host: 'h', port: 6380, db: 2, username: 'me', password: 'secret', tls: {} }],
    ['redis://:p%40%2F%25@h', { host: 'h', password: 'p@/%' }],
    ['redis://[::1]:6380', { host: '::1', port: 6380 }],
    ['redis://h?db=3&family=6', { host: 'h', db: 3, family: 6 }],
    ['redis://h/3?db=3', { host: 'h', db: 3 }],
    ['/run/redis.sock', { path: '/run/redis.sock' }],
    ['/run/redis.sock?db=3', { path: '/run/redis.sock', db: 3 }],
    ['unix:///run/my%20redis.sock?db=3', { path: '/run/my redis.sock', db: 3 }],
  ])('%s is accepted', (url, options) => {
    expect(resolved(url)).toEqual(options);
  });

  it.each<[string, string, RegExp]>([
    ['a database with a name', 'redis://h/abc', /`redis\.db` is 'abc'/],
    ['a database below 0', 'redis://h/-1', /`redis\.db` is '-1'/],
    ['two databases', 'redis://h/3?db=4', /two values of `db`/],
    ['a database with a name as parameter', 'redis://h?db=abc', /`redis\.db` is 'abc'/],
    ['a parameter that is none of ours', 'rediss://h?ssl_cert_reqs=none', /parameter "ssl_cert_reqs"[\s\S]*tls: \{/],
    ['TLS as a parameter', 'redis://h?tls=true', /parameter "tls"/],
    ['a parameter of a socket', '/run/redis.sock?database=3', /parameter "database"/],
    ['a parameter twice', 'redis://h?db=1&db=2', /two values of `db`/],
    ['no host', 'redis://', /without a host/],
    ['no host but a database', 'redis:///3', /without a host/],
    ['port 0', 'redis://h:0', /`redis\.port` is '0'/],
    ['several hosts', 'redis://h1,h2', /several hosts[\s\S]*sentinels/],
    ['several hosts with ports', `redis://:${SECRET}@h1:6379,h2:6379`, /several hosts[\s\S]*sentinels/],
    ['a family that is none', 'redis://h?family=5', /`redis\.family` is '5'/],
    ['a socket behind a host', 'unix://run/redis.sock', /unix:\/\/\/run/],
    ['another scheme', 'http://h', /neither a redis:\/\/ URL/],
    ['no scheme', 'h:6379', /neither a redis:\/\/ URL/],
    ['a password with %', `redis://:100%${SECRET}@h`, /stands for no character[\s\S]*%25/],
    ['a password with / behind a port', `redis://me:12/${SECRET}@h`, /%2F/],
    ['a password with ? behind a port', `redis://me:12?${SECRET}@h`, /%3F/],
    ['a password with # behind a port', `redis://me:12#${SECRET}@h`, /%23/],
    ['a password with / and no port', `redis://me:${SECRET}/x@h`, /cannot be read/],
  ])('with %s is refused, and shows no password', (_what, url, message) => {
    expect(refusal(url)).toMatchObject({ code: 'INVALID_OPTION', message: expect.stringMatching(message) });
    expect(inspect(refusal(url), { depth: 10 })).not.toContain(SECRET);
  });
});

describe('an object', () => {
  it.each<[string, object, object]>([
    ['nothing', {}, {}],
    ['numbers as text', { host: 'h', port: '6380', db: '3', family: '4' }, { host: 'h', port: 6380, db: 3, family: 4 }],
    ['what is undefined or null', { host: 'h', port: undefined, password: null, path: undefined }, { host: 'h' }],
    ['TLS', { host: 'h', tls: { ca: 'pem' } }, { host: 'h', tls: { ca: 'pem' } }],
    ['Sentinels', { sentinels, name: 'main', db: 2 }, { sentinels, name: 'main', db: 2 }],
    [
      'Sentinels over TLS',
      { sentinels, name: 'main', tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true },
      { sentinels, name: 'main', tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true },
    ],
    [
      'addresses for others',
      { sentinels, name: 'main', natMap: { '10.0.0.7:6379': { host: 'h', port: '7' } } },
      { sentinels, name: 'main', natMap: { '10.0.0.7:6379': { host: 'h', port: 7 } } },
    ],
  ])('with %s is accepted', (_what, options, expected) => {
    expect(resolved(options)).toEqual(expected);
  });

  it('of a class with the options as properties is accepted', () => {
    class Config {
      get host(): string {
        return 'h';
      }
    }
    expect(resolved(new Config())).toEqual({ host: 'h' });
    expect(resolved(Object.assign(new Config(), { port: 6380 }))).toEqual({ host: 'h', port: 6380 });
    expect(() => resolved(Object.assign(new Config(), { prot: 6380 }))).toThrow(/no option "prot"/);
    expect(() => resolved(new Map([['host', 'h']]))).toThrow(/it is an instance of class Map/);
    expect(() => resolved(new URL('redis://h'))).toThrow(/`redis` is a URL as an object[\s\S]*redis: url\.href/);
  });

  it.each<[string, object, RegExp]>([
    ['url', { url: 'redis://h' }, /no option "url"[\s\S]*Give a URL alone/],
    ['database', { database: 3 }, /no option "database"[\s\S]*Known options: .* db,/],
    ['hostname', { hostname: 'h' }, /no option "hostname"[\s\S]*Known options: host, port/],
    ['ssl', { host: 'h', ssl: true }, /no option "ssl"[\s\S]*Known options: .* tls,/],
    ['socket', { socket: { host: 'h' } }, /no option "socket"[\s\S]*Known options: host, port/],
    ['keyPrefix', { keyPrefix: 'shop:' }, /no option "keyPrefix"[\s\S]*`namespace`/],
    ['commandTimeout', { commandTimeout: 5 }, /no option "commandTimeout"[\s\S]*`commandTimeout` of TaskQueueModule/],
    ['connectTimeout', { connectTimeout: 5 }, /no option "connectTimeout"[\s\S]*`commandTimeout`/],
    ['retryStrategy', { retryStrategy: () => 1 }, /no option "retryStrategy"[\s\S]*by itself/],
    ['enableOfflineQueue', { enableOfflineQueue: true }, /no option "enableOfflineQueue"[\s\S]*by itself/],
    ['monitor', { monitor: true }, /no option "monitor"[\s\S]*Leave out/],
    ['readOnly', { readOnly: true }, /no option "readOnly"[\s\S]*primary/],
    ['stringNumbers', { stringNumbers: true }, /no option "stringNumbers"[\s\S]*Leave out/],
    ['replyMapping', { replyMapping: 'resp3' }, /no option "replyMapping"[\s\S]*Leave out/],
    ['a typo', { hots: 'h' }, /no option "hots"[\s\S]*Known options: host, port/],
    ['a typo of a sentinel', { sentinels: [{ hots: 'h' }], name: 'main' }, /no option "hots"[\s\S]*host, port/],
    ['a client', { host: 'h', sendCommand: () => {} }, /is a client of Redis/],
  ])('with %s is refused, with the place where it belongs', (_what, options, message) => {
    expect(refusal(options)).toMatchObject({ code: 'INVALID_OPTION', message: expect.stringMatching(message) });
  });

  it.each(['cluster', 'nodes', 'startupNodes', 'rootNodes'])(
    'with `%s` is refused with a word about Redis Cluster',
    (name) => {
      expect(refusal({ [name]: [{ host: 'h', port: 1 }] })).toMatchObject({
        code: 'REDIS_IS_CLUSTER',
        message: expect.stringContaining('does not support Redis Cluster yet'),
      });
    },
  );

  it.each<[string, object, RegExp]>([
    ['a port that is NaN', { port: Number.NaN }, /`redis\.port` is NaN/],
    ['a port that is no text of digits', { port: '6379abc' }, /`redis\.port` is '6379abc'/],
    ['a port out of range', { port: 65_536 }, /`redis\.port` is 65536[\s\S]*1 to 65535/],
    ['a database with a name', { db: 'abc' }, /`redis\.db` is 'abc'/],
    ['a database of a half', { db: 1.5 }, /`redis\.db` is 1\.5/],
    ['a host that is undefined', { host: undefined, port: 6380 }, /`redis\.host` is undefined[\s\S]*environment/],
    ['a host that is empty', { host: '' }, /`redis\.host` is of type string[\s\S]*not empty/],
    ['a path that is undefined', { path: undefined }, /`redis\.path` is undefined/],
    ['Sentinels that are undefined', { sentinels: undefined, db: 3 }, /`redis\.sentinels` is undefined/],
    ['a URL as its host', { host: `redis://:${SECRET}@h` }, /`redis\.host` is of type string[\s\S]*the whole of it/],
    ['a URL in the place of a list', { sentinels: `redis://:${SECRET}@a,b` }, /`redis\.sentinels` is of type string/],
    ['a password that is a number', { password: 12_345 }, /`redis\.password` is of type number/],
    ['TLS as text', { tls: 'true' }, /`redis\.tls` is 'true'[\s\S]*\{\} for TLS/],
    ['TLS as a truth', { tls: true }, /`redis\.tls` is true/],
    ['a protocol that is none', { protocol: 4 }, /`redis\.protocol` is 4/],
    ['a flag as text', { noDelay: 'false' }, /`redis\.noDelay` is 'false'/],
    ['no sentinel', { sentinels: [], name: 'main' }, /`redis\.sentinels` is \[/],
    [
      'a sentinel without a host',
      { sentinels: [{ host: undefined }], name: 'main' },
      /sentinels\[\]\.host` is undefined/,
    ],
    ['Sentinels without a name', { sentinels }, /`redis\.name` is missing/],
    ['a name without Sentinels', { host: 'h', name: 'main' }, /`redis\.name` is about Sentinel/],
    ['a host beside Sentinels', { sentinels, name: 'main', host: 'h' }, /`redis\.host` would be ignored/],
    ['a host beside a path', { path: '/run/redis.sock', host: 'h' }, /`redis\.host` would be ignored/],
    ['a replica as its role', { sentinels, name: 'main', role: 'slave' }, /`redis\.role`[\s\S]*primary/],
    [
      'TLS to the sentinels only',
      { sentinels, name: 'main', tls: {} },
      /`redis\.tls` does not go with[\s\S]*enableTLSForSentinelMode: true/,
    ],
    [
      'TLS that is only switched on',
      { sentinels, name: 'main', enableTLSForSentinelMode: true },
      /`redis\.tls` does not go with/,
    ],
    ['a function of addresses', { sentinels, name: 'main', natMap: () => null }, /`redis\.natMap`[\s\S]*function/],
  ])('with %s is refused, and shows no password', (_what, options, message) => {
    expect(refusal(options)).toMatchObject({ code: 'INVALID_OPTION', message: expect.stringMatching(message) });
    expect(inspect(refusal(options), { depth: 10 })).not.toContain(SECRET);
  });
});
