import { NestworkError } from '../errors.js';
import { type DeclaredTask, type TaskMetadata, taskMetadataOf } from '../task/task-metadata.js';
import { similarNames } from '../values/similar-names.js';

const DECORATORS = '@Task(), @Cron(), @Interval() or @Broadcast()';
const CIRCULAR =
  "If the import is undefined here, two files import each other: write `import type { ReportTasks }` and queue.of<ReportTasks>('ReportTasks').";
const UNWRAPPED = 'Give the class itself, queue.of(ReportTasks), and no function that returns it, () => ReportTasks.';
const MOCKED = 'If a test mocks its file (jest.mock, vi.mock), the decorators are gone: send by name, queue.task(...).';

/** What others look for in any object: Node, test runners, promises. A miss is an answer, and no mistake in writing. */
const PROBED = new Set(['then', 'catch', 'toJSON', 'toString', 'valueOf', 'constructor', 'inspect', 'name', 'length']);

interface TaskType {
  readonly name: string;
  readonly prototype: object;
}

/** `of()` got something that is no class. */
export function notAClass(given: unknown): NestworkError {
  if (typeof given === 'object' && given !== null) {
    const { name } = given.constructor ?? { name: 'Object' };
    return notATask(`of() got an instance of ${name} instead of a class.`, [`Give the class: queue.of(${name}).`]);
  }
  return notATask(`of() got ${typeof given} instead of a class.`, [typeof given === 'function' ? UNWRAPPED : CIRCULAR]);
}

/** `task()` got neither a name nor a method. */
export function notAMethod(given: unknown): NestworkError {
  return notATask(`task() got ${typeof given} instead of a name or method.`, [
    'Methods are found on the prototype: queue.task(ReportTasks.prototype.send).',
    CIRCULAR,
  ]);
}

/** `task()` got a function without a decorator. */
export function undecorated(method: { readonly name: string }): NestworkError {
  return notATask(`Method ${method.name || 'without a name'} has no ${DECORATORS}.`, [
    `Write @Task() above ${method.name || 'it'} in its class.`,
    'Give the method as the class has it, ReportTasks.prototype.send: a bound, mocked or spied method has lost the decorator.',
  ]);
}

export function withoutTasks({ name, prototype }: TaskType): NestworkError {
  return notATask(`Class ${name} has no method with ${DECORATORS}.`, [
    ...overridden(name, prototype),
    `Write @Task() above each method of ${name} that is to be a task: @Task() async send(...) { ... }.`,
    MOCKED,
  ]);
}

/** A method of a task class is to be sent, but has no decorator. */
export function undecoratedMethod(type: TaskType, method: string, tasks: readonly DeclaredTask[]): NestworkError {
  const base = overriddenTask(type.prototype, method);
  if (base) {
    return notATask(
      `${type.name}.${method} has no ${DECORATORS}; the task ${base.declaredAs} that it overrides is none here.`,
      [
        `Write ${decoratorOf(base)} above the override in ${type.name}, too, with the arguments that it has on ${base.declaredAs}: a decorator belongs to one method, and an override is another.`,
        tasksOf(type, tasks),
      ],
    );
  }
  return notATask(`${type.name}.${method} has no ${DECORATORS}.`, [
    `Write @Task() above ${method} in ${type.name} if it is to be sent; call it on the injected instance if it is to run here and now.`,
    tasksOf(type, tasks),
  ]);
}

/** A getter of a task class is to be sent. */
export function accessor(type: TaskType, property: string, tasks: readonly DeclaredTask[]): NestworkError {
  return notATask(`${type.name}.${property} is an accessor (a getter or a setter), and no task.`, [
    `Write it as a method with @Task(): @Task() async ${property}(...) { ... }.`,
    tasksOf(type, tasks),
  ]);
}

/**
 * What stands behind the senders of a class: asked for a name that is none of them, it says so if the name looks like one that
 * was meant. Senders themselves are not found through it.
 */
export function misspeltNames(type: TaskType, tasks: readonly DeclaredTask[]): object {
  return new Proxy(Object.create(null) as object, {
    get: (_nothing, property) => {
      if (typeof property !== 'string' || PROBED.has(property)) return undefined;
      const [meant] = similarNames(
        property,
        tasks.map(({ method }) => method),
      );
      if (meant === undefined) return undefined;
      throw notATask(`Class ${type.name} has no method "${property.slice(0, 80)}".`, [
        `Did you mean queue.of(${type.name}).${meant}?`,
      ]);
    },
  });
}

function notATask(what: string, remedies: readonly string[]): NestworkError {
  return new NestworkError('NOT_A_TASK', what, remedies);
}

function tasksOf({ name }: TaskType, tasks: readonly DeclaredTask[]): string {
  return `The tasks of ${name} are: ${tasks.map(({ method }) => method).join(', ')}.`;
}

function overridden(name: string, prototype: object): string[] {
  const methods = Object.keys(Object.getOwnPropertyDescriptors(prototype));
  return methods.flatMap((method) => {
    const base = overriddenTask(prototype, method);
    if (!base) return [];
    return `${name}.${method} overrides the task ${base.declaredAs}: write ${decoratorOf(base)} above it, too, with the arguments that it has there.`;
  });
}

function decoratorOf({ decorator = '@Task()' }: TaskMetadata): string {
  return decorator;
}

/** The task of an ancestor that a method hides. */
function overriddenTask(prototype: object, method: string): TaskMetadata | undefined {
  for (let at = Reflect.getPrototypeOf(prototype); at; at = Reflect.getPrototypeOf(at)) {
    const task = taskMetadataOf(Reflect.getOwnPropertyDescriptor(at, method)?.value);
    if (task) return task;
  }
  return undefined;
}
