import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRelease } from '../../src/cron/cron-definition.js';
import { appRelease } from '../../src/module/app-release.js';

const { pm_exec_path } = process.env;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(realpathSync(tmpdir()), 'nestwork-test-'));
});
afterEach(() => {
  if (pm_exec_path === undefined) Reflect.deleteProperty(process.env, 'pm_exec_path');
  else process.env.pm_exec_path = pm_exec_path;
  rmSync(root, { recursive: true });
});

/** An app of one version that was built at a time, in seconds since 1970. Returns its entry file. */
function build(at: number, file = 'dist/main.js', version = '0.0.1'): string {
  const path = join(root, file);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(join(root, 'package.json'), JSON.stringify({ name: 'shop', version }));
  writeFileSync(path, 'start();');
  utimesSync(path, at, at);
  return path;
}

it.each([
  ['has its extension', 'dist/main.js', 'dist/main.js'],
  ['has none, as the script of a Nest app', 'dist/main.js', 'dist/main'],
  ['is a directory', 'dist/index.js', 'dist'],
  ['is a module', 'dist/main.mjs', 'dist/main.mjs'],
])('each build has a release of its own, also of one version, where the entry %s', (_, file, entry) => {
  build(1_000, file);
  const first = appRelease(join(root, entry));
  expect(first).toMatch(/^[\w-]{8}$/);
  expect(appRelease(join(root, entry))).toBe(first);
  build(2_000, file);
  expect(appRelease(join(root, entry))).not.toBe(first);
});

it('the release is the same for all entry files of a build', () => {
  const [main, worker] = [build(1_000), build(1_000, 'dist/worker.js')];
  const first = appRelease(main);
  expect(appRelease(worker)).toBe(first);
  symlinkSync(join(root, 'gone.js'), join(root, 'dist/broken.js'));
  mkdirSync(join(root, 'dist/directory.js'));
  writeFileSync(join(root, 'dist/app.log'), 'a line');
  expect(appRelease(main)).toBe(first);
  build(2_000, 'dist/app.module.js');
  expect(appRelease(main)).not.toBe(first);
});

it('the release is that of the script which PM2 runs', () => {
  const container = join(root, 'lib/node_modules/pm2/lib/ProcessContainerFork.js');
  mkdirSync(join(container, '..'), { recursive: true });
  writeFileSync(container, '');
  process.env.pm_exec_path = build(1_000);
  const first = appRelease(container);
  expect(first).toBe(appRelease(process.env.pm_exec_path));
  build(2_000);
  expect(appRelease(container)).not.toBe(first);
});

it('the release is that of the file where a symbolic link leads', () => {
  const entry = build(1_000, 'releases/1/main.js');
  symlinkSync(join(root, 'releases/1'), join(root, 'current'));
  expect(appRelease(join(root, 'current/main'))).toBe(appRelease(entry));
});

it.each([
  ['1.2.3', '1.2.3'],
  ['1 / ?', '1----'],
  ['', 'unknown'],
])('the release of an app of version %j whose file cannot be read is %j', (version, release) => {
  build(1_000, 'dist/main.js', version);
  expect(appRelease(join(root, 'dist/gone'))).toBe(release);
});

it.each([undefined, '', '/gone/main.js', 'gone\0', 'relative'])(
  'the entry %j has a release, without an error',
  (entry) => {
    expect(isRelease(appRelease(entry))).toBe(true);
  },
);
