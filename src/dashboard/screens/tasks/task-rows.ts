import type { DeadTask } from '../../../inspector/dead-task.js';
import type { ListedTask } from '../../../inspector/tasks/listed-task.js';
import { argumentText } from '../../../payload/argument-spans.js';
import { briefArguments } from '../../arguments/shown-arguments.js';
import type { Call } from '../../http/route.js';
import type { Line, TaskRow } from './wire.js';

/** Characters of the arguments in a row. */
const MOST = 160;

/** What a person wants of the tasks that are looked at. */
export interface Wanted {
  /** id, name or arguments contain it */
  readonly any: string | undefined;
  /** the arguments contain it */
  readonly text: string | undefined;
}

type Labelled = Pick<ListedTask, 'id' | 'queue' | 'task'>;
type Args = readonly unknown[] | undefined;

/** Reads rows for one request: it shows and searches only the arguments that this person may see, with their secrets hidden. */
export class RowReader {
  private readonly brief = new Map<string, Line>();

  constructor(
    private readonly call: Call,
    private readonly wanted: Wanted,
    /** whether the person may see arguments at all */
    readonly seesArguments: boolean,
  ) {}

  /** Whether a task is wanted; keeps its arguments for its row. */
  async matches(task: Labelled, args: () => Args): Promise<boolean> {
    const { any, text } = this.wanted;
    const isNamed = any === undefined || task.id.startsWith(any) || (task.task ?? '').includes(any);
    if (!this.seesArguments) return isNamed && text === undefined;
    const read = args();
    if (!read) return isNamed && text === undefined;
    const hider = this.call.redaction.of({ task: task.task ?? '', queue: task.queue });
    if (!isNamed || text !== undefined) {
      const shown = argumentText(read, hider);
      if (!((isNamed || shown.includes(any ?? '')) && shown.includes(text ?? ''))) return false;
    }
    if (await this.maySee(task)) this.brief.set(task.id, briefArguments(read, hider, MOST));
    // a match of what may not be seen would show it
    else if (!isNamed || text !== undefined) return false;
    return true;
  }

  living(task: ListedTask): TaskRow {
    const { id, state, queue, task: name, attempt, worker } = task;
    const at = state === 'active' ? task.startedAt : (task.dueAt ?? task.endedAt ?? task.enqueuedAt);
    const child = worker?.childPid === undefined ? '' : `, pid ${worker.childPid}`;
    const where = worker && `${worker.host}${child}`;
    return { id, state, queue, task: name, attempt, at: at?.toISOString(), where, args: this.brief.get(id) };
  }

  dead({ id, queue, task, attempt, diedAt, host }: DeadTask): TaskRow {
    const at = diedAt.toISOString();
    return { id, state: 'dead', queue, task, attempt, at, where: host || undefined, args: this.brief.get(id) };
  }

  private maySee({ id, queue, task }: Labelled): Promise<boolean> {
    return this.call.rights.may('arguments', { id, queue, task });
  }
}
