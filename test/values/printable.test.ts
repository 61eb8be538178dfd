import { cut, printable, printableLines, printableStack } from '../../src/values/printable.js';

describe('printable text', () => {
  it.each([
    ['a line break', 'a\nb\r\nc', 'a\\nb\\r\\nc'],
    ['an ANSI escape', '\u001b[31mred\u001b[0m', '\\x1b[31mred\\x1b[0m'],
    ['NUL, tab, backspace and DEL', '\0\t\b\u007f', '\\x00\\t\\x08\\x7f'],
    ['C1 controls', '\u0085\u009b31m', '\\x85\\x9b31m'],
    ['separators of lines and paragraphs', '\u2028\u2029', '\\u2028\\u2029'],
    ['marks of direction', '\u202egpj.exe\u2066\u200f\u061c', '\\u202egpj.exe\\u2066\\u200f\\u061c'],
    ['half a character', 'a\ud800b', 'a\\ud800b'],
  ])('escapes %s', (_what, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('keeps text of any script', () => {
    const text = 'Größe é 日本語 مرحبا 👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 C:\\new';
    expect(printable(text)).toBe(text);
    expect(printableLines(text)).toBe(text);
  });

  it('cuts a long text between characters', () => {
    expect(printable('x'.repeat(3_000_000))).toBe(`${'x'.repeat(200)}…`);
    expect(cut('ab😀', 3)).toBe('ab…');
    expect(printableLines('x'.repeat(3_000_000))).toHaveLength(10_001);
  });

  it('keeps the line breaks of a text of several lines', () => {
    expect(printableLines('a\r\n\tb\nc\u001b[2J\rd')).toBe('a\n\tb\nc\\x1b[2J\\rd');
  });

  it('indents the lines of a stack that look like lines of the log', () => {
    const stack = 'Error: a\n[Nest] 7 LOG fine\n    at b\ncaused by Error: c\n    at d\n';
    expect(printableStack(stack)).toBe('Error: a\n    [Nest] 7 LOG fine\n    at b\ncaused by Error: c\n    at d\n');
  });

  it('does not change when it is made printable again', () => {
    const once = printable('a\n\u001b[1m\u202e');
    expect(printable(once)).toBe(once);
  });
});
