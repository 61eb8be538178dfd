import { Logger } from '@nestjs/common';
import type { ClaimedTask } from '../broker/broker.js';
import type { ScoreboardWriter } from '../supervisor/scoreboard.js';
import type { Acknowledger } from './acknowledger.js';
import { describeError } from './describe-error.js';
import type { Failure, Outcome, PreparedTask } from './executor.js';

/** Turns each outcome into exactly one of ack, retry, release, bury, and tells people of what failed. */
export class Conclusion {
  private readonly logger = new Logger('TaskWorker');

  constructor(
    private readonly acks: Acknowledger,
    private readonly scoreboard: ScoreboardWriter,
  ) {}

  /** @param giveBack once the grace of a shutdown is over: what fails now is given back, because it was told to end */
  of(claimed: ClaimedTask, { task }: PreparedTask, outcome: Outcome, giveBack: (() => void) | undefined): void {
    if (outcome.kind === 'done') return this.done(claimed.id, task.message.unique === 'finished');
    if (outcome.decision.kind === 'drop') {
      const what = task.cancelled ? 'was cancelled' : 'was dropped';
      this.logger.log(`Task ${task.name} ${claimed.id} ${what}: ${describeError(outcome.error).error.split('\n', 1)}`);
      return this.done(claimed.id, task.message.unique === 'finished');
    }
    this.scoreboard.failed(claimed.id);
    if (giveBack) giveBack();
    else this.ofFailure(claimed, outcome);
  }

  /** Also of a task that could not be started. */
  ofFailure(claimed: ClaimedTask, failure: Failure): void {
    const { error, stack } = describeError(failure.error);
    const { name = 'without a handler', attempt } = failure.task ?? {};
    if (failure.decision.kind === 'retry') {
      const { inMs } = failure.decision;
      const what = failure.attempted ? `failed at attempt ${attempt}` : 'cannot be run here';
      this.logger.warn(`Task ${name} ${claimed.id} ${what} and is tried again in ${inMs} ms: ${error}`);
      this.acks.retry(claimed, failure, inMs);
    } else {
      this.logger.error(`Task ${name} ${claimed.id} is dead: ${error}`, stack);
      this.acks.bury(claimed, failure);
    }
  }

  private done(id: string, freesKey: boolean): void {
    this.scoreboard.done(id);
    if (freesKey) this.acks.doneNow(id);
    else this.acks.done(id);
  }
}
