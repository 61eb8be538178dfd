import type { RedisSettings } from '../broker/port/broker.js';
import { RedisBroker } from '../broker/redis-broker.js';
import { type ResolvedTaskQueueOptions, resolveTaskQueueOptions } from '../options/resolve-options.js';
import type { StoredPayloadOptions } from '../payload/payload-options.js';
import { systemClock } from '../values/clock.js';
import type { Duration } from '../values/duration.js';
import { assertKnownOptions } from '../values/known-options.js';
import { Inspector } from './inspector.js';
import { KnownQueues } from './queues/known-queues.js';

/**
 * Where an inspector finds Redis, and what it calls on trouble.
 *
 * @example
 * const options: InspectorOptions = { redis: 'redis://127.0.0.1:6379', namespace: 'shop' };
 * const inspector = await createInspector(options);
 */
export interface InspectorOptions {
  /**
   * Where Redis is, as `TaskQueueModule` takes it.
   * @default 'redis://127.0.0.1:6379'
   */
  redis?: RedisSettings;
  /**
   * The prefix of all keys, as `TaskQueueModule` takes it.
   * @default 'nestwork'
   */
  namespace?: string;
  /**
   * How long a command may take.
   * @default '5s'
   */
  commandTimeout?: Duration;
  /**
   * How payloads lie in Redis, as `TaskQueueModule` takes it. With the keys, arguments, results, errors and notes of sealed tasks are shown, and
   * sealed tasks can be sent and get other arguments; without them those are `[sealed]`.
   * @default no keys
   */
  payload?: StoredPayloadOptions;
  /**
   * Called with one sentence for values in Redis that nestwork did not write, and for settings of the server that endanger tasks.
   * @default none
   */
  onWarning?: (warning: string) => void;
}

/**
 * Connects to Redis and returns an inspector. Nothing of Nest is loaded. Close it at the end, or the process stays.
 *
 * @throws NestworkError INVALID_OPTION, INVALID_NAME, INVALID_DURATION, REDIS_UNAVAILABLE, REDIS_TOO_OLD, FOREIGN_KEYS
 *
 * @example
 * const inspector = await createInspector({ redis: process.env.REDIS_URL, namespace: 'shop' });
 * console.table(await inspector.queues.list());
 * await inspector.close();
 */
export async function createInspector(options: InspectorOptions = {}): Promise<Inspector> {
  return openInspector(options, { check: 'look' });
}

/** How the command line opens an inspector. */
interface Opening {
  /** `none` connects to a server that nestwork cannot work on, too, so that the doctor can report on it */
  readonly check: 'look' | 'none';
  /** the argument or option that names a queue, for errors */
  readonly queuePlace?: string | undefined;
}

/** @internal */
export async function openInspector(options: InspectorOptions, { check, queuePlace }: Opening): Promise<Inspector> {
  const { onWarning, redis, namespace, commandTimeoutMs, payload } = resolveInspectorOptions(
    options,
    'createInspector',
  );
  const broker = new RedisBroker({ redis, namespace, commandTimeoutMs, queues: [], check, onWarning });
  try {
    await broker.connect();
  } catch (error) {
    await broker.close();
    throw error;
  }
  const known = KnownQueues.ofCatalog(broker.catalog, queuePlace);
  return new Inspector(broker, systemClock, () => broker.close(), known, payload);
}

/**
 * @param where names the options, for errors
 * @throws NestworkError INVALID_OPTION, INVALID_NAME, INVALID_DURATION
 * @internal
 */
export function resolveInspectorOptions(
  options: InspectorOptions,
  where: string,
): Pick<ResolvedTaskQueueOptions, 'redis' | 'namespace' | 'commandTimeoutMs' | 'payload'> &
  Pick<InspectorOptions, 'onWarning'> {
  assertKnownOptions(options, ['redis', 'namespace', 'commandTimeout', 'payload', 'onWarning'], where);
  const { onWarning, ...settings } = options;
  return { ...resolveTaskQueueOptions(settings), onWarning };
}
