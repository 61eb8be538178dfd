import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { countBatch } from '../../sample-app/src/counting/count-batch.js';
import { countFile } from '../../sample-app/src/counting/count-file.js';
import { planBatches } from '../../sample-app/src/counting/plan-batches.js';
import { addSkipped, mergeSkipped, type SkippedFiles } from '../../sample-app/src/counting/skipped-files.js';
import { MAX_FILE_BYTES, mayHaveSourceFiles, sourceFiles } from '../../sample-app/src/counting/source-files.js';
import { TemporaryDirectory } from './temporary-directory.js';

const directories: TemporaryDirectory[] = [];
const never = new AbortController().signal;

function directoryWith(files: Record<string, string | Buffer>): TemporaryDirectory {
  const directory = new TemporaryDirectory().write(files);
  directories.push(directory);
  return directory;
}

async function walk(root: string): Promise<{ found: string[]; skipped: string[] }> {
  const found: string[] = [];
  const skipped: string[] = [];
  for await (const { path, bytes } of sourceFiles(root, never, (reason, path) => skipped.push(`${path}: ${reason}`))) {
    found.push(`${path} ${bytes}`);
  }
  return { found, skipped };
}

afterAll(() => {
  for (const directory of directories) directory.remove();
});

describe('the walk', () => {
  test('finds source files in a stable order, and lists those that it skips', async () => {
    const directory = directoryWith({
      'b.js': '12',
      'a/z.ts': '1',
      'a/b/c.py': '',
      'a/LICENSE': 'x',
      '.git/hooks/a.sh': 'x',
      'big.js': Buffer.alloc(MAX_FILE_BYTES + 1, 'a'),
    });
    expect(await walk(directory.path)).toEqual({
      found: ['b.js 2', 'a/z.ts 1', 'a/b/c.py 0'],
      skipped: ['big.js: too large', 'a/LICENSE: unknown language'],
    });
  });

  test('follows no symbolic link, not even one to its own parent', async () => {
    const directory = directoryWith({ 'a/b.js': '' });
    symlinkSync('..', directory.at('a/up'));
    symlinkSync('b.js', directory.at('a/c.js'));
    symlinkSync('nowhere', directory.at('a/d.js'));
    expect(await walk(directory.path)).toEqual({
      found: ['a/b.js 0'],
      skipped: ['a/c.js: symbolic link', 'a/d.js: symbolic link', 'a/up: symbolic link'],
    });
  });

  test('reports a directory that is gone, and goes on', async () => {
    expect(await walk('/nonexistent/directory')).toEqual({ found: [], skipped: ['.: unreadable'] });
  });

  test('stops when its signal aborts', async () => {
    const reason = new Error('the worker stops');
    await expect(sourceFiles('/', AbortSignal.abort(reason)).next()).rejects.toBe(reason);
  });

  test('finds out whether there is anything to count', async () => {
    expect(await mayHaveSourceFiles(directoryWith({ 'a/b/c.js': '' }).path)).toBe(true);
    expect(await mayHaveSourceFiles(directoryWith({ 'a/b/c.txt': '' }).path)).toBe(false);
  });
});

describe('counting a file', () => {
  test('returns language, bytes and lines', async () => {
    const directory = directoryWith({ 'a.js': '// ä\n\nb\n' });
    expect(await countFile(directory.at('a.js'))).toEqual({
      language: 'JavaScript',
      bytes: 9,
      lines: { code: 1, comments: 1, blanks: 1 },
    });
  });

  test('skips a file that is no text, too large, or gone', async () => {
    const directory = directoryWith({
      'binary.ts': Buffer.from([71, 64, 0, 16]),
      'utf16.js': Buffer.from('a', 'utf16le'),
      'grown.js': Buffer.alloc(MAX_FILE_BYTES + 1, 'a'),
      'directory.js/a.js': '',
    });
    symlinkSync('/etc/passwd', directory.at('link.js'));
    execFileSync('mkfifo', [directory.at('pipe.js')]);
    const reasonOf = async (file: string) => (await countFile(directory.at(file))) as unknown;
    expect(await reasonOf('binary.ts')).toEqual({ skipped: 'binary' });
    expect(await reasonOf('utf16.js')).toEqual({ skipped: 'binary' });
    expect(await reasonOf('grown.js')).toEqual({ skipped: 'too large' });
    expect(await reasonOf('directory.js')).toEqual({ skipped: 'unreadable' });
    expect(await reasonOf('link.js')).toEqual({ skipped: 'unreadable' });
    expect(await reasonOf('pipe.js')).toEqual({ skipped: 'unreadable' });
    expect(await reasonOf('gone.js')).toEqual({ skipped: 'unreadable' });
    expect(await reasonOf('a.unknown')).toEqual({ skipped: 'unknown language' });
  });

  test('skips a file that confuses the lexer, and delays the others only briefly', async () => {
    const directory = directoryWith({ 'a.scss': 'a\n'.repeat(200_000), 'b.js': 'b' });
    const counts = await countBatch(directory.path, ['a.scss', 'b.js'], never);
    expect(counts.skipped).toEqual({ 'too complex': { files: 1, examples: ['a.scss'] } });
    expect(counts.languages).toEqual({ JavaScript: { files: 1, bytes: 1, code: 1, comments: 0, blanks: 0 } });
  });
});

describe('counting a batch', () => {
  test('adds up by language, and stops between files when its signal aborts', async () => {
    const directory = directoryWith({ 'a.js': 'a\n', 'b.js': '// b\n\n', 'c.py': '# c' });
    const files = ['a.js', 'b.js', 'c.py', 'gone.py'];
    expect(await countBatch(directory.path, files, never)).toEqual({
      languages: {
        JavaScript: { files: 2, bytes: 8, code: 1, comments: 1, blanks: 1 },
        Python: { files: 1, bytes: 3, code: 0, comments: 1, blanks: 0 },
      },
      skipped: { unreadable: { files: 1, examples: ['gone.py'] } },
    });
    const reason = new Error('the worker stops');
    await expect(countBatch(directory.path, files, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe('planning batches', () => {
  const plan = (sizes: number[]) =>
    planBatches(
      sizes.map((bytes, index) => ({ path: `${index}`, bytes })),
      { files: 3, bytes: 10 },
    ).map((batch) => batch.map(({ bytes }) => bytes));

  test.each<[string, number[], number[][]]>([
    ['nothing', [], []],
    ['one file', [1], [[1]]],
    ['as many files as fit', [1, 1, 1, 1], [[1, 1, 1], [1]]],
    ['as many bytes as fit', [5, 5, 1], [[5, 5], [1]]],
    ['a file too large for any batch has its own', [1, 99, 1], [[1], [99], [1]]],
    ['the first file may be too large', [99, 1], [[99], [1]]],
    ['empty files', [0, 0, 0, 0], [[0, 0, 0], [0]]],
  ])('%s', (_, sizes, wanted) => {
    expect(plan(sizes)).toEqual(wanted);
  });
});

test('of many skipped files all are counted, and a few shown', () => {
  const skipped: SkippedFiles = {};
  for (let file = 0; file < 7; file += 1) addSkipped(skipped, 'binary', `${file}`);
  mergeSkipped(skipped, { binary: { files: 3, examples: ['x'] }, 'too large': { files: 1, examples: ['y'] } });
  expect(skipped).toEqual({
    binary: { files: 10, examples: ['0', '1', '2', '3', '4'] },
    'too large': { files: 1, examples: ['y'] },
  });
});
