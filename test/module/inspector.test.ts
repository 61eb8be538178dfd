import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Inspector } from '../../src/inspector/inspector.js';
import { TaskQueueModule } from '../../src/module/task-queue.module.js';
import { RedisServer } from '../../src/testing/redis-server.js';

@Injectable()
class Backlog {
  constructor(readonly inspector: Inspector) {}
}

it('an app injects the inspector, and keeps its connection when the inspector is closed', async () => {
  const server = await RedisServer.start();
  try {
    const imports = [TaskQueueModule.forRoot({ redis: server.url, queues: ['default'] })];
    const app = await Test.createTestingModule({ imports, providers: [Backlog] }).compile();
    await app.init();
    const { inspector } = app.get(Backlog);
    await inspector.close();
    // no worker has started yet
    expect(await inspector.queues.list()).toEqual([]);
    expect(await inspector.crons.list()).toEqual([]);
    expect(await inspector.metrics.summary({ last: '1h' })).toMatchObject({ tasks: [], queues: [] });
    await app.close();
  } finally {
    await server.stop();
  }
});
