/**
 * Draws the CPU profile of enqueuing as a flame graph: docs/performance.md has one.
 *
 *   npm run bench -- --only event-loop --profile DIRECTORY
 *   node bench/flame.mjs DIRECTORY/producer-4711.cpuprofile docs/delay-flame.svg
 *
 * There are libraries for it, which need a browser; this is a picture that any page can show.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const WIDTH = 1200;
const ROW = 18;
const SMALLEST = 0.004;
/** The first of the functions of the bench that are measured: what runs before it is the boot of the app. */
const BEGIN = 'busyOneByOne';
const IDLE = new Set(['(idle)', '(root)', '(program)']);
const LAYERS = [
  [/\/dist\//, '#4c8bf5', 'nestwork'],
  [/\/ioredis\//, '#e8a33d', 'ioredis'],
  [/^node:|^$/, '#9aa0a6', 'Node'],
  [/./, '#6aa84f', 'the bench'],
];

const [file, target] = process.argv.slice(2);
const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8'));
const byId = new Map(nodes.map((node) => [node.id, node]));
const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));

function stackOf(id) {
  const frames = [];
  for (let at = id; at !== undefined; at = parents.get(at)) frames.unshift(byId.get(at).callFrame);
  return frames.filter(({ functionName }) => functionName !== '(root)');
}

function add(frame, stack, time) {
  frame.time += time;
  const [next, ...rest] = stack;
  if (!next) return;
  const name = next.functionName || '(anonymous)';
  const key = `${name} ${next.url}`;
  if (!frame.children.has(key)) frame.children.set(key, { name, url: next.url, time: 0, children: new Map() });
  add(frame.children.get(key), rest, time);
}

const stacks = samples.map(stackOf);
const begin = stacks.findIndex((stack) => stack.some(({ functionName }) => functionName === BEGIN));
// it runs for a moment only, so not every profile has a sample of it
if (begin < 0) throw new Error(`${file} has no sample of ${BEGIN}(): take the profile of another round.`);
const root = { name: 'enqueuing', url: '', time: 0, children: new Map() };
stacks.forEach((stack, sample) => {
  if (sample >= begin && !IDLE.has(stack.at(-1)?.functionName)) add(root, stack, timeDeltas[sample]);
});

const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const boxes = [];
let depth = 0;
function draw(frame, x, row) {
  const width = (frame.time / root.time) * WIDTH;
  if (width < SMALLEST * WIDTH) return;
  depth = Math.max(depth, row);
  const [, colour] = LAYERS.find(([pattern]) => pattern.test(frame.url));
  const share = `${((frame.time / root.time) * 100).toFixed(1)} %`;
  const label = frame.name.slice(0, Math.floor(width / 6.5));
  boxes.push(
    `<g><title>${escaped(`${frame.name} ${share}`)}</title><rect x="${x.toFixed(1)}" y="${row * ROW}" width="${(width - 0.5).toFixed(1)}" ` +
      `height="${ROW - 1}" fill="${colour}"/><text x="${(x + 3).toFixed(1)}" y="${row * ROW + 12}">${escaped(width > 20 ? label : '')}</text></g>`,
  );
  let at = x;
  for (const child of [...frame.children.values()].sort((a, b) => b.time - a.time)) {
    draw(child, at, row + 1);
    at += (child.time / root.time) * WIDTH;
  }
}
draw(root, 0, 0);

const legend = LAYERS.map(
  ([, colour, name], index) =>
    `<rect x="${index * 110}" y="4" width="12" height="12" fill="${colour}"/><text x="${index * 110 + 17}" y="14">${name}</text>`,
).join('');
const height = (depth + 2) * ROW + 8;
writeFileSync(
  target,
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Flame graph of enqueuing" font-family="sans-serif" font-size="11">` +
    '<title>Flame graph of enqueuing</title>' +
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>${legend}<g transform="translate(0 ${ROW + 6})">${boxes.join('')}</g></svg>\n`,
);
