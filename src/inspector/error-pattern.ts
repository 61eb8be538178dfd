/** Stands in the place of a part that differs from task to task. */
const VARIABLE = '‹…›';
/** More than a line that people read; the rest does not tell errors apart. */
const MOST = 300;

/** Parts that stay as they are: addresses of servers, and numbers that name a kind of error. */
const KEPT = [
  // https://psp.example.com/v1/charges/88213?key=1 -> https://psp.example.com/‹…›
  String.raw`\b[a-z][a-z0-9+.-]{1,15}:\/\/[^\s/?#"'<>)\]]+`,
  // 10.0.7.21:443
  String.raw`\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b`,
  // status code 503
  String.raw`\b(?:HTTP|status|code|exit|signal)(?: code)?[ :=]{1,2}\d{1,3}\b`,
];

const REPLACED = [
  // what a URL has behind its server
  String.raw`(?<=:\/\/[^\s/?#"'<>)\]]+)[/?#][^\s"'<>)\]]+`,
  // quoted, but for the apostrophe of a word
  '"[^"]{0,300}"',
  String.raw`(?<![\p{L}\d])'[^']{0,300}'(?![\p{L}\d])`,
  '`[^`]{0,300}`',
  String.raw`[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+`,
  // a UUID, a hash, an id: a word with digits, long or mixed
  String.raw`\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`,
  String.raw`\b(?=[a-z_-]*\d)[\w-]{12,}\b`,
  String.raw`\b(?:[a-z]+_)(?=[a-z]*\d)[a-z0-9]+\b`,
  String.raw`\b\d[\d.,:_-]*(?<=\d)`,
];

const PARTS = new RegExp(`(${KEPT.join('|')})|${REPLACED.join('|')}`, 'giu');
const QUOTES = /^["'`]/;

/**
 * The text of an error without the parts that differ from task to task: numbers, ids, quoted texts and the paths of URLs become
 * `‹…›`. Servers and status codes stay.
 *
 * @example
 * errorPattern("Error: invoice in_88213 of 'ACME' is locked"); // "Error: invoice ‹…› of '‹…›' is locked"
 */
export function errorPattern(error: string): string {
  const [line = ''] = error
    .slice(0, 2 * MOST)
    .trimStart()
    .split('\n', 1);
  const pattern = line.slice(0, MOST).replace(PARTS, (part: string, kept: string | undefined) => {
    if (kept !== undefined) return part;
    const [quote = ''] = QUOTES.exec(part) ?? [];
    // the path of a URL begins with a slash, which shows that there was one
    return part.startsWith('/') ? `/${VARIABLE}` : quote + VARIABLE + quote;
  });
  // a list of ids is one part, however long
  return pattern.replace(/‹…›(?:, ?‹…›)+/g, VARIABLE).slice(0, MOST);
}
