import type { ClaimedTask } from '../broker/port/broker.js';
import type { ScoreboardWriter } from '../ipc/scoreboard.js';
import type { TaskStateWord } from '../task/task-states.js';
import { errorText } from '../values/error-text.js';
import { NewNames } from '../values/new-names.js';
import { printable, printableStack } from '../values/printable.js';
import { printedText } from '../values/printed.js';
import type { Acknowledger } from './acknowledger.js';
import { describeError } from './describe-error.js';
import type { Failure, Outcome, PreparedTask } from './executor.js';
import type { RunningTask } from './running-task.js';
import { runningTask } from './task-context.js';
import { WorkerLog } from './worker-log.js';

/** Turns each outcome into exactly one of ack, retry, release, bury, and tells people of what failed. */
export class Conclusion {
  private readonly logger = new WorkerLog('TaskWorker');
  /** names without a handler that were logged: their tasks come again and again, and would fill the log */
  private readonly unknown = new NewNames();

  constructor(
    private readonly acks: Acknowledger,
    private readonly scoreboard: ScoreboardWriter,
  ) {}

  /** @param giveBack once the grace of a shutdown is over: what fails now is given back, because it was told to end */
  of(claimed: ClaimedTask, { task }: PreparedTask, outcome: Outcome, giveBack: (() => void) | undefined): void {
    if (outcome.kind === 'done') return this.done(claimed.id, task.message.unique === 'finished');
    if (outcome.decision.kind === 'drop') {
      const state: TaskStateWord = task.cancelled ? 'cancelled' : 'dropped';
      const [why = ''] = errorText(outcome.error).split('\n', 1);
      const line = `Task ${printable(task.name)} ${printable(claimed.id)} was ${state}: ${printedText(why, false)}`;
      within(task, () => this.logger.log(line));
      return this.done(claimed.id, task.message.unique === 'finished');
    }
    this.scoreboard.failed(claimed.id);
    if (giveBack) giveBack();
    else this.ofFailure(claimed, outcome);
  }

  /** Also of a task that could not be started. */
  ofFailure(claimed: ClaimedTask, failure: Failure): void {
    const { code, error: text, stack } = describeError(failure.error);
    const { name = 'without a handler', attempt } = failure.task ?? {};
    const which = `${printable(name)} ${printable(claimed.id)}`;
    const error = printedText(text, code !== 'TASK_FAILED');
    if (failure.decision.kind === 'retry') {
      const { inMs } = failure.decision;
      const what = failure.attempted ? `failed at attempt ${attempt}` : 'cannot be run here';
      if (code !== 'UNKNOWN_TASK' || this.unknown.isNew(printable(name))) {
        const line = `Task ${which} ${what} and is tried again in ${inMs} ms: ${error}`;
        within(failure.task, () => this.logger.warn(line));
      }
      this.acks.retry(claimed, failure, inMs);
    } else {
      within(failure.task, () => this.logger.error(`Task ${which} is dead: ${error}`, stack && printableStack(stack)));
      this.acks.bury(claimed, failure);
    }
  }

  private done(id: string, freesKey: boolean): void {
    this.scoreboard.done(id);
    if (freesKey) this.acks.doneNow(id);
    else this.acks.done(id);
  }
}

/** So that a logger which adds the running task to its lines finds it. */
function within(task: RunningTask | undefined, log: () => void): void {
  if (task) runningTask.run(task, log);
  else log();
}
