import type { Type } from '@nestjs/common';
import {
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
  PIPES_METADATA,
} from '@nestjs/common/constants.js';
import { STATIC_CONTEXT } from '@nestjs/core/injector/constants.js';
import { NestworkError } from '../errors.js';
import { decoratedMethods } from '../task/decorated-methods.js';
import { declaredEnhancers, type TaskType } from './declared-enhancers.js';
import type { Wrapper } from './wrapper.js';

const ENHANCERS = [
  [GUARDS_METADATA, '@UseGuards()'],
  [INTERCEPTORS_METADATA, '@UseInterceptors()'],
  [PIPES_METADATA, '@UsePipes()'],
  [EXCEPTION_FILTERS_METADATA, '@UseFilters()'],
] as const;

/**
 * Nest passes over enhancers that it cannot find: a guard would not guard. Nest makes them for classes that it makes
 * itself, not for the product of a factory or for a value.
 *
 * @throws NestworkError ENHANCER_UNRESOLVED
 */
export function assertEnhancers(wrapper: Wrapper, type: TaskType, method: string): void {
  for (const enhancer of declaredEnhancers(type, method)) {
    if (typeof enhancer !== 'function' || isMade(wrapper, enhancer as Type)) continue;
    throw new NestworkError(
      'ENHANCER_UNRESOLVED',
      `Nest made no ${enhancer.name} for ${type.name}.${method} in ${wrapper.host?.name ?? 'an unknown module'}.`,
      [
        `Provide ${type.name} as a class: Nest makes no enhancers for the product of a factory or for a value.`,
        `Give an instance instead of the class: new ${enhancer.name}().`,
      ],
    );
  }
}

/**
 * Nest writes guards and the like onto the method. If another decorator has replaced it since, they are lost.
 *
 * @throws NestworkError DECORATOR_LOST
 */
export function assertEnhancersKept(type: TaskType): void {
  for (const { declaredAs, decorator, body, current } of decoratedMethods(type.prototype)) {
    if (body === current || typeof body !== 'function' || typeof current !== 'function') continue;
    for (const [kind, use] of ENHANCERS) {
      const kept: unknown[] = Reflect.getMetadata(kind, current) ?? [];
      const written: unknown[] = Reflect.getMetadata(kind, body) ?? [];
      if (written.every((enhancer) => kept.includes(enhancer))) continue;
      throw new NestworkError(
        'DECORATOR_LOST',
        `${use} on ${declaredAs} has no effect: a decorator above it replaced the method, so the metadata of ${use} is lost.`,
        `Write ${use}, like ${decorator ?? '@Payload()'}, above every other decorator of the method: the topmost one is applied last.`,
      );
    }
  }
}

function isMade(wrapper: Wrapper, enhancer: Type): boolean {
  const made = wrapper.host?.injectables.get(enhancer);
  if (!made) return false;
  const forEachTask = !wrapper.isDependencyTreeStatic() || wrapper.isTransient;
  // a transient one has an instance for each host, which older versions of Nest 11 do not make
  return forEachTask || made.getInstanceByContextId(STATIC_CONTEXT, wrapper.id).isResolved === true;
}
