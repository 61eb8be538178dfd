import { setTimeout as delay } from 'node:timers/promises';
import { Apps } from '../module/apps.js';
import { examplesOfPage } from '../support/examples.js';
import { freePort } from '../support/free-port.js';
import { ScratchApp } from '../support/scratch-app.js';

const ROOT = new URL('../../', import.meta.url).pathname;
const FILES = ['report.tasks.ts', 'reports.controller.ts', 'app.module.ts', 'main.ts', 'worker.ts'];

describe('the five minutes of the README', () => {
  let apps: Apps;
  beforeAll(async () => {
    apps = await Apps.start();
  });
  afterAll(() => apps.stop());

  /** Its files as they stand there, but for the port. */
  function appOfReadme(port: number): ScratchApp {
    const app = new ScratchApp('five-minutes', { REDIS_URL: apps.url });
    const blocks = examplesOfPage(ROOT, 'README.md').map(({ code }) => code);
    for (const file of FILES) {
      const source = blocks.find((code) => code.startsWith(`// ${file}\n`));
      if (source === undefined) throw new Error(`The README has no block for ${file}.`);
      app.write(file, source.replace('3000', String(port)));
    }
    return app;
  }

  it('lead to a report in the log of the worker', async () => {
    const port = await freePort();
    const app = appOfReadme(port);
    const stop = new AbortController();
    const api = app.runWhile(stop.signal, 'main.ts');
    const worker = app.runUntil('Weekly report for user 7', 'worker.ts');
    try {
      const { id } = await post(`http://127.0.0.1:${port}/reports/7`);
      const { output, code } = await worker;
      expect(output).toContain(`[ReportTasks] ReportTasks.send ${id} #1 Weekly report for user 7`);
      expect(code).toBe(0);
    } finally {
      stop.abort();
      await api;
      app.remove();
    }
  });
});

/** Asks until the API is there. */
async function post(url: string): Promise<{ id: string }> {
  for (;;) {
    const response = await fetch(url, { method: 'POST' }).catch(() => undefined);
    if (response) {
      expect(response.status).toBe(201);
      return (await response.json()) as { id: string };
    }
    await delay(50);
  }
}
