import { Injectable } from '@nestjs/common';
import { LazyModuleLoader, type ModuleRef } from '@nestjs/core';
import { NestworkError } from '../errors.js';
import { TaskDiscovery } from './task-discovery.js';

/**
 * Refuses task classes and hooks of modules that are loaded while the app runs: workers could not declare their tasks at
 * the start, and each child would have other tasks.
 */
@Injectable()
export class LazyModules {
  private readonly refused = new WeakMap<ModuleRef, NestworkError>();

  constructor(
    private readonly loader: LazyModuleLoader,
    private readonly discovery: TaskDiscovery,
  ) {}

  /** From now on. Nest emits no event for such a module, so the loader of this app is wrapped. */
  watch(): void {
    const load = this.loader.load.bind(this.loader);
    this.loader.load = async (...given) => {
      const moduleRef = await load(...given);
      const late = this.discovery.late();
      if (late.length > 0) this.refused.set(moduleRef, lazyTasks(late));
      const error = this.refused.get(moduleRef);
      if (error) throw error;
      return moduleRef;
    };
  }
}

function lazyTasks(classes: readonly string[]): NestworkError {
  return new NestworkError('LAZY_TASKS', `A lazily loaded module provides ${classes.join(', ')}.`, [
    'Import the module in the usual way: tasks and hooks must exist when a worker starts.',
    'Keep the task class in a module that is always loaded, and let it load heavy modules with LazyModuleLoader.',
  ]);
}
