import type { PipeTransform, Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { isStandardSchema, type StandardSchema } from '../payload/standard-schema.js';
import { noteDecorator } from '../task/decorated-methods.js';
import { assertKnownOptions } from '../values/known-options.js';
import { assertParentheses, misused } from './method-place.js';

type Pipe = PipeTransform | Type<PipeTransform>;

/**
 * Options of `@Payload`.
 *
 * @example
 * import { ParseIntPipe } from '@nestjs/common';
 * import type { PayloadOptions } from 'nestwork';
 *
 * const options: PayloadOptions = { pipes: [ParseIntPipe] };
 */
export interface PayloadOptions {
  /**
   * Schema of zod, valibot, arktype or any other library that follows Standard Schema. The task gets what it makes of the
   * argument; a refused one fails at the call, and is dead at a worker.
   */
  schema?: StandardSchema;
  /** Pipes for this argument alone; they run after the schema and after those of the method, the class and the app. */
  pipes?: readonly Pipe[];
}

/** What Nest calls the body of a request; `ValidationPipe` skips what it does not know. */
const BODY = 3;

/**
 * Declares what an argument of a task must be. The first parameter gets the first argument of `delay()`, and so on; parameters
 * without the decorator get theirs as well.
 *
 * Without options it only makes the argument one that `ValidationPipe` and other pipes see even where the call left it out.
 *
 * @throws NestworkError INVALID_OPTION while the class is being defined
 * @example
 * import { Injectable, ParseIntPipe } from '@nestjs/common';
 * import { Payload, Task } from 'nestwork';
 * import { z } from 'zod';
 *
 * @Injectable()
 * export class MailTasks {
 *   @Task()
 *   async welcome(@Payload({ schema: z.object({ email: z.email() }) }) user: { email: string }, note?: string) {}
 *
 *   @Task()
 *   async remind(@Payload(ParseIntPipe) days: number) {}
 * }
 */
export function Payload(options?: PayloadOptions): ParameterDecorator;
export function Payload(...pipes: Pipe[]): ParameterDecorator;
export function Payload(...given: unknown[]): ParameterDecorator {
  assertParentheses('@Payload()', given.length > 1 && typeof given[1] !== 'function' ? given[0] : undefined);
  return (target, property, index) => {
    const owner = typeof target === 'function' ? target : target.constructor;
    const where = `@Payload() at parameter ${index} of ${owner.name}.${String(property ?? 'constructor')}`;
    if (property === undefined || typeof target === 'function') {
      throw misused(where, 'does not stand in an instance method', 'Decorate a parameter of a task.');
    }
    const { schema, pipes } = checked(given, where);
    const known: object = Reflect.getOwnMetadata(ROUTE_ARGS_METADATA, owner, property) ?? {};
    const key = `${BODY}:${index}`;
    if (key in known) throw misused(where, 'stands there twice', 'Give one of them all pipes and the schema.');
    const params = { ...known, [key]: { index, data: undefined, pipes, schema } };
    Reflect.defineMetadata(ROUTE_ARGS_METADATA, params, owner, property);
    if (typeof property === 'string') noteDecorator(target, property, '@Payload()');
  };
}

function checked(given: readonly unknown[], where: string): { schema: StandardSchema | undefined; pipes: unknown[] } {
  const [first, ...others] = given;
  if (first === undefined) return { schema: undefined, pipes: [] };
  if (isStandardSchema(first)) {
    throw misused(where, 'got a schema where it takes options', 'Give it as an option: @Payload({ schema }).');
  }
  const options: PayloadOptions = isPipe(first) ? { pipes: [first] } : (first as PayloadOptions);
  assertKnownOptions(options, ['schema', 'pipes'], where);
  const pipes: unknown[] = [...(options.pipes ?? []), ...others];
  if (!pipes.every(isPipe)) {
    throw misused(where, 'got something that is not a pipe', 'Give classes or instances with a transform() method.');
  }
  if (options.schema !== undefined && !isStandardSchema(options.schema)) {
    const remedy = 'Give one of zod 3.24, valibot 1, arktype 2 or later, or of another library of standardschema.dev.';
    throw misused(where, 'has a `schema` that does not follow Standard Schema', remedy);
  }
  return { schema: options.schema, pipes };
}

/** A schema of zod has a `transform` method, too. */
function isPipe(value: unknown): value is Pipe {
  if (isStandardSchema(value)) return false;
  const holder: unknown = typeof value === 'function' ? value.prototype : value;
  return typeof holder === 'object' && holder !== null && typeof Reflect.get(holder, 'transform') === 'function';
}
