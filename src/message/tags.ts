/** Characters of the header, in front of tags and body; see task-message.ts for its layout. */
export const HEADER_LENGTH = 34;

/** Characters of a tag: a letter and 27 more. */
export const TAG_LENGTH = 28;

/**
 * The letters of the tags that this version reads: `f` and `s` unique until finished, until started, `r` keeps its result, `g` is in a group,
 * `l` and `L` have a limit, `o` a priority or a tenant, `q` was claimed from a queue with a limit. A worker
 * puts them into its session, so that no sender gives it a task with a tag that it would ignore.
 */
export const READ_TAGS = 'fsrglLoq';

/**
 * Where the body of a message begins: behind its tags, of which most messages have none. A body begins with `[`, so that a letter
 * can only begin a tag. Tags that this version cannot read are passed over: they stay in the message.
 */
export function bodyStart(raw: string): number {
  let at = HEADER_LENGTH;
  while (isLetter(raw.charCodeAt(at))) at += TAG_LENGTH;
  return at;
}

/** The letters of all tags of a message, in their order; empty for most messages. */
export function tagLetters(raw: string): string {
  let letters = '';
  for (let at = HEADER_LENGTH; isLetter(raw.charCodeAt(at)); at += TAG_LENGTH) letters += raw.charAt(at);
  return letters;
}

/**
 * The 27 characters of a tag; undefined when the message has none with this letter.
 *
 * @example
 * tagOf(raw, 'f'); // the digest of the key that the task has until it is finished
 */
export function tagOf(raw: string, letter: string): string | undefined {
  const place = tagLetters(raw).indexOf(letter);
  const at = HEADER_LENGTH + TAG_LENGTH * place;
  return place < 0 ? undefined : raw.slice(at + 1, at + TAG_LENGTH);
}

/** The letter and the 27 characters of each tag of a message, in their order. */
export function* eachTag(raw: string): Generator<[letter: string, text: string]> {
  for (let at = HEADER_LENGTH; isLetter(raw.charCodeAt(at)); at += TAG_LENGTH) {
    yield [raw.charAt(at), raw.slice(at + 1, at + TAG_LENGTH)];
  }
}

/** The first tag of a message that a reader of these letters cannot read; undefined when it can read them all. */
export function unreadTag(raw: string, read: string = READ_TAGS): string | undefined {
  if (!isLetter(raw.charCodeAt(HEADER_LENGTH))) return undefined;
  return [...tagLetters(raw)].find((letter) => !read.includes(letter));
}

/** ASCII only; not past the end, where the code is NaN. */
function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}
