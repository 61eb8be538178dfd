import { countLines } from '../../sample-app/src/counting/count-lines.js';
import { languageOf } from '../../sample-app/src/counting/languages.js';

/** Counts as `code/comments/blanks`, the language taken from a file name. */
function count(file: string, ...lines: string[]): string {
  const language = languageOf(file);
  if (!language) throw new Error(`no language for ${file}`);
  const { code, comments, blanks } = countLines(lines.join('\n'), language);
  return `${code}/${comments}/${blanks}`;
}

describe('lines', () => {
  test.each<[string, string, string]>([
    ['an empty file has none', '', '0/0/0'],
    ['one without an end', 'a', '1/0/0'],
    ['one with an end', 'a\n', '1/0/0'],
    ['a line end alone is a blank line', '\n', '0/0/1'],
    ['Windows line ends', 'a\r\n\r\n// b\r\n', '1/1/1'],
    ['a byte order mark is not code', '\uFEFF// a\n\uFEFF\n', '0/1/1'],
    ['white space is blank', ' \t\n\u00A0\n', '0/0/2'],
    ['text that is not the language at all', '\u0001)]}\\ "\n\'\n`', '3/0/0'],
  ])('%s', (_, text, wanted) => {
    expect(count('a.js', text)).toBe(wanted);
  });

  test('code wins over a comment on the same line, on either side', () => {
    expect(count('a.js', 'a(); // b', '/* c */ d();', '/* e */ // f')).toBe('2/1/0');
  });

  test('a blank line within a comment is blank', () => {
    expect(count('a.js', '/*', '', ' * a', '*/ b();', '/**/')).toBe('1/3/1');
  });

  test('a block comment that never ends goes on to the end', () => {
    expect(count('a.c', 'int a;', '/* b', 'c')).toBe('1/2/0');
  });
});

describe('text that looks like a comment and is none', () => {
  test.each<[string, string[]]>([
    ['a.js', ['"http://a"', "'/* b'", 'c']],
    ['a.js', ['`', '// a', '/* b */', '`']],
    ['a.js', ['/[/*]/.test(a)', 'b = c / d // e']],
    ['a.ts', ['const a: "//" = "//"', "import type b from '/*'"]],
    ['a.tsx', ['<a href="//b">', '</a>']],
    ['a.py', ['"# a"', "'''", '# b', "'''"]],
    ['a.rs', ['"// a"', 'r#"/* b"#']],
    ['a.go', ['`', '// a', '`']],
    ['a.sh', ['echo "# a" $# b#c', 'cat <<END', '# d', 'END']],
    ['a.lua', ['a = "-- b"', 'c = [[', '-- d', ']]']],
    ['a.sql', ["select '-- a', '/*'", 'from b']],
    ['a.css', ['a { content: "/*" }', 'b { background: url(http://c) }']],
    ['a.yaml', ['a: "# b"', 'c: |', '  # d']],
    ['a.json', ['{ "a": "// b",', '"c": "/*" }']],
    ['a.html', ['<a title="<!--">b</a>', '<p>// c</p>']],
    ['a.md', ['# a', '`<!-- b`', 'c']],
    ['a.java', ['String a = "/* b";', "char c = '\"'; // d"]],
    ['a.hs', ['a = "-- b"', 'c --> d']],
  ])('%s %j', (file, lines) => {
    expect(count(file, ...lines)).toBe(`${lines.length}/0/0`);
  });
});

describe('comments', () => {
  test.each<[string, string[]]>([
    ['a.js', ['// a', '/* b */', '/**', ' * c', ' */']],
    ['a.d.ts', ['/// <reference types="a" />', '// b']],
    ['a.py', ['# a', '  # b']],
    ['a.rs', ['/* a /* b */', 'still a comment */', '//! c', '/// d']],
    ['a.lua', ['-- a', '--[[ b', 'c ]]', '--[==[ ]]', 'd ]==]']],
    ['a.sql', ['-- a', '/* b', 'c */']],
    ['a.html', ['<!-- a', '', 'b -->'].filter(Boolean)],
    ['a.svg', ['<!-- a -->']],
    ['a.md', ['<!-- a', 'b -->']],
    ['a.css', ['/* a */', '/* // b */']],
    ['a.scss', ['// a', '/* b */']],
    ['a.sh', ['# a', '#b']],
    ['a.yml', ['# a']],
    ['a.toml', ['# a']],
    ['a.ini', ['; a', '# b']],
    ['a.rb', ['# a', '=begin', 'b', '=end']],
    ['a.jsonc', ['// a', '/* b */']],
    ['Makefile', ['# a']],
    ['Dockerfile', ['# a']],
    ['a.ps1', ['# a', '<# b', 'c #>']],
  ])('%s %j', (file, lines) => {
    expect(count(file, ...lines)).toBe(`0/${lines.length}/0`);
  });

  test('those of the languages inside a page', () => {
    const page = ['<script>', '// a', 'b()', '</script>', '<style>', '/* c */', '</style>', '<!-- d -->'];
    expect(count('a.html', ...page)).toBe('5/3/0');
  });
});

test('text that no lexer finishes is given up after a while with an error', () => {
  const language = languageOf('a.scss');
  if (!language) throw new Error('no SCSS');
  expect(() => countLines('a\n'.repeat(200_000), language)).toThrow(
    expect.objectContaining({ code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' }),
  );
});
