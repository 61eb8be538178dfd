import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { QueueClient, SoftTimeoutError, type TaskContext, type TaskHandle } from 'nestwork';
import type { ReceivedCall } from '../../sample-app/src/notices/flaky-receiver.controller.js';
import { OverviewTasks } from '../../sample-app/src/overview/overview.tasks.js';
import { ChartTasks } from '../../sample-app/src/reports/chart.tasks.js';
import { ReportStore } from '../../sample-app/src/reports/report-store.js';
import type { ReportResource } from '../../sample-app/src/reports/reports.controller.js';
import { SearchTasks } from '../../sample-app/src/searches/search.tasks.js';
import type { Findings } from '../../sample-app/src/searches/search-files.js';
import { SearchStore } from '../../sample-app/src/searches/search-store.js';
import { SourceCache } from '../../sample-app/src/searches/source-cache.js';
import { ApiFixture } from './api-fixture.js';
import { TemporaryDirectory } from './temporary-directory.js';

const sources = new TemporaryDirectory().write({ 'a.ts': 'const a = 1; // TODO\n', 'b.js': '// TODO\n// TODO\n' });
const others = new TemporaryDirectory().write({ 'c.py': 'a\nb\nc\nd\n' });
let api: ApiFixture;

beforeAll(async () => {
  api = await ApiFixture.start();
});
afterAll(async () => {
  await api?.stop();
  sources.remove();
  others.remove();
});

const send = (path: string, body?: object) => api.request<TaskHandle & { message: string }>('POST', path, body);
const store = () => api.app.get(ReportStore, { strict: false });
const names = (drained: readonly { name: string }[]) => drained.map(({ name }) => name);

describe('DELETE /reports/:id', () => {
  it('cancels the flow, so that no task of it starts', async () => {
    const { urls } = await api.startReport(sources.path);
    const cancelled = await api.request<ReportResource>('DELETE', urls.report);
    expect(cancelled).toMatchObject({ status: 200, body: { state: 'cancelled', tasks: { done: 0, total: 2 } } });
    expect(await api.drain()).toEqual([]);
    expect(await api.get(urls.report)).toMatchObject({ state: 'cancelled', tasks: { done: 0, total: 2 } });
  });

  it('does not change a report that is finished', async () => {
    const { urls } = await api.finishedReport(sources.path);
    expect((await api.request('DELETE', urls.report)).body).toMatchObject({ state: 'finished' });
    expect((await api.request('DELETE', '/reports/none')).status).toBe(404);
  });
});

describe('PUT /reports/:id/title', () => {
  it('draws the chart once, under the last of several titles', async () => {
    const { id, urls } = await api.finishedReport(sources.path);
    for (const title of ['T', 'Th', 'The <last>']) {
      expect((await api.request('PUT', `/reports/${id}/title`, { title })).status).toBe(202);
    }
    expect(names(await api.drainSome())).toEqual(['ChartTasks.drawChart']);
    const chart = await (await fetch(api.url + urls.chart)).text();
    expect(chart).toContain('The &lt;last&gt;');
  });

  it('never leaves a chart under a title that changed while it was drawn', async () => {
    const { id } = await api.finishedReport(sources.path);
    await store().saveTitle(id, 'first');
    const charts: string[] = [];
    class RenamedMeanwhile extends ReportStore {
      override async replaceChart(_id: string, chart: string): Promise<void> {
        charts.push(/class="title"[^>]*>([^<]*)/.exec(chart)?.[1] ?? '');
        if (charts.length === 1) await this.saveTitle(id, 'second');
      }
    }
    await new ChartTasks(new RenamedMeanwhile()).drawChart(id);
    expect(charts).toEqual(['first', 'second']);
  });

  test.each<[string, object | undefined, string]>([
    ['no body', undefined, '"title" is missing instead of a string. Send a JSON object like {"title": "..."}'],
    ['a number', { title: 7 }, '"title" is the number 7'],
    ['nothing but white space', { title: ' ' }, 'with a title of 1 to 100 characters'],
    ['something else', { name: 'x' }, 'The only property is "title"'],
  ])('refuses %s', async (_, body, message) => {
    const { id } = await api.finishedReport(sources.path);
    expect(await api.request('PUT', `/reports/${id}/title`, body)).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining(message) },
    });
  });

  it('waits for the report', async () => {
    const { id } = await api.startReport(sources.path);
    expect((await api.request('PUT', `/reports/${id}/title`, { title: 'x' })).status).toBe(409);
    expect((await api.request('PUT', '/reports/none/title', { title: 'x' })).status).toBe(404);
    await api.drain();
  });
});

describe('a mail', () => {
  it('is sent later and once, however often its task runs, and can be cancelled until then', async () => {
    const { id } = await api.finishedReport(sources.path);
    const ada = (await send(`/reports/${id}/mails`, { to: 'ada@example.org' })).body;
    const bob = (await send(`/reports/${id}/mails`, { to: 'bob@example.org' })).body;
    expect(await api.get(`/tasks/${ada.id}`)).toMatchObject({ state: 'scheduled', attempt: 1 });
    expect((await api.request('DELETE', `/tasks/${bob.id}`)).body).toEqual({ was: 'scheduled' });
    expect(await api.drain()).toEqual([]);

    expect(await api.drainSome()).toMatchObject([{ id: ada.id, error: undefined }]);
    const path = api.data.at(`outbox/${ada.id}.eml`);
    const mail = readFileSync(path, 'utf8');
    expect(mail).toContain('To: ada@example.org');
    expect(mail).toContain(`Message-ID: <${ada.id}@code-stats>`);
    expect(mail).toContain('filename=chart.svg');
    expect(await api.drain()).toEqual([]);
  });

  it('is sent to valid addresses only', async () => {
    const { id } = await api.finishedReport(sources.path);
    expect((await send(`/reports/${id}/mails`, { to: 'ada@example.org, bob@example.org' })).status).toBe(400);
  });
});

describe('a webhook', () => {
  const receiver = (name: string, failures: number) => `${api.url}/flaky-receiver/${name}?failures=${failures}`;
  const calls = async (name: string) =>
    (await api.get<ReceivedCall[]>(`/flaky-receiver/${name}`)).map(({ attempt, answered }) => [attempt, answered]);

  it('is called until it answers', async () => {
    const { id } = await api.finishedReport(sources.path);
    await send(`/reports/${id}/webhooks`, { url: receiver('flaky', 2) });
    expect(await api.drain()).toMatchObject([{ error: undefined }]);
    expect(await calls('flaky')).toEqual([
      [1, 503],
      [2, 503],
      [3, 204],
    ]);
  });

  it('is given up after some attempts, and called again when it is redriven', async () => {
    const { id } = await api.finishedReport(sources.path);
    const { body: task } = await send(`/reports/${id}/webhooks`, { url: receiver('broken', 4) });
    await api.drain();
    const dead = await api.get<{ id: string }[]>('/dead-tasks');
    expect(dead).toMatchObject([{ id: task.id, task: 'NoticeTasks.callWebhook', code: 'TASK_FAILED' }]);
    expect(JSON.stringify(dead)).not.toContain('"args"');

    expect((await send(`/dead-tasks/${task.id}/redrive`)).status).toBe(201);
    await api.drain();
    expect((await calls('broken')).slice(3)).toEqual([
      [4, 503],
      [1, 204],
    ]);
    expect(await api.get('/dead-tasks')).toEqual([]);
    expect((await send(`/dead-tasks/${task.id}/redrive`)).status).toBe(404);
  });

  it('may delay further calls or stop them', async () => {
    const answers = [429, 204, 410];
    const server: Server = createServer((_, response) => response.writeHead(answers.shift() ?? 500).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { id } = await api.finishedReport(sources.path);
    await send(`/reports/${id}/webhooks`, { url });
    expect(await api.drain()).toMatchObject([{ error: undefined }]);
    await send(`/reports/${id}/webhooks`, { url });
    expect(await api.drain()).toMatchObject([{ error: { name: 'DropTask' } }]);
    expect(await api.get('/dead-tasks')).toEqual([]);
    await new Promise((resolve) => server.close(resolve));
  });

  it('is a URL of http', async () => {
    const { id } = await api.finishedReport(sources.path);
    expect((await send(`/reports/${id}/webhooks`, { url: 'file:///etc/passwd' })).status).toBe(400);
  });
});

describe('a search', () => {
  /** The task as it is, outside a worker, whose signal aborts when the first file is read. */
  async function interrupted(reportId: string, reason: Error): Promise<Findings | undefined> {
    const abort = new AbortController();
    class Interrupting extends SourceCache {
      override async read(): Promise<string> {
        abort.abort(reason);
        return 'TODO';
      }
    }
    const searches = api.app.get(SearchStore, { strict: false });
    const context = {
      id: 'a'.repeat(20),
      signal: abort.signal,
      log: () => {},
      progress: () => {},
    } as unknown as TaskContext;
    await new SearchTasks(context, store(), searches, new Interrupting()).search(reportId, 'TODO');
    return searches.find('a'.repeat(20));
  }

  it('finds the lines in files that it reads once and then keeps in memory', async () => {
    const { id } = await api.finishedReport(sources.path);
    const search = async () => {
      const task = (await send(`/reports/${id}/searches`, { pattern: 'TODO$' })).body;
      expect((await api.request('GET', `/searches/${task.id}`)).status).toBe(404);
      await api.drain();
      return api.get<Findings>(`/searches/${task.id}`);
    };
    const found = { pattern: 'TODO$', files: 2, of: 2, lines: 3, examples: ['a.ts:1', 'b.js:1', 'b.js:2'] };
    expect(await search()).toEqual(found);
    sources.write({ 'b.js': '' });
    expect(await search()).toEqual(found);

    expect((await api.request('DELETE', '/searches/cache')).status).toBe(202);
    expect(names(await api.drain())).toEqual(['SearchTasks.forgetSources']);
    expect(await search()).toMatchObject({ lines: 1 });
    sources.write({ 'b.js': '// TODO\n// TODO\n' });
  });

  it('returns its lines so far when its time is over', async () => {
    const { id } = await api.finishedReport(sources.path);
    expect(await interrupted(id, new SoftTimeoutError('SearchTasks.search', 1_000))).toMatchObject({
      files: 1,
      of: 2,
      lines: 1,
    });
  });

  it('is left to other workers when the worker stops', async () => {
    const { id } = await api.finishedReport(sources.path);
    const reason = new Error('the worker stops');
    await expect(interrupted(id, reason)).rejects.toBe(reason);
  });

  it('accepts regular expressions only', async () => {
    const { id } = await api.finishedReport(sources.path);
    expect((await send(`/reports/${id}/searches`, { pattern: '(' })).status).toBe(400);
  });
});

describe('the overview', () => {
  it('is one chart of all directories, each counted once, drawn by a cron', async () => {
    await api.finishedReport(sources.path);
    await api.finishedReport(sources.path);
    await api.finishedReport(others.path);
    await api.app.get(QueueClient).of(OverviewTasks).draw.delay();
    await api.drain();
    const chart = await (await fetch(`${api.url}/overview.svg`)).text();
    expect(chart).toContain('2 directories together');
    expect(chart).toContain('Bar chart of 7 lines in 3 files by language: Python 4 (57.1%), JavaScript 2');
  });

  it('is registered by workers alone', async () => {
    expect(await api.get('/crons')).toEqual([]);
    expect((await send('/crons/OverviewTasks.draw/run')).status).toBe(404);
  });
});

test('an invalid id of a task is not found', async () => {
  expect((await api.request('GET', '/tasks/none')).status).toBe(404);
  expect((await api.request('GET', `/searches/${'..%2F'.repeat(3)}x`)).status).toBe(404);
  expect((await api.request('GET', '/broadcasts/none')).status).toBe(404);
});
