import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withParts } from './markers.mjs';

const CODES = 'src/values/error-codes.ts';
const PAGE = 'docs/errors.md';

/** The groups of docs/errors.md in their order, by the type of a code in src/values/error-codes.ts. */
const GROUPS = {
  start: 'When the app starts',
  send: 'When a task is sent',
  redis: 'When Redis is in trouble',
  run: 'While a task runs',
  dead: 'Why a task is dead',
  operate: 'In the tools and the log',
  test: 'In tests',
};

/** The text of docs/errors.md with its codes written anew: the groups, then the entries by group and code. */
export async function withErrorEntries(text, root) {
  const codes = await readErrorCodes(root);
  const groups = Object.entries(GROUPS).map(([group, title]) => ({
    title,
    codes: codes.filter((code) => code.group === group).sort((a, b) => (a.name < b.name ? -1 : 1)),
  }));
  const part = `${groups.map(indexOf).join('')}\n${groups.map(entriesOf).join('\n')}`;
  return withParts(PAGE, text, { codes: part });
}

/** Each code with its group and its docstring, as Markdown of docs/. */
export async function readErrorCodes(root) {
  const { default: ts } = await import('typescript');
  const text = readFileSync(join(root, CODES), 'utf8');
  const source = ts.createSourceFile(CODES, text, ts.ScriptTarget.ES2023, true);
  const members = source.statements.filter(ts.isInterfaceDeclaration).flatMap(({ members }) => [...members]);
  return members.map((member) => {
    const name = member.name.getText();
    const group = member.type.literal?.text;
    const [docstring] = ts.getJSDocCommentsAndTags(member);
    if (!Object.hasOwn(GROUPS, group)) throw new Error(`${CODES}: ${name} belongs to none of ${Object.keys(GROUPS)}.`);
    if (!docstring) throw new Error(`${CODES}: ${name} has no docstring.`);
    return { name, group, entry: markdownOf(docstring.getText()) };
  });
}

/** The compiler takes a decorator in a docstring for a tag, so its text is read as it is written. */
function markdownOf(docstring) {
  const lines = docstring.split('\n').slice(1, -1);
  const text = lines.map((line) => line.replace(/^\s*\* ?/, '')).join('\n');
  return text.replaceAll('](../../docs/errors.md#', '](#').replaceAll('](../../docs/', '](');
}

function indexOf({ title }) {
  return `- [${title}](#${title.toLowerCase().replaceAll(' ', '-')})\n`;
}

function entriesOf({ title, codes }) {
  return [`## ${title}\n`, ...codes.map(({ name, entry }) => `### \`${name}\`\n\n${entry}\n`)].join('\n');
}
