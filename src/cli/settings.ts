import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { InspectorOptions } from '../inspector/create-inspector.js';
import { usageError } from '../terminal/usage.js';
import { assertKnownOptions, assertOptionsObject } from '../values/known-options.js';

/** Read from the working directory, if it is there. */
const DEFAULT_FILE = 'nestwork.config.json';
const OPTIONS = ['redis', 'namespace', 'commandTimeout'];

/** The options of every command that say where Redis is. */
export interface GivenPlace {
  readonly redis?: string;
  readonly namespace?: string;
  readonly config?: string;
}

/**
 * Where Redis is: what the command line says, before the environment, before the file, before the defaults.
 *
 * @throws NestworkError INVALID_USAGE, INVALID_OPTION
 */
export function settingsOf({ redis, namespace, config }: GivenPlace, env = process.env): InspectorOptions {
  const ofFile = fileSettings(config);
  const address = redis ?? env.NESTWORK_REDIS_URL ?? ofFile.redis;
  const space = namespace ?? env.NESTWORK_NAMESPACE ?? ofFile.namespace;
  return {
    ...ofFile,
    ...(address === undefined ? {} : { redis: address }),
    ...(space === undefined ? {} : { namespace: space }),
  };
}

function fileSettings(given: string | undefined): InspectorOptions {
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
  return settings as InspectorOptions;
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
