import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ROOT = new URL('../../', import.meta.url).pathname;
const BIOME = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
const NEST = '@nestjs/common';
const PORT = '../broker/port/broker.js';
const ADAPTER = '../broker/redis-broker.js';
const FORK = 'node:child_process';

interface Directions {
  file: string;
  may: string[];
  mayNot: string[];
}

/** The rooms of the house, each with imports from above, from below and from libraries. */
const HOUSE: Directions[] = [
  {
    file: 'src/errors.ts',
    may: ['node:util', './values/error-codes.js', './values/printable.js', './values/brand.js'],
    mayNot: ['./options/options.js', './values/duration.js', 'ioredis', NEST],
  },
  {
    file: 'src/values/x.ts',
    may: ['./y.js', '../errors.js', 'node:util'],
    mayNot: ['../payload/x.js', '../index.js', '..', NEST, 'rxjs', 'ioredis', FORK],
  },
  { file: 'src/payload/x.ts', may: ['../values/x.js', 'devalue'], mayNot: ['../message/x.js', '../task/x.js', NEST] },
  { file: 'src/message/x.ts', may: ['../payload/x.js'], mayNot: ['../policy/x.js', '../cron/x.js', NEST, 'ioredis'] },
  { file: 'src/policy/x.ts', may: ['../message/x.js'], mayNot: ['../cron/x.js', '../task/x.js', NEST] },
  { file: 'src/cron/x.ts', may: ['../values/x.js', 'croner'], mayNot: ['../task/x.js', PORT, NEST] },
  { file: 'src/task/x.ts', may: ['../cron/x.js', '../policy/x.js'], mayNot: ['../decorators/x.js', PORT, NEST] },
  { file: 'src/decorators/x.ts', may: ['../task/x.js', NEST], mayNot: [PORT, '../discovery/x.js', 'ioredis', FORK] },
  {
    file: 'src/broker/port/x.ts',
    may: ['./y.js', '../../task/x.js', '../../errors.js'],
    mayNot: ['../../options/options.js', '../redis/x.js', '../redis-broker.js', NEST, FORK],
  },
  {
    file: 'src/broker/redis/x.ts',
    may: ['../port/broker.js', '../../values/x.js', 'ioredis'],
    mayNot: ['../redis-broker.js', '../../options/options.js', NEST, FORK],
  },
  {
    file: 'src/broker/x.ts',
    may: ['./port/broker.js', './redis/redis-keys.js', '../task/x.js', 'ioredis'],
    mayNot: ['../options/x.js', '../client/x.js', '../maintenance/x.js', NEST, 'rxjs', FORK],
  },
  { file: 'src/options/x.ts', may: [PORT, '../policy/x.js'], mayNot: [ADAPTER, '../client/x.js', NEST, 'ioredis'] },
  {
    file: 'src/client/x.ts',
    may: [PORT, '../task/x.js', '../errors.js', '../options/x.js', NEST],
    mayNot: [
      ADAPTER,
      '../broker/redis/x.js',
      '../worker/x.js',
      './../worker/x.js',
      '../index.js',
      'ioredis',
      'child_process',
    ],
  },
  { file: 'src/terminal/x.ts', may: ['../values/x.js', 'picocolors'], mayNot: ['../inspector/x.js', ADAPTER, NEST] },
  { file: 'src/inspector/x.ts', may: [PORT, NEST], mayNot: [ADAPTER, '../supervisor/x.js', 'ioredis', FORK] },
  {
    file: 'src/inspector/create-inspector.ts',
    may: [PORT, ADAPTER, './inspector.js', '../options/x.js'],
    mayNot: ['../module/x.js', 'ioredis', NEST, FORK],
  },
  { file: 'src/ipc/x.ts', may: [PORT, '../message/x.js'], mayNot: ['../worker/x.js', '../supervisor/x.js', NEST] },
  {
    file: 'src/worker/x.ts',
    may: [PORT, '../ipc/x.js', NEST],
    mayNot: [ADAPTER, '../supervisor/x.js', 'ioredis', FORK],
  },
  {
    file: 'src/maintenance/x.ts',
    may: [PORT, '../cron/x.js'],
    mayNot: [ADAPTER, '../supervisor/x.js', 'ioredis', FORK],
  },
  {
    file: 'src/supervisor/x.ts',
    may: [PORT, '../maintenance/x.js', '../ipc/x.js', NEST, FORK],
    mayNot: [ADAPTER, '../discovery/x.js', '../module/x.js', 'ioredis'],
  },
  {
    file: 'src/supervisor/broadcasts/x.ts',
    may: ['../child-process.js', '../../ipc/x.js', FORK],
    mayNot: ['../../discovery/x.js', '../../broker/redis-broker.js', 'ioredis'],
  },
  {
    file: 'src/discovery/x.ts',
    may: ['../decorators/x.js', '../worker/x.js', NEST],
    mayNot: ['../module/x.js', ADAPTER],
  },
  {
    file: 'src/in-process/x.ts',
    may: ['../supervisor/x.js', ADAPTER],
    mayNot: ['../module/x.js', 'ioredis', FORK],
  },
  {
    file: 'src/module/x.ts',
    may: [ADAPTER, '../broker/redis/x.js', NEST],
    mayNot: ['../testing/x.js', 'ioredis', FORK],
  },
  {
    file: 'src/telemetry/x.ts',
    may: ['../inspector/metrics/x.js', NEST],
    mayNot: [ADAPTER, '../testing/x.js', 'ioredis', FORK],
  },
  {
    file: 'src/cli/x.ts',
    may: ['../inspector/x.js', '../inspector/queues/x.js', '../terminal/x.js', 'commander'],
    mayNot: [ADAPTER, '../testing/x.js', '../index.js', NEST, 'ioredis'],
  },
  { file: 'src/testing/x.ts', may: [ADAPTER, '../module/x.js', FORK], mayNot: ['../index.js', 'ioredis'] },
  { file: 'src/testing/memory/x.ts', may: ['../../broker/broadcast-stream.js'], mayNot: ['ioredis'] },
];

describe('the linter', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'nestwork-test-'));
    for (const file of ['biome.json', 'biome.generated.json']) cpSync(join(ROOT, file), join(directory, file));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function write(file: string, lines: string[]): void {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), `${lines.join('\n')}\n`);
  }

  /** The reports of a rule: file and line. */
  function reported(rule: string): string[] {
    const command = [BIOME, 'lint', '--reporter=github', '--max-diagnostics=none', `--only=${rule}`, '.'];
    let output: string;
    try {
      output = execFileSync(process.execPath, command, { cwd: directory, encoding: 'utf8', stdio: 'pipe' });
    } catch (error) {
      output = (error as { stdout: string }).stdout; // it found something
    }
    const places = output.matchAll(/^::error .*?file=(.*?),line=(\d+)/gm);
    return [...places].map(([, file = '', line]) => `${file.replace(`${directory}/`, '')}:${line}`);
  }

  it('reports each import against the directions of the house, and no other', () => {
    const expected: string[] = [];
    for (const { file, may, mayNot } of HOUSE) {
      write(
        file,
        [...may, ...mayNot].map((name) => `import '${name}';`),
      );
      for (const line of mayNot.keys()) expected.push(`${file}:${may.length + line + 1}`);
    }
    const found = reported('style/noRestrictedImports');
    expect(found.toSorted()).toEqual(expected.toSorted());
  });

  it('has directions for every folder of src', () => {
    const all = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
    const files = all.filter((file) => file.endsWith('.ts')).map((file) => `src/${file}`);
    const folders = [...new Set(files.map((file) => dirname(file)))].filter((folder) => folder !== 'src');
    // no room may import the entry of the package
    for (const folder of folders)
      write(`${folder}/x.ts`, [`import '${'../'.repeat(folder.split('/').length - 1)}index.js';`]);
    const found = reported('style/noRestrictedImports');
    expect(found.toSorted()).toEqual(folders.map((folder) => `${folder}/x.ts:1`).toSorted());
    expect(files.filter((file) => dirname(file) === 'src').toSorted()).toEqual(['src/errors.ts', 'src/index.ts']);
  });

  it('reports types and re-exports as well', () => {
    write('src/client/types.ts', [
      `import type { A } from '../worker/a.js';`,
      `export { type B } from '../worker/b.js';`,
      `export const c = (await import('../worker/c.js')) as A;`,
    ]);
    const found = reported('style/noRestrictedImports');
    expect(found).toEqual(['src/client/types.ts:1', 'src/client/types.ts:2', 'src/client/types.ts:3']);
  });

  it('reports two files that import each other', () => {
    write('src/task/hen.ts', [`import { egg } from './egg.js';`, 'export const hen = () => egg;']);
    write('src/task/egg.ts', [`import { hen } from './hen.js';`, 'export const egg = () => hen;']);
    expect(reported('suspicious/noImportCycles').toSorted()).toEqual(['src/task/egg.ts:1', 'src/task/hen.ts:1']);
  });

  it('reports a promise that no code awaits', () => {
    write('src/worker/close.ts', ['export async function close(): Promise<void> {}']);
    write('src/worker/stop.ts', [
      `import { close } from './close.js';`,
      'export function stop(): void {',
      '  close();',
      '  void close();',
      '}',
    ]);
    expect(reported('nursery/noFloatingPromises')).toEqual(['src/worker/stop.ts:3']);
  });
});
