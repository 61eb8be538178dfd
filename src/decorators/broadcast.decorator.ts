import { type BroadcastScope, isBroadcastScope } from '../task/broadcast.js';
import { setTaskMetadata } from '../task/task-metadata.js';
import { assertKnownOptions } from '../values/known-options.js';
import { shown } from '../values/shown.js';
import { assertTaskName } from '../values/task-name.js';
import { assertParentheses, methodPlace, misused } from './method-place.js';
import { assertEncrypt } from './task.decorator.js';
import type { TaskDecorator } from './task-decorator.js';

/**
 * Options of `@Broadcast`.
 *
 * @example
 * const options: BroadcastOptions = { name: 'cache.forget', on: 'machine' };
 */
export interface BroadcastOptions {
  /**
   * Name that travels in the messages; unique in the app, among its tasks too.
   * @default `Class.method`
   */
  name?: string;
  /**
   * Where it runs: in every child of every worker, or in one child of each machine.
   * @default 'child'
   */
  on?: BroadcastScope;
  /**
   * Whether its arguments are sealed, as of a task.
   * @default as `payload.encrypt.tasks` of the module says: true, where it has keys
   */
  encrypt?: boolean;
}

/**
 * Makes a method of a provider a broadcast: each call of it runs in every child of every worker that is up, beside
 * whatever that runs, in the order of sending. For what each process or machine keeps: caches, settings, files.
 *
 * It is sent like a task, and never run again: a child that dies over it is not given it a second time.
 *
 * @throws NestworkError INVALID_NAME, INVALID_OPTION while the class is being defined
 * @example
 * @Injectable()
 * class CacheTasks {
 *   private readonly cache = new Map<string, string>();
 *
 *   @Broadcast()
 *   forget(key: string) {
 *     this.cache.delete(key);
 *   }
 * }
 *
 * await queue.of(CacheTasks).forget.delay('user:7');
 */
export function Broadcast(options: BroadcastOptions = {}): TaskDecorator {
  assertParentheses('@Broadcast()', options);
  return (target, property, descriptor: PropertyDescriptor | undefined) => {
    const declaredAs = methodPlace('@Broadcast()', target, property, descriptor);
    assertKnownOptions(options, ['name', 'on', 'encrypt'], `@Broadcast() on ${declaredAs}`);
    const { name, on = 'child', encrypt } = options;
    assertEncrypt(encrypt, `@Broadcast() on ${declaredAs}`);
    if (name !== undefined) assertTaskName(name, `@Broadcast() on ${declaredAs}`);
    if (!isBroadcastScope(on)) {
      throw misused(`@Broadcast() on ${declaredAs}`, `has ${shown(on)} as \`on\`, which does not exist`, [
        "Set it to 'child' or 'machine'.",
      ]);
    }
    const declaration = { decorator: '@Broadcast()', declaredAs, declaredIn: target.constructor, encrypt };
    setTaskMetadata(descriptor?.value, { name, broadcast: on, ...declaration });
  };
}
