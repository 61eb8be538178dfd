import { lackingIn, makersOf, partsInShort, placesOf, SHORT, textIn } from './late-parts.mjs';

/** A function or a constant of a library. */
const PART = /^local function (\w+)[\s\S]*?^end$|^local (\w+) = .*$/gm;

/**
 * Finds out what each script uses of the libraries in lua/lib/. It gets only that, because Redis makes each function anew
 * whenever it runs a script.
 *
 * @param {Iterable<[name: string, text: string]>} files scripts, and libraries as `lib/...`
 * @returns all parts of libraries by their names, and each script with the names of those that it uses, each behind those
 * that it uses itself, where they are made, and the parts to take them from; the same of the short forms
 */
export function linkScripts(files) {
  const texts = [...files].map(([name, text]) => [name, text.trimEnd()]);
  const [parts, libraryOf] = [new Map(), new Map()];
  for (const [file, text] of texts.filter(([name]) => isLibrary(name)))
    for (const match of text.matchAll(PART)) {
      parts.set(partName(match), match[0]);
      libraryOf.set(partName(match), file);
    }
  const names = new RegExp(`\\b(?:${[...parts.keys()].join('|')})\\b`, 'g');
  // a comment may name what its function does not call
  const namesIn = (text) => new Set(text.replaceAll(/--.*$/gm, '').match(names));
  for (const [name, text] of texts) refuseHidden(name, text, parts);
  const usedBy = (text, lacking, used = new Set()) => {
    for (const name of namesIn(text)) {
      if (used.has(name) || lacking.has(name)) continue;
      const own = parts.get(name);
      // a function may call itself
      usedBy(own.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), ''), lacking, used);
      used.add(name);
    }
    return used;
  };
  const linked = (scripts, its, lacking = new Map()) =>
    new Map(
      scripts.map(([script, text]) => {
        const uses = [...usedBy(text, lacking)];
        const [textOf, fileOf] = [(part) => its.get(part), (part) => libraryOf.get(part)];
        const places = placesOf({ script, text, uses, namesIn, textOf, fileOf });
        return [script, { text, uses, places: new Map([...lacking, ...places]), parts: its }];
      }),
    );
  const scripts = texts.filter(([name]) => !isLibrary(name));
  const short = scripts.filter(([name]) => SHORT.includes(name));
  return {
    parts,
    scripts: linked(scripts, parts),
    short: linked(short, partsInShort(parts), lackingIn(libraryOf)),
  };
}

/** A local variable with the name of a part would hide it, and be taken for it. */
function refuseHidden(file, text, parts) {
  // names of keys and arguments come from scripts.ts
  const own = text.slice(text.indexOf('-- Everything above comes from scripts.ts') + 1);
  const code = own
    .replaceAll(PART, (part, called) => part.slice(part.indexOf(called ?? '=') + 1))
    .replaceAll(/--.*$/gm, '');
  const lists = code.matchAll(
    /\blocal (?:function )?([\w, ]+)|\bfunction\b[^(\n]*\(([^)]*)\)|\bfor ([\w, ]+?) (?:in\b|=)/g,
  );
  for (const list of lists) {
    const hidden = list
      .slice(1)
      .join(',')
      .split(/[ ,]+/)
      .find((it) => parts.has(it));
    if (hidden) throw new Error(`${file}: a local variable has the name of the part "${hidden}"; give it another one.`);
  }
}

function partName([, called, constant]) {
  return called ?? constant;
}

/**
 * The whole text of a script: its shebang line, what it uses of the libraries, the rest of it.
 *
 * @param part the text of a part as it stands in a script, by its name and the text there
 */
export function wholeText({ text, uses, places, parts }, part) {
  const [shebang, ...body] = text.split('\n');
  const linked = new Map(uses.map((name) => [name, textIn(places.get(name) ?? '', parts.get(name), places)]));
  const rest = textIn('', body.join('\n'), places);
  const made = new Map([...linked].map(([name, its]) => [name, part(name, its)]));
  const { declarations, definitions } = makersOf(places, uses, made, [...linked.values(), rest]);
  const atOnce = uses.filter((name) => !places.has(name)).map((name) => made.get(name));
  return [shebang, ...declarations, ...atOnce, ...definitions, rest].join('\n');
}

function isLibrary(name) {
  return name.startsWith('lib/');
}
