/**
 * `@nestjs-cls/transactional` keeps the transaction in the async context, where `queue.in()` finds it: the app of the page, as it stands
 * there, in a process of its own.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Apps } from '../module/apps.js';
import { eventually } from '../support/eventually.js';
import { examplesOfPage } from '../support/examples.js';
import { describeDatabases } from '../support/outbox-databases.js';
import { ScratchApp } from '../support/scratch-app.js';

const ROOT = new URL('../../', import.meta.url).pathname;
const OF_THE_PAGE = ['app.module.ts', 'signup.service.ts'];
/** What it imports, which all pages have. */
const OF_ALL_PAGES = ['database.module.ts', 'report.tasks.ts', 'user.entity.ts'];

const MAIN = `
import { NestFactory } from '@nestjs/core';
import { QueueClient } from 'nestwork';
import { AppModule } from './app.module.js';
import { ReportTasks } from './report.tasks.js';
import { SignupService } from './signup.service.js';

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
const signup = app.get(SignupService);
const queue = app.get(QueueClient);
const outside = async () => queue.in();
for (const run of [outside, () => signup.signUp(7), () => signup.signUp(7), outside, () => signup.signUp(8)]) {
  await run().then(() => console.log('done'), (error) => console.log(error.message.split('\\n')[0]));
}
// all is printed when this one is there
await queue.of(ReportTasks).send.delay(9, { weekly: false });
`;

let apps: Apps;
beforeAll(async () => {
  apps = await Apps.start();
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

describeDatabases('a method with @Transactional()', (database) => {
  let app: ScratchApp;
  beforeAll(async () => {
    const urls = { REDIS_URL: apps.url, DATABASE_URL: database.server.url };
    app = new ScratchApp(`transactional-${database.outbox.dialect}`, urls).write('main.ts', MAIN);
    const blocks = examplesOfPage(ROOT, 'docs/outbox.md').map(({ code }) => code);
    for (const file of OF_THE_PAGE) app.write(file, blocks.find((code) => code.startsWith(`// ${file}\n`)) ?? '');
    for (const file of OF_ALL_PAGES) app.write(file, readFileSync(join(ROOT, 'test/docs/app', file), 'utf8'));
  });
  afterAll(() => app.remove());

  it('sends with its commit, sends nothing with its rollback, and nothing else has a transaction', async () => {
    const stop = new AbortController();
    const ended = app.runWhile(stop.signal, 'main.ts');
    const sent = eventually(async () => {
      expect((await apps.waiting('bulk')).map(({ args }) => args[0]).sort()).toEqual([7, 8, 9]);
      expect(await database.rows()).toBe(0);
    });
    await Promise.race([sent, ended]).finally(() => stop.abort());
    const { output } = await ended;
    expect(output.split('\n')).toEqual([
      expect.stringContaining(
        'queue.in() got no transaction in which a task could be sent: there is none here, neither as its argument nor from the option outbox.current.',
      ),
      'done',
      expect.stringMatching(/duplicate/i),
      expect.stringContaining('there is none here, neither as its argument nor from the option outbox.current.'),
      'done',
      '',
    ]);
    expect(await database.query('select id from users order by id')).toEqual([{ id: 7 }, { id: 8 }]);
  });
});
