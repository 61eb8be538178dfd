import { NestworkError } from '../errors.js';
import type { TaskQueueOptions } from '../options/options.js';
import { assertKnownOptions } from '../values/known-options.js';
import { shown } from '../values/shown.js';
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
   * In mode `memory`: when the clock of the test begins, for example on the day before the clocks change. `setSystemTime` is called with
   * it, too.
   * @default the present time by Date
   */
  now?: Date;
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
  assertKnownOptions(options, ['mode', 'now', 'setSystemTime', ...PART_OPTIONS], 'TaskQueueTestingModule.forRoot');
  const { mode = 'fake', now, setSystemTime } = options;
  if (!MODES.includes(mode)) {
    throw new NestworkError(
      'INVALID_OPTION',
      `The \`mode\` of TaskQueueTestingModule is ${JSON.stringify(mode)}.`,
      "Give 'fake', 'inline' or 'memory'.",
    );
  }
  const ofMemory = now !== undefined ? 'now' : setSystemTime && 'setSystemTime';
  if (ofMemory && mode !== 'memory') {
    throw new NestworkError(
      'INVALID_OPTION',
      `\`${ofMemory}\` does not go with the mode '${mode}' of TaskQueueTestingModule: only in memory time is moved.`,
      "Leave it out, or use the mode 'memory'.",
    );
  }
  if (now !== undefined && !(now instanceof Date && !Number.isNaN(now.getTime()))) {
    throw new NestworkError(
      'INVALID_OPTION',
      `The \`now\` of TaskQueueTestingModule is ${shown(now)}.`,
      "Give a Date: new Date('2027-03-27T12:00:00Z').",
    );
  }
}
