/** `nestwork worker` is worker mode, as the file that calls WorkerFactory.run is. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nestwork } from '../support/command-line.js';
import { WorkerFixture, type WorkerProcess } from '../support/worker-fixture.js';

const ROOT = new URL('../../', import.meta.url).pathname;
const MAIN = join(ROOT, 'dist/cli/main.js');
const APP_MODULE = join(ROOT, 'build/fixtures/app-module.js');

describe('nestwork worker', () => {
  let fixture: WorkerFixture;
  beforeEach(async () => {
    fixture = await WorkerFixture.start();
  });
  afterEach(() => fixture.stop());

  function start(...args: string[]): WorkerProcess {
    return fixture.worker({}, {}, [MAIN, 'worker', ...args]);
  }

  it('runs tasks in children of its own process, and ends with 0 after SIGTERM when they are done', async () => {
    const worker = start(APP_MODULE, '--children', '2', '--concurrency', '2', '--shutdown-grace', '30s');
    await fixture.send('hold', ['held', 'gate']);
    await fixture.event('started', 'held');
    await fixture.until('both have booted', () => fixture.events('booted').length === 2);
    const [session] = await fixture.broker.broker.workers.workers();
    expect(session).toMatchObject({ pid: worker.pid, queues: ['urgent', 'default', 'bulk'] });
    // the command is installed elsewhere than the app, whose name other workers compare
    expect(session?.published?.digest).toMatchObject({ app: 'nestwork', forked: 2 });
    worker.kill('SIGTERM');
    await fixture.until('it stops', () => worker.lines('finishing the running tasks').length === 1);
    fixture.open('gate');
    expect(await worker.ended()).toBe(0);
    expect(
      fixture
        .events()
        .slice(-1)
        .map(({ kind }) => kind),
    ).toEqual(['destroyed']);
    expect(await fixture.work()).toEqual({});
  });

  it('replaces a child that dies, and serves only the queues that it is given', async () => {
    start(APP_MODULE, '--children', '1', '--queues', 'default,urgent');
    await fixture.send('exit', ['dies']);
    await fixture.send('run', ['bulky'], 'bulk');
    await fixture.until('it is dead', async () => (await fixture.broker.redis.zcard('{nestwork}:dead:default')) === 1);
    expect(await fixture.broker.redis.llen('{nestwork}:queue:bulk')).toBe(1);
  });

  it('outlives the reader of its output', async () => {
    const worker = start(APP_MODULE, '--children', '1');
    await fixture.until('it has booted', () => fixture.events('booted').length === 1);
    worker.closeOutput();
    await fixture.send('fail', ['is logged']);
    await fixture.send('run', ['after']);
    await fixture.event('run', 'after');
    worker.kill('SIGTERM');
    expect(await worker.ended()).toBe(0);
  });

  it('runs a file that calls WorkerFactory.run itself', async () => {
    const worker = start(join(ROOT, 'build/fixtures/worker.js'));
    await fixture.send('run', ['there']);
    await fixture.event('run', 'there');
    worker.kill('SIGTERM');
    expect(await worker.ended()).toBe(0);
  });

  it('ends with 1 where the app has no queue', async () => {
    const worker = start(APP_MODULE, '--export', 'OtherModule');
    expect(await worker.ended()).toBe(1);
    expect(worker.output).toContain('does not import TaskQueueModule');
  });
});

describe('nestwork worker refuses with 2', () => {
  let directory: string;
  beforeAll(() => {
    mkdirSync(join(ROOT, 'build'), { recursive: true });
    // within the package, so that Node finds Nest
    directory = mkdtempSync(join(ROOT, 'build/worker-files-'));
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(directory, name), text);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const MODULE =
    "import 'reflect-metadata'; import { Module } from '@nestjs/common'; export class A {} export class B {}";
  const FILES = {
    'plain.js': 'export const port = 3000; export function start() {}',
    'nothing.js': 'console.error("started");',
    'two.js': `${MODULE} Module({ providers: [] })(A); Module({ providers: [] })(B);`,
    'app.module.ts': '@Module({}) export class AppModule { constructor(private readonly name: string) {} }',
    'broken.js': 'export const AppModule = undefined;\nthrow new Error("broken on purpose");',
  };

  it.each([
    ['nowhere.js', [], 'is no file', 'npm run build'],
    ['.', [], 'is a directory', 'npm run build'],
    ['plain.js', [], 'exports no Nest module, but port, start', 'dist/app.module.js'],
    ['nothing.js', [], 'exports no Nest module.', 'main.js mostly does'],
    ['two.js', [], 'exports several modules: A, B.', '--export A'],
    ['two.js', ['--export', 'C'], 'has no export "C"', 'It exports: A, B.'],
    ['plain.js', ['--export', 'port'], 'exports a "port" that is no module', 'It exports: port, start.'],
    ['app.module.ts', [], 'is TypeScript', 'NODE_OPTIONS'],
    ['two.js', ['--export', 'A', '--children', 'many'], '--children is', 'Give a whole number'],
    ['two.js', ['--export', 'A', '--max-memory-per-child', 'much'], 'maxMemoryPerChild', '300MB'],
    ['two.js', ['--redis', 'redis://localhost'], 'does not take --redis', 'TaskQueueModule'],
  ])('%s %j: %s', async (file, args, what, remedy) => {
    const { code, stdout, stderr } = await nestwork(['worker', file, ...args], { cwd: directory });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(what);
    expect(stderr).toContain(remedy);
  });

  it('and ends with 1 and the stack where the file throws', async () => {
    const { code, stderr } = await nestwork(['worker', 'broken.js'], { cwd: directory });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/broken on purpose\n +at .*broken\.js:2/)]);
  });
});
