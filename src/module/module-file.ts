import { statSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DynamicModule, Type } from '@nestjs/common';
import { usageError } from '../terminal/usage.js';

export type AppModule = Type<unknown> | DynamicModule;

/** Metadata that `@Module()` writes. */
const OF_MODULES = ['imports', 'providers', 'controllers', 'exports'];
const TYPESCRIPT = /^\.[cm]?tsx?$/;
/** Errors of Node at a file in TypeScript: it does not read it, or not its decorators. */
const UNREADABLE = /^ERR_(UNKNOWN_FILE_EXTENSION|UNSUPPORTED_TYPESCRIPT_SYNTAX|INVALID_TYPESCRIPT_SYNTAX)$/;

/** A file that a command names, such as dist/app.module.js. */
export interface ModuleFile {
  /** as it was given */
  readonly file: string;
  readonly path: string;
  /** a correct command, for remedies */
  readonly example: string;
}

/** @throws NestworkError INVALID_USAGE */
export function moduleFile(file: string, command: string): ModuleFile {
  const path = resolve(file);
  const example = `Name the built file of the root module: npx nestwork ${command} dist/app.module.js.`;
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile()) return { file, path, example };
  throw usageError(`${file} is ${stats ? 'a directory' : 'no file'}.`, [
    'Build the app first: npm run build.',
    example,
  ]);
}

/** Loads the file. @throws NestworkError INVALID_USAGE */
export async function exportsOf({ file, path, example }: ModuleFile): Promise<ReadonlyMap<string, unknown>> {
  try {
    const loaded: Record<string, unknown> = await import(pathToFileURL(path).href);
    // of a file in CommonJS, whose names Node does not always find
    const whole = loaded.default as { readonly __esModule?: true } | undefined;
    return new Map(Object.entries(whole?.__esModule ? { ...loaded, ...whole } : loaded));
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const isUnreadable = UNREADABLE.test(code) || error instanceof SyntaxError;
    if (!TYPESCRIPT.test(extname(path)) || !isUnreadable) return endWith(error);
    throw usageError(`${file} is TypeScript, which Node does not run by itself.`, [
      example,
      'Or let Node compile it, in the children too: NODE_OPTIONS with a loader that writes the metadata of decorators, such as "--import @swc-node/register/esm-register".',
    ]);
  }
}

/** As Node does it with an entry file that fails: with the whole stack, and the line. */
function endWith(error: unknown): Promise<never> {
  return new Promise(() => {
    setImmediate(() => {
      throw error;
    });
  });
}

/** The module that the file exports; undefined where it exports none. @throws NestworkError INVALID_USAGE */
export function moduleIn(
  { file }: ModuleFile,
  exported: ReadonlyMap<string, unknown>,
  name: string | undefined,
): AppModule | undefined {
  if (name !== undefined) return named(file, exported, name);
  for (const usual of ['default', 'AppModule']) {
    const found = exported.get(usual);
    if (isModule(found)) return found;
  }
  const modules = [...new Set([...exported.values()].filter(isModule))];
  if (modules.length <= 1) return modules[0];
  const names = [...exported].filter(([, value]) => isModule(value)).map(([one]) => one);
  throw usageError(`${file} exports several modules: ${names.join(', ')}.`, `Name one: --export ${names[0]}.`);
}

/** `@Module({})` leaves no trace, so a class that is named counts as one. */
function named(file: string, exported: ReadonlyMap<string, unknown>, name: string): AppModule {
  const found = exported.get(name);
  if (typeof found === 'function' || isModule(found)) return found as AppModule;
  const what = exported.has(name) ? `exports a "${name}" that is no module` : `has no export "${name}"`;
  throw usageError(`${file} ${what}.`, `It exports: ${[...exported.keys()].join(', ') || 'nothing'}.`);
}

function isModule(value: unknown): value is AppModule {
  if (typeof value === 'object' && value !== null) return 'module' in value && typeof value.module === 'function';
  if (typeof value !== 'function') return false;
  return OF_MODULES.some((key) => Reflect.hasMetadata?.(key, value));
}

export function without({ file, example }: ModuleFile, exported: ReadonlyMap<string, unknown>): Error {
  const names = [...exported.keys()].filter((name) => name !== 'module.exports');
  return usageError(`${file} exports no Nest module${names.length > 0 ? `, but ${names.join(', ')}` : ''}.`, [
    example,
    'If that file starts the app, as main.js mostly does, it starts it here, too: name the file that exports AppModule.',
  ]);
}
