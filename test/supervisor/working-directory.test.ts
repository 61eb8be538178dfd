import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkingDirectory } from '../../src/supervisor/working-directory.js';

let base: string;
let moves: string[];
const onMoved = (what: string): void => void moves.push(what);
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'nestwork-test-')));
  moves = [];
  release('1');
});
afterEach(() => rmSync(base, { recursive: true }));

/** Makes a release, and turns the link to it. */
function release(name: string): string {
  const directory = join(base, 'releases', name);
  mkdirSync(directory, { recursive: true });
  rmSync(join(base, 'current'), { force: true });
  symlinkSync(directory, join(base, 'current'));
  return directory;
}

function remove(name: string): void {
  rmSync(join(base, 'releases', name), { recursive: true });
}

/** Of a supervisor that was started in the first release. */
function started(logical: string | undefined, entry = join(base, 'releases/1/worker.js')): WorkingDirectory {
  return new WorkingDirectory({ entry, onMoved, directory: join(base, 'releases/1'), logical });
}

it('the directory of children stays that of the start while it exists, also when the link leads elsewhere', () => {
  const directory = started(join(base, 'current'));
  release('2');
  expect(directory.place()).toEqual({ directory: join(base, 'releases/1'), entry: join(base, 'releases/1/worker.js') });
  expect(moves).toEqual([]);
});

it('the directory of children is the new release, with its entry file, when the old one is removed, which is logged once', () => {
  const directory = started(join(base, 'current'));
  release('2');
  remove('1');
  const place = { directory: join(base, 'current'), entry: join(base, 'current/worker.js') };
  expect(directory.place()).toEqual(place);
  expect(directory.place()).toEqual(place);
  expect(moves).toEqual([expect.stringContaining(`${join(base, 'releases/2')} now`)]);
  release('3');
  directory.place();
  expect(moves).toHaveLength(2);
});

it('the directory of children does not change an entry file that lies elsewhere', () => {
  const directory = started(join(base, 'current'), '/opt/worker.js');
  release('2');
  remove('1');
  expect(directory.place()).toEqual({ directory: join(base, 'current'), entry: '/opt/worker.js' });
});

it.each([
  ['the path of the shell leads nowhere either', () => join(base, 'current')],
  ['the shell names another directory', () => base],
  ['there is no shell', () => undefined],
])('the directory of children is the nearest one that exists when %s', (_name, logical) => {
  const directory = started(logical());
  remove('1');
  unlinkSync(join(base, 'current'));
  expect(directory.place()).toEqual({ directory: join(base, 'releases'), entry: join(base, 'releases/1/worker.js') });
  expect(moves).toEqual([expect.stringContaining(`start in ${join(base, 'releases')}.`)]);
});

it('the directory of children is that of the start again when it is made anew', () => {
  const directory = started(undefined);
  remove('1');
  directory.place();
  release('1');
  expect(directory.place().directory).toBe(join(base, 'releases/1'));
});
