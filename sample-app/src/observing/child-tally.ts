import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { type OnTaskFailure, type OnTaskStart, type OnTaskSuccess, TaskHooks, type TaskInfo } from 'nestwork';

/** Counts the tasks of this process, and says so when it ends: a provider like any other, with all of Nest's hooks. */
@TaskHooks()
@Injectable()
export class ChildTally implements OnTaskStart, OnTaskSuccess, OnTaskFailure, OnApplicationShutdown {
  private readonly logger = new Logger(ChildTally.name);
  private readonly tally = { started: 0, succeeded: 0, failed: 0 };

  onTaskStart(): void {
    this.tally.started += 1;
  }

  onTaskSuccess(): void {
    this.tally.succeeded += 1;
  }

  onTaskFailure(task: TaskInfo): void {
    this.tally.failed += 1;
    this.logger.warn(`${task.name} failed on attempt ${task.attempt}`);
  }

  /** Silent in the API, which runs no tasks. */
  onApplicationShutdown(): void {
    const { started, succeeded, failed } = this.tally;
    if (started > 0) this.logger.log(`${started} tasks started: ${succeeded} succeeded, ${failed} failed`);
  }
}
