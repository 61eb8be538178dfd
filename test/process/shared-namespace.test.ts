import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AppTasks } from '../../src/task/app-tasks.js';
import { appTasks } from '../../src/task/app-tasks.js';
import { WorkerFixture, type WorkerProcess } from '../support/worker-fixture.js';

const FIXTURES = new URL('../../build/fixtures/', import.meta.url).href;
const WARNING = '[SHARED_NAMESPACE]';
/** The tasks of the worker and of the app among the fixtures, and one more. */
const MORE_TASKS = { WORKER_MODULE: 'enhanced' };

let fixture: WorkerFixture;
let directory: string;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
  directory = mkdtempSync(join(tmpdir(), 'nestwork-apps-'));
});
afterEach(async () => {
  await fixture.stop();
  rmSync(directory, { recursive: true });
});

/** A package of its own with an entry file of the fixtures; resolves to that file. */
function packaged(directoryName: string, name: string | undefined, file = 'worker'): string {
  const home = join(directory, directoryName);
  mkdirSync(join(home, 'dist'), { recursive: true });
  if (name !== undefined) writeFileSync(join(home, 'package.json'), JSON.stringify({ name, type: 'module' }));
  const entry = join(home, 'dist', `${file}.mjs`);
  writeFileSync(entry, `await import('${FIXTURES}${file}.js');\n`);
  return entry;
}

/** Starts it and waits until others can see it. */
async function serving(entry: string, environment: Record<string, string> = {}): Promise<WorkerProcess> {
  const worker = fixture.worker({ children: 1 }, environment, [entry]);
  await fixture.logged(worker, 'Serving ');
  return worker;
}

/** The session of a worker that every other app has to warn of, so that it is known when it has looked. */
async function stranger(): Promise<void> {
  const app = appTasks('stranger', ['default'], [{ name: 'Strange.task', queue: 'default' }]);
  const place = { host: 'elsewhere', pid: 1, leaseMs: 60_000 };
  await fixture.broker.broker.openSession({ session: 's-60000', ...place, queues: ['default'], catalog: [], app });
}

async function apps(): Promise<(AppTasks | undefined)[]> {
  return (await fixture.broker.broker.liveWorkers()).map(({ app }) => app);
}

it('workers of two apps that would take tasks of each other warn once each, with both names and the remedy', async () => {
  const [shop, blog] = [packaged('shop', '@acme/shop'), packaged('blog', 'blog')];
  await serving(shop);
  const second = await serving(blog, MORE_TASKS);
  await fixture.logged(second, WARNING);
  expect(second.lines(WARNING)).toEqual([
    expect.stringMatching(
      /WARN.*The apps "blog" \(here\) and "@acme\/shop" \(.*, pid \d+\) both serve the queue default in namespace "nestwork", with different tasks/,
    ),
  ]);
  await fixture.logged(second, "`namespace: 'blog'` in this one, `namespace: 'acme-shop'` in the other");
  const third = await serving(shop);
  await fixture.logged(third, WARNING);
  expect(third.lines(WARNING)).toEqual([expect.stringContaining('"@acme/shop" (here) and "blog" (')]);
});

it('a worker within an app publishes its name as well, and warns', async () => {
  await serving(packaged('shop', 'shop'), MORE_TASKS);
  const app = fixture.worker({}, {}, [packaged('blog', 'blog', 'app')]);
  await fixture.logged(app, WARNING);
  expect(app.lines(WARNING)).toEqual([expect.stringContaining('The apps "blog" (here) and "shop" (')]);
  expect((await apps()).map((app) => app?.name).sort()).toEqual(['blog', 'shop']);
});

it.each([
  ['workers of one package with different tasks', ['shop', MORE_TASKS], ['shop', {}]],
  ['workers of two packages that have the same tasks', ['api', {}], ['worker', {}]],
] as const)('%s do not warn of each other', async (_, first, second) => {
  await stranger();
  for (const [index, [name, environment]] of [first, second].entries()) {
    const worker = await serving(packaged(`app${index}`, name), environment);
    await fixture.logged(worker, WARNING);
    expect(worker.lines(WARNING)).toEqual([expect.stringContaining('and "stranger" (elsewhere, pid 1)')]);
  }
});

it('a worker within an app and one of another package with the same tasks do not warn of each other', async () => {
  await stranger();
  await serving(packaged('worker', 'worker'));
  const app = fixture.worker({}, {}, [packaged('api', 'api', 'app')]);
  await fixture.logged(app, WARNING);
  expect(app.lines(WARNING)).toEqual([expect.stringContaining('and "stranger" (elsewhere, pid 1)')]);
});

it('a worker without a package, or without a name in it, starts as usual and publishes no app', async () => {
  await stranger();
  const nameless = [packaged('bare', undefined), packaged('empty', '')];
  const workers = await Promise.all(nameless.map((entry) => serving(entry)));
  await fixture.broker.broker.closeSession('s-60000');
  expect(await apps()).toEqual([undefined, undefined]);
  await fixture.send('run', ['as ever']);
  await fixture.event('run', 'as ever');
  expect(workers.flatMap((worker) => worker.lines(WARNING))).toEqual([]);
});
