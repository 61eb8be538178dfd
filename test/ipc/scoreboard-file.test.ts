import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdtempSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openScoreboardFile } from '../../src/ipc/scoreboard-file.js';

const CONTENT = Buffer.from('what a child noted');

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nestwork-test-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

it('a scoreboard file has no name, but its content', () => {
  const fd = openScoreboardFile(CONTENT, [directory]);
  const read = Buffer.alloc(CONTENT.length);
  readSync(fd, read, 0, read.length, 0);
  expect(read).toEqual(CONTENT);
  expect(fstatSync(fd).nlink).toBe(0);
  closeSync(fd);
  expect(readdirSync(directory)).toEqual([]);
});

it('a scoreboard file is made in the next directory when the first one fails', () => {
  const fd = openScoreboardFile(CONTENT, [join(directory, 'missing'), directory]);
  expect(fstatSync(fd).dev).toBe(statSync(directory).dev);
  expect(fstatSync(fd).size).toBe(CONTENT.length);
  closeSync(fd);
});

it('an error names every directory with its error when all of them fail', () => {
  const file = join(directory, 'file');
  writeFileSync(file, '');
  const missing = join(directory, 'missing');
  const printed = `${missing} (ENOENT`;
  expect(() => openScoreboardFile(CONTENT, [missing, file])).toThrow(
    expect.objectContaining({ code: 'NO_SCOREBOARD', message: expect.stringContaining(printed) }) as Error,
  );
  expect(() => openScoreboardFile(CONTENT, [missing, file])).toThrow(`nor in ${file} (ENOTDIR`);
});

it('a file without room for its content leaves no file and no handle behind', () => {
  const built = new URL('../../dist/ipc/scoreboard-file.js', import.meta.url);
  expect(existsSync(built)).toBe(true);
  const script = `
    import { readdirSync } from 'node:fs';
    import { openScoreboardFile } from '${built.href}';
    const handles = () => readdirSync('/proc/self/fd').length;
    const before = handles();
    let code;
    try { openScoreboardFile(Buffer.alloc(9), [process.argv[1]]); } catch (error) { code = error.code; }
    console.log(JSON.stringify({ code, leaked: handles() - before, left: readdirSync(process.argv[1]) }));`;
  // no file of this process may grow
  const command = ['--fsize=0', process.execPath, '--input-type=module', '-e', script, directory];
  const printed = execFileSync('prlimit', command, { env: { ...process.env, NODE_OPTIONS: '' }, encoding: 'utf8' });
  expect(JSON.parse(printed)).toEqual({ code: 'NO_SCOREBOARD', leaked: 0, left: [] });
});
