/** What the compiler shows where the decorator of a task stands on a static method. */
export type InstanceOnly<Target> = Target extends { readonly prototype: object }
  ? 'a task runs on the instance that Nest makes: remove `static`'
  : unknown;

/**
 * What `@Task()` and its relatives are: a `MethodDecorator`, for methods that are not static.
 *
 * @example
 * import { Task, type TaskDecorator } from 'nestwork';
 *
 * const patient: TaskDecorator = Task({ retries: 20, backoff: '1m' });
 */
export type TaskDecorator = <Target extends object, Value>(
  target: Target & InstanceOnly<Target>,
  property: string | symbol,
  descriptor: TypedPropertyDescriptor<Value>,
) => void;
