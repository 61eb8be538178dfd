import { NestworkError } from '../errors.js';
import type { TaskQueueOptions } from '../options/options.js';
import { assertKnownOptions } from '../values/known-options.js';
import type { TestMode } from './test-bench.js';

/**
 * Options of `TaskQueueTestingModule.forRoot`.
 *
 * `queues`, `defaultQueue`, `defaults`, `propagate` and `applyGlobalEnhancers` are those of `TaskQueueModule`, for a test
 * that does not import it. An app that imports it has its own.
 *
 * @example
 * const options: TaskQueueTestingOptions = { mode: 'memory', setSystemTime: (now) => jest.setSystemTime(now) };
 * @example
 * const ofOneService: TaskQueueTestingOptions = { mode: 'memory', queues: ['default', 'bulk'], defaults: { retries: 2 } };
 */
export interface TaskQueueTestingOptions extends PartOptions {
  /**
   * `fake`: what is sent is recorded, and nothing runs. `inline`: a task runs within its `delay()`, at once, with its
   * retries. `memory`: tasks wait as they do in Redis, and run when `TestQueue.drain()` or `advance()` says so.
   * @default 'fake'
   */
  mode?: TestMode;
  /**
   * In mode `memory`, told whenever `advance()` moves the time: hand it on to the fake timers of your test runner, and
   * `new Date()` in your tasks follows.
   * @default none: Date shows the real time
   * @example
   * const setSystemTime = (now: Date) => jest.setSystemTime(now); // vi.setSystemTime(now) in Vitest
   */
  setSystemTime?: (now: Date) => void;
}

/** What a test of a part of an app may say of the whole. */
export type PartOptions = Pick<
  TaskQueueOptions,
  'queues' | 'defaultQueue' | 'defaults' | 'propagate' | 'applyGlobalEnhancers'
>;

export const PART_OPTIONS: readonly (keyof PartOptions)[] = [
  'queues',
  'defaultQueue',
  'defaults',
  'propagate',
  'applyGlobalEnhancers',
];
const MODES: readonly TestMode[] = ['fake', 'inline', 'memory'];
const WITHOUT_USE: readonly (keyof TaskQueueOptions)[] = [
  'redis',
  'namespace',
  'commandTimeout',
  'replicas',
  'deadRetention',
  'maxDead',
  'inProcess',
];

/**
 * What is wrong with the values of the others is said when the app is compiled.
 *
 * @throws NestworkError INVALID_OPTION
 */
export function assertTestingOptions(options: TaskQueueTestingOptions): void {
  assertKnownOptions(options, ['mode', 'setSystemTime', ...PART_OPTIONS], 'TaskQueueTestingModule.forRoot', (option) =>
    WITHOUT_USE.some((name) => name === option)
      ? 'Leave it out: a test has neither Redis nor a worker process.'
      : undefined,
  );
  const { mode = 'fake', setSystemTime } = options;
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
}
