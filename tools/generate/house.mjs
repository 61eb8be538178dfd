/**
 * The rooms of src/, from the lowest to the highest, each with what it holds. A room may import the rooms above it in this
 * list, or `only` those that it names, and errors.ts. `nest` says that it may import Nest and rxjs, `redis` the adapters of
 * Redis and not the port alone; `wires` names the one file of a room that may import them; `deep` says that its folders have
 * folders.
 */
export const ROOMS = [
  { room: 'values', holds: 'durations, sizes, names, texts, checks of options' },
  { room: 'payload', holds: 'arguments as bytes, schemas, refusals' },
  { room: 'message', holds: 'one call as one string: header, id, headers, history of attempts' },
  { room: 'policy', holds: 'retry, timeout, drop' },
  { room: 'cron', holds: 'when a cron is due' },
  { room: 'task', holds: 'a task: definition, registry, metadata, hooks, states' },
  { room: 'decorators', holds: '`@Task`, `@Cron`, `@Interval`, `@Broadcast` and the rest: metadata only', nest: true },
  { room: 'broker/port', holds: 'the calls of Redis that others may use: types and tokens', uses: ['ioredis'] },
  { room: 'broker/redis', holds: 'connection, errors, checks, keys, the table of scripts', uses: ['ioredis'] },
  { room: 'broker', holds: 'one adapter for each part of the port', redis: true, uses: ['ioredis'] },
  {
    room: 'outbox',
    holds: 'tasks that are sent in transactions of a database, their relay to Redis, and marks of those that have run',
  },
  { room: 'options', holds: 'the options of the module and of workers, checked' },
  { room: 'results', holds: 'what tasks returned, for those who wait for it' },
  { room: 'groups', holds: 'batches and flows: made, sent, and what they are for running tasks' },
  { room: 'client', holds: 'senders and handles', nest: true },
  { room: 'terminal', holds: 'the parts of commands: tables, colours, questions, exit codes' },
  {
    room: 'inspector',
    holds: 'looks at queues, dead tasks, crons and broadcasts, and acts on them',
    nest: true,
    wires: 'create-inspector.ts',
  },
  { room: 'ipc', holds: 'shared by both sides of a fork: scoreboard, protocol, role of a child' },
  { room: 'worker', holds: 'the child: claims, runs, finishes', nest: true },
  { room: 'maintenance', holds: 'the loops of every worker: promote, reap, purge, fire crons', nest: true },
  { room: 'supervisor', holds: 'the parent: forks, renews, settles, stops', nest: true, uses: ['node:child_process'] },
  { room: 'discovery', holds: 'finds tasks in a container; enhancers', nest: true },
  { room: 'in-process', holds: 'parent and child in one process', nest: true, redis: true },
  { room: 'module', holds: '`TaskQueueModule` and `WorkerFactory`: wiring', nest: true, redis: true },
  { room: 'telemetry', holds: 'metrics for Prometheus; spans and metrics for OpenTelemetry', nest: true },
  {
    room: 'dashboard',
    holds: 'the dashboard: a page, what it asks for, and actions over HTTP',
    nest: true,
    deep: true,
    only: ['values', 'payload', 'message', 'task', 'terminal', 'inspector'],
  },
  { room: 'cli', holds: 'the command line: gathers the commands of the rooms' },
  { room: 'testing', holds: 'published helpers for tests', nest: true, redis: true, uses: ['node:child_process'] },
];

/** Others ask the port. */
const ADAPTERS = ['broker/redis', 'broker'];
const NEST = ['@nestjs/**', 'rxjs', 'rxjs/**'];
const RESTRICTED = {
  ioredis: ['ioredis', 'ioredis/**'],
  'node:child_process': ['node:child_process', 'child_process'],
};

function directions() {
  return [
    restricted(['src/errors.ts'], {
      group: ['./**', '!./values/error-codes.js', '!./values/printable.js', '!./values/brand.js', ...foreign({})],
      message:
        'errors.ts imports nothing of ours but three leaves of values/: error-codes.js, printable.js and brand.js.',
    }),
    ...ROOMS.flatMap((room, at) => overridesOf(room, at)),
  ];
}

/** A folder within a room is a level deeper, and its imports have other paths. */
function overridesOf(room, at) {
  const { room: name, redis = false, only, wires, deep = false } = room;
  const depth = name.split('/').length;
  const above = ROOMS.slice(0, at)
    .map((other) => other.room)
    .filter((other) => redis || !ADAPTERS.includes(other))
    .filter((other) => only?.includes(other) ?? true);
  const override = (includes, up) =>
    restricted(includes, {
      group: [
        './../**',
        ...(depth > 1 ? ['../**'] : []),
        up.slice(0, -1),
        `${up}**`,
        `!${up}errors.js`,
        ...above.map((other) => `!${up}${other}/${other === 'broker' ? '*' : '**'}`),
        ...above.filter((other) => depth > 1 && isBeside(other, name)).map((other) => `!../${other.split('/')[1]}/**`),
        ...foreign(room),
      ],
      message: messageOf(room, above),
    });
  const own = override([`src/${name}/*.ts`], '../'.repeat(depth));
  const hasRooms = ROOMS.some((other) => other.room.startsWith(`${name}/`));
  const within = (level) => override([`src/${name}/${'*/'.repeat(level)}**`], '../'.repeat(depth + level));
  const all = hasRooms || depth > 1 ? [own] : [own, within(1), ...(deep ? [within(2)] : [])];
  if (wires === undefined) return all;
  const [wiring] = overridesOf({ room: name, redis: true }, at);
  return [...all, { ...wiring, includes: [`src/${name}/${wires}`] }];
}

function isBeside(room, other) {
  return room.includes('/') && room.split('/')[0] === other.split('/')[0];
}

function foreign({ nest = false, uses = [] }) {
  const others = Object.entries(RESTRICTED).flatMap(([name, names]) => (uses.includes(name) ? [] : names));
  return nest ? others : [...others, ...NEST];
}

function messageOf({ room, nest = false, uses = [] }, above) {
  const names = [...above.map((other) => `${other}/`), 'errors.ts'];
  const libraries = [...(nest ? ['Nest'] : []), ...uses];
  const besides =
    libraries.length > 0 ? `; of the libraries kept to few rooms it may import ${libraries.join(', ')}` : '';
  return `${room}/ may import ${names.join(', ')}${besides}. See tools/generate/house.mjs.`;
}

function restricted(includes, pattern) {
  const options = { patterns: [pattern] };
  return { includes, linter: { rules: { style: { noRestrictedImports: { level: 'error', options } } } } };
}

/** The text of the file that biome.json extends. */
export function linterDirections() {
  return `${JSON.stringify({ overrides: directions() }, undefined, 2)}\n`;
}
