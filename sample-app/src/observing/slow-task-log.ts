import { Injectable, Logger } from '@nestjs/common';
import { TaskHooks, type TaskInfo, type WrapTask } from 'nestwork';

const SLOW_MS = 1_000;

/** Logs tasks that take longer than they should; the place where a tracing span or a transaction would go. */
@TaskHooks()
@Injectable()
export class SlowTaskLog implements WrapTask {
  private readonly logger = new Logger(SlowTaskLog.name);

  async wrapTask(task: TaskInfo, next: () => Promise<void>): Promise<void> {
    const startedAt = Date.now();
    try {
      await next();
    } finally {
      const ran = Date.now() - startedAt;
      const waited = startedAt - task.enqueuedAt.getTime();
      if (ran > SLOW_MS) this.logger.warn(`${task.name} ran for ${ran} ms, after it had waited ${waited} ms`);
    }
  }
}
