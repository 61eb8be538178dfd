const TOKEN =
  /<\?[^?]*\?>|<\/([\w:-]+)>|<([\w:-]+)((?:\s+[\w:-]+="[^"<&]*(?:&(?:amp|lt|gt|quot|#39);[^"<&]*)*")*)\s*(\/?)>|([^<]+)/y;
const TEXT = /^(?:[^&<]|&(?:amp|lt|gt|quot|#39);)*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: XML has no way to hold these
const IMPOSSIBLE = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Surrogate}/u;

/** The names of the elements of a document, in order; throws unless it is well-formed as far as our SVG goes. */
export function elementsOf(xml: string): string[] {
  if (IMPOSSIBLE.test(xml)) throw new Error('a character that XML cannot hold');
  const open: string[] = [];
  const elements: string[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < xml.length; at = TOKEN.lastIndex) {
    const match = TOKEN.exec(xml);
    if (!match) throw new Error(`not XML: ${xml.slice(at, at + 80)}`);
    const [, closed, opened, attributes = '', empty, text] = match;
    const names = [...attributes.matchAll(/([\w:-]+)=/g)].map(([, name]) => name);
    if (new Set(names).size < names.length) throw new Error(`an attribute twice: ${attributes}`);
    if (text !== undefined && !TEXT.test(text)) throw new Error(`unescaped: ${text}`);
    if (closed !== undefined && open.pop() !== closed) throw new Error(`closes what is not open: ${closed}`);
    if (opened !== undefined) elements.push(opened);
    if (opened !== undefined && !empty) open.push(opened);
  }
  if (open.length > 0) throw new Error(`never closed: ${open.join(', ')}`);
  return elements;
}
