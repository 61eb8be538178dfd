import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { NestworkError } from '../../errors.js';

/** Edited arguments may be as large as a payload; Fastify takes 1 MiB by itself. */
const BODY_LIMIT = 2 * 1024 * 1024;
const PLATFORMS = [
  { name: '@nestjs/platform-express', adapter: 'ExpressAdapter', options: undefined },
  { name: '@nestjs/platform-fastify', adapter: 'FastifyAdapter', options: { bodyLimit: BODY_LIMIT } },
] as const;

/**
 * The adapter of an HTTP platform of Nest: of the project around a directory, or else one beside nestwork.
 *
 * @throws NestworkError NO_HTTP_PLATFORM
 */
export async function httpAdapterNear(directory: string): Promise<AbstractHttpAdapter> {
  const places = [join(directory, 'package.json'), import.meta.url].map((place) => createRequire(place));
  for (const require of places) {
    for (const { name, adapter, options } of PLATFORMS) {
      const file = fileOf(require, name);
      if (file === undefined) continue;
      const loaded = await import(pathToFileURL(file).href);
      // a CommonJS module that Node could not read names from has its exports in `default`
      const Adapter = loaded[adapter] ?? loaded.default[adapter];
      return new Adapter(options);
    }
  }
  throw new NestworkError(
    'NO_HTTP_PLATFORM',
    `The dashboard needs an HTTP platform of Nest, and ${directory} has neither ${PLATFORMS.map(({ name }) => name).join(' nor ')}.`,
    ['Run it in the directory of an app that has one.', 'Install one: npm install @nestjs/platform-express.'],
  );
}

function fileOf(require: NodeJS.Require, name: string): string | undefined {
  try {
    return require.resolve(name);
  } catch {
    return undefined;
  }
}
