/** Never there at run time: nothing but what is cast can be of a type that has it. */
declare const REFUSED: unique symbol;

/**
 * Stands in the place of a parameter that no argument can be sent for; the compiler shows why.
 *
 * @example
 * import type { CannotBeSent, TaskSender } from 'nestwork';
 *
 * // what `queue.of(ImportTasks).run` is for the method `run(read: () => string): void`
 * declare const sender: TaskSender<[read: CannotBeSent<'it is a function'>]>;
 */
export interface CannotBeSent<Why extends string> {
  /** where in the argument, and what it is there */
  readonly [REFUSED]: Why;
}

/** The type itself; or what says why nothing of it can be sent. Members of a union are looked at one by one. */
export type Sendable<Type> = 0 extends 1 & Type
  ? Type
  : Type extends unknown
    ? [Flaw<Type, Levels>] extends [never]
      ? Type
      : CannotBeSent<Flaw<Type, Levels>>
    : never;

/** How many levels are looked at: enough for a mistake, few enough for types that contain themselves. */
type Levels = [1, 1, 1, 1];
type Deeper<Left extends unknown[]> = Left extends [unknown, ...infer Rest] ? Rest : [];

type Primitive = string | number | boolean | bigint | null | undefined;
// biome-ignore lint/suspicious/noExplicitAny: stands for elements of every type
type Anything = any;
type AnyFunction = (...args: Anything) => unknown;
/** Types with methods that can be sent. */
type Carried = Date | RegExp | URL | URLSearchParams | ArrayBuffer | ArrayBufferView;
type Container = readonly Anything[] | ReadonlyMap<Anything, Anything> | ReadonlySet<Anything>;
/** Every object has these. */
type Inherited = keyof typeof Object.prototype;

/** Why nothing of a type can be sent; never where something can, or where that is not known. */
type Flaw<Type, Left extends unknown[]> = [Type] extends [Primitive]
  ? never
  : unknown extends Type
    ? never
    : Left extends []
      ? never
      : FlawOfAll<Type, Left>;

/** Of a union, what is wrong with its members; never if one of them is right. */
type FlawOfAll<Type, Left extends unknown[]> = true extends (Type extends unknown ? IsRight<Type, Left> : never)
  ? never
  : FlawOfMember<Type, Left>;

type IsRight<Type, Left extends unknown[]> = [FlawOfMember<Type, Left>] extends [never] ? true : false;

type FlawOfMember<Type, Left extends unknown[]> = Type extends Primitive | Carried
  ? never
  : Type extends symbol
    ? 'it is a symbol'
    : Type extends AnyFunction | (abstract new (...args: Anything) => unknown)
      ? 'it is a function'
      : Type extends PromiseLike<unknown>
        ? 'it is a promise: await it first'
        : Type extends Container
          ? FlawOfContainer<Type, Left>
          : FlawOfObject<Type, Left>;

type FlawOfContainer<Type extends Container, Left extends unknown[]> =
  Type extends ReadonlyMap<infer Key, infer Value>
    ? Within<'a key', Flaw<Key, Deeper<Left>>> | Within<'a value', Flaw<Value, Deeper<Left>>>
    : Type extends ReadonlySet<infer Member>
      ? Within<'a member', Flaw<Member, Deeper<Left>>>
      : Type extends readonly unknown[]
        ? FlawOfElements<Type, Left>
        : never;

/** Of a tuple each, but those that may be left out. */
type FlawOfElements<Type extends readonly unknown[], Left extends unknown[]> = number extends Type['length']
  ? Within<'an element', Flaw<Type[number], Deeper<Left>>>
  : Extract<{ [Index in keyof Type]: Within<'an element', Flaw<Type[Index], Deeper<Left>>> }[number], string>;

/** A method is enough: where there is one, nobody looks any deeper. */
type FlawOfObject<Type, Left extends unknown[]> = [Method<Type>] extends [never]
  ? { [Key in RequiredKey<Type>]: Within<Key, Flaw<Type[Key], Deeper<Left>>> }[RequiredKey<Type>]
  : IsOfCarried<Type> extends true
    ? never
    : Within<Method<Type>, 'it is a function'>;

/** Properties that every value of the type has of its own; optional ones spoil nothing. */
type RequiredKey<Type> = Exclude<
  { [Key in keyof Type & string]-?: Record<never, never> extends Pick<Type, Key> ? never : Key }[keyof Type & string],
  Inherited
>;

type Method<Type> = { [Key in RequiredKey<Type>]: IsFunction<Type[Key]> extends true ? Key : never }[RequiredKey<Type>];

type IsFunction<Type> = unknown extends Type
  ? false
  : [Type] extends [never]
    ? false
    : [Type] extends [AnyFunction]
      ? true
      : false;

/** Whether the type asks for no more than what something has that can be sent, such as an Iterable or a ReadonlyMap. */
type IsOfCarried<Type> = true extends (
  Carried | Container | string | number | bigint extends infer One
    ? One extends Type
      ? true
      : false
    : never
)
  ? true
  : false;

type Within<Where extends string, Why> = Why extends string ? `${Where}: ${Why}` : never;
