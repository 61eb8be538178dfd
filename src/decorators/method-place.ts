import { NestworkError } from '../errors.js';

/**
 * Names the method that a decorator stands on: `Class.method`.
 *
 * @throws NestworkError INVALID_OPTION, saying what it stands on instead, when that is no named instance method
 */
export function methodPlace(
  decorator: string,
  target: object,
  property: string | symbol,
  descriptor: PropertyDescriptor | undefined,
): string {
  const name = (typeof target === 'function' ? target : target?.constructor)?.name;
  const misplaced = misplacement(target, property, descriptor);
  if (misplaced === undefined) return `${name}.${String(property)}`;
  const [what, ...remedies] = misplaced;
  throw misused(`${decorator} on ${placeOf(name, property)}`, `stands on ${what}`, remedies);
}

/**
 * Refuses a decorator that is written without its parentheses: it would be taken for the factory that it is, and what it
 * makes would replace the method or the class.
 *
 * @param first what the factory got first
 * @throws NestworkError INVALID_OPTION
 */
export function assertParentheses(decorator: string, first: unknown): void {
  const type: unknown = typeof first === 'object' && first !== null ? first.constructor : first;
  if (typeof type !== 'function' || (first !== type && type.prototype !== first)) return;
  throw misused(`${decorator} in class ${type.name}`, 'is written without its parentheses', `Write ${decorator}.`);
}

/** What is wrong with a decorator, and how to mend it. */
export function misused(where: string, what: string, remedies: string | readonly string[]): NestworkError {
  return new NestworkError('INVALID_OPTION', `${where} ${what}.`, remedies);
}

type Misplacement = readonly [what: string, ...remedies: string[]];

const PROVIDER_METHOD = 'Decorate a method of a provider: async send(userId: number) { ... }.';

function misplacement(target: unknown, property: unknown, descriptor: unknown): Misplacement | undefined {
  if (typeof property === 'object' && property !== null && 'kind' in property) {
    return [
      `a ${String(property.kind)} that is decorated in the standard way, which Nest does not use`,
      'Set "experimentalDecorators": true and "emitDecoratorMetadata": true in tsconfig.json (SWC: legacyDecorator, decoratorMetadata).',
    ];
  }
  if (property === undefined) {
    return ['a class, which has no task of its own', 'Decorate each method of it that is to be a task.'];
  }
  if (typeof descriptor === 'number')
    return ['a parameter', 'Decorate its method; for parameters there is @Payload().'];
  if (typeof target === 'function') {
    return ['a static member, but a task runs on the instance that Nest makes', 'Remove `static`.', PROVIDER_METHOD];
  }
  if (typeof property === 'symbol') return ['a method named by a symbol, which cannot travel', 'Name it by a string.'];
  if (typeof descriptor !== 'object' || descriptor === null || 'initializer' in descriptor) {
    return ['a property, such as an arrow function, which the class does not have', PROVIDER_METHOD];
  }
  if ('get' in descriptor || 'set' in descriptor) {
    return [
      'an accessor (a getter, or what a decorator below it made of the method)',
      'Write it as a method, without `get` or `accessor`.',
      'Remove a decorator below it that makes a getter of the method, such as @autobind: a task is always called on its instance.',
    ];
  }
  if (typeof Reflect.get(descriptor, 'value') === 'function') return undefined;
  return ['something that is not a method', PROVIDER_METHOD];
}

/** Standard decorators do not know the class. */
function placeOf(type: string, property: unknown): string {
  if (property === undefined) return type;
  if (typeof property !== 'object' || property === null) return `${type}.${String(property)}`;
  return String(Reflect.get(property, 'name'));
}
