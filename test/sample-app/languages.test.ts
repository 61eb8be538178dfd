import { countLines } from '../../sample-app/src/counting/count-lines.js';
import { languageOf, languages } from '../../sample-app/src/counting/languages.js';

test.each(languages.map((language) => [language.name, language] as const))('%s has a grammar', (_, language) => {
  expect(countLines('x\n\n', language)).toEqual({ code: 1, comments: 0, blanks: 1 });
});

test('no extension and no name belongs to two languages', () => {
  const files = languages.flatMap((language) => language.files);
  expect(files.filter((file, index) => files.indexOf(file) !== index)).toEqual([]);
});

test.each([
  ['src/a.ts', 'TypeScript'],
  ['a.d.ts', 'TypeScript'],
  ['a.tsx', 'TSX'],
  ['A.H', 'C'],
  ['b/Dockerfile', 'Dockerfile'],
  ['a.min.js', 'JavaScript'],
  ['.editorconfig', 'INI'],
  ['a.js.map', undefined],
  ['LICENSE', undefined],
  ['js', undefined],
])('%s is %s', (path, name) => {
  expect(languageOf(path)?.name).toBe(name);
});
