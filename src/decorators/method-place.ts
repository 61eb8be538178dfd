import { NestworkError } from '../errors.js';

/**
 * Names the method that a decorator stands on: `Class.method`.
 *
 * @throws NestworkError INVALID_OPTION when it is something other than a named instance method
 */
export function methodPlace(
  decorator: string,
  target: object,
  property: string | symbol,
  descriptor: PropertyDescriptor | undefined,
): string {
  const place = `${(typeof target === 'function' ? target : target.constructor).name}.${String(property)}`;
  if (typeof descriptor?.value === 'function' && typeof property === 'string' && typeof target !== 'function') {
    return place;
  }
  throw new NestworkError(
    'INVALID_OPTION',
    `${decorator} on ${place} decorates something that is not a named instance method.`,
    'Decorate a method of a provider class.',
  );
}
