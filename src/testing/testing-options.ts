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
   * `fake`: calls are recorded, and nothing runs. `inline`: a task runs within its `delay()`, at once, with its retries.
   * `memory`: tasks wait as they do in Redis, and run in `TestQueue.drain()` or `advance()`.
   * @default 'fake'
   */
  mode?: TestMode;
  /**
   * In mode `memory`, called whenever `advance()` moves the time: pass the time to the fake timers of your test runner, and
   * `new Date()` in your tasks follows.
   * @default none: Date shows the real time
   * @example
   * const setSystemTime = (now: Date) => jest.setSystemTime(now); // vi.setSystemTime(now) in Vitest
   */
  setSystemTime?: (now: Date) => void;
}

/** The options of a test of a part of an app. */
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
/**
 * Wrong values of the other options are reported when the app is compiled.
 *
 * @throws NestworkError INVALID_OPTION
 */
export function assertTestingOptions(options: TaskQueueTestingOptions): void {
  assertKnownOptions(options, ['mode', 'setSystemTime', ...PART_OPTIONS], 'TaskQueueTestingModule.forRoot');
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
