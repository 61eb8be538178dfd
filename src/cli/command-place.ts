import type { InspectorOptions } from '../inspector/create-inspector.js';
import { resolveRedis } from '../options/redis-options.js';
import { quoted } from '../values/shell-word.js';
import type { GivenPlace } from './settings.js';

/** The server and the namespace as people see them: never a password. */
export function placeOf({ redis = 'redis://127.0.0.1:6379', namespace = 'nestwork' }: InspectorOptions): string {
  return `${serverOf(redis)}, namespace ${namespace}`;
}

function serverOf(redis: NonNullable<InspectorOptions['redis']>): string {
  if (typeof redis !== 'string') {
    const { path, host = '127.0.0.1', port = 6379, sentinels, name } = redis;
    if (sentinels) return `the primary "${name}" of the Sentinels`;
    return path ?? `${host}:${port}`;
  }
  if (!URL.canParse(redis)) return redis.split('?')[0] ?? redis;
  const { host, pathname, protocol } = new URL(redis);
  return protocol === 'unix:' ? pathname : `${host}${pathname === '/' ? '' : pathname}`;
}

/** `redis-cli` with the options that reach the server; without a password. Sentinels have no address of their own to give. */
export function redisCliOf({ redis = 'redis://127.0.0.1:6379' }: InspectorOptions): string {
  const { host = '127.0.0.1', port = 6379, path, db = 0, tls, sentinels } = resolveRedis(redis);
  if (sentinels) return 'redis-cli';
  const place = path === undefined ? ['-h', host, '-p', String(port)] : ['-s', path];
  return words(['redis-cli', ...place, ...(db === 0 ? [] : ['-n', String(db)]), ...(tls ? ['--tls'] : [])]);
}

/** A command as a person types it again, with the options of this one that say where Redis is; one with a password is left out. */
export function typed(command: readonly string[], { redis, namespace, config }: GivenPlace): string {
  const places = Object.entries({ redis: redis?.includes('@') ? undefined : redis, namespace, config });
  const options = places.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
  return words(['npx', 'nestwork', ...command, ...options]);
}

/** For a shell. */
function words(all: readonly string[]): string {
  return all.map(quoted).join(' ');
}
