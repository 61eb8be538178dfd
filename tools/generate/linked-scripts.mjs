/** A function or a constant of a library. */
const PART = /^local function (\w+)[\s\S]*?^end$|^local (\w+) = .*$/gm;

/** Libraries whose parts few runs of a script need, because few tasks have limits: they are made when the first of them is used. */
const SELDOM = ['lib/lines', 'lib/limits', 'lib/ready-lines', 'lib/limit-ends'];
/** Those parts of them that each run asks whether a task has limits. */
const AT_ONCE = [
  ...['may_have_limits', 'without_gate', 'note_labels', 'wrong_lines_of', 'limits_among'],
  ...['end_limits', 'keep_ordered', 'give_up_slots', 'CLAIMED', 'WAITING', 'DECLARED'],
];
/** Scripts that always need the others. */
const ALWAYS = ['claim-limited', 'enqueue-limited', 'set-limit', 'reset-limit', 'forget-limit'];
/** Makes those parts, once in a run. */
const MAKER = 'limit_parts';

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
  const parts = new Map(libraries.map((match) => [partName(match), match[0]]));
  const names = new RegExp(`\\b(?:${[...parts.keys()].join('|')})\\b`, 'g');
  for (const [name, text] of texts) refuseHidden(name, text, parts);
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
  const seldom = new Set(
    texts
      .filter(([name]) => SELDOM.includes(name))
      .flatMap(([, text]) => [...text.matchAll(PART)].map(partName))
      .filter((name) => !AT_ONCE.includes(name)),
  );
  /** Those that the text uses without the seldom ones, and the seldom ones that it uses. */
  const early = (text, found = { uses: new Set(), late: new Set() }) => {
    for (const name of new Set(text.replaceAll(/--.*$/gm, '').match(names))) {
      if (seldom.has(name)) found.late.add(name);
      else if (!found.uses.has(name)) {
        found.uses.add(name);
        early(parts.get(name), found);
      }
    }
    return found;
  };
  const scripts = texts
    .filter(([name]) => !isLibrary(name))
    .map(([name, text]) => {
      const uses = usedBy(text);
      const found = ALWAYS.includes(name) ? { uses, late: new Set() } : early(text);
      return [name, { text, uses, atOnce: [...uses].filter((it) => found.uses.has(it)), late: [...found.late].sort() }];
    });
  return { parts, seldom, scripts: new Map(scripts) };
}

function partName([, called, constant]) {
  return called ?? constant;
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

/**
 * The whole text of a script: its shebang line, what it uses of the libraries, the rest of it.
 *
 * @param seldom the parts that are made when the first of them is used
 * @param part the text of one; with `true` as it is in a script that makes those late
 */
export function wholeText({ text, uses, atOnce, late }, seldom, part) {
  const [shebang, ...body] = text.split('\n');
  if (late.length === 0) return [shebang, ...[...uses].map((name) => part(name, false)), ...body].join('\n');
  const made = [...uses].filter((name) => !atOnce.includes(name)).map((name) => part(name, false));
  return [
    shebang,
    `local ${MAKER}`,
    ...atOnce.map((name) => part(name, true)),
    'local limit_parts_made',
    `${MAKER} = function()`,
    'if not limit_parts_made then',
    ...made,
    `limit_parts_made = { ${late.map((name) => `${name} = ${name}`).join(', ')} }`,
    'end',
    'return limit_parts_made',
    'end',
    throughMaker(body.join('\n'), seldom),
  ].join('\n');
}

/** The text of a script, or of a part that it always has, with the seldom parts as they are found there. */
export function throughMaker(text, seldom) {
  const names = new RegExp(`(?<![.\\w])(?:${[...seldom].join('|')})\\b(?! =)`, 'g');
  // a comment may name them
  return text
    .split('\n')
    .map((line) => (/^\s*--/.test(line) ? line : line.replace(names, `${MAKER}().$&`)))
    .join('\n');
}

function isLibrary(name) {
  return name.startsWith('lib/');
}
