/** What fits where in batches and flows. Compiled with the tests; nothing runs it. */
import {
  type BatchStatus,
  type PayloadOf,
  type QueueClient,
  type Ref,
  Task,
  type TaskFailedError,
} from '../../src/index.js';
import type { StandardSchema } from '../../src/payload/standard-schema.js';

interface Part {
  readonly id: number;
  readonly words: number;
}

type When = PayloadOf<StandardSchema<string, Date>>;

class Tasks {
  @Task({ result: '1h' })
  async extract(id: number): Promise<Part> {
    return { id, words: id };
  }

  @Task({ result: '1h' })
  count(_part: Part): number {
    return 1;
  }

  @Task({ result: '1h' })
  merge(_parts: readonly Part[], _title = ''): string {
    return '';
  }

  @Task({ result: '1h' })
  upper(text: string): string {
    return text;
  }

  @Task({ result: '1h' })
  either(value: string | number): string | number {
    return value;
  }

  @Task({ result: '1h' })
  split(_part: Part): Ref<Part>[] {
    return [];
  }

  @Task({ result: '1h' })
  async forward(_part: Part): Promise<Ref<Part> | string> {
    return '';
  }

  @Task()
  mutable(_parts: Part[]): void {}

  @Task()
  optional(_part?: Part): void {}

  @Task()
  optionalList(_parts?: readonly Part[]): void {}

  @Task()
  rest(_title: string, ..._parts: Part[]): void {}

  @Task()
  oneOrMany(_value: Part | readonly Part[] | null): void {}

  @Task()
  mixed(_values: readonly (string | number)[]): void {}

  @Task()
  anything(_value: unknown): void {}

  @Task()
  careful(_part: Part | TaskFailedError): void {}

  @Task()
  carefulList(_parts: readonly (Part | TaskFailedError)[]): void {}

  @Task()
  remind(_at: When): void {}

  @Task()
  send(_id: number, _options: { weekly: boolean }): void {}

  @Task()
  nothing(): void {}

  @Task()
  report(_status: BatchStatus): void {}

  @Task()
  reportSome(_status: BatchStatus & { readonly state: 'done' }): void {}

  @Task()
  reportMore(_status: BatchStatus, _more: number): void {}

  @Task()
  reportOptional(_status?: BatchStatus, _more?: number): void {}
}

/** Whether both are the same type; tsc refuses `true` where they are not. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

const same = <A, B>(_isSame: Same<A, B>): void => {};

declare const queue: QueueClient;

export function flows(): void {
  const tasks = queue.of(Tasks);
  const flow = queue.flow({ name: 'import', deadline: '1h' });
  const part = flow.add(tasks.extract, 7);
  const parts = [1, 2].map((id) => flow.add(tasks.extract, id));
  const some: readonly Ref<Part>[] = parts;
  const text = flow.add(tasks.merge, parts);
  const number = flow.add(tasks.count, part);
  const either = flow.add(tasks.either, text);
  same<typeof part, Ref<Part>>(true);
  same<typeof text, Ref<string>>(true);

  flow.add(tasks.merge, some, 'title');
  flow.add(tasks.merge, [part, part]);
  flow.add(tasks.merge, []);
  flow.add(tasks.mutable, some);
  flow.add(tasks.optional);
  flow.add(tasks.optional, part);
  flow.add(tasks.optional, parts[0]);
  flow.add(tasks.optionalList, parts);
  flow.add(tasks.rest, 'title', part, { id: 1, words: 2 }, ...parts);
  flow.add(tasks.oneOrMany, part);
  flow.add(tasks.oneOrMany, parts);
  flow.add(tasks.mixed, [text, number]);
  flow.add(tasks.anything, part);
  flow.add(tasks.anything, parts);
  flow.add(tasks.remind, text);
  flow.add(tasks.upper.with({ retries: 1 }), text);

  // @ts-expect-error the result of another type
  flow.add(tasks.count, text);
  // @ts-expect-error a list of Refs where a single value is wanted
  flow.add(tasks.count, parts);
  // @ts-expect-error a single Ref where a list is wanted
  flow.add(tasks.merge, part);
  // @ts-expect-error a list of Refs of another type
  flow.add(tasks.merge, [text]);
  // @ts-expect-error one Ref of another type in a list
  flow.add(tasks.merge, [part, text]);
  // @ts-expect-error a result that may be of another type
  flow.add(tasks.upper, either);
  // @ts-expect-error a schema takes a string, though the method gets a Date
  flow.add(tasks.remind, number);
  // @ts-expect-error a Ref of another type among the rest
  flow.add(tasks.rest, 'title', part, text);
  // @ts-expect-error a value of another type
  flow.add(tasks.extract, 'seven');
  // @ts-expect-error an argument is missing
  flow.add(tasks.extract);
  // @ts-expect-error an argument too many
  flow.add(tasks.extract, 7, 8);
  // @ts-expect-error a method is no sender
  flow.add(Tasks.prototype.extract, 7);
}

export function chains(): void {
  const tasks = queue.of(Tasks);
  const flow = queue.flow();
  const part = flow.add(tasks.extract, 7);
  const text = flow.add(tasks.upper, 'a');
  const last = flow.chain(text, tasks.either, tasks.either);
  same<typeof last, Ref<string | number>>(true);
  flow.chain(part, tasks.optional);
  flow.chain(flow.add(tasks.split, part), tasks.merge, tasks.upper, tasks.upper, tasks.upper, tasks.anything);

  // @ts-expect-error the first result does not fit
  flow.chain(part, tasks.upper);
  // @ts-expect-error the first result may not fit
  flow.chain(last, tasks.upper);
  // @ts-expect-error the second result does not fit
  flow.chain(text, tasks.upper, tasks.count);
  // @ts-expect-error the second result may not fit
  flow.chain(text, tasks.either, tasks.upper);
  // @ts-expect-error the task takes a second argument
  flow.chain(flow.add(tasks.count, part), tasks.send);
  // @ts-expect-error the task may get undefined
  flow.with({ onFailure: 'skip' }).chain(text, tasks.upper);
  // @ts-expect-error the task may get an error
  flow.with({ onFailure: 'run' }).chain(text, tasks.upper);
  flow.with({ onFailure: 'skip' }).chain(part, tasks.optional);
  flow.with({ onFailure: 'run' }).chain(part, tasks.careful);
}

export function failures(): void {
  const tasks = queue.of(Tasks);
  const flow = queue.flow();
  const part = flow.add(tasks.extract, 7);
  const skip = flow.with({ onFailure: 'skip' });
  const run = flow.with({ onFailure: 'run', after: [part] });
  skip.add(tasks.merge, [part]);
  skip.add(tasks.optional, part);
  skip.add(tasks.anything, part);
  run.add(tasks.careful, part);
  run.add(tasks.carefulList, [part]);
  run.add(tasks.anything, [part]);
  flow.with({ after: part }).add(tasks.count, part);

  // @ts-expect-error the task takes no undefined
  skip.add(tasks.count, part);
  // @ts-expect-error the task takes no list without a result
  skip.add(tasks.merge, part);
  // @ts-expect-error the task takes no TaskFailedError
  run.add(tasks.count, part);
  // @ts-expect-error undefined is no TaskFailedError
  run.add(tasks.optional, part);
  // @ts-expect-error the task takes no TaskFailedError in its list
  run.add(tasks.merge, [part]);
  // @ts-expect-error no such behaviour
  flow.with({ onFailure: 'ignore' });
  // @ts-expect-error no Ref
  flow.with({ after: 7 });
}

export function passedOn(): void {
  const tasks = queue.of(Tasks);
  const flow = queue.flow();
  const part = flow.add(tasks.extract, 7);
  const pages = flow.add(tasks.split, part);
  same<typeof pages, Ref<Part[]>>(true);
  flow.add(tasks.merge, pages);
  const forwarded = flow.add(tasks.forward, part);
  same<typeof forwarded, Ref<Part | string>>(true);
  // @ts-expect-error the results that were passed on are of another type
  flow.add(tasks.mixed, pages);
}

export function batches(): void {
  const tasks = queue.of(Tasks);
  queue.batch({ name: 'mailing', onDone: tasks.report, onFailed: tasks.report.with({ queue: 'bulk' }) });
  queue.batch({ onDone: tasks.reportOptional, onFailed: tasks.nothing });
  queue.batch({ onDone: tasks.anything, allowFailures: true });
  const batch = queue.batch();
  const fixed: readonly (readonly [number])[] = [[1]];
  batch
    .add(tasks.send, [[1, { weekly: true }]])
    .add(
      tasks.send,
      [1, 2].map((id) => [id, { weekly: false }]),
    )
    .add(tasks.extract, fixed)
    .add(tasks.extract, new Set<[number]>())
    .add(
      tasks.extract,
      (function* () {
        yield [1];
      })(),
    )
    .add(
      tasks.extract,
      (async function* () {
        yield [1];
      })(),
    )
    .add(tasks.merge, [[[]], [[{ id: 1, words: 2 }], 'title']])
    .add(tasks.rest, [['title'], ['title', { id: 1, words: 2 }]])
    .add(tasks.nothing, [[], []]);

  // @ts-expect-error a callback that takes something else
  queue.batch({ onDone: tasks.upper });
  // @ts-expect-error a callback that takes only some states
  queue.batch({ onDone: tasks.reportSome });
  // @ts-expect-error a callback with another argument
  queue.batch({ onFailed: tasks.reportMore });
  // @ts-expect-error a method in place of a sender
  queue.batch({ onDone: Tasks.prototype.report });
  // @ts-expect-error an argument is missing
  batch.add(tasks.send, [[1]]);
  // @ts-expect-error an argument of another type
  batch.add(tasks.send, [['1', { weekly: true }]]);
  // @ts-expect-error an argument too many
  batch.add(tasks.nothing, [[1]]);
  // @ts-expect-error no lists of arguments
  batch.add(tasks.extract, [1, 2]);
  // @ts-expect-error a batch has no Refs
  batch.add(tasks.count, [[queue.flow().add(tasks.extract, 7)]]);
}
