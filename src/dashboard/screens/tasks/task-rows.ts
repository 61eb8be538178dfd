import type { DeadTask } from '../../../inspector/dead-task.js';
import type { ListedTask } from '../../../inspector/tasks/listed-task.js';
import { rowsSeen } from '../../arguments/rows-seen.js';
import { briefArguments } from '../../arguments/shown-arguments.js';
import type { Call } from '../../http/route.js';
import { type Args, hiderOf, type Labelled, type TaskMatch } from './task-match.js';
import type { Line, TaskRow } from './wire.js';

/** Characters of the arguments in a row. */
const MOST = 160;

/** Reads rows for one request: it shows and searches only the arguments that this person may see, with their secrets hidden. */
export class RowReader {
  private readonly brief = new Map<string, Line>();

  constructor(
    private readonly call: Call,
    private readonly match: TaskMatch,
  ) {}

  /** Whether the person may see arguments at all. */
  get seesArguments(): boolean {
    return this.match.seesArguments;
  }

  /** Whether a task is wanted; keeps its arguments for its row. */
  async matches(task: Labelled, args: () => Args): Promise<boolean> {
    const { isWanted, read } = await this.match.look(task, args);
    if (isWanted && read) this.brief.set(task.id, briefArguments(read, hiderOf(this.call, task), MOST));
    return isWanted;
  }

  /** The arguments of a task on one line, with its secrets hidden, for all who may see it. */
  line(task: Labelled, args: Args, bytes?: Buffer): Line | undefined {
    if (args) return briefArguments(args, hiderOf(this.call, task), MOST);
    return bytes && !this.call.redaction.hasRules ? hexLine(bytes) : undefined;
  }

  /** Rows without the arguments that this person may not see. */
  async allowed(rows: readonly TaskRow[]): Promise<TaskRow[]> {
    return this.seesArguments ? rowsSeen(this.call.rights, rows) : rows.map((row) => ({ ...row, args: undefined }));
  }

  /** A row with the arguments that were read when it matched. */
  row(row: TaskRow): TaskRow {
    return { ...row, args: this.brief.get(row.id) };
  }
}

/** What another program wrote. */
function hexLine(bytes: Buffer): Line {
  const text = bytes.subarray(0, MOST / 2).toString('hex');
  return [{ kind: 'more', text: `${text.replace(/..(?=.)/g, '$& ')}${bytes.length > MOST / 2 ? ' …' : ''}` }];
}

export function livingRow(task: ListedTask, args?: Line): TaskRow {
  const { id, state, heldBack, queue, task: name, attempt, worker } = task;
  const ofState = { active: task.startedAt, scheduled: task.dueAt, done: task.endedAt };
  const at = state in ofState ? ofState[state as keyof typeof ofState] : task.enqueuedAt;
  const child = worker?.childPid === undefined ? '' : `, pid ${worker.childPid}`;
  const where = worker && `${worker.host}${child}`;
  return { id, state, ...(heldBack && { heldBack }), queue, task: name, attempt, at: at?.toISOString(), where, args };
}

export function deadRow({ id, queue, task, attempt, diedAt, host }: DeadTask, args?: Line): TaskRow {
  const at = diedAt.toISOString();
  return { id, state: 'dead', queue, task, attempt, at, where: host || undefined, args };
}
