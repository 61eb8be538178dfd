import { Injectable, type PipeTransform } from '@nestjs/common';
import type { ArgumentCheck, ArgumentChecks } from '../payload/argument-check.js';
import { type ArgumentPlan, follow, isValidator, VALIDATORS } from './argument-plan.js';
import {
  declaredParameters,
  declaredPipes,
  type Enhancer,
  isPipe,
  parameterTypes,
  type TaskType,
} from './declared-enhancers.js';
import { GlobalEnhancers } from './global-enhancers.js';
import type { Wrapper } from './wrapper.js';

/** Types of parameters that a validator cannot use. */
const TELLS_NOTHING: readonly unknown[] = [undefined, Object, String, Number, Boolean, Array, Function];

/**
 * Checks at the call, as a worker will: the schema of a parameter, and Nest's validation pipes. Other pipes and everything
 * after them run in the worker alone, because they may load, change and replace values.
 */
@Injectable()
export class PayloadChecks implements ArgumentChecks {
  private readonly homes = new WeakMap<object, Wrapper>();

  constructor(private readonly globals: GlobalEnhancers) {}

  /** Finds the module that provides a task class, and so the pipes that are given as classes. */
  provided(type: object, wrapper: Wrapper): void {
    this.homes.set(type, wrapper);
  }

  of(type: object, method: string, task: string): ArgumentCheck | undefined {
    const plans = this.plans(type as TaskType, method);
    if (plans.length === 0) return undefined;
    const decorated = new Set(declaredParameters(type as TaskType, method).map(({ index }) => index));
    return async (args, call) => {
      for (const plan of plans) {
        const { index } = plan;
        // an optional argument; a worker looks at a missing one only if its parameter has a decorator
        if (index >= args.length && !decorated.has(index)) continue;
        await follow(plan, args[index], { task, argument: index, call });
      }
    };
  }

  private plans(type: TaskType, method: string): ArgumentPlan[] {
    const types = parameterTypes(type, method);
    const parameters = new Map(declaredParameters(type, method).map((parameter) => [parameter.index, parameter]));
    const common = [...this.globals.getGlobalPipes(), ...declaredPipes(type, method)];
    const end = Math.max(types.length, ...[...parameters.keys()].map((index) => index + 1));
    return Array.from({ length: end }, (_, index) => index).flatMap((index) => {
      const { factory, schema, pipes = [] } = parameters.get(index) ?? {};
      // it takes no argument
      if (factory) return [];
      const metatype = types[index];
      const validators = this.leading([...common, ...pipes], type).filter((pipe) => hasWork(pipe, metatype, schema));
      return schema || validators.length > 0 ? [{ index, metatype, schema, pipes: validators, type: 'body' }] : [];
    });
  }

  /** The validators before any other pipe. */
  private leading(pipes: readonly Enhancer[], type: TaskType): PipeTransform[] {
    const found = pipes.map((pipe) => (typeof pipe === 'function' ? this.instanceOf(pipe, type) : pipe));
    const end = found.findIndex((pipe) => !isValidator(pipe));
    return found.slice(0, end < 0 ? undefined : end).filter(isPipe);
  }

  /** An app that only sends has the class, but not the providers of its modules. */
  private instanceOf(pipe: Enhancer, type: TaskType): object | undefined {
    const made = this.homes.get(type)?.host?.injectables.get(pipe as never);
    if (made) return made.isDependencyTreeStatic() && !made.isTransient ? (made.instance as object) : undefined;
    const Validator = VALIDATORS.find((validator) => validator === pipe);
    return Validator && new Validator();
  }
}

/** Whether the validator would look at such an argument at all. */
function hasWork(pipe: PipeTransform, metatype: unknown, schema: unknown): boolean {
  return schema !== undefined || !TELLS_NOTHING.includes(metatype) || Reflect.get(pipe, 'expectedType') !== undefined;
}
