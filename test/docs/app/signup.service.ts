import { Injectable } from '@nestjs/common';
import { QueueClient } from 'nestwork';
import { ReportTasks } from './report.tasks.js';

@Injectable()
export class SignupService {
  constructor(private readonly queue: QueueClient) {}

  async signUp(userId: number): Promise<void> {
    await this.queue.of(ReportTasks).send.delay(userId, { weekly: true });
  }
}
