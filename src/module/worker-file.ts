import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { isWorkerChild } from '../ipc/child-role.js';
import type { WorkerOptions } from '../options/options.js';
import { noteAppFile } from './app-file.js';
import { exportsOf, moduleFile, moduleIn, without } from './module-file.js';
import { WorkerFactory } from './worker-factory.js';

/**
 * Runs a worker in this process, for the module that the file exports. The children run the same command line.
 *
 * @param name of the export; by default `default`, `AppModule` or the only module
 * @throws NestworkError INVALID_USAGE, and the errors of `WorkerFactory.run`
 */
export async function runWorkerFile(file: string, name: string | undefined, options: WorkerOptions): Promise<void> {
  const given = moduleFile(file, 'worker');
  noteAppFile(given.path);
  // before the app, whose files may take long to load: from here on a child detects the end of its supervisor
  const factory = await factoryOf(given.path);
  const exported = await exportsOf(given);
  const module = moduleIn(given, exported, name);
  // the file is a worker by itself, and this child of it is one now
  if (module === undefined && isWorkerChild()) return;
  if (module === undefined) throw without(given, exported);
  await factory.run(module, options);
}

/** That of the app's copy of nestwork, to which its module belongs; the command may be another, installed for the machine. */
async function factoryOf(path: string): Promise<typeof WorkerFactory> {
  let installed: string;
  try {
    installed = createRequire(path).resolve('nestwork');
  } catch {
    return WorkerFactory;
  }
  return (await import(pathToFileURL(installed).href)).WorkerFactory;
}
