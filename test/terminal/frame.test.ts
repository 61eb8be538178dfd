import { clipLine, spread, widthOf, wrapped } from '../../src/terminal/frame.js';

const RED = '\u001b[31mred\u001b[39m';

describe('a painted line', () => {
  it.each([
    ['plain', 5, 'plain'],
    ['plainer', 5, 'plai…'],
    [`a ${RED}`, 5, `a ${RED}`],
    [`a ${RED} b`, 4, 'a \u001b[31mr\u001b[39m…\u001b[0m'],
    ['gone', 0, ''],
  ])('%j in %i columns is %j', (line, width, clipped) => {
    expect(clipLine(line, width)).toBe(clipped);
    expect(widthOf(clipLine(line, width))).toBeLessThanOrEqual(width);
  });

  it('is spread over the width, or loses its right end', () => {
    expect(spread(RED, 'end', 10)).toBe(`${RED}    end`);
    expect(spread('start', 'end', 9)).toBe('start');
  });
});

describe('wrapped', () => {
  it('breaks between words, and cuts longer ones', () => {
    expect(wrapped('a task of bulk waits', 9)).toEqual(['a task of', 'bulk', 'waits']);
    expect(wrapped('abcdefgh i', 3)).toEqual(['abc', 'def', 'gh', 'i']);
    expect(wrapped('', 3)).toEqual(['']);
  });
});
