import 'reflect-metadata';
import { NestworkError } from '../errors.js';
import type { Wrapper } from './wrapper.js';

/** The types of a constructor that TypeScript writes, and Nest's record of `@Inject()` and `@Optional()`. */
const TYPES = 'design:paramtypes';
const NAMED = 'self:paramtypes';
const OPTIONAL = 'optional:paramtypes';

/**
 * Refuses a class of tasks whose constructor Nest called with undefined, because the compiler wrote no types: every task of
 * it would fail, and end up dead.
 *
 * @throws NestworkError METADATA_MISSING
 */
export function assertInjectable(wrapper: Wrapper, type: { readonly name: string; readonly length?: number }): void {
  // a factory passes the arguments by itself
  if (wrapper.inject !== undefined || wrapper.metatype !== type) return;
  if (Reflect.getMetadata(TYPES, type) !== undefined) return;
  const named: readonly { readonly index: number }[] = Reflect.getMetadata(NAMED, type) ?? [];
  const optional: readonly number[] = Reflect.getMetadata(OPTIONAL, type) ?? [];
  const known = new Set([...named.map(({ index }) => index), ...optional]);
  const missing = Array.from({ length: type.length ?? 0 }, (_, index) => index).filter((index) => !known.has(index));
  if (missing.length === 0) return;
  const arguments_ = missing.length === 1 ? `argument ${missing[0]}` : `arguments ${missing.join(', ')}`;
  throw new NestworkError(
    'METADATA_MISSING',
    `Nest injects undefined as ${arguments_} of the constructor of ${type.name} in ${wrapper.host?.name ?? 'an unknown module'}: ` +
      'the class was compiled without decorator metadata.',
    [
      'Compile with tsc, SWC or the Nest CLI, and "emitDecoratorMetadata": true; esbuild and tsx emit none, nor does Vite before 8.',
      'Or name each dependency: constructor(@Inject(StatsService) private readonly stats: StatsService).',
    ],
  );
}
