/**
 * What a terminal or a log may take for more than text: C0 and C1 controls with DEL, line separators, marks that turn the
 * direction of writing, a byte order mark within a text, annotations, and halves of surrogate pairs.
 */
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]|\p{Surrogate}/gu;

/** The most characters of a name, an id or an address that anybody needs to see. */
const MOST_OF_A_NAME = 200;
const MOST_OF_A_TEXT = 10_000;

/**
 * Text of others as one line: a task's name out of Redis, a host's name, the message of an error. What could forge a second
 * line, colour a terminal or turn its writing round is spelled out, as in `\n` or `\u202e`; other text, of any script, stays.
 *
 * @param most characters of the text to keep; the rest becomes `…`
 * @example
 * printable('Reports\n[Nest] LOG all is well'); // 'Reports\\n[Nest] LOG all is well'
 */
export function printable(text: string, most = MOST_OF_A_NAME): string {
  return cut(text, most).replace(UNPRINTABLE, spelled);
}

/**
 * Text of several lines, such as one of our own errors: line breaks and tabs stay.
 *
 * @param most characters of the text to keep; the rest becomes `…`
 * @example
 * printableLines(error.message);
 */
export function printableLines(text: string, most = MOST_OF_A_TEXT): string {
  return cut(text, most).replaceAll('\r\n', '\n').replace(UNPRINTABLE, spelledWithinLines);
}

/**
 * The stack of an error, whose message may hold line breaks: a line that is neither the first nor one of ours is indented,
 * so that none looks like a line of the log.
 *
 * @param most characters of the text to keep; the rest becomes `…`
 * @example
 * logger.error('It failed.', printableStack(error.stack ?? ''));
 */
export function printableStack(stack: string, most = MOST_OF_A_TEXT): string {
  return printableLines(stack, most).replace(/\n(?!\s|caused by |$)/g, '\n    ');
}

/**
 * The beginning of a text, with `…` for what is left out; never ends in half a character.
 *
 * @example
 * cut('abcdef', 3); // 'abc…'
 */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most).replace(/[\ud800-\udbff]$/, '')}…`;
}

function spelledWithinLines(character: string): string {
  return character === '\n' || character === '\t' ? character : spelled(character);
}

function spelled(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  if (character === '\t') return '\\t';
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
