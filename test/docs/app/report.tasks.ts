import { Injectable } from '@nestjs/common';
import { Task } from 'nestwork';

@Injectable()
export class ReportTasks {
  @Task({ queue: 'bulk' })
  async send(_userId: number, _options: { weekly: boolean }): Promise<void> {}
}
