import { Injectable, Module } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { Task } from '../../src/decorators/task.decorator.js';
import { TaskHooks } from '../../src/decorators/task-hooks.decorator.js';
import { Apps } from './apps.js';

let apps: Apps;
let loader: LazyModuleLoader;
beforeAll(async () => {
  apps = await Apps.start();
});
beforeEach(async () => {
  const app = await apps.boot({ imports: [apps.queue()], providers: [MailTasks] });
  loader = app.get(LazyModuleLoader, { strict: false });
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

@Injectable()
class MailTasks {
  @Task()
  send(): void {}
}

@Injectable()
class LateTasks {
  @Task()
  run(): void {}
}

@TaskHooks()
@Injectable()
class LateHooks {
  onTaskStart(): void {}
}

class Renderer {}

@Module({ providers: [LateTasks, LateHooks] })
class LateModule {}

@Module({ providers: [Renderer] })
class RendererModule {}

describe('a lazily loaded module', () => {
  it('without tasks is loaded', async () => {
    const moduleRef = await loader.load(() => RendererModule);
    expect(moduleRef.get(Renderer)).toBeInstanceOf(Renderer);
  });

  it('with tasks or hooks is refused each time it is loaded, and other modules are not', async () => {
    const refusal = {
      code: 'LAZY_TASKS',
      message: expect.stringMatching(/provides the task LateTasks\.run, the hooks of LateHooks\..*Import the module/s),
    };
    await expect(loader.load(() => LateModule)).rejects.toMatchObject(refusal);
    await expect(loader.load(() => LateModule)).rejects.toMatchObject(refusal);
    await expect(loader.load(() => RendererModule)).resolves.toBeDefined();
  });
});
