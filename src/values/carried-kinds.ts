import { types } from 'node:util';
import { cut } from './printable.js';

/** A class that is carried. */
interface Kind {
  /** What no subclass or fake can imitate. */
  readonly is: (value: unknown) => boolean;
  /** How many prototypes stand between an instance and `Object.prototype`. */
  readonly prototypes: number;
}

/** Those of this version of Node.js: Float16Array is there since 24. */
const TYPED_ARRAYS = Object.getOwnPropertyNames(globalThis).filter((name) =>
  /^(?:Big)?(?:Int|Uint|Float)\d+(?:Clamped)?Array$/.test(name),
);
/** Its class; undefined for what is none, whatever it looks like. */
const typedArrayName = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)
  ?.get as (this: unknown) => string | undefined;

const KINDS = new Map<string, Kind>([
  ['Array', { is: Array.isArray, prototypes: 1 }],
  ['Map', { is: types.isMap, prototypes: 1 }],
  ['Set', { is: types.isSet, prototypes: 1 }],
  ['Date', { is: types.isDate, prototypes: 1 }],
  ['RegExp', { is: types.isRegExp, prototypes: 1 }],
  ['URL', { is: hasSlotsOf(URL.prototype, 'href'), prototypes: 1 }],
  ['URLSearchParams', { is: hasSlotsOf(URLSearchParams.prototype, 'size'), prototypes: 1 }],
  ['ArrayBuffer', { is: types.isArrayBuffer, prototypes: 1 }],
  ['DataView', { is: types.isDataView, prototypes: 1 }],
  ['Buffer', { is: Buffer.isBuffer, prototypes: 3 }],
  ...TYPED_ARRAYS.map((name): [string, Kind] => [
    name,
    { is: (value) => typedArrayName.call(value) === name, prototypes: 2 },
  ]),
]);

/** The prototypes of this realm, which most values have. */
const BUILT_IN = new Map<object, string>(
  [...KINDS.keys()].flatMap((name): [object, string][] => {
    const type: unknown = Reflect.get(globalThis, name);
    return typeof type === 'function' ? [[type.prototype, name]] : [];
  }),
);

/**
 * The name of the class that is carried and of which `value` is a direct instance, in this realm or another, such as
 * that of Node.js itself under Jest; undefined for subclasses and fakes. Runs no code of the value.
 */
export function carriedClass(value: object, prototype: object): string | undefined {
  const builtIn = BUILT_IN.get(prototype);
  if (builtIn !== undefined) return KINDS.get(builtIn)?.is(value) ? builtIn : undefined;
  const name = classNameOf(prototype);
  const kind = KINDS.get(name);
  if (!kind?.is(value)) return undefined;
  const root = ancestor(value, kind.prototypes + 1);
  // a prototype that inherits from ours and is none of ours was made by hand, or by a class of the same name
  return root && root !== Object.prototype && isObjectPrototype(root) ? name : undefined;
}

/** Also the one of another realm. */
export function isObjectPrototype(prototype: object): boolean {
  if (prototype === Object.prototype) return true;
  if (types.isProxy(prototype)) return false;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');
}

/** For people; empty when it has none that can be read without running code of the class. */
export function classNameOf(prototype: object): string {
  for (let at: object | null = prototype; at && !types.isProxy(at); at = Object.getPrototypeOf(at)) {
    const type: unknown = Object.getOwnPropertyDescriptor(at, 'constructor')?.value;
    if (type === undefined) continue;
    const isReadable = typeof type === 'function' && !types.isProxy(type);
    const name: unknown = isReadable ? Object.getOwnPropertyDescriptor(type, 'name')?.value : undefined;
    return typeof name === 'string' ? cut(name, 40) : '';
  }
  return '';
}

/** What a value is that is not carried. */
export function instanceOf(prototype: object): string {
  const name = classNameOf(prototype);
  if (name === '') return 'an instance of an anonymous class';
  return `an instance of class ${name}${KINDS.has(name) ? `, but no real ${name}` : ''}`;
}

function ancestor(value: object, generations: number): object | undefined {
  let at: object | null = value;
  for (let left = generations; left > 0 && at; left--) at = types.isProxy(at) ? null : Object.getPrototypeOf(at);
  return at ?? undefined;
}

/** The getters of these classes throw for all that is no instance. */
function hasSlotsOf(prototype: object, property: string): (value: unknown) => boolean {
  const read = Object.getOwnPropertyDescriptor(prototype, property)?.get;
  return (value) => {
    try {
      return read?.call(value) !== undefined;
    } catch {
      return false;
    }
  };
}
