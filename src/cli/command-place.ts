import type { InspectorOptions } from '../inspector/create-inspector.js';

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
