import 'reflect-metadata';

/** A fixed string, so that two copies of the package in one app see each other's decorators. */
const DECORATED_METHODS = 'nestwork:decorated-methods';

/** What decorates a parameter, and makes no task of its method. */
const PAYLOAD = '@Payload()';

/** The notes of a class about one of its methods, which other decorators cannot change later. */
interface Note {
  /** as people write them, in the order in which they ran: '@Task()' */
  readonly decorators: readonly string[];
  /** the method that the class body has; decorators that stand below a replacing one have written on it */
  readonly body: unknown;
}

/** A method of a class, its own or inherited, that one of our decorators stands on. */
export interface DecoratedMethod {
  readonly method: string;
  /** `Class.method` of the class that declares it */
  readonly declaredAs: string;
  /** what makes it a task, as people write it; undefined where only its parameters are decorated */
  readonly decorator: string | undefined;
  readonly body: unknown;
  /** what is called today; undefined behind an accessor */
  readonly current: unknown;
}

/**
 * Writes onto the class that a decorator has run. What the decorator writes onto the method goes with the method, when
 * another decorator replaces it; this stays.
 *
 * @returns what made a task of the method before; undefined for the first
 */
export function noteDecorator(prototype: object, method: string, decorator: string): string | undefined {
  const notes = notesOf(prototype) ?? new Map<string, Note>();
  Reflect.defineMetadata(DECORATED_METHODS, notes, prototype);
  const { decorators = [], body = Reflect.getOwnPropertyDescriptor(prototype, method)?.value } =
    notes.get(method) ?? {};
  notes.set(method, { decorators: [...decorators, decorator], body });
  return decorators.find(makesTask);
}

/** The nearest definition of each name counts: an override without a decorator has none. */
export function decoratedMethods(prototype: object): DecoratedMethod[] {
  const found = new Map<string, DecoratedMethod | undefined>();
  for (let at: object | null = prototype; at && at !== Object.prototype; at = Reflect.getPrototypeOf(at)) {
    const notes = notesOf(at);
    for (const [method, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (found.has(method)) continue;
      const note = notes?.get(method);
      // a prototype without decorators need not have a constructor
      found.set(
        method,
        note && { method, declaredAs: `${at.constructor.name}.${method}`, ...decoration(note), current: value },
      );
    }
  }
  return [...found.values()].filter((decorated) => decorated !== undefined);
}

function notesOf(prototype: object): Map<string, Note> | undefined {
  return Reflect.getOwnMetadata(DECORATED_METHODS, prototype);
}

function decoration({ decorators, body }: Note): Pick<DecoratedMethod, 'decorator' | 'body'> {
  return { decorator: decorators.findLast(makesTask), body };
}

function makesTask(decorator: string): boolean {
  return decorator !== PAYLOAD;
}
