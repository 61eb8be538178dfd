/**
 * Counts lines of code by folder, without blank lines, comments and what is generated: whole files, and the head of each Lua
 * script, which ends with a line that says so and whose code stands in `broker/redis/scripts.ts`. The core is the way of a task: what is
 * sent, claimed, run, repeated and kept alive. Crons, broadcasts, dead letters, inspection, a worker within the app and the
 * helpers for tests are features around it.
 *
 *   npm run count [-- folder that holds src/]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { ROOT } from './run.mjs';

/** Which files are of a feature, by a word of their path. */
const FEATURE = new RegExp(
  [
    'cron|interval|zone-clock|due-instants',
    'broadcast|stream|mailbox|canceller|machine-turns|once-per-host|take-turn|record-gap',
    'dead|redrive|purge|inspector|health',
    'metrics|task-counts|task-counting|queue-sampler|telemetry',
    'in-process|testing',
  ].join('|'),
);
const GENERATED = /\.generated\.ts$/;
const GENERATED_HEAD = /^[\s\S]*^-- Everything above comes from scripts\.ts.*$/m;

/** @returns {Map<string, { files: number, lines: number, core: number }>} by folder, from the one that holds `src/` on */
export function countCode(root = ROOT) {
  const folders = new Map();
  for (const file of sourcesIn(join(root, 'src'))) {
    const path = relative(root, file).split(sep).join('/');
    const folder = path.slice(0, path.lastIndexOf('/'));
    const lines = countLines(file);
    const sum = folders.get(folder) ?? { files: 0, lines: 0, core: 0 };
    sum.files += 1;
    sum.lines += lines;
    if (!FEATURE.test(path)) sum.core += lines;
    folders.set(folder, sum);
  }
  return folders;
}

function sourcesIn(folder) {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && /\.(ts|lua)$/.test(entry.name) && !GENERATED.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

function countLines(file) {
  const text = readFileSync(file, 'utf8');
  return (file.endsWith('.lua') ? linesOfLua(text.replace(GENERATED_HEAD, '')) : linesOfTypeScript(text)).size;
}

function linesOfLua(text) {
  const lines = text.split('\n').entries();
  return new Set([...lines].filter(([, line]) => line.trim() && !/^\s*(--|#!)/.test(line)).map(([number]) => number));
}

/** Every line on which a token lies. */
function linesOfTypeScript(text) {
  const source = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest, false);
  const lines = new Set();
  const visit = (node) => {
    let leaf = true;
    ts.forEachChild(node, (child) => {
      leaf = false;
      visit(child);
    });
    const [first, last] = [node.getStart(source, false), node.getEnd()].map((at) => lineOf(source, at));
    if (leaf) for (let line = first; line <= last; line += 1) lines.add(line);
    else lines.add(first).add(last);
  };
  ts.forEachChild(source, visit);
  lines.delete(lineOf(source, source.endOfFileToken.getStart(source)));
  return lines;
}

function lineOf(source, at) {
  return source.getLineAndCharacterOfPosition(at).line;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folders = [...countCode(process.argv[2])].sort(([a], [b]) => (a < b ? -1 : 1));
  const total = { files: 0, lines: 0, core: 0 };
  for (const [folder, sum] of folders) {
    console.log(`${folder.padEnd(32)} ${print(sum)}`);
    for (const key of Object.keys(total)) total[key] += sum[key];
  }
  console.log(`${'all'.padEnd(32)} ${print(total)}`);
}

function print({ files, lines, core }) {
  return `${String(files).padStart(4)} files ${String(lines).padStart(6)} lines, ${String(core).padStart(6)} of them core`;
}
