import type { SentArguments } from '../payload/standard-schema.js';
import type { InstanceOnly, TaskDecorator } from './task-decorator.js';

/** What a literal is without the `readonly` that its type has here. */
type Mutable<Value> = Value extends Date | RegExp | Map<unknown, unknown> | Set<unknown> | URL | Error
  ? Value
  : Value extends object
    ? { -readonly [Field in keyof Value]: Mutable<Value[Field]> }
    : Value;

/** What the compiler shows where the arguments of a cron are not those of its method. */
type Fits<Args, Value> = Value extends (...args: infer Parameters extends unknown[]) => unknown
  ? Mutable<Args> extends SentArguments<Parameters>
    ? unknown
    : '`args` of this cron do not fit the parameters of its method'
  : unknown;

/**
 * What `@Cron()` and its relatives are: a `MethodDecorator`, for methods that are not static. One with `args` is for methods that can be called
 * with them.
 *
 * @example
 * import { Cron, type CronDecorator } from 'nestwork';
 *
 * const nightly: CronDecorator = Cron('0 3 * * *', { overlap: 'skip' });
 */
export type CronDecorator<Args extends readonly unknown[] = []> = number extends Args['length']
  ? TaskDecorator
  : Args extends readonly []
    ? TaskDecorator
    : <Target extends object, Value>(
        target: Target & InstanceOnly<Target>,
        property: string | symbol,
        descriptor: TypedPropertyDescriptor<Value> & Fits<Args, Value>,
      ) => void;
