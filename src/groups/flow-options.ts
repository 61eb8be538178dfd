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
 * What a task gets in the place of the result of another one.
 *
 * @example
 * const text: ResultFor<string, 'skip'> = undefined;
 */
export type ResultFor<Result, Failure extends RefFailure> =
  | Result
  | (Failure extends 'skip' ? undefined : Failure extends 'run' ? TaskFailedError : never);

/** Never there at run time: nothing but what is cast can be of a type that has it. */
declare const REFUSED: unique symbol;

/**
 * Stands in the place of an argument that can be no Ref; the compiler shows why.
 *
 * @example
 * const refused: ArgumentOf<string, 'skip'> | CannotBeRef<'the parameter does not take undefined'> = 'a value';
 */
export interface CannotBeRef<Why extends string> {
  /** what the parameter of the task does not take */
  readonly [REFUSED]: Why;
}

/** A Ref where the parameter takes all that a task may get in its place. */
type RefFor<Value, Failure extends RefFailure> = [ResultFor<never, Failure>] extends [Value]
  ? Ref<Value>
  : Ref<Value> & CannotBeRef<NotTaken<Failure>>;

/** Refs for the elements of a list, which is shorter without the result of one that was skipped. */
type RefsFor<Element, Failure extends RefFailure> = readonly RefFor<Element, Exclude<Failure, 'skip'>>[];

type NotTaken<Failure extends RefFailure> = Failure extends 'skip'
  ? "the parameter does not take undefined, which onFailure: 'skip' may give"
  : "the parameter does not take a TaskFailedError, which onFailure: 'run' may give";

/** Members of a union are looked at one by one. */
type ListOfRefs<Value, Failure extends RefFailure> = 0 extends 1 & Value
  ? never
  : Value extends readonly (infer Element)[]
    ? RefsFor<Element, Failure>
    : never;

/**
 * An argument, or a Ref for it: of the whole, or of each element of a list.
 *
 * @example
 * const argument: ArgumentOf<string[], 'fail'> = ['a value'];
 */
export type ArgumentOf<Value, Failure extends RefFailure> = Value | RefFor<Value, Failure> | ListOfRefs<Value, Failure>;

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
