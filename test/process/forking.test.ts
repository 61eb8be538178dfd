import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isAlive, WorkerFixture, type WorkerProcess } from '../support/worker-fixture.js';

const BUILT = new URL('../../build/fixtures/', import.meta.url);

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
});
afterEach(() => fixture.stop());

async function booted(children: number): Promise<number[]> {
  await fixture.until(`${children} children have booted`, () => fixture.events('booted').length >= children);
  return fixture.events('booted').map(({ pid }) => pid);
}

/** How many files a process may open; open files stay open. */
function limitFiles(worker: WorkerProcess, most: number): void {
  execFileSync('prlimit', ['--pid', String(worker.pid), `--nofile=${most}:`]);
}

describe('when the system refuses to make another child', () => {
  it('the other children work on, and the missing one is forked as soon as the system allows it', async () => {
    const worker = fixture.worker({ children: 2 });
    const pids = await booted(2);
    await fixture.until('both are served', () => worker.lines('Serving').length === 1);
    const files = (): number => readdirSync(`/proc/${worker.pid}/fd`).length;
    const before = files();
    limitFiles(worker, 3);
    process.kill(pids[0] as number, 'SIGKILL');
    await fixture.until('it is refused twice', () => worker.lines('Could not fork a child').length >= 2);
    expect(worker.lines('Could not fork a child')[0]).toContain('EMFILE');
    await fixture.send('run', ['meanwhile']);
    expect((await fixture.event('run', 'meanwhile')).pid).toBe(pids[1]);
    limitFiles(worker, 1_024);
    await booted(3);
    await fixture.until('no file was left open', () => files() === before);
    expect(isAlive(worker.pid)).toBe(true);
  });

  it('at the start, the worker ends with the reason', async () => {
    const worker = fixture.worker({ children: 1 }, { TMPDIR: '/nowhere', NODE_OPTIONS: noSharedMemory() });
    expect(await worker.ended()).toBe(1);
    expect(worker.output).toContain('/dev/shm (ENOSPC) nor in /nowhere (ENOENT). [NO_SCOREBOARD]');
  });

  it('at the start, an app with a worker within it fails with the reason, and ends', async () => {
    const app = fixture.app({}, { TMPDIR: '/nowhere', NODE_OPTIONS: noSharedMemory() });
    expect(await app.ended()).toBe(1);
    expect(app.output).toContain('/dev/shm (ENOSPC) nor in /nowhere (ENOENT). [NO_SCOREBOARD]');
  });

  it('a worker within an app that starts over does so as soon as the system allows it', async () => {
    const app = fixture.app({ lease: '1s' });
    await fixture.send('run', ['before']);
    await fixture.event('run', 'before');
    limitFiles(app, 3);
    await fixture.broker.redis.del('{nestwork}:sessions');
    await fixture.until('it is refused', () => app.lines('Cannot start over yet').length >= 1);
    limitFiles(app, 1_024);
    await fixture.send('run', ['after']);
    await fixture.event('run', 'after');
  });
});

/** Makes memory for files full for a process: of the system's own there may be plenty, and it is everybody's. */
function noSharedMemory(): string {
  const script = `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    const { openSync } = fs;
    fs.openSync = (path, ...rest) => {
      if (String(path).startsWith('/dev/shm/')) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      return openSync(path, ...rest);
    };
    syncBuiltinESMExports();`;
  return `--import data:text/javascript,${encodeURIComponent(script)}`;
}

describe('bytes in the channel that are no message', () => {
  it('count as a crash of the task that wrote them, and the other children work on', async () => {
    const worker = fixture.worker({ children: 2 });
    const id = await fixture.send('garble', ['noise']);
    await fixture.until('it has run three times and is dead', async () => (await fixture.dead(id)) !== undefined);
    expect(fixture.events('started', 'noise')).toHaveLength(3);
    expect((await fixture.dead(id))?.report.error).toContain('bytes into its channel to the supervisor');
    await fixture.send('run', ['after']);
    await fixture.event('run', 'after');
    expect(isAlive(worker.pid)).toBe(true);
  });
});

describe("code of the app's files that runs when they are imported", () => {
  it('with a listener that ends the process at a signal is logged at the start, and the exit code is not 0', async () => {
    const worker = fixture.worker({ children: 1 }, { AT_IMPORT: 'listen' }, 'listening-worker');
    await fixture.send('hold', ['running', 'gate']);
    await fixture.event('started', 'running');
    expect(worker.lines("The app's files listen for SIGTERM")).toHaveLength(1);
    expect(worker.output).toContain('Promise.resolve().finally(() => process.exit(0))');
    worker.kill('SIGTERM');
    expect(await worker.ended()).toBe(1);
    expect(worker.lines('The supervisor ends while 1 of its children run')).toHaveLength(1);
  });

  it('with a process.exit() while children run gives an exit code other than 0', async () => {
    const worker = fixture.worker({ children: 2 }, { AT_IMPORT: 'exit' }, 'listening-worker');
    await booted(2);
    expect(worker.lines("The app's files listen")).toHaveLength(0);
    worker.kill('SIGUSR2');
    expect(await worker.ended()).toBe(1);
    expect(worker.lines('The supervisor ends while 2 of its children run')).toHaveLength(1);
  });

  it('with an uncaught error is logged with its consequence', async () => {
    const worker = fixture.worker({ children: 1 }, { AT_IMPORT: 'throw' }, 'listening-worker');
    await booted(1);
    worker.kill('SIGUSR2');
    expect(await worker.ended()).toBe(1);
    expect(worker.output).toContain('Error: at import');
    expect(worker.lines('The supervisor ends while 1 of its children run')).toHaveLength(1);
  });

  it('without any of these logs nothing when the worker stops', async () => {
    const worker = fixture.worker({ children: 1 });
    await booted(1);
    worker.kill('SIGTERM');
    expect(await worker.ended()).toBe(0);
    expect(worker.output).not.toMatch(/listen for|ends while/);
  });
});

describe('the file that children run', () => {
  it('is the option `entry` where a launcher loads the worker', async () => {
    const entry = new URL('worker.js', BUILT).href;
    fixture.worker({ children: 2, entry }, {}, 'listening-worker');
    await booted(2);
    expect(fixture.events('imported')).toHaveLength(1);
  });

  it.each([
    ['a file', 'worker.js', 0],
    ['no file', 'missing.js', 1],
  ])('is the option `entry` for a worker that is started as code: %s', async (_name, file, code) => {
    const entry = pathToFileURL(join(BUILT.pathname, file)).href;
    const worker = fixture.worker({ children: 1, entry }, {}, ['--input-type=module', '-e', importWorker(), 'x']);
    if (code === 0) {
      await booted(1);
      worker.kill('SIGTERM');
    }
    expect(await worker.ended()).toBe(code);
    if (code === 1) expect(worker.output).toMatch(/The option `entry` .* is no file\. \[INVALID_OPTION]/);
  });

  it('is demanded by an error that names the option, in a worker that is started as code', async () => {
    const worker = fixture.worker({ children: 1 }, {}, ['--input-type=module', '-e', importWorker()]);
    expect(await worker.ended()).toBe(1);
    expect(worker.output).toContain('give the option `entry` the file that calls WorkerFactory.run');
  });

  function importWorker(): string {
    return `await import(${JSON.stringify(new URL('worker.js', BUILT).href)})`;
  }
});

it('a worker in a process of a cluster is refused at its start', async () => {
  const worker = fixture.worker({ children: 1 }, {}, 'clustered-worker');
  expect(await worker.ended()).toBe(1);
  expect(worker.output).toContain("exec_mode: 'fork'");
  expect(worker.output).toContain('[CLUSTER_WORKER]');
  expect(fixture.events('booted')).toEqual([]);
});

describe('a directory that is removed under a supervisor', () => {
  let base: string;
  beforeEach(() => {
    base = realpathSync(mkdtempSync(join(tmpdir(), 'nestwork-test-')));
  });
  afterEach(() => rmSync(base, { recursive: true }));

  it('does not prevent replacements from booting: they start where the path leads by then', async () => {
    mkdirSync(join(base, '1'));
    symlinkSync(join(base, '1'), join(base, 'current'));
    const worker = fixture.worker({ children: 1 }, { PWD: join(base, 'current') });
    const [first] = await booted(1);
    await fixture.until('it serves', () => worker.lines('Serving').length === 1);
    mkdirSync(join(base, '2'));
    writeFileSync(join(base, '2', 'marker'), '');
    symlinkSync(join(base, '2'), join(base, 'next'));
    renameSync(join(base, 'next'), join(base, 'current'));
    rmSync(join(base, '1'), { recursive: true });
    process.kill(first as number, 'SIGKILL');
    const [, second] = await booted(2);
    expect(realpathSync(`/proc/${second}/cwd`)).toBe(join(base, '2'));
    expect(worker.lines(`The working directory ${join(base, '1')} is gone`)).toHaveLength(1);
  });
});
