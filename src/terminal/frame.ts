/** Escape sequences of colours, which take no room. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const COLOUR = /(\u001b\[[0-9;]*m)/;
const RESET = '\u001b[0m';

/** How many columns a painted line takes. */
export function widthOf(line: string): number {
  return line.split(COLOUR).reduce((sum, part, at) => sum + (at % 2 === 0 ? part.length : 0), 0);
}

/** A painted line in so many columns, with `…` where it goes on. */
export function clipLine(line: string, width: number): string {
  if (widthOf(line) <= width) return line;
  let room = Math.max(width - 1, 0);
  let clipped = '';
  for (const [at, part] of line.split(COLOUR).entries()) {
    if (at % 2 === 1) clipped += part;
    else {
      clipped += part.slice(0, room);
      room -= Math.min(part.length, room);
    }
  }
  return `${clipped}${width > 0 ? '…' : ''}${line.includes('\u001b') ? RESET : ''}`;
}

/** Both ends of a line; the right one is left out where there is no room. */
export function spread(left: string, right: string, width: number): string {
  const gap = width - widthOf(left) - widthOf(right);
  return gap < 2 ? clipLine(left, width) : `${left}${' '.repeat(gap)}${right}`;
}

/** A text in lines of so many columns at most, broken between words; a longer word is cut. */
export function wrapped(text: string, width: number): string[] {
  const room = Math.max(width, 1);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((each) => pieces(each, room))) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function pieces(word: string, room: number): string[] {
  const all: string[] = [];
  for (let at = 0; at < word.length; at += room) all.push(word.slice(at, at + room));
  return all;
}
