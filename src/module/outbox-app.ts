import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { INestApplicationContext } from '@nestjs/common';
import type { NestFactory } from '@nestjs/core';
import { type CommandRole, noteCommandRole } from '../ipc/command-role.js';
import { Outbox } from '../outbox/outbox.js';
import { exportsOf, moduleFile, moduleIn, without } from './module-file.js';

/** An app that a command has started, without workers in it. */
export interface OutboxApp {
  readonly app: INestApplicationContext;
  readonly outbox: Outbox;
}

/**
 * Starts the app whose root module a file exports: it alone knows the way to its database.
 *
 * @param command as it is typed, for remedies
 * @throws NestworkError INVALID_USAGE, and the errors of the start of the app
 */
export async function startOutboxApp(
  { file, export: name }: { readonly file: string; readonly export: string | undefined },
  command: string,
  role: CommandRole,
): Promise<OutboxApp> {
  const given = moduleFile(file, command);
  noteCommandRole(role);
  const exported = await exportsOf(given);
  const module = moduleIn(given, exported, name);
  if (module === undefined) throw without(given, exported);
  const { factory, token } = await partsOf(given.path);
  const logger = role === 'look' ? false : undefined;
  const app = await factory.createApplicationContext(module, {
    abortOnError: false,
    ...(logger === undefined ? {} : { logger }),
  });
  return { app, outbox: app.get(token, { strict: false }) };
}

interface Parts {
  readonly factory: typeof NestFactory;
  readonly token: typeof Outbox;
}

/** Those of the app's copies of nestwork and Nest, to which its module belongs; the command may be another, installed for the machine. */
async function partsOf(path: string): Promise<Parts> {
  let installed: string;
  try {
    installed = createRequire(path).resolve('nestwork');
  } catch {
    return { factory: (await import('@nestjs/core')).NestFactory, token: Outbox };
  }
  const nest = createRequire(installed).resolve('@nestjs/core');
  const [ours, core] = await Promise.all([import(pathToFileURL(installed).href), import(pathToFileURL(nest).href)]);
  return { factory: core.NestFactory, token: ours.Outbox };
}
