import type { DeadTask } from '../../../inspector/dead-task.js';
import type { ListedTask } from '../../../inspector/tasks/listed-task.js';
import { argumentText, type Hider } from '../../../payload/argument-spans.js';
import { rowsSeen } from '../../arguments/rows-seen.js';
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
    const isOfArguments = !isNamed || text !== undefined;
    // asked before the arguments are read: neither the answer nor its time may depend on what may not be seen
    const read = this.seesArguments && (await this.maySee(task)) ? args() : undefined;
    if (!read) return !isOfArguments;
    const hider = this.hiderOf(task);
    if (isOfArguments) {
      const shown = argumentText(read, hider);
      if (!((isNamed || shown.includes(any ?? '')) && shown.includes(text ?? ''))) return false;
    }
    this.brief.set(task.id, briefArguments(read, hider, MOST));
    return true;
  }

  /** The arguments of a task on one line, with its secrets hidden, for all who may see it. */
  line(task: Labelled, args: Args): Line | undefined {
    return args && briefArguments(args, this.hiderOf(task), MOST);
  }

  /** Rows without the arguments that this person may not see. */
  async allowed(rows: readonly TaskRow[]): Promise<TaskRow[]> {
    return this.seesArguments ? rowsSeen(this.call.rights, rows) : rows.map((row) => ({ ...row, args: undefined }));
  }

  /** A row with the arguments that were read when it matched. */
  row(row: TaskRow): TaskRow {
    return { ...row, args: this.brief.get(row.id) };
  }

  private hiderOf({ task, queue }: Labelled): Hider {
    return this.call.redaction.of({ task: task ?? '', queue });
  }

  private maySee({ id, queue, task }: Labelled): Promise<boolean> {
    return this.call.rights.may('arguments', { id, queue, task });
  }
}

export function livingRow(task: ListedTask, args?: Line): TaskRow {
  const { id, state, queue, task: name, attempt, worker } = task;
  const ofState = { active: task.startedAt, scheduled: task.dueAt, done: task.endedAt };
  const at = state in ofState ? ofState[state as keyof typeof ofState] : task.enqueuedAt;
  const child = worker?.childPid === undefined ? '' : `, pid ${worker.childPid}`;
  const where = worker && `${worker.host}${child}`;
  return { id, state, queue, task: name, attempt, at: at?.toISOString(), where, args };
}

export function deadRow({ id, queue, task, attempt, diedAt, host }: DeadTask, args?: Line): TaskRow {
  const at = diedAt.toISOString();
  return { id, state: 'dead', queue, task, attempt, at, where: host || undefined, args };
}
