import { inspect, isDeepStrictEqual } from 'node:util';

/** The asymmetric matchers of Jest and Vitest, such as `expect.anything()`. */
interface AsymmetricMatcher {
  asymmetricMatch(actual: unknown): boolean;
}

/**
 * Where two values differ, one line each, named by their paths; empty when they are equal.
 *
 * Like `toEqual`: a property that is undefined may be missing, and asymmetric matchers such as `expect.anything()` apply.
 *
 * @example
 * differences([43, { weekly: true }], [42, expect.anything()], 'args'); // ['args[0]: expected 42, was 43']
 */
export function differences(actual: unknown, expected: unknown, path: string): string[] {
  if (isAsymmetric(expected)) {
    return expected.asymmetricMatch(actual) ? [] : [differ(path, actual, expected)];
  }
  if (Array.isArray(actual) && Array.isArray(expected)) {
    return unionOf(actual.keys(), expected.keys()).flatMap((index) =>
      element(`${path}[${index}]`, entryOf(actual, index), entryOf(expected, index)),
    );
  }
  if (isPlain(actual) && isPlain(expected)) {
    return unionOf(Object.keys(actual), Object.keys(expected)).flatMap((key) =>
      differences(actual[key], expected[key], member(path, key)),
    );
  }
  return isDeepStrictEqual(actual, expected) ? [] : [differ(path, actual, expected)];
}

/** A value in readable form, on one line if that is short. */
export function shown(value: unknown): string {
  if (isAsymmetric(value)) return describeAsymmetric(value);
  return inspect(readable(value), {
    depth: 4,
    breakLength: 100,
    compact: 10,
    maxStringLength: 100,
    maxArrayLength: 20,
  });
}

type Entry = { readonly value: unknown } | undefined;

/** A list without an element differs from one with undefined there. */
function element(path: string, actual: Entry, expected: Entry): string[] {
  if (!actual) return [`${path}: expected ${shown(expected?.value)}, was missing`];
  if (!expected) return [`${path}: expected nothing, was ${shown(actual.value)}`];
  return differences(actual.value, expected.value, path);
}

function entryOf(list: readonly unknown[], index: number): Entry {
  return index < list.length ? { value: list[index] } : undefined;
}

function differ(path: string, actual: unknown, expected: unknown): string {
  return `${path}: expected ${shown(expected)}, was ${shown(actual)}`;
}

function member(path: string, key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

function unionOf<T>(a: Iterable<T>, b: Iterable<T>): T[] {
  return [...new Set([...a, ...b])];
}

function isAsymmetric(value: unknown): value is AsymmetricMatcher {
  return typeof value === 'object' && value !== null && 'asymmetricMatch' in value;
}

/** By its tag: Jest runs tests in a realm of their own. */
function isPlain(value: unknown): value is Record<string, unknown> {
  if (Object.prototype.toString.call(value) !== '[object Object]') return false;
  const prototype: unknown = Reflect.getPrototypeOf(value as object);
  return prototype === null || Reflect.getPrototypeOf(prototype as object) === null;
}

/** Asymmetric matchers would print their inner state. */
function readable(value: unknown): unknown {
  if (isAsymmetric(value)) return { [inspect.custom]: () => describeAsymmetric(value) };
  if (Array.isArray(value)) return value.map(readable);
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, readable(inner)]));
}

function describeAsymmetric(matcher: AsymmetricMatcher): string {
  const { toAsymmetricMatcher } = matcher as { toAsymmetricMatcher?: () => string };
  return toAsymmetricMatcher ? toAsymmetricMatcher.call(matcher) : String(matcher);
}
