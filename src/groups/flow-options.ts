import type { RefFailure } from '../message/task-refs.js';
import { REF_FAILURES } from '../message/task-refs.js';
import type { TaskFailedError } from '../results/result-errors.js';
import { assertKnownOptions } from '../values/known-options.js';
import { invalid } from '../values/option-values.js';
import { shown } from '../values/shown.js';
import type { GroupOptions } from './group-options.js';
import type { Ref } from './ref.js';

/**
 * How to make a flow.
 *
 * @example
 * const flow = queue.flow({ name: 'import 7', deadline: '1h' });
 */
export interface FlowOptions extends GroupOptions {}

/**
 * How to add a task to a flow.
 *
 * @example
 * flow.with({ onFailure: 'skip' }).add(queue.of(FlowTasks).merge, parts);
 */
export interface NodeOptions<Failure extends RefFailure = RefFailure> {
  /**
   * What becomes of the task when one that it waits for fails for good. `fail`: it waits until that is redriven and done, and the flow has
   * failed meanwhile. `skip`: it runs without that result: `undefined`, and in a list there is no element. `run`: it gets a
   * TaskFailedError in its place.
   * @default 'fail'
   */
  onFailure?: Failure;
  /**
   * Tasks that it waits for beside those whose results it takes.
   * @default none
   */
  after?: Ref | readonly Ref[];
}

/**
 * An argument, or a Ref for it: of the whole, or of each element of a list.
 *
 * @example
 * const argument: ArgumentOf<string[], 'fail'> = ['a value'];
 */
export type ArgumentOf<Value, Failure extends RefFailure> =
  | Value
  // without a result the task gets undefined, or an error: it must take that
  | (Failure extends 'skip'
      ? undefined extends Value
        ? Ref<Value>
        : never
      : Failure extends 'run'
        ? TaskFailedError extends Value
          ? Ref<Value>
          : never
        : Ref<Value>)
  | (NonNullable<Value> extends readonly (infer Element)[]
      ? Failure extends 'run'
        ? TaskFailedError extends Element
          ? readonly Ref<Element>[]
          : never
        : readonly Ref<Element>[]
      : never);

/**
 * The arguments of a task in a flow: each a value, a Ref, or a list of Refs.
 *
 * @example
 * const args: FlowArguments<[parts: readonly Part[]]> = [[flow.add(queue.of(PartTasks).extract, 7)]];
 */
export type FlowArguments<Args extends unknown[], Failure extends RefFailure = 'fail'> = {
  [At in keyof Args]: ArgumentOf<Args[At], Failure>;
};

/** @throws NestworkError INVALID_OPTION */
export function checkedNodeOptions(options: NodeOptions): NodeOptions {
  assertKnownOptions(options, ['onFailure', 'after'], 'with() of a flow');
  const { onFailure } = options;
  if (onFailure === undefined || REF_FAILURES.includes(onFailure)) return { ...options };
  throw invalid('onFailure of with()', `is ${shown(onFailure)}`, "Give 'fail', 'skip' or 'run'.");
}
