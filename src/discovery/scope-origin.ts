import { Scope } from '@nestjs/common';
import type { Wrapper } from './wrapper.js';

/**
 * Why a provider does not live as long as the app, as the end of a sentence that begins with its name: "injects Tenant, which
 * is request-scoped". Undefined for a singleton.
 */
export function scopeOrigin(wrapper: Wrapper): string | undefined {
  if (wrapper.isTransient)
    return 'is transient: it has no instance of its own, but one for each provider that injects it';
  return wrapper.isDependencyTreeStatic() ? undefined : requestScope(wrapper, new Set());
}

function requestScope(wrapper: Wrapper, seen: Set<Wrapper>): string | undefined {
  if (wrapper.scope === Scope.REQUEST) return wrapper.durable ? 'is durable' : 'is request-scoped';
  seen.add(wrapper);
  for (const [how, dependency] of dependencies(wrapper)) {
    if (!dependency || seen.has(dependency)) continue;
    const origin = requestScope(dependency, seen);
    if (origin !== undefined) return `${how} ${String(dependency.name)}, which ${origin}`;
  }
  return undefined;
}

function dependencies(wrapper: Wrapper): [how: string, dependency: Wrapper | undefined][] {
  return [
    ...(wrapper.getCtorMetadata() ?? []).map((dependency): [string, Wrapper] => ['injects', dependency]),
    ...(wrapper.getPropertiesMetadata() ?? []).map((property): [string, Wrapper] => ['injects', property.wrapper]),
    ...(wrapper.getEnhancersMetadata() ?? []).map((enhancer): [string, Wrapper] => ['is enhanced by', enhancer]),
  ];
}
