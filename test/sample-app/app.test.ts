import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { type INestApplication, Logger } from '@nestjs/common';
import { QueueClient, type TaskContext } from 'nestwork';
import { drainTasks, RedisServer, type TaskRun } from 'nestwork/testing';
import type { Batch, Report } from '../../sample-app/src/reports/report.js';
import { ReportStore } from '../../sample-app/src/reports/report-store.js';
import type { ReportResource } from '../../sample-app/src/reports/reports.controller.js';
import { StatsTasks } from '../../sample-app/src/reports/stats.tasks.js';
import { libraryArgs, libraryUrl } from '../support/least-rights.js';
import { TemporaryDirectory } from './temporary-directory.js';

/** Small enough to run in this process, with enough files for several batches. */
const sources = new TemporaryDirectory();
const threeFiles = new TemporaryDirectory().write({ 'a.js': 'a\n// b\n\n', 'b.js': 'a\nb\nc\n', 'c.js': '\n\n\n' });
const data = new TemporaryDirectory();
let redis: RedisServer;
let app: INestApplication;
let url: string;

beforeAll(async () => {
  Logger.overrideLogger(false);
  for (let file = 0; file < 70; file += 1) sources.write({ [`src/${file}.ts`]: `// ${file}\n\nexport {};\n` });
  sources.write({ 'README.md': '# Sources\n', LICENSE: 'x' });
  redis = await RedisServer.start({ args: libraryArgs() });
  process.env.REDIS_URL = libraryUrl(redis.url);
  process.env.CODE_STATS_DATA = data.path;
  // the module reads the environment when it is loaded
  const { createApi } = await import('../../sample-app/src/create-api.js');
  app = await createApi();
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});

afterAll(async () => {
  await app?.close();
  await redis?.stop();
  sources.remove();
  threeFiles.remove();
  data.remove();
});

async function post(body: string, contentType = 'application/json'): Promise<Response> {
  return fetch(`${url}/reports`, { method: 'POST', body, headers: { 'content-type': contentType } });
}

async function startReport(): Promise<ReportResource> {
  const response = await post(JSON.stringify({ directory: sources.path }));
  expect(response.status).toBe(202);
  return (await response.json()) as ReportResource;
}

async function get<T = ReportResource>(path: string): Promise<{ status: number; body: T }> {
  const response = await fetch(url + path);
  return { status: response.status, body: (await response.json()) as T };
}

async function drain(): Promise<TaskRun[]> {
  const tasks = await drainTasks(app);
  expect(tasks.filter(({ error }) => error !== undefined)).toEqual([]);
  return tasks;
}

const filesOf = (id: string) => readdirSync(data.at(id), { recursive: true }).sort();

const batchOf = (path: string, index: number): Batch => ({ directory: threeFiles.path, paths: [path], index, of: 3 });
const batches = [batchOf('a.js', 0), batchOf('b.js', 1), batchOf('c.js', 2)] as const;

/** A report with a plan of three batches, none of which is in the queue. */
async function plannedReport(): Promise<string> {
  const id = randomUUID();
  await app.get(ReportStore).saveRequest({ id, directory: threeFiles.path, requestedAt: new Date().toISOString() });
  await app.get(ReportStore).savePlan(id, { batches: batches.map(({ paths }) => paths), skipped: {} });
  return id;
}

/** The tasks as they are, outside a worker, with senders of ours. */
function tasksWith(senders: () => unknown, signal = new AbortController().signal): StatsTasks {
  const queue = { of: senders } as unknown as QueueClient;
  return new StatsTasks(queue, { signal } as TaskContext, app.get(ReportStore));
}

/** All of a report but the processes that worked on it, and their speed. */
function findings({ languages, total, skipped, work }: Report): unknown {
  return { languages, total, skipped, tasks: work.tasks };
}

const wanted = {
  languages: [
    { name: 'TypeScript', files: 70, bytes: 1_250, code: 70, comments: 70, blanks: 70, lines: 210 },
    { name: 'Markdown', files: 1, bytes: 10, code: 1, comments: 0, blanks: 0, lines: 1 },
  ],
  total: { name: 'Total', files: 71, bytes: 1_260, code: 71, comments: 70, blanks: 70, lines: 211 },
  skipped: { 'unknown language': { files: 1, examples: ['LICENSE'] } },
  tasks: 3,
};

describe('a report', () => {
  test('is accepted at once, counted by tasks, and then there, with its chart', async () => {
    const accepted = await startReport();
    const report = `/reports/${accepted.id}`;
    expect(accepted).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      directory: sources.path,
      requestedAt: expect.any(String),
      state: 'queued',
      files: { done: 0, total: 0 },
      batches: { done: 0, total: 0 },
      urls: { report, chart: `${report}/chart.svg` },
    });
    expect(await get(report)).toEqual({ status: 200, body: accepted });
    expect(await get(accepted.urls.chart)).toMatchObject({
      status: 409,
      body: { message: expect.stringContaining('queued, 0 of 0 batches are counted. Ask again in a moment.') },
    });

    const names = (await drain()).map(({ name }) => name.replace('StatsTasks.', ''));
    expect(names).toEqual(['startReport', 'countBatch', 'countBatch', 'countBatch', 'writeReport']);

    const { body } = await get(report);
    expect(body).toMatchObject({
      state: 'finished',
      files: { done: 71, total: 71 },
      batches: { done: 3, total: 3 },
    });
    expect(findings(body.report as Report)).toEqual(wanted);
    const chart = await fetch(url + accepted.urls.chart);
    expect(chart.status).toBe(200);
    expect(chart.headers.get('content-type')).toBe('image/svg+xml; charset=utf-8');
    expect(chart.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await chart.text()).toContain('TypeScript');
  });

  test('shows its progress', async () => {
    const { id } = await startReport();
    const tasks = tasksWith(() => app.get(QueueClient).of(StatsTasks));
    await tasks.startReport(id, sources.path);
    const { body } = await get(`/reports/${id}`);
    expect(body).toMatchObject({ state: 'counting', files: { done: 0, total: 71 }, batches: { done: 0, total: 3 } });
    await drain();
  });

  test('comes out the same when every task runs twice, and is written once', async () => {
    const { id, urls } = await startReport();
    const tasks = app.get(QueueClient).of(StatsTasks);
    await tasks.startReport.delay(id, sources.path);
    await drain();
    const first = await get(urls.report);
    const files = filesOf(id);

    await tasks.startReport.delay(id, sources.path);
    await tasks.countBatch.delay(id, { directory: sources.path, paths: ['src/0.ts'], index: 0, of: 3 });
    await tasks.writeReport.delayMany([[id], [id]]);
    await drain();
    expect(await get(urls.report)).toEqual(first);
    expect(filesOf(id)).toEqual(files);
    expect(findings(first.body.report as Report)).toEqual(wanted);
  });

  test('keeps the first plan, so that files that come meanwhile change nothing', async () => {
    const { id, urls } = await startReport();
    const tasks = tasksWith(() => app.get(QueueClient).of(StatsTasks));
    await Promise.all([tasks.startReport(id, sources.path), tasks.startReport(id, sources.path)]);
    sources.write({ 'new.ts': 'x' });
    await tasks.startReport(id, sources.path);
    await drain();
    sources.write({ 'new.ts': '' });
    expect(findings((await get(urls.report)).body.report as Report)).toEqual(wanted);
  });

  test('is still written when the last task died between its result and the next step', async () => {
    const id = await plannedReport();
    const killed = new Error('killed');
    const dying = tasksWith(() => {
      throw killed;
    });
    await dying.countBatch(id, batches[0]);
    await dying.countBatch(id, batches[1]);
    await expect(dying.countBatch(id, batches[2])).rejects.toBe(killed);
    expect((await get(`/reports/${id}`)).body).toMatchObject({ state: 'writing', batches: { done: 3, total: 3 } });
    expect(await drain()).toEqual([]);

    // as the supervisor does with the task of a child that died
    await app.get(QueueClient).of(StatsTasks).countBatch.delay(id, batches[2]);
    expect((await drain()).map(({ name }) => name)).toEqual(['StatsTasks.countBatch', 'StatsTasks.writeReport']);
    expect((await get(`/reports/${id}`)).body.report?.total.lines).toBe(9);
  });

  test('is written by any batch that ends last, also when all end at the same instant', async () => {
    for (let round = 0; round < 20; round += 1) {
      const id = await plannedReport();
      const tasks = tasksWith(() => app.get(QueueClient).of(StatsTasks));
      await Promise.all(batches.map((batch) => tasks.countBatch(id, batch)));
      expect((await drain()).map(({ name }) => name)).toContain('StatsTasks.writeReport');
      expect((await get(`/reports/${id}`)).body.report?.work.tasks).toBe(3);
    }
  });

  test('is written even if there is nothing left to count', async () => {
    const { id } = await startReport();
    await app.get(ReportStore).savePlan(id, { batches: [], skipped: {} });
    await drain();
    expect((await get(`/reports/${id}`)).body.report?.total.files).toBe(0);
  });

  test('stops counting when the worker stops, and leaves no half result', async () => {
    const id = await plannedReport();
    const reason = new Error('the worker stops');
    const tasks = tasksWith(() => app.get(QueueClient).of(StatsTasks), AbortSignal.abort(reason));
    await expect(tasks.countBatch(id, batches[0])).rejects.toBe(reason);
    expect(filesOf(id)).toEqual(['plan.json', 'request.json']);
  });
});

describe('a report of which a task fails', () => {
  it('names that task and its error', async () => {
    const id = randomUUID();
    await app.get(ReportStore).saveRequest({ id, directory: '/gone', requestedAt: new Date().toISOString() });
    // its plan is missing, so it cannot be written
    await app.get(QueueClient).of(StatsTasks).writeReport.delay(id);
    const [task] = await drainTasks(app);
    expect(await get(`/reports/${id}`)).toMatchObject({
      status: 200,
      body: {
        state: 'failed',
        failure: { task: 'StatsTasks.writeReport', taskId: task?.id, why: expect.stringContaining('is gone') },
      },
    });
  });
});

describe('health', () => {
  it('is red when no worker consumes tasks, also while Redis answers', async () => {
    expect(await get('/health')).toMatchObject({ status: 200, body: { healthy: true } });
    await app.get(QueueClient).of(StatsTasks).writeReport.delay(randomUUID());
    expect(await get('/health')).toMatchObject({ status: 503, body: { healthy: false } });
    await drainTasks(app);
    expect(await get('/health')).toMatchObject({ status: 200 });
  });
});

describe('wrong input', () => {
  test.each<[string, string, string, number, string]>([
    ['malformed JSON', '{"directory"', 'application/json', 400, 'The body is not JSON: '],
    [
      'a form',
      'directory=/',
      'application/x-www-form-urlencoded',
      400,
      'Send the header Content-Type: application/json.',
    ],
    ['a relative path', '{"directory":"."}', 'application/json', 400, 'only an absolute one'],
    ['a body that is too large', `"${'a'.repeat(20_000)}"`, 'application/json', 413, 'too large'],
  ])('%s', async (_, body, contentType, status, message) => {
    const response = await post(body, contentType);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ statusCode: status, message: expect.stringContaining(message) });
  });

  test.each([
    ['a report that never was', '00000000-0000-4000-8000-000000000000'],
    ['an invalid id', 'no-id'],
    ['a way out of the directory', '..%2F..%2Fetc'],
    ['a very long id', 'a'.repeat(3_000)],
  ])('%s', async (_, id) => {
    expect(await get(`/reports/${id}`)).toMatchObject({
      status: 404,
      body: { message: expect.stringContaining('POST /reports makes one') },
    });
    expect((await get(`/reports/${id}/chart.svg`)).status).toBe(404);
  });
});

test('without Redis the API answers with that reason in bounded time, and recovers', async () => {
  await redis.kill();
  const response = await post(JSON.stringify({ directory: sources.path }));
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ message: expect.stringContaining('please try again later') });
  await redis.restart();
  await startReport();
  await drain();
});
