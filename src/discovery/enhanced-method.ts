import { ForbiddenException, Logger, type PipeTransform } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { type ContextId, ExternalContextCreator, type NestContainer } from '@nestjs/core';
import { ExternalExceptionFilterContext } from '@nestjs/core/exceptions/external-exception-filter-context.js';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { GuardRefusedError, isFinal } from '../payload/refusals.js';
import { DropTask, RetryTask } from '../policy/task-errors.js';
import type { TaskHandler } from '../task/task-definition.js';
import type { TaskInfo } from '../task/task-hooks.js';
import { printed } from '../values/printed.js';
import { hasReadablePrototypes, isError, read } from '../values/thrown.js';
import { lastValue } from '../worker/last-value.js';
import { type ArgumentPlan, follow } from './argument-plan.js';
import { declaredParameters, parameterTypes, type TaskType } from './declared-enhancers.js';
import type { GlobalEnhancers, ScopedEnhancers } from './global-enhancers.js';
import { TASK_CONTEXT } from './task-execution-context.js';
import type { Wrapper } from './wrapper.js';

type Method = (...args: unknown[]) => unknown;
type NestParameters = Parameters<ExternalContextCreator['createPipesFn']>[1];

type PipesFn = ReturnType<ExternalContextCreator['createPipesFn']>;

/** Arguments are passed by index, so Nest never asks for a value. */
const NO_VALUES = { exchangeKeyForValue: () => undefined };

/** The instance, and the enhancers that were made for a task with it. */
export interface EnhancedTarget {
  readonly instance: object;
  /** none: everything lives as long as the app */
  readonly scope?: ContextId;
  readonly scopedGlobals?: ScopedEnhancers;
}

/**
 * A task method with its guards, interceptors, pipes and filters, in the order of Nest: guards, interceptors, pipes, the
 * method, interceptors, filters.
 *
 * Nest's `ExternalContextCreator` finds and runs them, with the arguments of the call and the TaskInfo. Three of its steps
 * are replaced:
 * - arguments: bare and surplus ones are passed, too, and pipes take a payload for a body, which `ValidationPipe` checks;
 * - filters: the attempt has failed, also if a filter returns a value; only an error that it throws replaces the error,
 *   unless the filter itself fails, or the error has decided how the task goes on: a filter that is made for requests must
 *   not change retries, or the record of a dead task;
 * - guards: a refusal is an error of its own, which is not tried again.
 */
export class EnhancedMethod {
  private readonly logger = new Logger('TaskFilters');
  private readonly creator: ExternalContextCreator;
  private readonly filters: ExternalExceptionFilterContext;
  private readonly module: string;

  constructor(
    private readonly wrapper: Wrapper,
    private readonly type: TaskType,
    private readonly method: string,
    private readonly globals: GlobalEnhancers,
  ) {
    const { host } = wrapper;
    this.module = host?.token ?? '';
    const modules = new Map(host ? [[this.module, host]] : []);
    // Nest boundary: these creators ask a container for its modules and its configuration. This one has the module of the
    // provider alone, because enhancers belong to it; a creator for each method, because Nest 11 keeps parameters by the
    // name of the class, which two may share.
    const container = { getModules: () => modules, applicationConfig: globals } as unknown as NestContainer;
    this.filters = new ExternalExceptionFilterContext(container, globals);
    this.creator = ExternalContextCreator.fromContainer(container);
    const activating = this.creator.createGuardsFn.bind(this.creator);
    this.creator.createGuardsFn = (...given) => refusing(activating(...given) as Activate | null);
    // `run` below is called with the same
    this.creator.createPipesFn = (pipes, parameters) => this.handingOn(pipes, parameters) as PipesFn;
    this.creator.transformToResult = async (result) => lastValue(result);
    // older versions of Nest 11 find only a provider whose token is its class
    this.creator.getContextModuleKey = () => this.module;
  }

  /** Synchronous. */
  bind({ instance, scope, scopedGlobals }: EnhancedTarget): TaskHandler {
    const { creator, method, module, type, wrapper } = this;
    const handler = Reflect.get(instance, method) as Method;
    const [run, filter] = this.globals.showing(scopedGlobals, () => {
      const options = { guards: true, interceptors: true, filters: false };
      return [
        creator.create(
          instance,
          handler,
          method,
          ROUTE_ARGS_METADATA,
          NO_VALUES,
          scope,
          wrapper.id,
          options,
          TASK_CONTEXT,
        ),
        // Nest boundary: it reads metadata of the method, which it takes for one that answers a request
        this.filters.create(instance, handler as never, module, scope, wrapper.id),
      ];
    });
    return async (args, task) => {
      try {
        return await run(args, task);
      } catch (error) {
        // Nest boundary: it wants the class, and this is one
        const host = new ExecutionContextHost([args, task], type as never, handler);
        host.setType(TASK_CONTEXT);
        try {
          await filter.invokeCustomFilters(error, host);
        } catch (translated) {
          if (isFault(translated))
            this.logger.error(`A filter of ${this.type.name}.${method} failed: ${printed(translated)}`);
          else if (isWord(translated) || !(isWord(error) || isFinal(error, task.id)))
            throw keepingCause(translated, error);
        }
        throw error;
      }
    };
  }

  /** In place of Nest's own step, which drops every argument without a decorator. */
  private handingOn(pipes: PipeTransform[], parameters: NestParameters) {
    const types = parameterTypes(this.type, this.method);
    const schemas = new Map(declaredParameters(this.type, this.method).map(({ index, schema }) => [index, schema]));
    const decorated = new Map(
      parameters.map(({ index, type, pipes: own, extractValue }): [number, Parameter] => {
        // Nest boundary: pipes of a parameter are declared as anything, and are instances by now
        const all = [...pipes, ...(own as PipeTransform[])];
        if (typeof type === 'number') return [index, payload(index, types[index], schemas.get(index), all)];
        return [index, { index, metatype: types[index], schema: undefined, pipes: all, type: 'custom', extractValue }];
      }),
    );
    const end = Math.max(0, ...[...decorated.keys()].map((index) => index + 1));
    return async (given: unknown[], args: unknown[], task: TaskInfo): Promise<void> => {
      given.splice(0, given.length, ...args);
      for (let index = 0; index < Math.max(end, args.length); index++) {
        const bare = index < args.length && pipes.length > 0;
        const parameter = decorated.get(index) ?? (bare && payload(index, types[index], undefined, pipes));
        if (!parameter) continue;
        const value: unknown = parameter.extractValue ? await parameter.extractValue(args, task) : args[index];
        given[index] = await follow(parameter, value, { task: task.name, argument: index, taskId: task.id });
      }
    };
  }
}

/** A plan, and where the value comes from if it is no argument: the factory of `createParamDecorator`. */
interface Parameter extends ArgumentPlan {
  readonly extractValue?: (...host: unknown[]) => unknown;
}

function payload(
  index: number,
  metatype: unknown,
  schema: ArgumentPlan['schema'],
  pipes: readonly PipeTransform[],
): Parameter {
  return { index, metatype, schema, pipes, type: 'body' };
}

type Activate = (args: [args: unknown[], task: TaskInfo]) => Promise<void>;

function refusing(activate: Activate | null): Activate | null {
  return (
    activate &&
    ((host) =>
      activate(host).catch((cause: unknown) => {
        const [, { name, id }] = host;
        throw hasReadablePrototypes(cause) && cause instanceof ForbiddenException
          ? new GuardRefusedError(name, id, { cause })
          : cause;
      }))
  );
}

/** Whether it decides how the task goes on. */
function isWord(error: unknown): boolean {
  return error instanceof DropTask || error instanceof RetryTask;
}

/** Whether a filter failed instead of answering: one that is made for requests finds no response to write to. */
function isFault(error: unknown): boolean {
  return hasReadablePrototypes(error) && (error instanceof TypeError || error instanceof ReferenceError);
}

/** A filter that is made for requests may fail itself; the first error must not be lost. */
function keepingCause(translated: unknown, cause: unknown): unknown {
  if (translated !== cause && isError(translated) && read(translated, 'cause') === undefined) {
    attachCause(translated, cause);
  }
  return translated;
}

/** Not if the error is frozen, or a proxy that refuses it. */
function attachCause(error: Error, cause: unknown): void {
  try {
    Reflect.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true });
  } catch {
    // the error is enough by itself
  }
}
