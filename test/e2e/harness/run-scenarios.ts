/** Runs the scenarios of apps one after another, as the tests ask for them over IPC. */
import 'reflect-metadata';
import { createRequire } from 'node:module';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { ContextIdFactory, NestFactory } from '@nestjs/core';
import { AppProcess } from './app-process.js';

/** The exports of a file in `apps`. With an `AppModule` alone its app is made here, otherwise the scenario makes it. */
interface AppFile {
  readonly AppModule?: Type;
  scenario(app?: INestApplicationContext): Promise<void>;
}

export interface Ended {
  /** the stack of the error */
  readonly error?: string;
}

async function run(file: string): Promise<void> {
  const { AppModule, scenario }: AppFile = await import(file);
  const app = AppModule && scenario.length > 0 ? await boot(AppModule) : undefined;
  try {
    await scenario(app);
  } finally {
    await app?.close();
    await AppProcess.killAll();
    // a strategy is for the whole process, and the next app has none
    ContextIdFactory.apply({ attach: (contextId) => () => contextId });
  }
}

function boot(module: Type): Promise<INestApplicationContext> {
  return NestFactory.createApplicationContext(module, { abortOnError: false });
}

function answer(ended: Ended): void {
  process.send?.(ended);
}

process.on('message', (file: string) => {
  run(file).then(
    () => answer({}),
    (error: unknown) => answer({ error: error instanceof Error ? String(error.stack) : String(error) }),
  );
});
process.send?.(createRequire(import.meta.url)('@nestjs/core/package.json').version);
