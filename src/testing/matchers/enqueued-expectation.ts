import { NestworkError } from '../../errors.js';
import type { TaskHeaders } from '../../message/headers.js';
import { type Duration, toMilliseconds } from '../../values/duration.js';
import { assertKnownOptions, assertOptionsObject } from '../../values/known-options.js';
import { shown as briefly } from '../../values/shown.js';
import { similarNames } from '../../values/similar-names.js';
import type { EnqueuedTask } from '../enqueued-task.js';
import { nameOfTask, type TaskReference } from '../task-reference.js';
import type { TestQueue } from '../test-queue.js';
import { differences, shown } from './differences.js';

/**
 * Further conditions of a call that was enqueued.
 *
 * @example
 * const options: EnqueuedOptions = { times: 1, queue: 'bulk', delay: '10m', key: 'user-7' };
 * assertEnqueued(app.get(TestQueue), 'ReportTasks.send', [7, { weekly: true }], options);
 */
export interface EnqueuedOptions {
  /**
   * How many calls must match, exactly.
   * @default at least one
   */
  times?: number;
  /** the queue it went to; `(broadcast)` for a broadcast */
  queue?: string;
  /** the delay with which it was sent, or the time until its `eta`; `0` for none */
  delay?: Duration;
  /** the `key` with which it was sent */
  key?: string;
  /** headers that it had, also with matchers such as `expect.anything()`; it may have had others */
  headers?: TaskHeaders;
  /** its priority: 0 to 9 */
  priority?: number;
  /** by the name of a limit, the key by which that counts it; it may have had other limits */
  limitKeys?: Readonly<Record<string, string>>;
  /** the tenant whose turns it takes */
  fairKey?: string;
}

const OPTIONS = ['times', 'queue', 'delay', 'key', 'headers', 'priority', 'limitKeys', 'fairKey'];
const MOST_SHOWN = 5;

/** Whether calls are as expected, and the message for a test that expects the contrary. */
export interface Verdict {
  readonly pass: boolean;
  readonly message: () => string;
}

/** A call of the task, and how it differs from the expected one. */
interface Candidate {
  readonly task: EnqueuedTask;
  readonly lines: readonly string[];
}

/**
 * Compares the calls that an app has sent with an expectation.
 *
 * @param where the function that a test calls, for errors
 * @param queue anything: often it is the QueueClient by which the app sends
 * @throws NestworkError NOT_A_TASK, INVALID_OPTION, INVALID_DURATION
 */
export function judgeEnqueued(
  where: string,
  queue: unknown,
  task: TaskReference<never>,
  conditions: { readonly args: readonly unknown[] | undefined; readonly options: EnqueuedOptions | undefined },
): Verdict {
  if (isTestQueue(queue)) {
    return new EnqueuedExpectation(task, conditions.args, conditions.options).judge(queue.enqueued());
  }
  throw new NestworkError('INVALID_OPTION', `${where} got ${briefly(queue)} where it takes a TestQueue.`, [
    'Give it app.get(TestQueue), in an app that imports TaskQueueTestingModule.forRoot({ ... }).',
  ]);
}

function isTestQueue(given: unknown): given is Pick<TestQueue, 'enqueued'> {
  return typeof Reflect.get(Object(given), 'enqueued') === 'function';
}

/** One expectation about enqueued calls, with its message. */
class EnqueuedExpectation {
  private readonly name: string;

  /**
   * @param args the arguments, or undefined for any
   * @throws NestworkError NOT_A_TASK, INVALID_OPTION, INVALID_DURATION
   */
  constructor(
    private readonly task: TaskReference<never>,
    private readonly args: readonly unknown[] | undefined,
    private readonly options: EnqueuedOptions = {},
  ) {
    if (args !== undefined && !Array.isArray(args)) throw notArguments(args);
    assertKnownOptions(options, OPTIONS, 'toHaveEnqueued()');
    // no condition would match every call
    if (options.headers !== undefined) assertOptionsObject(options.headers, 'toHaveEnqueued({ headers })');
    if (options.limitKeys !== undefined) assertOptionsObject(options.limitKeys, 'toHaveEnqueued({ limitKeys })');
    this.name = nameOfTask(task);
  }

  judge(enqueued: readonly EnqueuedTask[]): Verdict {
    const { times: wanted } = this.options;
    const candidates = this.candidates(enqueued);
    const matching = candidates.filter(({ lines }) => lines.length === 0);
    const pass = wanted === undefined ? matching.length > 0 : matching.length === wanted;
    if (pass) return { pass, message: () => this.why(matching) };
    if (candidates.length === 0) {
      return { pass, message: () => `${this.name} was not enqueued.\n\n${this.otherCalls(enqueued)}` };
    }
    const others = candidates.filter(({ lines }) => lines.length > 0).sort((a, b) => a.lines.length - b.lines.length);
    return { pass, message: () => this.whyNot(matching.length, others) };
  }

  /** Why it does not match, though the task was enqueued. */
  private whyNot(matching: number, others: readonly Candidate[]): string {
    const near = others.slice(0, MOST_SHOWN).map(({ task, lines }) => {
      return `  ${describe(task)}${lines.map((line) => `\n    - ${line}`).join('')}`;
    });
    if (others.length > MOST_SHOWN) near.push(`  ... and ${others.length - MOST_SHOWN} more`);
    const how = matching > 0 ? `was enqueued ${times(matching)}` : 'was not enqueued';
    const expected = this.options.times === undefined ? '' : `, expected ${times(this.options.times)}`;
    const rest = near.length > 0 ? `\n\nIt was enqueued otherwise:\n${near.join('\n')}` : '';
    return `${this.name} ${how}${this.conditions()}${expected}.${rest}`;
  }

  /** Why it matches, though it should not. */
  private why(matching: readonly Candidate[]): string {
    const found = matching.slice(0, MOST_SHOWN).map(({ task }) => `  ${describe(task)}`);
    return `${this.name} was enqueued ${times(matching.length)}${this.conditions()}, expected not.\n\n${found.join('\n')}`;
  }

  private candidates(enqueued: readonly EnqueuedTask[]): Candidate[] {
    const { queue, delay, key, headers = {}, priority, limitKeys = {}, fairKey } = this.options;
    return enqueued
      .filter(({ name }) => name === this.name)
      .map((task) => {
        const lines = this.args === undefined ? [] : differences([...task.args], [...this.args], 'args');
        if (queue !== undefined) lines.push(...differences(task.queue, queue, 'queue'));
        if (delay !== undefined)
          lines.push(...differences(task.delayMs, toMilliseconds(delay, 'delay'), 'delay in ms'));
        if (key !== undefined && !task.hasKey(key)) lines.push(missing('key', key));
        for (const [name, value] of Object.entries(headers)) {
          lines.push(...differences(task.headers[name], value, `headers[${JSON.stringify(name)}]`));
        }
        if (priority !== undefined) lines.push(...differences(task.priority, priority, 'priority'));
        for (const [name, wanted] of Object.entries(limitKeys)) {
          if (!task.hasLimitKey(name, wanted)) lines.push(missing(`limitKeys[${JSON.stringify(name)}]`, wanted));
        }
        if (fairKey !== undefined && !task.hasFairKey(fairKey)) lines.push(missing('fairKey', fairKey));
        return { task, lines };
      });
  }

  private conditions(): string {
    const { times: _, ...options } = this.options;
    const withArgs = this.args === undefined ? '' : ` with ${shown(this.args)}`;
    return Object.keys(options).length > 0 ? `${withArgs} and ${shown(options)}` : withArgs;
  }

  private otherCalls(enqueued: readonly EnqueuedTask[]): string {
    if (enqueued.length === 0) return 'Nothing was enqueued.';
    const similar = similarNames(
      this.name,
      enqueued.map(({ name }) => name),
    );
    const counts = new Map<string, number>();
    for (const { name } of enqueued) counts.set(name, (counts.get(name) ?? 0) + 1);
    const names = [...counts.keys()].sort((a, b) => rank(similar, a) - rank(similar, b));
    const list = names.map((name) => `  ${name} ${times(counts.get(name) ?? 0)}`);
    const hint = typeof this.task === 'string' && similar.length > 0 ? `\n\nDid you mean ${similar[0]}?` : '';
    return `Enqueued were:\n${list.slice(0, 20).join('\n')}${hint}`;
  }
}

/**
 * The arguments as for toHaveBeenCalledWith(), or options in the place of arguments. A text would be taken for a list of
 * letters.
 */
function notArguments(given: unknown): NestworkError {
  return new NestworkError(
    'INVALID_OPTION',
    `toHaveEnqueued() got ${shown(given)} where it takes a list of arguments.`,
    ['Give a list, also for a single argument: [42].', 'Give undefined for any arguments, and options after it.'],
  );
}

function rank(names: readonly string[], name: string): number {
  const at = names.indexOf(name);
  return at < 0 ? names.length : at;
}

/** Of keys only digests travel. */
function missing(what: string, key: string): string {
  return `${what}: expected ${shown(key)}, was another or none`;
}

function describe({ args, queue, delayMs }: EnqueuedTask): string {
  return `${shown(args)} in queue ${queue}${delayMs > 0 ? `, due after ${delayMs} ms` : ''}`;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
