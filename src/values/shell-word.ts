/** A shell takes it as it is. */
const PLAIN = /^[\w.:@%+=/,-]+$/;

/** A word of a command line, as a shell takes it. */
export function quoted(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
