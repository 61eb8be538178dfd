/** Situation: an app that serves HTTP runs its tasks itself, and its global guard for requests does not stop them. */
import assert from 'node:assert/strict';
import {
  Body,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Module,
  Post,
} from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { QueueClient, Task, TaskQueueModule, type TaskStatus } from 'nestwork';
import { until } from '../harness/until.js';

@Injectable()
class WithKey implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest().headers['x-key'] === 'secret';
  }
}

@Injectable()
class MailTasks {
  readonly sent: string[] = [];

  @Task()
  async welcome(to: string): Promise<void> {
    this.sent.push(to);
  }
}

@Controller('mails')
class MailController {
  constructor(
    private readonly queue: QueueClient,
    private readonly mails: MailTasks,
  ) {}

  @Post()
  async send(@Body() { to }: { to: string }): Promise<TaskStatus & { id: string }> {
    const handle = await this.queue.of(MailTasks).welcome.delay(to);
    return { id: handle.id, ...(await handle.status()) };
  }

  @Get()
  sent(): string[] {
    return this.mails.sent;
  }
}

@Module({
  imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL, inProcess: true })],
  controllers: [MailController],
  providers: [MailTasks, { provide: APP_GUARD, useClass: WithKey }],
})
class AppModule {}

export async function scenario(): Promise<void> {
  const app = await NestFactory.create(AppModule);
  await app.listen(0, '127.0.0.1');
  try {
    const url = `${await app.getUrl()}/mails`;
    const headers = { 'x-key': 'secret', 'content-type': 'application/json' };
    assert.equal((await fetch(url)).status, 403);
    const reply = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ to: 'ada' }) });
    assert.equal(reply.status, 201);
    await until('the mail is sent', async () => (await (await fetch(url, { headers })).text()) === '["ada"]');
  } finally {
    await app.close();
  }
}
