/**
 * The text of a page with each part written anew between its markers.
 *
 * @param {string} page where the text is, for errors
 * @param {Record<string, string>} parts Markdown by the name of its markers
 */
export function withParts(page, text, parts) {
  return Object.entries(parts).reduce((document, [name, part]) => {
    const [begin, end] = [`<!-- ${name}: npm run generate writes this -->\n`, `<!-- end of ${name} -->\n`];
    const [before, rest] = document.split(begin);
    const [, after] = rest?.split(end) ?? [];
    if (after === undefined) throw new Error(`${page} has no place for the ${name}: ${begin}${end}`);
    return [before, begin, '\n', part, '\n', end, after].join('');
  }, text);
}

export function table(heads, rows) {
  return [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

export function code(text) {
  return `\`${text}\``;
}
