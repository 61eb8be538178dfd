/**
 * Parts that few runs of a script need. Redis would take longer to make them than for the rest of a script that ends a plain task. So a
 * function, their maker, makes them in a run that calls one of them.
 *
 * - `maker`: its name in the scripts
 * - `of`: libraries whose parts are late, and parts of other libraries
 * - `atOnce`: those among them that nearly each run calls
 * - `alwaysIn`: scripts that need all of them in each run
 * - `only`: the scripts in which they are late; all by default
 */
const MAKERS = [
  {
    maker: 'limit_parts',
    of: ['lib/lines', 'lib/limits', 'lib/ready-lines', 'lib/limit-ends'],
    atOnce: [
      ...['may_have_limits', 'without_gate', 'note_labels', 'wrong_lines_of', 'limits_among'],
      ...['IS_WHOLE', 'whole_needed'],
      ...['end_limits', 'keep_ordered', 'give_up_slots', 'CLAIMED', 'WAITING', 'DECLARED'],
    ],
    alwaysIn: ['claim-limited', 'enqueue-limited', 'finish', 'set-limit', 'reset-limit', 'forget-limit'],
  },
  {
    // mostly a task with a limit starts from the list, and no line is made or woken
    maker: 'settling_parts',
    of: [
      ...[
        'settle_line',
        'add_within',
        'refresh_line',
        'vanish_line',
        'nudge_within',
        'nudge_all',
        'go_on',
        'first_in_line',
      ],
      ...['wait_as_queue', 'note_given', 'forget_tags', 'pace_limit', 'entry_in_line', 'place_in_line', 'keeps_slot'],
    ],
    atOnce: [],
    alwaysIn: ['set-limit', 'reset-limit', 'forget-limit'],
  },
  {
    maker: 'settling_parts',
    of: [
      ...['lib/lines', 'lib/limits', 'lib/ready-lines', 'lib/limit-ends', 'lib/types', 'lib/schedule', 'lib/unique'],
      ...['base36', 'at_time', 'has_tags', 'is_letter', 'is_foreign'],
    ],
    atOnce: [
      ...['LIMITS', 'LINES', 'STATES', 'LISTED', 'FRESH', 'may_have_limits', 'line_of', 'turn_of', 'mark_of'],
      ...['use_limits', 'any_waiters', 'may_list', 'note_marks', 'note_labels', 'note_all_labels'],
    ],
    alwaysIn: [],
    only: ['enqueue-limited'],
  },
  {
    maker: 'group_parts',
    of: ['lib/groups'],
    atOnce: ['member_of', 'leave_group', 'wrong_groups', 'ENDED_KEPT'],
    alwaysIn: [
      ...['add-nodes', 'cancel-group', 'cancel-node', 'enqueue-members', 'open-group', 'seal-group', 'tend-groups'],
    ],
  },
  {
    maker: 'rare_parts',
    of: ['lib/claims', 'lib/pauses', 'lib/metrics', 'end_as_cancelled'],
    atOnce: ['ids_in', 'claimed_as'],
    alwaysIn: [],
    only: ['claim', 'claim-limited', 'retry', 'bury'],
  },
  {
    maker: 'due_parts',
    of: ['lib/enlist', 'lib/pauses'],
    atOnce: [],
    alwaysIn: [],
    only: ['promote'],
  },
];

/**
 * Scripts that have a short form, which serves most calls. The functions of all loaded scripts are live in the Lua of Redis, and its
 * garbage collector marks them again and again, at the cost of every script: the short form has none for limits and groups. In it
 * `IS_WHOLE` is false, and it answers WHOLE_NEEDED, before it writes anything, where a task needs those.
 */
export const SHORT = ['bury', 'enqueue-unique', 'finish', 'fire-crons', 'promote', 'redrive', 'release', 'retry'];
/** The makers that a short form does not have. */
const LACKING = ['limit_parts', 'group_parts'];

/** A maker for fewer would take as long as they do. */
const FEWEST = 4;

/**
 * Finds out where each part that a script uses is made.
 *
 * @param script its name
 * @param uses the names of all its parts, each behind those that it uses itself
 * @param text that of the script
 * @param namesIn the parts that a text names
 * @param textOf the text of a part, by its name
 * @param fileOf the library of a part, by its name
 * @returns the maker of each part that is made late, by its name
 */
export function placesOf({ script, text, uses, namesIn, textOf, fileOf }) {
  const makers = MAKERS.filter(({ alwaysIn, only = [script] }) => !alwaysIn.includes(script) && only.includes(script));
  const places = new Map();
  for (const { maker, of, atOnce } of makers) {
    const late = uses.filter((name) => [fileOf(name), name].some((it) => of.includes(it)) && !atOnce.includes(name));
    if (late.length >= FEWEST) for (const name of late) places.set(name, maker);
  }
  // a constant costs less than the call of a maker
  const isConstant = (name) => !textOf(name).startsWith('local function');
  for (const its of [text, ...uses.filter((name) => !places.has(name)).map(textOf)])
    for (const name of namesIn(its)) if (isConstant(name)) places.delete(name);
  // a part that is used by those of one maker alone is made with them
  const users = new Map(uses.map((name) => [name, new Set()]));
  for (const name of namesIn(text)) users.get(name)?.add('');
  for (const name of uses.toReversed()) {
    if (!places.has(name)) {
      const [place, ...others] = users.get(name);
      if (place && others.length === 0) places.set(name, place);
    }
    for (const used of namesIn(textOf(name))) if (used !== name) users.get(used)?.add(places.get(name) ?? '');
  }
  return places;
}

/** The parts of libraries as a short form has them. */
export function partsInShort(parts) {
  return new Map(parts).set('IS_WHOLE', 'local IS_WHOLE = false');
}

/** The makers of those parts that a short form lacks, by their names. `libraryOf` has the library of each part. */
export function lackingIn(libraryOf) {
  const makers = MAKERS.filter(({ maker }) => LACKING.includes(maker));
  const makerOf = (name, library) =>
    makers.find(({ of, atOnce }) => of.includes(library) && !atOnce.includes(name))?.maker;
  return new Map([...libraryOf].map(([name, library]) => [name, makerOf(name, library)]).filter(([, maker]) => maker));
}

/** A text that stands in a place, with the parts of other places as they are found there. `here` is '' outside of all makers. */
export function textIn(here, text, places) {
  const elsewhere = [...places].filter(([, place]) => place !== here).map(([name]) => name);
  if (elsewhere.length === 0) return text;
  const names = new RegExp(`(?<![.\\w])(?:${elsewhere.join('|')})\\b(?! =[^=])`, 'g');
  // a comment may name them
  return text
    .split('\n')
    .map((line) => (/^\s*--/.test(line) ? line : line.replace(names, (name) => `${places.get(name)}().${name}`)))
    .join('\n');
}

/**
 * The makers, and what stands in front of all that use them. A maker gives only those parts that others name: each of them takes time.
 *
 * @param made the text of each part
 * @param texts of all parts and of the script, in which the parts of other places are called as those of their makers
 */
export function makersOf(places, uses, made, texts) {
  const makers = [...new Set(places.values())];
  const named = new Set(texts.flatMap((text) => [...text.matchAll(/\w+\(\)\.(\w+)/g)].map(([, name]) => name)));
  return {
    declarations: makers.map((maker) => `local ${maker}`),
    definitions: makers.flatMap((maker) => {
      const names = uses.filter((name) => places.get(name) === maker);
      if (names.length === 0) return [];
      const functions = names.map((name) => made.get(name));
      const given = names.filter((name) => named.has(name));
      return [
        `local ${maker}_made`,
        `${maker} = function()`,
        `if not ${maker}_made then`,
        ...functions,
        `${maker}_made = { ${given.map((name) => `${name} = ${name}`).join(', ')} }`,
        'end',
        `return ${maker}_made`,
        'end',
      ];
    }),
  };
}
