/** Which parameters of a task no argument can be sent for, by their types; `tsc --noEmit` is the test. Nothing here runs. */
import { EventEmitter } from 'node:events';
import { type CanActivate, Injectable } from '@nestjs/common';
import { type Observable } from 'rxjs';
import { type CannotBeSent, type QueueClient, Task } from '../../src/index.js';

class Money {
  constructor(
    readonly amount: number,
    readonly currency: string,
  ) {}

  plus(other: Money): Money {
    return new Money(this.amount + other.amount, this.currency);
  }
}

/** As class-validator takes it: a class of data alone. */
class WelcomeDto {
  email!: string;
  address?: AddressDto;
}

class AddressDto {
  city!: string;
}

enum Priority {
  Low,
  High,
}

interface Tree {
  readonly value: number;
  readonly children: readonly Tree[];
  readonly parent?: Tree;
}

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

interface Callbacks {
  readonly id: number;
  readonly onDone?: () => void;
  readonly either: string | (() => string);
}

interface Job {
  readonly id: number;
  readonly options: { readonly onDone: () => void };
}

type UserId = string & { readonly __brand: 'UserId' };

@Injectable()
class Fine {
  @Task()
  plain(_a: number, _b: string, _c: bigint, _d: boolean, _e: null, _f: undefined): void {}

  @Task()
  carried(
    _date: Date,
    _expression: RegExp,
    _url: URL,
    _query: URLSearchParams,
    _buffer: Buffer,
    _bytes: Uint8Array,
    _view: DataView,
    _memory: ArrayBuffer,
  ): void {}

  @Task()
  containers(
    _map: Map<string, Date>,
    _set: ReadonlySet<number>,
    _readonlyMap: ReadonlyMap<string, number>,
    _iterable: Iterable<number>,
    _like: ArrayLike<number>,
    _tuple: readonly [number, string?, ...boolean[]],
  ): void {}

  @Task()
  data(_user: WelcomeDto, _tree: Tree, _json: Json, _callbacks: Callbacks, _record: Record<string, number>): void {}

  // biome-ignore lint/suspicious/noExplicitAny: as apps write it
  @Task() loose(_any: any, _unknown: unknown, _object: object, _empty: Record<string, unknown>): void {}

  @Task()
  branded(_id: UserId, _priority: Priority, _kind: 'a' | 'b', _name: `user-${string}`): void {}

  @Task()
  generic<T>(_value: T, _list: T[]): void {}

  @Task()
  overridden(_value: { readonly toString: () => string }): void {}

  @Task()
  either(_value: string | (() => string), _callback?: () => void): void {}

  @Task()
  error(_error: { name: string; message: string }): void {}
}

@Injectable()
class Flawed {
  @Task() promise(_value: Promise<number>): void {}
  @Task() callback(_value: () => void): void {}
  @Task() symbol(_value: symbol): void {}
  @Task() weak(_value: WeakMap<object, number>): void {}
  @Task() instance(_value: Money): void {}
  @Task() emitter(_value: EventEmitter): void {}
  @Task() stream(_value: Observable<number>): void {}
  @Task() signal(_value: AbortSignal): void {}
  @Task() guard(_value: CanActivate): void {}
  @Task() type(_value: typeof Money): void {}
  @Task() nested(_value: Job): void {}
  @Task() list(_value: Promise<number>[]): void {}
  @Task() map(_value: Map<string, () => void>): void {}
  @Task() tuple(_value: [number, symbol]): void {}
  @Task() second(_id: number, _value: Money, _note?: string): void {}
  @Task() rest(..._values: (() => void)[]): void {}
  @Task() union(_value: Money | Promise<Money>): void {}
}

export async function accepted(queue: QueueClient): Promise<void> {
  const fine = queue.of(Fine);
  await fine.plain.delay(1, 'a', 1n, true, null, undefined);
  const bytes = Buffer.from('a');
  const url = new URL('https://example.org');
  await fine.carried.delay(
    new Date(),
    /a/,
    url,
    url.searchParams,
    bytes,
    bytes,
    new DataView(bytes.buffer),
    new ArrayBuffer(1),
  );
  await fine.containers.delay(
    new Map([['a', new Date()]]),
    new Set([1]),
    new Map([['a', 1]]),
    [1],
    [1],
    [1, 'a', true],
  );
  await fine.data.delay(
    { email: 'ada', address: { city: 'London' } },
    { value: 1, children: [{ value: 2, children: [] }] },
    { a: [1, null, { b: 'c' }] },
    { id: 1, either: 'a' },
    { a: 1 },
  );
  await fine.loose.delay(1, { a: 1 }, {}, { a: () => 1 });
  await fine.branded.delay('7' as UserId, Priority.High, 'a', 'user-7');
  await fine.generic.delay({ a: 1 }, [1, 'a']);
  await fine.overridden.delay({});
  await fine.either.delay('a');
  await fine.either.delayMany([['a'], ['b', undefined]]);
  await fine.error.delay({ name: 'Error', message: 'no' });

  const flawed = queue.of(Flawed);
  // a cast is still a way: a schema or the method itself may take more than its type says
  await flawed.instance.delay({ amount: 1, currency: 'EUR' } as never);
  await flawed.rest.delay();
}

export async function refused(queue: QueueClient): Promise<void> {
  const flawed = queue.of(Flawed);
  const money = new Money(1, 'EUR');
  const reason: CannotBeSent<'plus: it is a function'> = null as unknown as Parameters<typeof flawed.instance.delay>[0];
  await flawed.instance.delay(reason);
  const deep: CannotBeSent<'options: onDone: it is a function'> = null as unknown as Parameters<
    typeof flawed.nested.delay
  >[0];
  await flawed.nested.delay(deep);
  // @ts-expect-error a promise
  await flawed.promise.delay(Promise.resolve(1));
  // @ts-expect-error a function
  await flawed.callback.delay(() => {});
  // @ts-expect-error a symbol
  await flawed.symbol.delay(Symbol('a'));
  // @ts-expect-error a WeakMap
  await flawed.weak.delay(new WeakMap());
  // @ts-expect-error an instance with methods
  await flawed.instance.delay(money);
  // @ts-expect-error an instance with methods
  await flawed.emitter.delay(new EventEmitter());
  // @ts-expect-error an Observable
  await flawed.stream.delay({} as Observable<number>);
  // @ts-expect-error an AbortSignal
  await flawed.signal.delay(AbortSignal.timeout(1));
  // @ts-expect-error an object with a method
  await flawed.guard.delay({ canActivate: () => true });
  // @ts-expect-error a class
  await flawed.type.delay(Money);
  // @ts-expect-error a function within
  await flawed.nested.delay({ id: 1, options: { onDone: () => {} } });
  // @ts-expect-error promises in a list
  await flawed.list.delay([Promise.resolve(1)]);
  // @ts-expect-error functions in a map
  await flawed.map.delay(new Map([['a', () => {}]]));
  // @ts-expect-error a symbol in a tuple
  await flawed.tuple.delay([1, Symbol('a')]);
  // @ts-expect-error an instance as the second argument
  await flawed.second.delay(1, money);
  // @ts-expect-error functions as the rest
  await flawed.rest.delay(() => {});
  // @ts-expect-error none of the union
  await flawed.union.delay(money);
  // @ts-expect-error the same of many calls
  await flawed.instance.delayMany([[money]]);
  // @ts-expect-error the same by its method
  await queue.task(Flawed.prototype.instance).delay(money);
}
