import * as common from '@nestjs/common';
import { HttpException, HttpStatus, type PipeTransform, ValidationPipe } from '@nestjs/common';
import { InvalidPayloadError, type InvalidPayloadPlace, type PayloadProblem } from '../payload/refusals.js';
import { applySchema, type StandardSchema } from '../payload/standard-schema.js';
import { inspected } from '../values/inspected.js';
import { hasReadablePrototypes } from '../values/thrown.js';

/** The steps of one argument on its way to the handler. */
export interface ArgumentPlan {
  /** which argument, from 0 */
  readonly index: number;
  /** the type of its parameter, as far as the compiler wrote it down */
  readonly metatype: unknown;
  readonly schema: StandardSchema | undefined;
  readonly pipes: readonly PipeTransform[];
  /** the kind that pipes see; `ValidationPipe` skips `custom` */
  readonly type: 'body' | 'custom';
}

type PipeClass = new () => PipeTransform;

/** Nest 12 has it. */
const SchemaPipe = Reflect.get(common, 'StandardSchemaValidationPipe') as PipeClass | undefined;

/** The pipes of Nest that look at a value and need nothing of the app. */
export const VALIDATORS: readonly PipeClass[] = SchemaPipe ? [ValidationPipe, SchemaPipe] : [ValidationPipe];

/** An error that is not the fault of the payload is no refusal of it: the next attempt may succeed. */
const INVALID: readonly number[] = [HttpStatus.BAD_REQUEST, HttpStatus.UNPROCESSABLE_ENTITY];

export function isValidator(pipe: unknown): boolean {
  return VALIDATORS.some((type) => pipe instanceof type);
}

/**
 * Applies the schema and the pipes to a value.
 *
 * @throws InvalidPayloadError when the schema refuses it, or a pipe does with an HttpException; otherwise the error of the
 * pipe
 */
export async function follow(
  { schema, pipes, metatype, type }: ArgumentPlan,
  value: unknown,
  place: InvalidPayloadPlace,
): Promise<unknown> {
  let at = value;
  // the pipe of Nest applies the schema by itself, and the schema may not accept its own output
  if (schema && !(SchemaPipe && pipes.some((pipe) => pipe instanceof SchemaPipe))) {
    const result = await applySchema(schema, at);
    if ('problems' in result) throw new InvalidPayloadError({ ...place, leftOut: at === undefined }, result.problems);
    at = result.value;
  }
  for (const pipe of pipes) at = await through(pipe, at, { metatype, schema, type }, place);
  return at;
}

async function through(
  pipe: PipeTransform,
  value: unknown,
  metadata: Pick<ArgumentPlan, 'metatype' | 'schema' | 'type'>,
  place: InvalidPayloadPlace,
): Promise<unknown> {
  try {
    return await pipe.transform(value, { data: undefined, ...metadata } as common.ArgumentMetadata);
  } catch (cause) {
    if (!hasReadablePrototypes(cause) || !(cause instanceof HttpException)) throw cause;
    if (!isValidator(pipe) && !INVALID.includes(cause.getStatus())) throw cause;
    throw new InvalidPayloadError(place, problemsOf(cause), { cause });
  }
}

/** Nest's pipes give a list of sentences, or lists by path. */
function problemsOf(error: HttpException): PayloadProblem[] {
  const response = error.getResponse();
  const said: unknown = typeof response === 'object' ? Reflect.get(response, 'message') : response;
  if (Array.isArray(said)) return said.map((message) => ({ path: '', message: inspected(message) }));
  if (typeof said !== 'object' || said === null) return [{ path: '', message: inspected(said ?? error.message) }];
  return Object.entries(said).flatMap(([path, messages]: [string, unknown]) =>
    [messages].flat().map((message) => ({ path, message: inspected(message) })),
  );
}
