import type { Type } from '@nestjs/common';
import { STATIC_CONTEXT } from '@nestjs/core/injector/constants.js';
import { NestworkError } from '../errors.js';
import { declaredEnhancers, type TaskType } from './declared-enhancers.js';
import type { Wrapper } from './wrapper.js';

/**
 * Nest passes over enhancers that it cannot find: a guard would not guard. It makes them for classes that it makes itself,
 * not for what a factory or a value provides.
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
        `Provide ${type.name} as a class: Nest makes no enhancers for what a factory or a value provides.`,
        `Give an instance instead of the class: new ${enhancer.name}().`,
      ],
    );
  }
}

function isMade(wrapper: Wrapper, enhancer: Type): boolean {
  const made = wrapper.host?.injectables.get(enhancer);
  if (!made) return false;
  const forEachTask = !wrapper.isDependencyTreeStatic() || wrapper.isTransient;
  // a transient one has an instance for each host, which older versions of Nest 11 do not make
  return forEachTask || made.getInstanceByContextId(STATIC_CONTEXT, wrapper.id).isResolved === true;
}
