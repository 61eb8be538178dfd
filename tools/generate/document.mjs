import { code, table, withParts } from './markers.mjs';
import { directCommands, keysOf, senderRights, workerRights } from './rights.mjs';

/** The words of the document for the behaviour of a script when memory is full. */
const WHEN_FULL = { 'allow-oom': 'runs', 'no-writes': 'runs', none: 'refused' };

/** The text of docs/redis-keys.md with its tables and rights written anew. */
export function withTables(page, text, tables, linked) {
  const sender = senderRights(tables, linked);
  return withParts(page, text, {
    keys: keyTable(tables),
    scripts: scriptTable(tables),
    'rights of a sender': fenced(sender.user),
    'more rights of a sender': fenced(sender.more),
    'rights of a worker': fenced(workerRights(tables, linked)),
  });
}

function keyTable({ keys, scripts, layoutOf }) {
  const rows = Object.entries(keys).map(([key, { pattern, type, holds, lasts }]) => {
    const users = Object.entries(scripts).filter(([, spec]) => keysOf(layoutOf(spec)).includes(key));
    const scriptNames = users.map(([name]) => code(name)).join(', ');
    return [code(pattern), type, holds, scriptNames, directCommands(key).map(code).join(', '), lasts];
  });
  return table(['key', 'type', 'holds', 'scripts', 'other commands', 'expiry and size'], rows);
}

/** The keys of each script stand in the table of keys, and in its head. */
function scriptTable({ scripts }) {
  const rows = Object.entries(scripts).map(([name, { purpose, by, reply, flags = 'allow-oom' }]) => {
    return [code(name), purpose, by.join(', '), reply.text, WHEN_FULL[flags]];
  });
  return table(['script', 'what it does', 'called by', 'returns', 'when Redis is full'], rows);
}

function fenced(text) {
  return `\`\`\`\n${text}\n\`\`\`\n`;
}
