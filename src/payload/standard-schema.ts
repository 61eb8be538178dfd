import type { PayloadProblem } from './refusals.js';
import type { Sendable } from './sendable.js';

/**
 * A schema of zod 3.24, valibot 1, arktype 2 or any other library that follows Standard Schema
 * (https://standardschema.dev): the part of its interface that validates.
 *
 * @example
 * import type { StandardSchema } from 'nestwork';
 * import { z } from 'zod';
 *
 * const schemas = new Map<string, StandardSchema>([['user', z.object({ id: z.int() })]]);
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** the name of the library, and how it validates; see the site of the standard */
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

type SchemaTypes<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>;

/** Never there at run time: lets senders find the input of a schema in the type of a parameter. */
declare const INPUT: unique symbol;

/**
 * The type of a parameter with a schema: what the schema makes of an argument. Senders then take what the schema accepts.
 *
 * @example
 * import { Injectable } from '@nestjs/common';
 * import { Payload, type PayloadOf, type QueueClient, Task } from 'nestwork';
 * import { z } from 'zod';
 *
 * const Reminder = z.object({ at: z.iso.datetime().transform((text) => new Date(text)) });
 *
 * @Injectable()
 * export class ReminderTasks {
 *   @Task()
 *   async remind(@Payload({ schema: Reminder }) reminder: PayloadOf<typeof Reminder>) {
 *     reminder.at.getTime(); // a Date here, ...
 *   }
 * }
 *
 * export const send = (queue: QueueClient) => queue.of(ReminderTasks).remind.delay({ at: '2031-05-01T08:00:00Z' }); // ... a string there
 */
export type PayloadOf<Schema extends StandardSchema> = SchemaTypes<Schema>['output'] & {
  readonly [INPUT]?: SchemaTypes<Schema>['input'];
};

/** What senders take for parameters of these types: nothing, where no argument could be sent. */
export type SentArguments<Parameters extends unknown[]> = { [Index in keyof Parameters]: Sent<Parameters[Index]> };

type Sent<Parameter> = 0 extends 1 & Parameter
  ? Parameter
  : Parameter extends unknown
    ? typeof INPUT extends keyof Parameter
      ? Parameter extends { readonly [INPUT]?: infer Input }
        ? Sendable<Input>
        : Parameter
      : Sendable<Parameter>
    : never;

export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard: unknown = Reflect.get(value, '~standard');
  return typeof standard === 'object' && standard !== null && typeof Reflect.get(standard, 'validate') === 'function';
}

/** What a schema makes of a value, or what is wrong with it. */
export async function applySchema(
  schema: StandardSchema,
  value: unknown,
): Promise<{ readonly value: unknown } | { readonly problems: readonly PayloadProblem[] }> {
  const result = await schema['~standard'].validate(value);
  if (!result.issues) return { value: result.value };
  return { problems: result.issues.map(({ path = [], message }) => ({ path: path.map(segment).join('.'), message })) };
}

function segment(part: PropertyKey | { readonly key: PropertyKey }): string {
  return String(typeof part === 'object' ? part.key : part);
}
