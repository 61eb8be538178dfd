import { createHash } from 'node:crypto';

/** Characters of a digest. 48 bits: that two apps with different tasks look alike will not happen. */
const DIGEST_LENGTH = 8;

/** An app as workers of other apps see it. */
export interface AppTasks {
  /** of its package */
  readonly name: string;
  /** of each queue that its worker serves, a digest of the names of its tasks there; none for a queue without tasks */
  readonly digests: ReadonlyMap<string, string>;
}

/** A worker, as its session describes it. */
export interface AppWorker {
  readonly queues: readonly string[];
  /** undefined when nothing names its app, or when an older version wrote it */
  readonly app: AppTasks | undefined;
}

/** @param queues those that the worker serves */
export function appTasks(
  name: string,
  queues: readonly string[],
  tasks: readonly { readonly name: string; readonly queue: string }[],
): AppTasks {
  const digests = queues.flatMap((queue): [string, string][] => {
    const names = tasks.filter((task) => task.queue === queue).map((task) => task.name);
    return names.length > 0 ? [[queue, digest(names)]] : [];
  });
  return { name, digests: new Map(digests) };
}

/** As it lies in the session of a worker. */
export function encodeAppTasks({ name, digests }: AppTasks): string {
  return JSON.stringify({ name, tasks: Object.fromEntries(digests) });
}

/** Undefined for what a version that is newer than this one, or somebody else, has written. */
export function decodeAppTasks(json: string | null | undefined): AppTasks | undefined {
  try {
    const { name, tasks } = JSON.parse(json ?? '') as Record<string, unknown>;
    if (typeof name !== 'string' || typeof tasks !== 'object' || tasks === null) return undefined;
    const digests = Object.entries(tasks);
    return digests.every(([, value]) => typeof value === 'string') ? { name, digests: new Map(digests) } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The queues that two workers of different apps serve with different tasks: each takes tasks there that only the other has. Apps
 * that share their tasks have the same in the queues that both serve.
 */
export function contestedQueues(one: AppWorker, other: AppWorker): string[] {
  const [here, there] = [one.app, other.app];
  if (!here || !there) return [];
  return one.queues.filter((queue) => other.queues.includes(queue) && contest(here, there, queue));
}

/** The names of all apps that serve a queue, sorted, if any two of them contest it; else none. */
export function contestantsOf(queue: string, workers: readonly AppWorker[]): string[] {
  const serving = workers.flatMap(({ queues, app }) => (app && queues.includes(queue) ? [app] : []));
  // of each app there may be many workers
  const apps = [...new Map(serving.map((app) => [`${app.digests.get(queue)} ${app.name}`, app])).values()];
  const contested = apps.some((one) => apps.some((other) => contest(one, other, queue)));
  return contested ? [...new Set(apps.map(({ name }) => name))].sort() : [];
}

function contest(one: AppTasks, other: AppTasks, queue: string): boolean {
  return one.name !== other.name && one.digests.get(queue) !== other.digests.get(queue);
}

function digest(names: readonly string[]): string {
  return createHash('sha1')
    .update([...names].sort().join('\n'))
    .digest('base64url')
    .slice(0, DIGEST_LENGTH);
}
