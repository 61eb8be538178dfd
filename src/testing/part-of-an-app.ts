import type { Type } from '@nestjs/common';
import type { LazyModuleLoader, ModulesContainer } from '@nestjs/core';
import { NestworkError } from '../errors.js';
import { ModuleServices } from '../stand-in.js';
import { declaredTasks } from '../task/task-metadata.js';
import { TaskQueueModule } from '../task-queue.module.js';
import type { TestBench } from './test-bench.js';
import { PART_OPTIONS, type PartOptions, type TaskQueueTestingOptions } from './testing-options.js';

/**
 * Makes a `TaskQueueModule` for the test of a part of an app, which imports none. Such a part may send tasks of classes
 * that the test does not provide. While nothing runs, the test need not know the queues either.
 *
 * @returns what the module exports
 */
export async function loadTaskQueue(
  options: TaskQueueTestingOptions,
  bench: TestBench,
  loader: LazyModuleLoader,
  modules: ModulesContainer,
): Promise<ModuleServices> {
  const given = partOptions(options);
  bench.leniency = { anyClass: true, anyQueue: bench.mode === 'fake' && given.queues === undefined };
  const queues = given.queues ?? queuesOf(modules, given.defaultQueue);
  const moduleRef = await loader.load(() => TaskQueueModule.forRoot({ ...given, queues }), { logger: false });
  return moduleRef.get(ModuleServices);
}

/**
 * Each import with options of its own is a module of its own, and would stand in for Redis with another memory.
 *
 * @param testingModule the class whose second instance is refused
 * @throws NestworkError DUPLICATE_MODULE
 */
export function refuseSecond(modules: ModulesContainer, testingModule: Type): void {
  const times = [...modules.values()].filter(({ metatype }) => metatype === testingModule).length;
  if (times < 2) return;
  throw new NestworkError('DUPLICATE_MODULE', `TaskQueueTestingModule is imported ${times} times in this test.`, [
    'Import it once, in createTestingModule().',
    'Where several modules import it, give all of them the same result of forRoot().',
  ]);
}

/** @throws NestworkError INVALID_OPTION for options that nobody would look at */
export function refusePartOptions(options: TaskQueueTestingOptions): void {
  const [first] = Object.keys(partOptions(options));
  if (first === undefined) return;
  throw new NestworkError(
    'INVALID_OPTION',
    `The option \`${first}\` of TaskQueueTestingModule is for a test that does not import TaskQueueModule, and this one does.`,
    [`Leave \`${first}\` out: that of TaskQueueModule counts.`],
  );
}

function partOptions(options: TaskQueueTestingOptions): PartOptions {
  const given = PART_OPTIONS.filter((name) => options[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, options[name]]));
}

/** Those that the task classes of the test name, beside the default. */
function queuesOf(modules: ModulesContainer, defaultQueue = 'default'): string[] {
  const providers = [...modules.values()].flatMap((module) => [...module.providers.values()]);
  const named = providers.flatMap(({ metatype }) =>
    typeof metatype === 'function' && metatype.prototype ? declaredTasks(metatype) : [],
  );
  const queues = named.flatMap(({ queue, broadcast }) => (broadcast ? [] : (queue ?? [])));
  return [...new Set([defaultQueue, ...queues])];
}
