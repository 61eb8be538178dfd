/** The sample app as a user of the library tests it: no Redis, no worker, and time that the test moves. */
import type { LoggerService } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { assertEnqueued, assertNotEnqueued, TaskQueueTestingModule, type TestMode, TestQueue } from 'nestwork/testing';
import { NoticeTasks } from '../../sample-app/src/notices/notice.tasks.js';
import { NoticesController } from '../../sample-app/src/notices/notices.controller.js';
import { OverviewTasks } from '../../sample-app/src/overview/overview.tasks.js';
import type { Report } from '../../sample-app/src/reports/report.js';
import { ReportsService } from '../../sample-app/src/reports/reports.service.js';
import { StatsTasks } from '../../sample-app/src/reports/stats.tasks.js';
import { TemporaryDirectory } from './temporary-directory.js';

const sources = new TemporaryDirectory().write({ 'a.js': 'a\n// b\n\n', 'b.js': 'a\nb\nc\n' });
const data = new TemporaryDirectory();
const SILENT: LoggerService = { log: () => {}, warn: () => {}, error: () => {} };
let app: TestingModule | undefined;

beforeAll(() => {
  // the module reads the environment when it is loaded
  process.env.CODE_STATS_DATA = data.path;
  delete process.env.REDIS_URL;
});
afterEach(() => app?.close());
afterAll(() => {
  sources.remove();
  data.remove();
});

async function start(mode: TestMode): Promise<{ app: TestingModule; queue: TestQueue; reports: ReportsService }> {
  const { AppModule } = await import('../../sample-app/src/app.module.js');
  const testing = TaskQueueTestingModule.forRoot({ mode });
  app = await Test.createTestingModule({ imports: [AppModule, testing] })
    .setLogger(SILENT)
    .compile();
  await app.init();
  return { app, queue: app.get(TestQueue), reports: app.get(ReportsService, { strict: false }) };
}

it('sends a flow for a report', async () => {
  const { queue, reports } = await start('fake');
  const { id } = await reports.start(sources.path);
  const [counted] = queue.enqueued(StatsTasks.prototype.countFiles);
  expect(counted).toMatchObject({ args: [sources.path], partOf: id });
  const [written] = queue.enqueued(StatsTasks.prototype.writeReport);
  expect(written?.args).toMatchObject([{ directory: sources.path }, { resultOf: counted?.id }]);
  assertNotEnqueued(queue, StatsTasks.prototype.countBatch);
  expect(await reports.find(id)).toMatchObject({ state: 'queued' });
});

it('writes a report within the request', async () => {
  const { queue, reports } = await start('inline');
  const { id } = await reports.start(sources.path);
  expect(await reports.find(id)).toMatchObject({ state: 'finished', report: { total: { files: 2, code: 4 } } });
  expect(queue.failures()).toEqual([]);
});

it('mails a report after two seconds, and calls a webhook without an answer four times', async () => {
  const { app, queue, reports } = await start('memory');
  const { id } = await reports.start(sources.path);
  await queue.drain();
  const notices = app.get(NoticesController, { strict: false });
  const { report } = (await reports.find(id)) as { report: Report };
  await notices.mail(report, 'ada@example.org');
  await notices.webhook(report, 'http://127.0.0.1:1/');
  assertEnqueued(queue, NoticeTasks.prototype.mailReport, [id, 'ada@example.org'], { delay: '2s' });
  expect((await queue.advance('1s')).map(({ name }) => name)).not.toContain('NoticeTasks.mailReport');
  expect(await queue.advance('1s')).toContainEqual(expect.objectContaining({ name: 'NoticeTasks.mailReport' }));
  await queue.advance('1h');
  expect(queue.failures()).toMatchObject([{ name: 'NoticeTasks.callWebhook', attempt: 4 }]);
});

it('draws the overview every hour', async () => {
  const { queue } = await start('memory');
  expect(await queue.runCron(OverviewTasks.prototype.draw)).toMatchObject([{ outcome: 'done' }]);
  const drawn = (await queue.advance('1d')).filter(({ name }) => name === 'OverviewTasks.draw');
  expect(drawn).toHaveLength(24);
});
