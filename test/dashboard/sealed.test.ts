/** What the dashboard shows of tasks whose data is sealed. */
import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { QueueClient } from '../../src/client/queue-client.js';
import type { QueueDashboardOptions } from '../../src/dashboard/index.js';
import { Cron } from '../../src/decorators/cron.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { TaskQueueModule } from '../../src/module/task-queue.module.js';
import { SEALED_WORD } from '../../src/payload/payload-codec.js';
import { TaskContext } from '../../src/worker/task-context.js';
import { type DashboardApp, DashboardApps } from '../support/dashboard-apps.js';
import { eventually } from '../support/eventually.js';

const SECRET = 'anna@example.org';
const KEY = randomBytes(32).toString('base64');
const API = '/queues/api';

let apps: DashboardApps;
let worker: TestingModule;
let app: DashboardApp;
let ids: { readonly done: string; readonly dead: string; readonly batch: string };

@Injectable()
class MailTasks {
  constructor(private readonly context: TaskContext) {}

  @Task({ result: '1h' })
  async greet(address: string): Promise<string> {
    this.context.log(`looked up ${address}`);
    return `Dear ${address}`;
  }

  @Task({ result: '1h' })
  async fail(address: string): Promise<void> {
    this.context.log(`tried ${address}`);
    throw new Error(`no route to ${address}`);
  }

  @Cron('0 8 1 1 *', { name: 'new-year', args: [SECRET] })
  async wish(_address: string): Promise<void> {}
}

beforeAll(async () => {
  apps = await DashboardApps.start();
  const queues = TaskQueueModule.forRoot({
    redis: apps.server.url,
    payload: { encrypt: { keys: [KEY] } },
    inProcess: { concurrency: 2 },
  });
  worker = await Test.createTestingModule({ imports: [queues], providers: [MailTasks] })
    .setLogger(apps.lines)
    .compile();
  await worker.init();
  const queue = worker.get(QueueClient);
  const { greet, fail } = queue.of(MailTasks);
  const done = await greet.delay(SECRET);
  await done.result({ timeout: '30s' });
  const dead = await fail.with({ retries: 0 }).delay(SECRET);
  await expect(dead.result({ timeout: '30s' })).rejects.toThrow(SECRET);
  const batch = await queue
    .batch()
    .add(fail.with({ retries: 0 }), [[SECRET]])
    .delay();
  await eventually(async () => expect((await batch.status()).culprit?.error).toContain(SECRET));
  ids = { done: done.id, dead: dead.id, batch: batch.id };
});
afterEach(() => apps.close());
afterAll(async () => {
  await worker.close();
  await apps.stop();
});

async function boot(keys: string[], options: QueueDashboardOptions = {}): Promise<void> {
  const payload = keys.length > 0 ? { payload: { encrypt: { keys } } } : {};
  const namespaces = { shop: { redis: apps.server.url, ...payload } };
  app = await apps.boot({
    withoutQueues: true,
    dashboard: { access: 'public', can: () => true, namespaces, ...options },
  });
}

const text = async (path: string): Promise<string> => (await app.get(`${API}/${path}`)).text();
const PATHS = (): string[] => [
  'tasks',
  `tasks?q=${encodeURIComponent(SECRET)}`,
  'tasks?state=dead',
  `tasks?error=${encodeURIComponent(SECRET)}`,
  `task?id=${ids.done}`,
  `task?id=${ids.dead}`,
  'dead/groups',
  'dead/list',
  'groups',
  `group?id=${ids.batch}`,
  'crons',
  'cron/arguments?name=new-year',
];
const all = async (): Promise<string> => (await Promise.all(PATHS().map(text))).join('\n');

it('an app with the key shows arguments, results, errors and notes to those who may see arguments', async () => {
  await boot([KEY]);
  expect(await text(`task?id=${ids.done}`)).toMatch(/looked up anna@.*Dear anna@/s);
  expect(await text(`task?id=${ids.dead}`)).toMatch(/no route to anna@/);
  expect(await text('dead/groups')).toContain('no route to anna@');
  expect(await text(`group?id=${ids.batch}`)).toContain('no route to anna@');
  expect(await text(`tasks?error=${encodeURIComponent(SECRET)}`)).toContain(ids.dead);
  expect(await all()).not.toContain(SEALED_WORD);
});

it('an app with the key hides values by `redact` after it has opened them', async () => {
  await boot([KEY], { redact: ['[0]', 'result'] });
  const view = JSON.parse(await text(`task?id=${ids.dead}`));
  expect(JSON.stringify(view.arguments)).not.toContain('anna');
  expect(JSON.parse(await text(`task?id=${ids.done}`)).result).toMatchObject({ is: 'shown' });
  expect(JSON.stringify(JSON.parse(await text(`task?id=${ids.done}`)).result)).not.toContain('anna');
});

it.each([
  ['at all', (): boolean => false],
  ['of any task', ({ task }: { task?: string | undefined }): boolean => task === undefined],
])('an app with the key shows none of it to a person who may not see arguments %s', async (_, seesArguments) => {
  await boot([KEY], { can: (action, subject) => action !== 'arguments' || seesArguments(subject) });
  const shown = (await all()).replaceAll(encodeURIComponent(SECRET), '');
  expect(shown).not.toContain('anna');
  expect(shown).toContain(SEALED_WORD);
});

it('a search by error finds no sealed task for a person who may not see arguments', async () => {
  await boot([KEY], { can: (action) => action !== 'arguments' });
  expect(await text(`tasks?error=${encodeURIComponent('no route')}`)).not.toContain(ids.dead);
});

it('an app without the key says that it is sealed, and refuses other arguments', async () => {
  await boot([]);
  const shown = await all();
  expect(shown).not.toContain('anna');
  expect(shown).not.toMatch(/\\"s\\":|"s":/);
  const view = JSON.parse(await text(`task?id=${ids.dead}`));
  expect(view).toMatchObject({
    arguments: { is: 'sealed' },
    off: { arguments: 'They are sealed, and this app does not have the key.' },
  });
  expect(JSON.parse(await text(`task?id=${ids.done}`))).toMatchObject({ result: { is: 'sealed' } });
  expect(JSON.parse(await text('cron/arguments?name=new-year'))).toEqual({ is: 'sealed' });
  const response = await app.post(`${API}/dead/redrive-edited`, { id: ids.dead, text: '["bert"]' });
  expect(await response.json()).toMatchObject({ code: 'PAYLOAD_KEYS_NEEDED' });
});
