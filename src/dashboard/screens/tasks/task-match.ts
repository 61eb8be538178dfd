import type { ListedTask } from '../../../inspector/tasks/listed-task.js';
import { argumentText, type Hider } from '../../../payload/argument-spans.js';
import type { Call } from '../../http/route.js';

/** What a person wants of the tasks that are looked at. */
export interface Wanted {
  /** id, name or arguments contain it */
  readonly any?: string | undefined;
  /** the arguments contain it */
  readonly text?: string | undefined;
  /** the id begins so */
  readonly id?: string | undefined;
}

export type Labelled = Pick<ListedTask, 'id' | 'queue' | 'task'>;
export type Args = readonly unknown[] | undefined;

/** Decides for one request which tasks are wanted, only by arguments that this person may see, with their secrets hidden. */
export class TaskMatch {
  private constructor(
    private readonly call: Call,
    private readonly wanted: Wanted,
    /** whether the person may see arguments at all */
    readonly seesArguments: boolean,
  ) {}

  static async of(call: Call, wanted: Wanted): Promise<TaskMatch> {
    return new TaskMatch(call, wanted, await call.rights.may('arguments'));
  }

  /** Whether it has something to decide. */
  get isSearch(): boolean {
    return Object.values(this.wanted).some((one) => one !== undefined);
  }

  /** Whether a task is wanted, and its arguments if they may be seen. */
  async look(task: Labelled, args: () => Args): Promise<{ readonly isWanted: boolean; readonly read: Args }> {
    const { any, text, id = '' } = this.wanted;
    if (!task.id.startsWith(id)) return { isWanted: false, read: undefined };
    const isNamed = any === undefined || task.id.startsWith(any) || (task.task ?? '').includes(any);
    const isOfArguments = !isNamed || text !== undefined;
    // asked before the arguments are read: neither the answer nor its time may depend on what may not be seen
    const read = this.seesArguments && (await this.maySee(task)) ? args() : undefined;
    if (!read || !isOfArguments) return { isWanted: !isOfArguments, read };
    const shown = argumentText(read, hiderOf(this.call, task));
    return { isWanted: (isNamed || shown.includes(any ?? '')) && shown.includes(text ?? ''), read };
  }

  private maySee({ id, queue, task }: Labelled): Promise<boolean> {
    return this.call.rights.may('arguments', { id, queue, task });
  }
}

export function hiderOf(call: Call, { task, queue }: Labelled): Hider {
  return call.redaction.of({ task: task ?? '', queue });
}
