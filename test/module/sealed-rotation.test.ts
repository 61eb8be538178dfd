/** Keys that rotate while two workers run. */
import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { QueueClient } from '../../src/client/queue-client.js';
import { Cron } from '../../src/decorators/cron.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { CronManager } from '../../src/inspector/cron-manager.js';
import { DeadLetters } from '../../src/inspector/dead-letters.js';
import { eventually } from '../support/eventually.js';
import { Apps } from './apps.js';

let apps: Apps;
let ran: string[];
beforeAll(async () => {
  apps = await Apps.start();
});
beforeEach(() => {
  ran = [];
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

const [one, other] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
const digestKey = randomBytes(32).toString('base64');

@Injectable()
class MailTasks {
  @Task({ result: '1h' })
  async greet(address: string): Promise<string> {
    ran.push(address);
    return `Dear ${address}`;
  }

  @Cron('0 8 1 1 *', { name: 'new-year', args: ['anna'] })
  async wish(address: string): Promise<void> {
    ran.push(address);
  }
}

const boot = (...keys: string[]) =>
  apps.boot({
    imports: [apps.queue({ inProcess: { concurrency: 4 }, payload: { encrypt: { keys, digestKey } } })],
    providers: [MailTasks],
  });

it('tasks, results, crons and keys of unique tasks go on in each step of a rotation, beside workers of the step before', async () => {
  const steps = [[one], [one, other], [other, one], [other]] as const;
  let former = await boot(...steps[0]);
  const { greet } = former.get(QueueClient).of(MailTasks);
  const held = await greet.with({ delay: '1h', key: 'anna' }).delay('anna');
  await former.get(CronManager).set('later', { cron: '0 8 1 1 *', task: greet, args: ['later'] });
  let count = 0;
  for (const keys of steps.slice(1)) {
    const next = await boot(...keys);
    for (const app of [former, next]) {
      const { greet: send } = app.get(QueueClient).of(MailTasks);
      expect(await send.with({ delay: '1h', key: 'anna' }).delay('anna')).toMatchObject({ id: held.id, added: false });
      for (let at = 0; at < 10; at += 1) expect(await send.run(`user ${at}`)).toBe(`Dear user ${at}`);
      await app.get(CronManager).runNow('new-year');
      count += 11;
      await eventually(async () => expect(ran).toHaveLength(count));
    }
    if (keys.length > 1) {
      await next.get(CronManager).runNow('later');
      count += 1;
      await eventually(async () => expect(ran).toHaveLength(count));
      expect(ran.at(-1)).toBe('later');
    }
    expect(await next.get(DeadLetters).count()).toBe(0);
    await former.close();
    former = next;
  }
});
