import { type DynamicModule, type FactoryProvider, Global, Module, type Type } from '@nestjs/common';
import { LazyModuleLoader, ModuleRef, ModulesContainer } from '@nestjs/core';
import { REDIS_REPLACEMENT } from '../broker/port/tokens.js';
import { EXPORTED, OWN } from '../module/task-queue.module.js';
import { PartOfAnApp, refuseSecond } from './part-of-an-app.js';
import { TestBench } from './test-bench.js';
import { TestQueue } from './test-queue.js';
import { assertTestingOptions, type TaskQueueTestingOptions } from './testing-options.js';

/** Token of the options of `forRoot`. */
const TESTING_OPTIONS = Symbol('nestwork:testing-options');

/** The same instances as in `TaskQueueModule`, so it does not matter in which module an app looks first. */
const HANDED_ON: FactoryProvider[] = Array.from(OWN, ([type, token]) => ({
  provide: type as Type,
  // each by itself: the factory of the app's options may inject one of them that needs no options
  useFactory: (part: PartOfAnApp, ofApp?: unknown) => part.service(type as Type, ofApp),
  inject: [PartOfAnApp, { token, optional: true }],
}));

/**
 * Removes Redis from a test. Alone it makes `QueueClient`, and all other exports of `TaskQueueModule`, injectable in the
 * unit test of a controller or a service. Beside the module of an app, it keeps the `TaskQueueModule` of that app from
 * connecting; all its exports work. In both, `TestQueue` can be injected, too. It has no timers and connections, so no test
 * runner waits for it.
 *
 * Imported as it is, it has the mode `fake`.
 *
 * @example
 * const app = await Test.createTestingModule({
 *   imports: [TaskQueueTestingModule],
 *   providers: [SignupService],
 * }).compile();
 * const queue = app.get(TestQueue);
 * @example
 * const app = await Test.createTestingModule({
 *   imports: [AppModule, TaskQueueTestingModule.forRoot({ mode: 'memory' })],
 * }).compile();
 * await app.init();
 * const queue = app.get(TestQueue);
 */
@Global() // so that TaskQueueModule finds it wherever it is imported
@Module({
  providers: [
    { provide: TESTING_OPTIONS, useValue: {} },
    {
      // of each app its own, also when several share this module
      provide: REDIS_REPLACEMENT,
      useFactory: ({ mode, now, setSystemTime }: TaskQueueTestingOptions) => new TestBench(mode, setSystemTime, now),
      inject: [TESTING_OPTIONS],
    },
    {
      provide: TestQueue,
      useFactory: (moduleRef: ModuleRef, bench: TestBench) => new TestQueue(moduleRef, bench),
      inject: [ModuleRef, REDIS_REPLACEMENT],
    },
    {
      provide: PartOfAnApp,
      useFactory: (
        options: TaskQueueTestingOptions,
        bench: TestBench,
        loader: LazyModuleLoader,
        modules: ModulesContainer,
      ): PartOfAnApp => {
        refuseSecond(modules, TaskQueueTestingModule);
        return new PartOfAnApp(options, bench, loader, modules);
      },
      inject: [TESTING_OPTIONS, REDIS_REPLACEMENT, LazyModuleLoader, ModulesContainer],
    },
    ...HANDED_ON,
  ],
  exports: [REDIS_REPLACEMENT, TestQueue, ...EXPORTED],
})
export class TaskQueueTestingModule {
  /** @throws NestworkError INVALID_OPTION */
  static forRoot(options: TaskQueueTestingOptions = {}): DynamicModule {
    assertTestingOptions(options);
    // of two providers with one token Nest keeps the one that comes with the options
    return { module: TaskQueueTestingModule, providers: [{ provide: TESTING_OPTIONS, useValue: options }] };
  }
}
