import { Controller, Delete, Get, NotFoundException, Param, Post } from '@nestjs/common';
import {
  BroadcastLog,
  type BroadcastOutcome,
  DeadLetters,
  type DeadTask,
  QueueClient,
  type TaskState,
  type TaskStatus,
} from 'nestwork';

/** For the operators of the app: the state of a task, and actions on it. */
@Controller()
export class TasksController {
  constructor(
    private readonly queue: QueueClient,
    private readonly deadLetters: DeadLetters,
    private readonly broadcastLog: BroadcastLog,
  ) {}

  @Get('tasks/:id')
  status(@Param('id') id: string): Promise<TaskStatus> {
    return this.queue.status(id);
  }

  /** Answers the state in which it was found. */
  @Delete('tasks/:id')
  async cancel(@Param('id') id: string): Promise<{ was: TaskState }> {
    return { was: await this.queue.cancel(id) };
  }

  /** Which children have had a broadcast by now, and how it went. */
  @Get('broadcasts/:id')
  broadcast(@Param('id') id: string): Promise<readonly BroadcastOutcome[]> {
    return this.broadcastLog.outcomes(id);
  }

  /** The youngest fifty: which task, why, and every attempt at it; not their arguments, which may be secret. */
  @Get('dead-tasks')
  async dead(): Promise<readonly DeadTask[]> {
    return (await this.deadLetters.list()).tasks;
  }

  /** Lets a dead task run again, once its cause is repaired. */
  @Post('dead-tasks/:id/redrive')
  async redrive(@Param('id') id: string): Promise<{ redriven: string }> {
    if ((await this.deadLetters.redrive(id)) === 'redriven') return { redriven: id };
    throw new NotFoundException(`There is no dead task ${JSON.stringify(id)}; GET /dead-tasks lists them.`);
  }
}
