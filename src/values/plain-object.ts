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
  try {
    return missedOf(given);
  } catch {
    return 'is a proxy that cannot be read';
  }
}

/** How to give the same as a plain object. */
export const AS_PLAIN_OBJECT = [
  'Convert what can be iterated, such as a Map or the Headers of fetch: Object.fromEntries(it).',
  'Copy what a class or a getter holds into a plain object: { name: it.name }.',
];

function missedOf(given: object): string | undefined {
  const prototype: object | null = Object.getPrototypeOf(given);
  const named = Object.keys(given);
  if (prototype !== null && !isObjectPrototype(prototype)) {
    const name = classNameOf(prototype);
    const instance = `is an instance of ${name === '' ? 'an anonymous class' : `class ${name}`}`;
    if (named.length === 0 || Reflect.has(prototype, Symbol.iterator)) return instance;
    const inherited = inheritedProperty(prototype);
    if (inherited !== undefined) return `${instance}, from which it has "${inherited.slice(0, 40)}"`;
  }
  if (Object.getOwnPropertySymbols(given).length > 0) return 'has a symbol as key';
  const hidden = Object.getOwnPropertyNames(given).find((name) => !named.includes(name));
  return hidden === undefined ? undefined : `has a property that is not enumerable: "${hidden.slice(0, 40)}"`;
}

/** The first inherited property that is no method. */
function inheritedProperty(prototype: object): string | undefined {
  for (let at: object | null = prototype; at && !isObjectPrototype(at); at = Object.getPrototypeOf(at)) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (name !== 'constructor' && typeof property.value !== 'function') return name;
    }
  }
  return undefined;
}
