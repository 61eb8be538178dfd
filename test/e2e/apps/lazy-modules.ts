/** Situation: a task loads a heavy module when it needs it; a module with tasks cannot be loaded late. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { QueueClient, Task, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';

const seen: string[] = [];

@Injectable()
class Renderer {
  render(id: number): void {
    seen.push(`rendered ${id}`);
  }
}

@Module({ providers: [Renderer] })
class RendererModule {}

@Injectable()
class LateTasks {
  @Task()
  run(): void {}
}

@Module({ providers: [LateTasks] })
class LateModule {}

@Injectable()
class PdfTasks {
  constructor(private readonly loader: LazyModuleLoader) {}

  @Task()
  async render(id: number): Promise<void> {
    const moduleRef = await this.loader.load(() => RendererModule);
    moduleRef.get(Renderer).render(id);
  }
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [PdfTasks] })
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  await app
    .get(QueueClient, { strict: false })
    .of(PdfTasks)
    .render.delayMany([[1], [2]]);
  await drainTasks(app);
  assert.deepEqual(seen, ['rendered 1', 'rendered 2']);
  const loader = app.get(LazyModuleLoader, { strict: false });
  await assert.rejects(
    loader.load(() => LateModule),
    { code: 'LAZY_TASKS' },
  );
}
