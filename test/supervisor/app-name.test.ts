import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { appPackage } from '../../src/supervisor/app-name.js';

function appName(...given: Parameters<typeof appPackage>): string | undefined {
  return appPackage(...given)?.name;
}

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(realpathSync(tmpdir()), 'nestwork-test-'));
});
afterEach(() => rmSync(root, { recursive: true }));

/** Writes files below the root; resolves to the path of the first. */
function files(contents: Readonly<Record<string, string>>): string {
  const paths = Object.keys(contents).map((file) => join(root, file));
  for (const [index, content] of Object.values(contents).entries()) {
    const path = paths[index] ?? '';
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return paths[0] ?? '';
}

const NAMED = JSON.stringify({ name: 'root' });

it('the name of an app is that in the nearest package.json at or above the entry file', () => {
  const near = { 'apps/api/package.json': '{"name":"@acme/api"}', 'package.json': NAMED };
  expect(appName(files({ 'apps/api/dist/src/worker.js': '', ...near }))).toBe('@acme/api');
  expect(appName(files({ 'apps/api/worker.js': '', ...near }))).toBe('@acme/api');
  expect(appName(files({ 'apps/cron/dist/worker.js': '', ...near }))).toBe('root');
});

it('the name of an app is found from an entry as Node takes it: without its extension, or a directory', () => {
  const entry = files({ 'api/dist/worker.js': '', 'api/package.json': '{"name":"api"}', 'package.json': NAMED });
  expect(appName(entry.replace('.js', ''))).toBe('api');
  expect(appName(join(root, 'api'))).toBe('api');
});

it.each([
  ['has no name', '{"type":"commonjs"}'],
  ['has an empty name', '{"name":""}'],
  ['has a name that is no text', '{"name":{}}'],
  ['is no JSON', '{'],
  ['is no object', 'null'],
])('the name of an app is not taken from a package.json that %s', (_, json) => {
  const entry = files({ 'dist/cjs/worker.js': '', 'dist/cjs/package.json': json, 'package.json': NAMED });
  expect(appName(entry)).toBe('root');
});

it('the name of an app is not taken from packages that are installed in it, which are launchers', () => {
  const launcher = { 'node_modules/pm/bin/run.js': '', 'node_modules/pm/package.json': '{"name":"pm"}' };
  expect(appName(files({ ...launcher, 'package.json': NAMED }))).toBe('root');
});

it.each(['ProcessContainerFork.js', 'ProcessContainer.js'])(
  'the name of an app is that of the script that PM2 runs with its %s',
  (file) => {
    const container = files({ [`lib/node_modules/pm2/lib/${file}`]: '', 'package.json': '{"name":"version-manager"}' });
    const script = files({ 'shop/dist/worker.js': '', 'shop/package.json': '{"name":"shop"}' });
    expect(appName(container, { pm_exec_path: script })).toBe('shop');
    const started = files({ 'blog/dist/worker.js': '', 'blog/package.json': '{"name":"blog"}' });
    expect(appName(started, { pm_exec_path: script })).toBe('blog');
  },
);

it('the name of an app is found where a symbolic link to its files leads', () => {
  const entry = files({ 'releases/2/dist/worker.js': '', 'releases/2/package.json': '{"name":"api"}' });
  symlinkSync(join(root, 'releases/2'), join(root, 'current'));
  symlinkSync(entry, join(root, 'worker.js'));
  expect(appName(join(root, 'current/dist/worker.js'))).toBe('api');
  expect(appName(join(root, 'worker.js'))).toBe('api');
  symlinkSync(join(root, 'releases/2/dist'), join(root, 'dist'));
  expect(appName(join(root, 'dist/worker'))).toBe('api');
});

it("the name of an app is cut at npm's maximum length", () => {
  const entry = files({ 'worker.js': '', 'package.json': JSON.stringify({ name: 'x'.repeat(1_000) }) });
  expect(appName(entry)).toHaveLength(214);
});

it.each([undefined, '', '/gone/dist/worker.js', 'gone\0'])(
  'the name of an app is undefined, without an error, for the entry %j',
  (entry) => {
    const directory = process.cwd();
    process.chdir('/');
    try {
      expect(appName(entry)).toBeUndefined();
    } finally {
      process.chdir(directory);
    }
  },
);
