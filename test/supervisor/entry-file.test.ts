import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { childExecArguments, entryFile } from '../../src/supervisor/entry-file.js';

const none = expect.objectContaining({
  code: 'INVALID_OPTION',
  message: expect.stringContaining('`entry`'),
}) as Error;

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nestwork-test-'));
  file = join(directory, 'worker.js');
  writeFileSync(file, '');
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A process that was started like that. */
function started(argv: string[], execArgv: string[] = []): NodeJS.Process {
  return { argv, execArgv } as unknown as NodeJS.Process;
}

it('the entry file is the given one, with an absolute path', () => {
  expect(entryFile(relative(process.cwd(), file), started(['node', '/launcher.js']))).toBe(file);
  expect(entryFile(file, started(['node'], ['-e', 'code']))).toBe(file);
});

it('the entry file is the one that Node was started with, as Node names it', () => {
  // Node finds worker.js by this name
  expect(entryFile(undefined, started(['node', join(directory, 'worker')], ['--import', 'x']))).toBe(
    join(directory, 'worker'),
  );
});

it.each([
  ['a REPL', started(['node'])],
  ['standard input', started(['node', '-'])],
  ['code', started(['node', 'first argument'], ['-e', 'code'])],
  ['code in one word', started(['node', 'first argument'], ['--eval=code'])],
  ['code to be printed', started(['node', 'first argument'], ['-p', 'code'])],
])('the entry file is missing when Node was started with %s, and the error names the option', (_name, process) => {
  expect(() => entryFile(undefined, process)).toThrow(none);
});

it('the entry file is refused by name when it is no file', () => {
  expect(() => entryFile(directory)).toThrow(`names "${directory}"`);
  expect(() => entryFile(join(file, 'below'))).toThrow(none);
  expect(() => entryFile(join(directory, 'missing.js'))).toThrow(none);
});

it('the entry file is not run with the code that its supervisor was started with', () => {
  expect(childExecArguments(['--import', 'x', '-e', 'code', '--input-type=module', '--inspect'])).toEqual([
    '--import',
    'x',
    '--inspect',
  ]);
  expect(childExecArguments(['--eval=code', '-i'])).toEqual([]);
  expect(childExecArguments(['--input-type', 'module', '-C', 'x', '-e', 'code'])).toEqual(['-C', 'x']);
});
