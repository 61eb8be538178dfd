import { type DynamicModule, Module } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { NestworkError } from '../errors.js';
import { STAND_IN } from '../stand-in.js';
import { assertKnownOptions } from '../task/known-options.js';
import { TestBench, type TestMode } from './test-bench.js';
import { TestQueue } from './test-queue.js';

/**
 * Options of `TaskQueueTestingModule.forRoot`.
 *
 * @example
 * const options: TaskQueueTestingOptions = { mode: 'memory', setSystemTime: (now) => jest.setSystemTime(now) };
 */
export interface TaskQueueTestingOptions {
  /**
   * `fake`: what is sent is recorded, and nothing runs. `inline`: a task runs within its `delay()`, at once, with its
   * retries. `memory`: tasks wait as they do in Redis, and run when `TestQueue.drain()` or `advance()` says so.
   */
  mode: TestMode;
  /**
   * In mode `memory`, told whenever `advance()` moves the time: hand it on to the fake timers of your test runner, and
   * `new Date()` in your tasks follows.
   * @default none: Date shows the real time
   * @example
   * const setSystemTime = (now: Date) => jest.setSystemTime(now); // vi.setSystemTime(now) in Vitest
   */
  setSystemTime?: (now: Date) => void;
}

const MODES: readonly TestMode[] = ['fake', 'inline', 'memory'];

/**
 * Takes Redis out of an app under test: imported beside the module of the app, whose `TaskQueueModule` then connects to
 * nothing. All that it exports works, and `TestQueue` can be injected, too. Without timers and connections, so no test
 * runner waits for it.
 *
 * @example
 * const app = await Test.createTestingModule({
 *   imports: [AppModule, TaskQueueTestingModule.forRoot({ mode: 'memory' })],
 * }).compile();
 * await app.init();
 * const queue = app.get(TestQueue);
 */
@Module({})
export class TaskQueueTestingModule {
  /** @throws NestworkError INVALID_OPTION */
  static forRoot(options: TaskQueueTestingOptions): DynamicModule {
    assertKnownOptions(options, ['mode', 'setSystemTime'], 'TaskQueueTestingModule.forRoot');
    const { mode, setSystemTime } = options;
    if (!MODES.includes(mode)) {
      throw new NestworkError(
        'INVALID_OPTION',
        `The \`mode\` of TaskQueueTestingModule is ${JSON.stringify(mode)}.`,
        "Give 'fake', 'inline' or 'memory'.",
      );
    }
    if (setSystemTime && mode !== 'memory') {
      throw new NestworkError(
        'INVALID_OPTION',
        `\`setSystemTime\` does not go with the mode '${mode}' of TaskQueueTestingModule: only in memory time is moved.`,
        "Leave it out, or use the mode 'memory'.",
      );
    }
    return {
      module: TaskQueueTestingModule,
      // so that TaskQueueModule finds it wherever it is imported
      global: true,
      providers: [
        // of each app its own, also when several share this module
        { provide: STAND_IN, useFactory: () => new TestBench(mode, setSystemTime) },
        {
          provide: TestQueue,
          useFactory: (moduleRef: ModuleRef, bench: TestBench) => new TestQueue(moduleRef, bench),
          inject: [ModuleRef, STAND_IN],
        },
      ],
      exports: [STAND_IN, TestQueue],
    };
  }
}
