import { code, table, withParts } from './markers.mjs';
import { operatorRights, senderRights, viewerRights, workerRights } from './rights.mjs';

/** The text of docs/redis-keys.md with its tables and rights written anew. */
export function withTables(page, text, tables, linked) {
  const sender = senderRights(tables, linked);
  return withParts(page, text, {
    keys: keyTable(tables),
    scripts: scriptTable(tables),
    'rights of a sender': fenced(sender.user),
    'more rights of a sender': fenced(sender.more),
    'rights of a worker': fenced(workerRights(tables, linked)),
    'rights of a viewer': fenced(viewerRights(tables, linked)),
    'rights of an operator': fenced(operatorRights(tables, linked)),
  });
}

/** The scripts that take a key name it in their heads. */
function keyTable({ keys }) {
  const rows = Object.values(keys).map(({ pattern, type, holds, lasts }) => [code(pattern), type, holds, lasts]);
  return table(['key', 'type', 'holds', 'expiry and size'], rows);
}

/** The head of each script has its keys and its reply. */
function scriptTable({ scripts }) {
  const rows = Object.entries(scripts).map(([name, { purpose, by }]) => [code(name), purpose, by.join(', ')]);
  const refused = Object.keys(scripts).filter((name) => scripts[name].flags === 'none');
  const whenFull = `\nA full Redis refuses ${refused.map(code).join(', ')}, and runs the others.\n`;
  return table(['script', 'purpose', 'called by'], rows) + whenFull;
}

function fenced(text) {
  return `\`\`\`\n${text}\n\`\`\`\n`;
}
