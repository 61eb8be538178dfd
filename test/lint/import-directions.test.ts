import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ROOT = new URL('../../', import.meta.url).pathname;
const BIOME = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
const PORT = '../broker/broker.js';
const NOT_THE_PORT = '../broker/redis-broker.js';

interface Directions {
  file: string;
  may: string[];
  mayNot: string[];
}

/** The house of the architecture page, as imports. */
const HOUSE: Directions[] = [
  {
    file: 'src/errors.ts',
    may: ['node:util', './task/printable.js', './task/brand.js'],
    mayNot: ['./options.js', './task/duration.js', 'ioredis'],
  },
  {
    file: 'src/resolve-options.ts',
    may: ['./options.js', './option-values.js', './errors.js', './task/duration.js', './broker/broker.js'],
    mayNot: ['./broker/redis-broker.js', './client/queue-client.js', './worker-factory.js', 'ioredis'],
  },
  {
    file: 'src/task-queue.module.ts',
    may: ['./broker/redis-broker.js', './client/x.js', './worker/x.js', './inspector/x.js', '@nestjs/common'],
    mayNot: ['ioredis', 'node:child_process', './cli/x.js', './testing/index.js'],
  },
  {
    file: 'src/task/x.ts',
    may: ['./duration.js', '../errors.js', 'devalue', 'node:crypto'],
    mayNot: ['../options.js', PORT, '../decorators/x.js', '../index.js', '..', '@nestjs/common', 'rxjs', 'ioredis'],
  },
  {
    file: 'src/decorators/x.ts',
    may: ['../task/x.js', '../errors.js', '../options.js', '@nestjs/common'],
    mayNot: [PORT, '../discovery/x.js', 'ioredis', 'node:child_process'],
  },
  {
    file: 'src/discovery/x.ts',
    may: ['../task/x.js', '../decorators/x.js', '../errors.js', '../options.js', '@nestjs/core'],
    mayNot: [PORT, '../client/x.js', '../task-queue.module.js', 'ioredis'],
  },
  {
    file: 'src/broker/x.ts',
    may: ['./redis-keys.js', '../task/x.js', '../errors.js', 'ioredis'],
    mayNot: ['../client/x.js', '../scheduler/x.js', '@nestjs/common', 'rxjs', 'node:child_process'],
  },
  {
    file: 'src/client/x.ts',
    may: [PORT, '../task/x.js', '../errors.js', '../options.js', '@nestjs/common'],
    mayNot: [NOT_THE_PORT, '../broker', '../worker/x.js', '../index.js', 'ioredis', 'child_process'],
  },
  {
    file: 'src/scheduler/x.ts',
    may: [PORT, '../task/x.js', '../errors.js', '../options.js'],
    mayNot: [NOT_THE_PORT, '../supervisor/x.js', '../client/x.js', 'ioredis', 'node:child_process'],
  },
  {
    file: 'src/supervisor/x.ts',
    may: [PORT, '../scheduler/periodic-loop.js', '../task/x.js', '../errors.js', '../options.js', 'node:child_process'],
    mayNot: [NOT_THE_PORT, '../scheduler/reaper.js', '../worker/x.js', '../client/x.js', 'ioredis'],
  },
  {
    file: 'src/worker/x.ts',
    may: [
      PORT,
      '../task/x.js',
      '../errors.js',
      '../supervisor/ipc-protocol.js',
      '../supervisor/scoreboard.js',
      '../supervisor/last-words.js',
      '../supervisor/process-group.js',
    ],
    mayNot: [NOT_THE_PORT, '../supervisor/supervisor.js', '../client/x.js', 'ioredis', 'node:child_process'],
  },
  {
    file: 'src/inspector/x.ts',
    may: [NOT_THE_PORT, '../task/x.js', '../errors.js'],
    mayNot: ['../client/x.js', '../supervisor/x.js', 'ioredis', 'node:child_process'],
  },
  {
    file: 'src/cli/x.ts',
    may: ['../inspector/x.js', '../supervisor/x.js', '../task/x.js', 'node:child_process'],
    mayNot: [PORT, '../client/x.js', '../testing/index.js', 'ioredis'],
  },
  {
    file: 'src/testing/x.ts',
    may: [NOT_THE_PORT, '../worker/x.js', '../task-queue.module.js', 'node:child_process'],
    mayNot: ['../cli/x.js', 'ioredis'],
  },
  {
    file: 'src/testing/memory/x.ts',
    may: ['../../broker/broker.js', '../../task/x.js'],
    mayNot: ['../../cli/x.js', 'ioredis'],
  },
];

describe('the linter', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'nestwork-test-'));
    cpSync(join(ROOT, 'biome.json'), join(directory, 'biome.json'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function write(file: string, lines: string[]): void {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), `${lines.join('\n')}\n`);
  }

  /** What it reports of a rule: file and line. */
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

  it('reports a promise that nobody waits for', () => {
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
