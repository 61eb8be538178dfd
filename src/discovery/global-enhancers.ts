import type { CanActivate, ExceptionFilter, NestInterceptor, PipeTransform } from '@nestjs/common';
import { ApplicationConfig, type ContextId, type ModuleRef } from '@nestjs/core';
import type { GlobalEnhancerKinds } from '../options/options.js';

/** Request-scoped and transient enhancers of the app, made for one task. */
export interface ScopedEnhancers {
  readonly guards: CanActivate[];
  readonly interceptors: NestInterceptor[];
  readonly pipes: PipeTransform[];
  readonly filters: ExceptionFilter[];
}

const NONE: ScopedEnhancers = { guards: [], interceptors: [], pipes: [], filters: [] };

/**
 * The global enhancers of an app that apply to tasks, as the configuration that Nest's context creators get.
 *
 * Enhancers with a scope appear as plain ones, once they were made for a task: Nest makes them only for controllers.
 */
export class GlobalEnhancers extends ApplicationConfig {
  private scoped = NONE;

  constructor(
    private readonly app: ApplicationConfig,
    private readonly kinds: GlobalEnhancerKinds,
  ) {
    super();
  }

  /** Whether any kind of them is to apply. */
  get wanted(): boolean {
    const { guards, interceptors, pipes, filters } = this.kinds;
    return guards || interceptors || pipes || filters;
  }

  /** Whether there are any that apply, now that the app is up. */
  get present(): boolean {
    const plain = [
      this.getGlobalGuards(),
      this.getGlobalInterceptors(),
      this.getGlobalPipes(),
      this.getGlobalFilters(),
    ];
    return this.areScoped || plain.some(({ length }) => length > 0);
  }

  /** Whether some of those that apply have to be made for each task. */
  get areScoped(): boolean {
    return Object.values(this.scopedWrappers()).some(({ length }) => length > 0);
  }

  /** Makes those with a scope for one task. */
  async make(moduleRef: ModuleRef, scope: ContextId): Promise<ScopedEnhancers> {
    const { guards, interceptors, pipes, filters } = this.scopedWrappers();
    const make = <T>(wrappers: readonly { readonly token: unknown }[]): Promise<T[]> =>
      Promise.all(
        wrappers.map(({ token }) => moduleRef.resolve<T>(token as string, scope, { strict: false }) as Promise<T>),
      );
    return {
      guards: await make(guards),
      interceptors: await make(interceptors),
      pipes: await make(pipes),
      filters: await make(filters),
    };
  }

  /** Gives these to the context creators while `use` runs, which must be synchronous. */
  showing<T>(scoped: ScopedEnhancers | undefined, use: () => T): T {
    this.scoped = scoped ?? NONE;
    try {
      return use();
    } finally {
      this.scoped = NONE;
    }
  }

  override getGlobalGuards(): CanActivate[] {
    return this.kinds.guards ? [...this.app.getGlobalGuards(), ...this.scoped.guards] : [];
  }

  override getGlobalInterceptors(): NestInterceptor[] {
    return this.kinds.interceptors ? [...this.app.getGlobalInterceptors(), ...this.scoped.interceptors] : [];
  }

  override getGlobalPipes(): PipeTransform[] {
    // Nest declares them with `any`
    return this.kinds.pipes ? [...(this.app.getGlobalPipes() as PipeTransform[]), ...this.scoped.pipes] : [];
  }

  override getGlobalFilters(): ExceptionFilter[] {
    return this.kinds.filters ? [...this.app.getGlobalFilters(), ...this.scoped.filters] : [];
  }

  override getGlobalRequestGuards(): ReturnType<ApplicationConfig['getGlobalRequestGuards']> {
    return [];
  }

  override getGlobalRequestInterceptors(): ReturnType<ApplicationConfig['getGlobalRequestInterceptors']> {
    return [];
  }

  override getGlobalRequestPipes(): ReturnType<ApplicationConfig['getGlobalRequestPipes']> {
    return [];
  }

  override getGlobalRequestFilters(): ReturnType<ApplicationConfig['getGlobalRequestFilters']> {
    return [];
  }

  private scopedWrappers() {
    const { guards, interceptors, pipes, filters } = this.kinds;
    return {
      guards: guards ? this.app.getGlobalRequestGuards() : [],
      interceptors: interceptors ? this.app.getGlobalRequestInterceptors() : [],
      pipes: pipes ? this.app.getGlobalRequestPipes() : [],
      filters: filters ? this.app.getGlobalRequestFilters() : [],
    };
  }
}
