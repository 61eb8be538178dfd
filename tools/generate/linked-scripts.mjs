/** A function or a constant of a library. */
const PART = /^local function (\w+)[\s\S]*?^end$|^local (\w+) = .*$/gm;

/**
 * Finds out what each script uses of the libraries in lua/lib/. It gets only that, because Redis makes each function anew
 * whenever it runs a script.
 *
 * @param {Iterable<[name: string, text: string]>} files scripts, and libraries as `lib/...`
 * @returns all parts of libraries by their names, and each script with the names of those that it uses, each behind those
 * that it uses itself
 */
export function linkScripts(files) {
  const texts = [...files].map(([name, text]) => [name, text.trimEnd()]);
  const libraries = texts.filter(([name]) => isLibrary(name)).flatMap(([, text]) => [...text.matchAll(PART)]);
  const parts = new Map(libraries.map(([part, called, constant]) => [called ?? constant, part]));
  const names = new RegExp(`\\b(?:${[...parts.keys()].join('|')})\\b`, 'g');
  const usedBy = (text, used = new Set()) => {
    // a comment may name what its function does not call
    for (const name of new Set(text.replaceAll(/--.*$/gm, '').match(names))) {
      if (used.has(name)) continue;
      const own = parts.get(name);
      // a function may call itself
      usedBy(own.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), ''), used);
      used.add(name);
    }
    return used;
  };
  const scripts = texts
    .filter(([name]) => !isLibrary(name))
    .map(([name, text]) => [name, { text, uses: usedBy(text) }]);
  return { parts, scripts: new Map(scripts) };
}

/** The whole text of a script: its shebang line, what it uses of the libraries, the rest of it. @param part the text of one */
export function wholeText({ text, uses }, part) {
  const [shebang, ...body] = text.split('\n');
  return [shebang, ...[...uses].map(part), ...body].join('\n');
}

function isLibrary(name) {
  return name.startsWith('lib/');
}
