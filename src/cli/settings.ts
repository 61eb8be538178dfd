import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { InspectorOptions } from '../inspector/create-inspector.js';
import { readKey } from '../payload/seal.js';
import { usageError } from '../terminal/usage.js';
import { assertKnownOptions, assertOptionsObject } from '../values/known-options.js';

/** Read from the working directory, if it is there. */
const DEFAULT_FILE = 'nestwork.config.json';
const OPTIONS = ['redis', 'namespace', 'commandTimeout', 'payload', 'namespaces'];
/** Keys for what is sealed, with commas between them: the current one first. */
const KEYS = 'NESTWORK_PAYLOAD_KEYS';

/** The options of every command that say where Redis is. */
export interface GivenPlace {
  readonly redis?: string;
  readonly namespace?: string;
  readonly config?: string;
}

/**
 * Where Redis is. An option comes before the environment, that before the file, and that before the defaults.
 *
 * @throws NestworkError INVALID_USAGE, INVALID_OPTION
 */
export function settingsOf({ redis, namespace, config }: GivenPlace, env = process.env): InspectorOptions {
  const { namespaces: _, ...ofFile } = fileSettings(config);
  return placed({ redis, namespace }, ofFile, env);
}

function placed(
  { redis, namespace }: Omit<GivenPlace, 'config'>,
  ofFile: InspectorOptions,
  env: NodeJS.ProcessEnv,
): InspectorOptions {
  const address = redis ?? env.NESTWORK_REDIS_URL ?? ofFile.redis;
  const space = namespace ?? env.NESTWORK_NAMESPACE ?? ofFile.namespace;
  return {
    ...withKeys(ofFile, env),
    ...(address === undefined ? {} : { redis: address }),
    ...(space === undefined ? {} : { namespace: space }),
  };
}

/** The keys of the environment in the place of those of the file; which tasks are sealed, and how digests are made, stays. */
function withKeys(ofFile: InspectorOptions, env: NodeJS.ProcessEnv): InspectorOptions {
  const text = env[KEYS];
  if (text === undefined || text === '') return ofFile;
  const keys = text.split(',').map((key) => key.trim());
  for (const [index, key] of keys.entries()) readKey(key, `${KEYS}[${index}]`);
  return { ...ofFile, payload: { ...ofFile.payload, encrypt: { ...ofFile.payload?.encrypt, keys } } };
}

/**
 * The namespaces that the dashboard shows, by name: those that the file lists, unless an option or the environment names one.
 *
 * @throws NestworkError INVALID_USAGE, INVALID_OPTION
 */
export function namespacesOf(given: GivenPlace, env = process.env): Readonly<Record<string, InspectorOptions>> {
  const { namespaces, ...common } = fileSettings(given.config);
  const one = placed(given, common, env);
  const isNamed = [given.redis, given.namespace, env.NESTWORK_REDIS_URL, env.NESTWORK_NAMESPACE].some(
    (value) => value !== undefined,
  );
  if (isNamed || namespaces === undefined) return { [one.namespace ?? 'nestwork']: one };
  assertOptionsObject(namespaces, 'namespaces');
  for (const [name, options] of Object.entries(namespaces)) assertOptionsObject(options, `namespaces.${name}`);
  return Object.fromEntries(
    Object.entries(namespaces).map(([name, options]) => [name, withKeys({ ...common, ...options }, env)]),
  );
}

interface FileSettings extends InspectorOptions {
  /** of the dashboard */
  readonly namespaces?: Readonly<Record<string, InspectorOptions>>;
}

function fileSettings(given: string | undefined): FileSettings {
  const path = resolve(given ?? DEFAULT_FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (given === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw usageError(`${path} cannot be read: ${(error as Error).message}`, 'Give the path of a file: --config.');
  }
  const settings = parsed(path, text);
  assertOptionsObject(settings, path);
  assertKnownOptions(settings, OPTIONS, path);
  return settings;
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // the error quotes the text, which may hold a password
    throw usageError(`${path} is not valid JSON${placeIn(error)}.`, [
      'Give the settings of TaskQueueModule: { "redis": { "host": "..." }, "namespace": "..." }.',
    ]);
  }
}

function placeIn(error: unknown): string {
  const [, line, column] = /line (\d+) column (\d+)/.exec((error as Error).message) ?? [];
  return line === undefined ? '' : ` (line ${line}, column ${column})`;
}
