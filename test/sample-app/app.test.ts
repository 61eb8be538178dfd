import { rmSync, truncateSync } from 'node:fs';
import { jest } from '@jest/globals';
import { type INestApplication, Logger } from '@nestjs/common';
import { DeadLetters, QueueClient, type TaskContext } from 'nestwork';
import { drainTasks, RedisServer, type TaskRun } from 'nestwork/testing';
import { BATCH_LIMITS } from '../../sample-app/src/counting/plan-batches.js';
import { ChartTasks } from '../../sample-app/src/reports/chart.tasks.js';
import { planReport } from '../../sample-app/src/reports/plan-report.js';
import type { Report } from '../../sample-app/src/reports/report.js';
import { ReportStore } from '../../sample-app/src/reports/report-store.js';
import type { ReportResource } from '../../sample-app/src/reports/reports.controller.js';
import { StatsTasks } from '../../sample-app/src/reports/stats.tasks.js';
import { libraryArgs, libraryUrl } from '../support/least-rights.js';
import { TemporaryDirectory } from './temporary-directory.js';

/** Small enough to run in this process, with enough files for several batches. */
const sources = new TemporaryDirectory();
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
  data.remove();
});

afterEach(() => jest.restoreAllMocks());

async function post(body: string, contentType = 'application/json'): Promise<Response> {
  return fetch(`${url}/reports`, { method: 'POST', body, headers: { 'content-type': contentType } });
}

async function startReport(directory = sources.path): Promise<ReportResource> {
  const response = await post(JSON.stringify({ directory }));
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
      id: expect.stringMatching(/^[0-9a-z]{20}$/),
      directory: sources.path,
      requestedAt: expect.any(String),
      state: 'queued',
      tasks: { done: 0, total: 2 },
      urls: { report, chart: `${report}/chart.svg` },
    });
    expect(await get(report)).toEqual({ status: 200, body: accepted });
    expect(await get(accepted.urls.chart)).toMatchObject({
      status: 409,
      body: { message: expect.stringContaining('queued, 0 of 2 tasks are done. Ask again in a moment.') },
    });

    const names = (await drain()).map(({ name }) => name.replace('StatsTasks.', ''));
    expect(names).toEqual(['countFiles', 'countBatch', 'countBatch', 'countBatch', 'writeReport']);

    const { body } = await get(report);
    expect(body).toMatchObject({ state: 'finished', tasks: { done: 5, total: 5 } });
    expect(findings(body.report as Report)).toEqual(wanted);
    const chart = await fetch(url + accepted.urls.chart);
    expect(chart.status).toBe(200);
    expect(chart.headers.get('content-type')).toBe('image/svg+xml; charset=utf-8');
    expect(chart.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await chart.text()).toContain('TypeScript');
  });

  test('shows its progress', async () => {
    const { urls } = await startReport();
    const seen: unknown[] = [];
    const stats = app.get(StatsTasks);
    const countBatch = stats.countBatch.bind(stats);
    jest.spyOn(stats, 'countBatch').mockImplementation(async (batch) => {
      const { state, tasks } = (await get(urls.report)).body;
      seen.push([state, tasks.done, tasks.total]);
      return countBatch(batch);
    });
    await drain();
    expect(seen).toEqual([1, 2, 3].map((done) => ['counting', done, 5]));
  });

  test('counts the files that it found first, also when a task runs again and files have come meanwhile', async () => {
    const { urls } = await startReport();
    const store = app.get(ReportStore);
    const savePlan = store.savePlan.bind(store);
    jest.spyOn(store, 'savePlan').mockImplementationOnce(async (id, plan) => {
      await savePlan(id, plan);
      sources.write({ 'new.ts': 'x' });
      throw new Error('killed');
    });
    jest.spyOn(app.get(StatsTasks), 'countBatch').mockRejectedValueOnce(new Error('killed'));
    for (const task of ['countFiles', 'countBatch']) {
      await drainTasks(app);
      expect((await get(urls.report)).body.failure?.task).toBe(`StatsTasks.${task}`);
      await app.get(DeadLetters).redriveAll({});
    }
    await drain();
    rmSync(sources.at('new.ts'));
    expect(findings((await get(urls.report)).body.report as Report)).toEqual(wanted);
  });

  test('is written even if there is nothing left to count', async () => {
    const gone = new TemporaryDirectory().write({ 'a.js': 'a' });
    const { urls } = await startReport(gone.path);
    rmSync(gone.at('a.js'));
    await drain();
    gone.remove();
    expect((await get(urls.report)).body).toMatchObject({ state: 'finished', report: { total: { files: 0 } } });
  });

  test('stops counting when the worker stops', async () => {
    const reason = new Error('the worker stops');
    const context = { signal: AbortSignal.abort(reason) } as TaskContext;
    const tasks = new StatsTasks(app.get(QueueClient), context, app.get(ReportStore));
    await expect(tasks.countBatch({ directory: sources.path, paths: ['README.md'] })).rejects.toBe(reason);
  });

  test('of many files has no more batches than a task can add', async () => {
    const many = new TemporaryDirectory();
    for (let file = 0; file < 1_001; file += 1) {
      many.write({ [`${file}.js`]: '' });
      truncateSync(many.at(`${file}.js`), BATCH_LIMITS.bytes);
    }
    const { batches } = await planReport(many.path, new AbortController().signal);
    many.remove();
    expect(batches.map(({ length }) => length)).toEqual([...Array.from({ length: 500 }, () => 2), 1]);
  });
});

describe('a report of which a task fails', () => {
  it('names that task and its error, and is written when that is redriven', async () => {
    const { urls } = await startReport();
    const broken = jest.spyOn(app.get(ReportStore), 'saveReport').mockRejectedValue(new Error('disk full'));
    await drainTasks(app);
    const { body } = await get(urls.report);
    const failure = { task: 'StatsTasks.writeReport', taskId: expect.any(String), why: 'Error: disk full' };
    expect(body).toMatchObject({ state: 'failed', failure });
    broken.mockRestore();
    await fetch(`${url}/dead-tasks/${body.failure?.taskId}/redrive`, { method: 'POST' });
    await drain();
    expect((await get(urls.report)).body).toMatchObject({ state: 'finished', tasks: { done: 5, total: 5 } });
  });
});

describe('health', () => {
  it('is red when no worker consumes tasks, also while Redis answers', async () => {
    expect(await get('/health')).toMatchObject({ status: 200, body: { healthy: true } });
    await app.get(QueueClient).of(ChartTasks).drawChart.delay('none');
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
    ['a report that never was', '00000000000000000000'],
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
