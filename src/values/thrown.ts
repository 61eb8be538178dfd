import { types } from 'node:util';

/** More than any class has ancestors. */
const MAX_PROTOTYPES = 1_000;

/**
 * Whether it is an error, also one of another realm: a test runner such as Jest has its own, where errors of Node are no
 * instances of `Error`. Never throws: a revoked proxy is none.
 *
 * @example
 * isError(new TypeError('no')); // true
 */
export function isError(value: unknown): value is Error {
  if (typeof value !== 'object' || value === null) return false;
  if (types.isNativeError(value)) return true;
  try {
    return value instanceof Error || isDomException(value);
  } catch {
    return false;
  }
}

/** What aborts a `fetch` or a stream; it is no error to `types`, and of another realm no instance of one. */
function isDomException(value: object): boolean {
  const prototype = types.isProxy(value) ? null : Reflect.getPrototypeOf(value);
  return prototype !== null && own(prototype, Symbol.toStringTag) === 'DOMException';
}

/**
 * A property of something that was thrown, which may be anything: a getter that throws, or a revoked proxy, has none.
 *
 * @example
 * read(error, 'message');
 */
export function read(value: unknown, key: PropertyKey): unknown {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return undefined;
  try {
    return Reflect.get(value, key);
  } catch {
    return undefined;
  }
}

/**
 * A property that holds its value itself: what may be plain data is looked at without running any of its code.
 *
 * @example
 * own({ get code() { return explode(); } }, 'code'); // undefined
 */
export function own(value: object, key: PropertyKey): unknown {
  try {
    // a proxy may lie about its properties, or throw
    return types.isProxy(value) ? undefined : Reflect.getOwnPropertyDescriptor(value, key)?.value;
  } catch {
    return undefined;
  }
}

/**
 * A property that is text; undefined for everything else.
 *
 * @example
 * readText(error, 'name');
 */
export function readText(value: unknown, key: PropertyKey): string | undefined {
  const found = read(value, key);
  return typeof found === 'string' ? found : undefined;
}

/**
 * The first members of a property that is an array, and how many it has; undefined for everything else.
 *
 * @example
 * readList(error, 'errors', 5);
 */
export function readList(
  value: unknown,
  key: PropertyKey,
  most: number,
): { first: unknown[]; all: number } | undefined {
  const found = read(value, key);
  try {
    // of a revoked proxy not even this can be asked
    return Array.isArray(found) ? { first: found.slice(0, most), all: found.length } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether `instanceof` can ask it for its class: that of a revoked proxy throws. What is no object is an instance of nothing,
 * and may be asked.
 *
 * @example
 * hasReadablePrototypes(new TypeError('no')); // true
 */
export function hasReadablePrototypes(value: unknown): boolean {
  try {
    let at = Object(value) as object | null;
    // a proxy may be its own prototype
    for (let depth = 0; at !== null && depth < MAX_PROTOTYPES; depth += 1) at = Reflect.getPrototypeOf(at);
    return at === null;
  } catch {
    return false;
  }
}
