import { types } from 'node:util';
import { classNameOf, isObjectPrototype } from './carried-kinds.js';

/**
 * Why reading the properties of an object one by one would miss something, as it does with a `Map` or with a class that has
 * getters; undefined when it would not. Calls no getter.
 *
 * @example
 * whatIsMissed(new Map([['tenant', 'acme']])); // 'is an instance of class Map'
 * whatIsMissed({ tenant: 'acme' }); // undefined
 */
export function whatIsMissed(given: object): string | undefined {
  if (types.isProxy(given)) return missedOfProxy(given);
  const prototype: object | null = Object.getPrototypeOf(given);
  const named = Object.keys(given);
  if (prototype !== null && !isObjectPrototype(prototype)) {
    const name = classNameOf(prototype);
    const instance = `is an instance of ${name === '' ? 'an anonymous class' : `class ${name}`}`;
    if (named.length === 0 || isIterable(prototype)) return instance;
    const inherited = inheritedProperty(prototype);
    if (inherited !== undefined) return `${instance}, from which it has "${inherited.slice(0, 40)}"`;
  }
  if (Object.getOwnPropertySymbols(given).length > 0) return 'has a symbol as key';
  const hidden = Object.getOwnPropertyNames(given).find((name) => !named.includes(name));
  return hidden === undefined ? undefined : `has a property that is not enumerable: "${hidden.slice(0, 40)}"`;
}

/** How to give the same as a plain object. */
export const AS_PLAIN_OBJECT = [
  'Convert what can be iterated, such as a Map or the Headers of fetch: Object.fromEntries(it).',
  'Copy what a class or a getter holds into a plain object: { name: it.name }.',
];

/** It answers for itself: what it lists, it is asked for. */
function missedOfProxy(given: object): string | undefined {
  try {
    if (Object.keys(given).length > 0 && !Reflect.has(given, Symbol.iterator)) return undefined;
    const prototype: unknown = Object.getPrototypeOf(given);
    return prototype === Object.prototype && Reflect.ownKeys(given).length === 0 ? undefined : 'is a proxy';
  } catch {
    return 'is a proxy that cannot be read';
  }
}

function isIterable(prototype: object): boolean {
  return !types.isProxy(prototype) && Reflect.has(prototype, Symbol.iterator);
}

/** The first inherited property that is no method. */
function inheritedProperty(prototype: object): string | undefined {
  for (let at: object | null = prototype; at && !isObjectPrototype(at); at = Object.getPrototypeOf(at)) {
    if (types.isProxy(at)) return 'unknown properties';
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (name !== 'constructor' && typeof property.value !== 'function') return name;
    }
  }
  return undefined;
}
