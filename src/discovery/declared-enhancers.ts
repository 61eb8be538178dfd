import type { PipeTransform, Type } from '@nestjs/common';
import {
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
  PIPES_METADATA,
  ROUTE_ARGS_METADATA,
} from '@nestjs/common/constants.js';
import type { StandardSchema } from '../payload/standard-schema.js';

/** A class with task methods. */
export interface TaskType {
  readonly name: string;
  readonly prototype: object;
}

/** An enhancer as a decorator got it: an instance, or a class that Nest makes. */
export type Enhancer = object | Type;

/** The record of a parameter decorator, of Nest or nestwork. */
export interface DeclaredParameter {
  readonly index: number;
  readonly pipes: readonly Enhancer[];
  readonly schema?: StandardSchema;
  /** the factory of `createParamDecorator` */
  readonly factory?: unknown;
}

/** The pipes of the class and of the method, in the order in which Nest runs them. */
export function declaredPipes(type: TaskType, method: string): Enhancer[] {
  return declared(PIPES_METADATA, type, method);
}

/** The decorated parameters of a method. */
export function declaredParameters(type: TaskType, method: string): DeclaredParameter[] {
  const byKey: Record<string, DeclaredParameter> = Reflect.getMetadata(ROUTE_ARGS_METADATA, type, method) ?? {};
  return Object.values(byKey);
}

/** The types of the parameters, if the compiler wrote them down. */
export function parameterTypes({ prototype }: TaskType, method: string): readonly unknown[] {
  return Reflect.getMetadata('design:paramtypes', prototype, method) ?? [];
}

/** Guards, interceptors, pipes and filters of the class, the method and its parameters. */
export function declaredEnhancers(type: TaskType, method: string): Enhancer[] {
  const kinds = [GUARDS_METADATA, INTERCEPTORS_METADATA, PIPES_METADATA, EXCEPTION_FILTERS_METADATA];
  const ofParameters = declaredParameters(type, method).flatMap(({ pipes }) => pipes ?? []);
  return [...kinds.flatMap((kind) => declared(kind, type, method)), ...ofParameters].filter(Boolean);
}

/** Whether there is anything to run around the method. */
export function isEnhanced(type: TaskType, method: string): boolean {
  return declaredEnhancers(type, method).length > 0 || declaredParameters(type, method).length > 0;
}

export function isPipe(value: unknown): value is PipeTransform {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'transform') === 'function';
}

function declared(kind: string, type: TaskType, method: string): Enhancer[] {
  const handler: unknown = Reflect.get(type.prototype, method);
  const ofMethod: Enhancer[] = typeof handler === 'function' ? (Reflect.getMetadata(kind, handler) ?? []) : [];
  return [...(Reflect.getMetadata(kind, type) ?? []), ...ofMethod];
}
