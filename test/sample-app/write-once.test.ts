import { readdirSync, readFileSync } from 'node:fs';
import { writeOnce } from '../../sample-app/src/reports/write-once.js';
import { TemporaryDirectory } from './temporary-directory.js';

const directory = new TemporaryDirectory();
afterAll(() => directory.remove());

test('the first writer wins, and no draft stays behind', async () => {
  const path = directory.at('first/file.json');
  await writeOnce(path, 'first');
  await writeOnce(path, 'second');
  expect(readFileSync(path, 'utf8')).toBe('first');
  expect(readdirSync(directory.at('first'))).toEqual(['file.json']);
});

test('one of many writers at once wins, with its whole text', async () => {
  const path = directory.at('race/file.json');
  const contents = Array.from({ length: 20 }, (_, writer) => `${writer} `.repeat(10_000));
  await Promise.all(contents.map((content) => writeOnce(path, content)));
  expect(contents).toContain(readFileSync(path, 'utf8'));
  expect(readdirSync(directory.at('race'))).toEqual(['file.json']);
});

test('a file that cannot be written causes an error', async () => {
  directory.write({ 'file-not-directory': '' });
  await expect(writeOnce(directory.at('file-not-directory/a.json'), '')).rejects.toThrow(/ENOTDIR|EEXIST/);
});
