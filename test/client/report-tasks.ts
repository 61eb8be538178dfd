import { Injectable } from '@nestjs/common';
import { Task } from '../../src/decorators/task.decorator.js';

export interface Options {
  weekly: boolean;
}

/** The task class of these tests. */
@Injectable()
export class ReportTasks {
  @Task({ queue: 'critical' })
  send(_userId: number, _options?: Options): void {}

  @Task({ name: 'reports.archive' })
  archive(..._ids: string[]): void {}

  @Task()
  note(_anything: unknown): void {}

  get connection(): string {
    throw new Error('not connected');
  }

  helper(): void {}
}

export const QUEUES = { queues: ['critical', 'default', 'bulk'] };
