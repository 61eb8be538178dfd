import type { Type } from '@nestjs/common';
import type { LazyModuleLoader, ModuleRef, ModulesContainer } from '@nestjs/core';
import { NestworkError } from '../errors.js';
import { TaskQueueModule } from '../module/task-queue.module.js';
import { declaredTasks } from '../task/task-metadata.js';
import type { TestBench } from './test-bench.js';
import { PART_OPTIONS, type PartOptions, type TaskQueueTestingOptions } from './testing-options.js';

/**
 * A test of a part of an app, which imports no `TaskQueueModule`, gets its own. Such a part may send tasks of classes that
 * the test does not provide. In modes that run no tasks, the test need not declare the queues either.
 */
export class PartOfAnApp {
  private readonly options: PartOptions;
  private readonly whole: boolean;
  private loading: Promise<ModuleRef> | undefined;

  /** @throws NestworkError INVALID_OPTION for options of a part that are given to a whole app: they would be ignored */
  constructor(
    options: TaskQueueTestingOptions,
    private readonly bench: TestBench,
    private readonly loader: LazyModuleLoader,
    private readonly modules: ModulesContainer,
  ) {
    this.options = partOptions(options);
    this.whole = [...modules.values()].some(({ metatype }) => isTaskQueueModule(metatype));
    const [first] = Object.keys(this.options);
    if (this.whole && first !== undefined) throw withoutUse(first);
  }

  /**
   * The exports of the app's `TaskQueueModule`, or of the module of this test.
   *
   * @param ofApp the value that Nest finds under the token of the app's module. Without such a module it is undefined, or
   * the product of a mocker
   */
  async service(type: Type, ofApp: unknown): Promise<unknown> {
    if (this.whole) return ofApp;
    this.loading ??= this.load();
    return (await this.loading).get(type);
  }

  private load(): Promise<ModuleRef> {
    const { options, bench, modules } = this;
    bench.leniency = { anyClass: true, anyQueue: bench.mode === 'fake' && options.queues === undefined };
    const queues = options.queues ?? queuesOf(modules, options.defaultQueue);
    return this.loader.load(() => TaskQueueModule.forRoot({ ...options, queues }), { logger: false });
  }
}

/**
 * Each import with options makes its own module, which would replace Redis with another memory.
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

function isTaskQueueModule(type: Type): boolean {
  return type === TaskQueueModule || type.prototype instanceof TaskQueueModule;
}

function withoutUse(option: string): NestworkError {
  return new NestworkError(
    'INVALID_OPTION',
    `The option \`${option}\` of TaskQueueTestingModule is for a test that does not import TaskQueueModule, and this one does.`,
    [`Leave \`${option}\` out: that of TaskQueueModule counts.`],
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
