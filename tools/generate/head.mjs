/** Ends the part of a script that is written here. */
const END = '-- Everything above comes from scripts.ts: npm run generate writes it.\n';
const WIDTH = 120;

/** The text of a script with the head that its entry in the table asks for. */
export function withHead(text, spec, { layoutOf }) {
  const { flags = 'allow-oom' } = spec;
  const shebang = flags === 'none' ? '#!lua' : `#!lua flags=${flags}`;
  const about = [...comment(`${spec.purpose}.`), ...comment(`Returns ${spec.reply.text}.`)];
  const body = text.split(END).at(-1).trimStart();
  return `${[shebang, ...about, ...locals(layoutOf(spec), /\bkeys\b/.test(body)), END].join('\n')}\n${body}`;
}

function comment(text) {
  const lines = ['--'];
  for (const word of text.split(' ')) {
    if (`${lines.at(-1)} ${word}`.length > WIDTH) lines.push('--');
    lines.push(`${lines.pop()} ${word}`);
  }
  return lines;
}

/** Gives each key and argument its name. @param grouped whether the keys that belong to no block are one table, to be handed on */
function locals({ keys, blocks, args, lists }, grouped) {
  const [key, arg] = [counter('KEYS'), counter('ARGV')];
  const heads = [
    ...(grouped ? group(keys, key.next) : assignment(keys, key.next)),
    ...assignment(args, arg.next),
    ...blocks.map((block) => {
      const name = block.named ? [`name = ${arg.next()}`] : [];
      return `local ${snake(block.name)} = ${table([...name, ...block.keys.map((it) => `${snake(it)} = ${key.next()}`)])}`;
    }),
  ];
  const sizes = lists.slice(0, -1).map(arg.next);
  return [...heads, ...lists.flatMap((list, index) => listLocal(list, sizes[index], { key, arg }))];
}

function group(keys, next) {
  return keys.length > 0 ? [`local keys = ${table(keys.map((it) => `${snake(it)} = ${next()}`))}`] : [];
}

function assignment(names, next) {
  return names.length > 0 ? [`local ${names.map(snake).join(', ')} = ${names.map(next).join(', ')}`] : [];
}

/** @param size the argument that has its length; none of the last list, which goes on to the end */
function listLocal({ name, keys }, size, { key, arg }) {
  const local = snake(name);
  const before = arg.place([]);
  if (keys.length === 0) {
    const range = `${arg.place([], 1)}, ${size ? `${before} + ${size}` : '#ARGV'}`;
    arg.skip(`#${local}`);
    return [`local ${local} = part(ARGV, ${range})`];
  }
  const width = keys.length === 1 ? '' : `${keys.length} * `;
  const fields = keys.map((it, place) => `${snake(it)} = KEYS[${key.place([`${width}i`], place + 1 - keys.length)}]`);
  const block = table([`name = ARGV[${arg.place(['i'])}]`, ...fields], '  ');
  key.skip(`${width}#${local}`);
  arg.skip(`#${local}`);
  return [
    `local ${local} = {}`,
    `for i = 1, ${size ?? `#ARGV - ${before.includes(' ') ? `(${before})` : before}`} do`,
    `  ${local}[i] = ${block}`,
    'end',
  ];
}

/** Counts through KEYS or ARGV, also where the lengths of lists are known to the script alone. */
function counter(name) {
  let passed = 0;
  const lengths = [];
  return {
    next: () => `${name}[${++passed}]`,
    skip: (length) => lengths.push(length),
    place(terms, more = 0) {
      const [number, sum] = [passed + more, [...lengths, ...terms].join(' + ')];
      if (sum === '') return `${number}`;
      return number === 0 ? sum : `${sum} ${number < 0 ? '-' : '+'} ${Math.abs(number)}`;
    },
  };
}

function table(fields, indent = '') {
  const line = `{ ${fields.join(', ')} }`;
  return line.length < 100 ? line : `{\n${fields.map((field) => `${indent}  ${field},\n`).join('')}${indent}}`;
}

function snake(name) {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
