import { BroadcastLog, DeadLetters, QueueHealth } from '../../../src/index.js';
import { drainTasks, type TestMode } from '../../../src/testing/index.js';
import { MailApps } from './mail-app.js';

it.each<TestMode>(['fake', 'memory'])('drainTasks() runs tasks in memory, in the mode %s', async (mode) => {
  const apps = new MailApps(mode);
  const { app, send, notes } = await apps.start();
  const { id } = await send.forget.delay('a');
  await send.flaky.delay(3);
  await send.both.delay(1);
  expect(await drainTasks(app)).toMatchObject([
    { name: 'MailTasks.flaky', attempt: 3, outcome: 'dead' },
    { name: 'MailTasks.both', outcome: 'done' },
    { name: 'MailTasks.welcome', outcome: 'done' },
    { id, queue: '(broadcast)', outcome: 'done' },
  ]);
  expect(notes).toContain('forget a');
  expect(await drainTasks(app)).toEqual([]);
  expect(await app.get(DeadLetters, { strict: false }).count()).toBe(1);
  expect(await app.get(BroadcastLog, { strict: false }).outcomes(id)).toMatchObject([{ ok: true }]);
  expect(await app.get(QueueHealth, { strict: false }).check()).toMatchObject({ healthy: true });
  await apps.close();
});
