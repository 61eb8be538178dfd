import { NestworkError } from '../errors.js';
import type { OnTaskDead } from '../inspector/on-task-dead.js';
import type { TaskHookProvider } from '../task/task-hooks.js';
import { hasTaskHooks } from '../task/task-metadata.js';
import type { TaskType } from './declared-enhancers.js';
import { scopeOrigin } from './scope-origin.js';
import type { Wrapper } from './wrapper.js';

const HOOKS = [
  'onTaskStart',
  'onTaskSuccess',
  'onTaskFailure',
  'onTaskOutcome',
  'onTaskDead',
  'wrapTask',
  'wrapSend',
] as const;

/**
 * The instance of a provider marked with `@TaskHooks()`.
 *
 * @throws NestworkError SCOPE_UNRESOLVED where it has no instance that lives as long as the worker; INVALID_OPTION where it
 * has no hook
 */
export function hooksOf(wrapper: Wrapper, name: string): TaskHookProvider {
  const origin = scopeOrigin(wrapper);
  if (origin !== undefined) {
    throw new NestworkError(
      'SCOPE_UNRESOLVED',
      `The @TaskHooks() provider ${name} ${origin}; but hooks live as long as the worker.`,
      [
        'Make it and its dependencies singletons, and read TaskContext for the data of a task.',
        'Resolve scoped providers within the hook, with ModuleRef.resolve().',
      ],
    );
  }
  const hooks = wrapper.instance as TaskHookProvider & Partial<OnTaskDead>;
  if (HOOKS.some((hook) => typeof hooks[hook] === 'function')) return hooks;
  throw new NestworkError('INVALID_OPTION', `The @TaskHooks() provider ${name} has none of the hooks.`, [
    `Give it at least one of the methods ${HOOKS.join(', ')}.`,
    'Let the class implement OnTaskStart, OnTaskSuccess, OnTaskFailure, OnTaskOutcome, OnTaskDead, WrapTask or WrapSend: the compiler then checks their names.',
  ]);
}

/**
 * Refuses a provider if a decorator above `@TaskHooks()` has replaced its class: the mark is not inherited.
 *
 * @throws NestworkError DECORATOR_LOST
 */
export function assertHooksKept(type: TaskType): void {
  const base: unknown = Object.getPrototypeOf(type);
  if (typeof base !== 'function' || !hasTaskHooks(base) || hasTaskHooks(type)) return;
  // a subclass in the source has its own name
  if (type.name !== base.name && type.name !== '') return;
  throw new NestworkError(
    'DECORATOR_LOST',
    `@TaskHooks() on ${base.name} has no effect: a decorator above it replaced the class.`,
    'Write @TaskHooks() above every other decorator of the class: the topmost one is applied last.',
  );
}
