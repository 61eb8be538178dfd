import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../sample-app/src/reports/report.js';
import type { ReportResource } from '../../sample-app/src/reports/reports.controller.js';
import { RedisServer } from '../../src/testing/redis-server.js';
import { libraryArgs, libraryUrl } from '../support/least-rights.js';

/** Some thousand files, which take the two children a second or two. */
const SOURCES = fileURLToPath(new URL('../../node_modules/rxjs', import.meta.url));
const PATIENCE_MS = 60_000;
/** Longer than the demo allows itself. */
const TEST_TIMEOUT_MS = 150_000;

let redis: RedisServer;
const data = mkdtempSync(join(tmpdir(), 'code-stats-e2e-'));
const started: Script[] = [];

/** A script of the built sample app in a process of its own. */
class Script {
  output = '';
  readonly process: ChildProcess;
  private readonly closed: Promise<unknown>;

  constructor(script: string, ...args: string[]) {
    this.process = spawn(
      process.execPath,
      [fileURLToPath(new URL(`../../sample-app/dist/${script}`, import.meta.url)), ...args],
      {
        env: {
          ...process.env,
          NODE_OPTIONS: '',
          NO_COLOR: '1',
          PORT: '0',
          REDIS_URL: libraryUrl(redis.url),
          CODE_STATS_DATA: data,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.closed = once(this.process, 'close');
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    started.push(this);
  }

  /** Its exit code or signal, after everything that writes to its output is gone, forked children included. */
  async ended(): Promise<number | string | null> {
    await this.closed;
    return this.process.exitCode ?? this.process.signalCode;
  }

  stop(): Promise<number | string | null> {
    this.process.kill('SIGTERM');
    return this.ended();
  }
}

/** Asks until there is an answer. */
async function eventually<T>(what: string, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`${what} did not come.\n${started.map((one) => one.output).join('\n')}`);
    await sleep(20);
  }
}

const urlOf = (api: Script) => eventually('the URL', () => /http:\/\/127\.0\.0\.1:\d+/.exec(api.output)?.[0]);

async function startReport(url: string): Promise<string> {
  const response = await fetch(`${url}/reports`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ directory: SOURCES }),
  });
  expect(response.status).toBe(202);
  return url + ((await response.json()) as ReportResource).urls.report;
}

const look = async (report: string) => (await (await fetch(report)).json()) as ReportResource;
const finished = (report: string) => eventually('the report', async () => (await look(report)).report);

const childrenOf = ({ work }: Report): number[] => work.children.map(({ pid }) => pid);

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

beforeAll(async () => {
  redis = await RedisServer.start({ args: libraryArgs() });
});

afterEach(async () => {
  for (const { process: one } of started) if (one.exitCode === null && one.signalCode === null) one.kill('SIGKILL');
  await Promise.all(started.splice(0).map((one) => one.ended()));
});

afterAll(async () => {
  await redis?.stop();
  rmSync(data, { recursive: true, force: true });
});

test(
  'a report goes through API, queue and two forked children, and comes out whole when one of them is killed',
  async () => {
    const api = new Script('main.js');
    const worker = new Script('worker.js');
    const url = await urlOf(api);
    // the second child is forked when the first has booted, and may come too late for the first report
    const undisturbed = await eventually('a report of both children', async () => {
      const report = await finished(await startReport(url));
      return report.work.children.length === 2 ? report : undefined;
    });
    expect(undisturbed.total.files).toBeGreaterThan(1_000);

    const disturbed = await startReport(url);
    await eventually('a counted batch', async () => (await look(disturbed)).tasks.done > 3 || undefined);
    process.kill(childrenOf(undisturbed)[0] as number, 'SIGKILL');
    const report = await finished(disturbed);
    expect(report.total).toEqual(undisturbed.total);
    expect(report.languages).toEqual(undisturbed.languages);
    expect(report.work.tasks).toBe(undisturbed.work.tasks);
    expect(readFileSync(join(data, report.id, 'chart.svg'), 'utf8')).toMatch(/^<svg /);

    const children = [...new Set([...childrenOf(undisturbed), ...childrenOf(report)])];
    expect(await worker.stop()).toBe(0);
    expect(await api.stop()).toBe('SIGTERM');
    expect(children.filter(isRunning)).toEqual([]);
  },
  TEST_TIMEOUT_MS,
);

describe('the demo', () => {
  test(
    'prints the report and its path, and leaves no process running',
    async () => {
      const demo = new Script('demo.js', SOURCES);
      expect([await demo.ended(), demo.output]).toEqual([0, expect.stringContaining('nothing is left running')]);
      expect(demo.output).toMatch(/POST \/reports → 202 Accepted/);
      expect(demo.output).toMatch(/100% {2}\d+\/\d+ tasks/);
      expect(demo.output).toMatch(/TypeScript +[\d,]+ +[\d,]+ +[\d,]+ +[\d,]+ +[\d,]+\n/);
      expect(demo.output).toMatch(/\d+ tasks in [\d.]+ s: [\d,]+ tasks and [\d,]+ files a second/);
      // one or two have counted, as the second may boot after that; one of them ran out of time later, and was replaced
      const children = [...new Set([...demo.output.matchAll(/child (\d+)/g)].map(([, pid]) => Number(pid)))];
      expect([2, 3]).toContain(children.length);
      expect(demo.output).toMatch(/DELETE \/tasks\/\w+ → it was scheduled/);
      expect(demo.output).toMatch(/attempt 1 → 503\n +attempt 2 → 503 .* later\n +attempt 3 → 204/);
      expect(demo.output).toMatch(
        /callWebhook, after 4 attempts: Error: .* answered 503\n.*redrive.*\n +attempt 1 → 204/,
      );
      expect(demo.output).toMatch(/five times in a row → drawn/);
      expect(demo.output).toMatch(/TODO +→ \d+ lines? in [\d,]+ of [\d,]+ files/);
      expect(demo.output).toMatch(/→ HARD_TIMEOUT: .*\n.*Child \d+ is ended/);
      expect(demo.output).toMatch(/searches\/cache → child \d+ ok, child \d+ ok/);
      expect(demo.output).toMatch(/OverviewTasks\.draw, next at \d\d:00\n.*run → done in \d+ ms by child \d+/);
      expect(demo.output).toMatch(/cancelled: of its tasks \d+ are done, \d+ do not start, or are asked to stop/);
      const mail = /(\S+\.eml)/.exec(demo.output)?.[1] ?? '';
      expect(readFileSync(mail, 'utf8')).toContain('To: ada@example.org');
      const chart = /^ +Chart +(\S+)/m.exec(demo.output)?.[1] ?? '';
      expect(readFileSync(chart, 'utf8')).toContain('rxjs');
      const processes = [...demo.output.matchAll(/pid (\d+)/g)].map(([, pid]) => Number(pid));
      expect([...children, ...processes].filter(isRunning)).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    'stays with --stay, names a dashboard that opens, and ends well when it is interrupted',
    async () => {
      const demo = new Script('demo.js', '--stay', SOURCES);
      const address = await eventually('the dashboard', () => /Dashboard +(http\S+)/.exec(demo.output)?.[1]);
      const page = await fetch(address);
      expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
      demo.process.kill('SIGINT');
      expect([await demo.ended(), demo.output]).toEqual([0, expect.stringContaining('nothing is left running')]);
      const processes = [...demo.output.matchAll(/pid (\d+)/g)].map(([, pid]) => Number(pid));
      expect(processes.filter(isRunning)).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    'fails with the answer of the API',
    async () => {
      const demo = new Script('demo.js', '/no/such/place');
      expect(await demo.ended()).toBe(1);
      expect(demo.output).toContain('The directory "/no/such/place" does not exist.');
      expect(demo.output).toContain('Last output of the API:');
    },
    TEST_TIMEOUT_MS,
  );

  test(
    'stops everything when it is interrupted',
    async () => {
      const demo = new Script('demo.js');
      await eventually('a running report', () => demo.output.includes('202 Accepted') || undefined);
      demo.process.kill('SIGINT');
      expect([await demo.ended(), demo.output]).toEqual([130, expect.stringContaining('Interrupted by SIGINT.')]);
      const processes = [...demo.output.matchAll(/pid (\d+)/g)].map(([, pid]) => Number(pid));
      expect(processes).toHaveLength(2);
      expect(processes.filter(isRunning)).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    'prints its requirements when it is started by hand without a Redis',
    async () => {
      const demo = spawn(process.execPath, [fileURLToPath(new URL('../../sample-app/dist/demo.js', import.meta.url))], {
        env: { ...process.env, NODE_OPTIONS: '', REDIS_URL: '' },
      });
      let output = '';
      demo.stderr.on('data', (text: Buffer) => {
        output += text.toString();
      });
      expect((await once(demo, 'close'))[0]).toBe(1);
      expect(output).toContain('Start the demo with `npm run demo`');
    },
    TEST_TIMEOUT_MS,
  );
});
