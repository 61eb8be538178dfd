/**
 * What is called outside of scripts: by whom, on which key (none for those that name no key), which commands. `R` only
 * reads. The process tests run with these rights and no others, so a missing right here fails there.
 */
const DIRECT = [
  ['sender', 'format', 'exists setnx type get'],
  ['sender', undefined, 'info eval evalsha'],
  ['sender', 'catalog', 'hget', 'R'],
  ['sender of tags', 'sessions', 'zrangebyscore', 'R'],
  ['sender of tags', 'session', 'hget', 'R'],
  ['sender of tags', undefined, 'time'],
  ['sender of limits', 'sessions', 'zrangebyscore', 'R'],
  ['sender of limits', 'session', 'hget', 'R'],
  ['sender of limits', undefined, 'time'],
  ['cancel() and status()', 'scheduled', 'zscan', 'R'],
  ['cancel() and status()', 'sessions', 'zrange', 'R'],
  ['cancel() and status()', 'session', 'hkeys', 'R'],
  ['cancel() and status()', 'claims', 'hget', 'R'],
  ['cancel() and status()', 'records', 'hexists', 'R'],
  ['cancel() and status()', 'cancelled', 'zscore', 'R'],
  ['cancel() and status()', 'groups', 'hget', 'R'],
  ['result() and run()', 'answers', 'blmpop'],
  ['result() and run()', 'result', 'mget', 'R'],
  ['result() and run()', 'cancelled', 'zmscore', 'R'],
  ['result() and run()', 'removed', 'zmscore', 'R'],
  ['result() and run()', 'scheduled', 'zscan', 'R'],
  ['result() and run()', 'sessions', 'zrange zrangebyscore', 'R'],
  ['result() and run()', 'session', 'hget hkeys', 'R'],
  ['result() and run()', 'claims', 'hget', 'R'],
  ['result() and run()', 'records', 'hexists', 'R'],
  ['result() and run()', 'cancelled', 'zscore', 'R'],
  ['result() and run()', 'groups', 'hget', 'R'],
  ['result() and run()', undefined, 'time'],
  ['batches and flows', 'groups', 'hincrby hmget'],
  ['batches and flows', 'sessions', 'zrangebyscore', 'R'],
  ['batches and flows', 'session', 'hget', 'R'],
  ['batches and flows', undefined, 'time'],
  ['relay of an outbox', 'relayed', 'zrangebyscore zrem'],
  ['relay of an outbox', 'sessions', 'zrangebyscore', 'R'],
  ['relay of an outbox', 'session', 'hget', 'R'],
  ['relay of an outbox', undefined, 'time'],
  ['DeadLetters', 'dead', 'zscore', 'R'],
  ['DeadLetters', 'records', 'hget', 'R'],
  ['DeadLetters', 'deadNotes', 'hget hlen hexists', 'R'],
  ['DeadLetters', undefined, 'time'],
  ['DeadLetters', 'actions', 'xadd'],
  ['BroadcastLog', 'broadcast', 'hgetall', 'R'],
  ['BroadcastLog', 'broadcastGaps', 'zrange', 'R'],
  ['CronManager', 'crons', 'hgetall hmget', 'R'],
  ['CronManager', 'runTimeCrons', 'hget', 'R'],
  ['CronManager', 'runTimeCrons', 'hmget', 'R'],
  ['CronManager', 'cronOwners', 'hgetall', 'R'],
  ['CronManager', 'cronNames', 'zrangebylex', 'R'],
  ['CronManager', 'cronNames', 'zcard', 'R'],
  ['CronManager', 'cronRuns', 'lrange', 'R'],
  ['CronManager', 'sessions', 'zrangebyscore', 'R'],
  ['CronManager', 'session', 'hget', 'R'],
  ['CronManager', 'actions', 'xadd'],
  ['CronManager', undefined, 'time'],
  ['MetricsReader', 'sessions', 'zrangebyscore', 'R'],
  ['MetricsReader', 'session', 'hgetall', 'R'],
  ['MetricsReader', 'claims', 'hlen', 'R'],
  ['MetricsReader', 'catalog', 'hgetall', 'R'],
  ['MetricsReader', 'stats', 'hget', 'R'],
  ['MetricsReader', 'pauses', 'hgetall', 'R'],
  ['MetricsReader', 'limits', 'hscan', 'R'],
  ['MetricsReader', 'slots', 'hscan', 'R'],
  ['MetricsReader', 'waiters', 'zlexcount', 'R'],
  ['MetricsReader', 'outboxes', 'hgetall', 'R'],
  ['MetricsReader', 'crons', 'hgetall', 'R'],
  ['MetricsReader', undefined, 'time'],
  ['QueueHealth', 'sessions', 'zrangebyscore', 'R'],
  ['QueueHealth', 'session', 'hgetall', 'R'],
  ['QueueHealth', 'stats', 'hget', 'R'],
  ['QueueHealth', 'pauses', 'hgetall', 'R'],
  ['QueueHealth', undefined, 'time'],
  ['QueueInspector', 'pauses', 'hgetall', 'R'],
  ['QueueInspector', 'actions', 'xadd'],
  ['QueueInspector', undefined, 'time'],
  ['TaskInspector', 'scheduled', 'zscan', 'R'],
  ['TaskInspector', 'pauses', 'hgetall', 'R'],
  ['TaskInspector', 'sessions', 'zrange zrangebyscore', 'R'],
  ['TaskInspector', 'session', 'hget hgetall hkeys', 'R'],
  ['TaskInspector', 'claims', 'hget', 'R'],
  ['TaskInspector', 'records', 'hexists', 'R'],
  ['TaskInspector', 'unique', 'hget', 'R'],
  ['TaskInspector', 'cancelled', 'zmscore zscore', 'R'],
  ['TaskInspector', 'removed', 'zmscore', 'R'],
  ['TaskInspector', 'result', 'mget pexpiretime', 'R'],
  ['TaskInspector', 'groups', 'hget hmget', 'R'],
  ['TaskInspector', 'groupTimes', 'zmscore', 'R'],
  ['TaskInspector', 'groupsEnded', 'zmscore', 'R'],
  ['TaskInspector', 'drain', 'get', 'R'],
  ['TaskInspector', 'ready', 'zscore zcount', 'R'],
  ['TaskInspector', 'waiters', 'zlexcount', 'R'],
  ['TaskInspector', 'gates', 'hget', 'R'],
  ['TaskInspector', 'limits', 'hmget', 'R'],
  ['TaskInspector', 'slots', 'hmget', 'R'],
  ['TaskInspector', 'rates', 'zmscore', 'R'],
  ['TaskInspector', 'limitLabels', 'hmget', 'R'],
  ['TaskInspector', 'actions', 'xadd'],
  ['TaskInspector', undefined, 'time'],
  ['TaskInspector', 'notes', 'mget', 'R'],
  ['TaskInspector', 'done', 'zcard zrange zscan', 'R'],
  ['GroupInspector', 'groups', 'hmget', 'R'],
  ['GroupInspector', 'groupIndex', 'zcard zcount zrange zrevrank', 'R'],
  ['GroupInspector', 'groupTimes', 'zmscore', 'R'],
  ['GroupInspector', 'groupsEnded', 'zmscore', 'R'],
  ['GroupInspector', 'dead', 'zscore', 'R'],
  ['GroupInspector', 'records', 'hget', 'R'],
  ['GroupInspector', 'deadNotes', 'hget', 'R'],
  ['GroupInspector', 'actions', 'xadd'],
  ['LimitInspector', 'limits', 'hmget hscan', 'R'],
  ['LimitInspector', 'slots', 'hmget hscan', 'R'],
  ['LimitInspector', 'rates', 'zmscore', 'R'],
  ['LimitInspector', 'waiters', 'zrangebylex zlexcount', 'R'],
  ['LimitInspector', 'limitLabels', 'hmget', 'R'],
  ['LimitInspector', 'actions', 'xadd'],
  ['LimitInspector', undefined, 'time'],
  ['WorkerInspector', 'watched', 'set'],
  ['WorkerInspector', 'actions', 'xadd'],
  ['ActionLog', 'actions', 'xrevrange', 'R'],
  ['Inspector', 'format', 'get type', 'R'],
  ['Inspector', 'catalog', 'hget hgetall', 'R'],
  ['Inspector', 'outboxes', 'hgetall', 'R'],
  ['Inspector', undefined, 'info eval evalsha time'],
  ['Doctor', 'sessions', 'zrange', 'R'],
  ['Doctor', 'session', 'hgetall', 'R'],
  ['Doctor', 'claims', 'hlen', 'R'],
  ['Doctor', undefined, 'scan dbsize type'],
  ['child', 'bell', 'blpop'],
  ['child', 'dead', 'zscore'],
  ['child', 'records', 'hget'],
  ['child', 'deadNotes', 'hget'],
  ['supervisor', 'alarm', 'blpop'],
  ['supervisor', 'released', 'lrange'],
  ['supervisor', 'broadcasts', 'xread'],
  ['supervisor', 'sessions', 'zrange zrangebyscore'],
  ['supervisor', 'session', 'hget hgetall'],
  ['supervisor', 'claims', 'hkeys'],
  ['supervisor', 'crons', 'hmget hkeys'],
  ['supervisor', 'cronLines', 'zrange', 'R'],
  ['supervisor', 'cronOwners', 'hmget hset'],
  ['supervisor', 'pauses', 'hgetall', 'R'],
  ['supervisor', 'limits', 'hscan'],
  ['supervisor', 'waiters', 'zrangebylex'],
  ['supervisor', undefined, 'time'],
].map(([by, key, commands, access]) => ({ by, key, commands: commands.split(' '), readsOnly: access === 'R' }));

/** Callers that are parts of a sender, in the order of docs/redis-keys.md. */
const PARTS = [
  'sender of limits',
  'sender of unique keys',
  'sender of broadcasts',
  'cancel() and status()',
  'result() and run()',
  'batches and flows',
  'relay of an outbox',
  'DeadLetters',
  'BroadcastLog',
  'CronManager',
  'MetricsReader',
  'QueueHealth',
  'QueueInspector',
  'TaskInspector',
  'GroupInspector',
  'LimitInspector',
  'WorkerInspector',
  'ActionLog',
];
/** Parts that a worker's tasks seldom use. */
const NOT_OF_A_WORKER = [
  'MetricsReader',
  'QueueHealth',
  'QueueInspector',
  'TaskInspector',
  'GroupInspector',
  'LimitInspector',
  'WorkerInspector',
  'ActionLog',
];
/** A worker's tasks may send, cancel and look at the dead; further rights for that stand beside its rights. */
const WORKER = ['sender', 'child', 'supervisor', ...PARTS.filter((part) => !NOT_OF_A_WORKER.includes(part))];
/** The parts of an inspector, which looks at all queues of a namespace. */
const INSPECTOR = ['Inspector', 'Doctor', ...PARTS.slice(PARTS.indexOf('DeadLetters'))];
/** An operator acts on tasks, and sends them by name. */
const OPERATOR = [
  'sender',
  'sender of tags',
  'sender of limits',
  'sender of unique keys',
  'sender of broadcasts',
  ...INSPECTOR,
];
/** The only key that a person who looks writes: it lets workers publish more often. A selector keeps the right to that key. */
const WATCHING = ['(~{nestwork}:watched', '+set)'];

/** The rights of a sender, and then those of each part of it that go beyond, as `ACL SETUSER` takes them. */
export function senderRights(tables, linked) {
  const base = rightsOf(['sender'], tables, linked);
  const user = setUser('shop-sender reset on >PASSWORD', base);
  const more = PARTS.map((part) => {
    const { patterns, commands } = rightsOf([part], tables, linked);
    return setUser('shop-sender', {
      patterns: patterns.filter((pattern) => !base.patterns.includes(pattern.replace('%R', ''))),
      commands: commands.filter((command) => !base.commands.includes(command)),
    });
  });
  return { user, more: [...more, 'ACL SETUSER shop-sender +wait', 'ACL SETUSER shop-sender +select'].join('\n') };
}

export function workerRights(tables, linked) {
  const { commands } = rightsOf(WORKER, tables, linked);
  return setUser('shop-worker reset on >PASSWORD', { patterns: ['~{nestwork}:*'], commands });
}

/**
 * A viewer may write no value: of all commands it has those that read. Redis asks for read and write on the keys of a script,
 * also of one that only reads.
 */
export function viewerRights({ scripts, ...tables }, linked) {
  const reading = Object.fromEntries(Object.entries(scripts).filter(([, { flags }]) => flags === 'no-writes'));
  const { patterns, commands } = rightsOf(INSPECTOR, { scripts: reading, ...tables }, linked, 'reads only');
  return setUser('shop-viewer reset on >PASSWORD', {
    patterns: ['%R~{nestwork}:*', ...patterns.filter((pattern) => !pattern.startsWith('%R'))],
    commands: [...commands, ...WATCHING],
  });
}

export function operatorRights(tables, linked) {
  const { commands } = rightsOf(OPERATOR, tables, linked);
  return setUser('shop-operator reset on >PASSWORD', { patterns: ['~{nestwork}:*'], commands });
}

function rightsOf(callers, { keys, scripts, layoutOf }, linked, readsOnly) {
  const direct = DIRECT.filter((it) => callers.includes(it.by) && (!readsOnly || it.readsOnly || it.key === undefined));
  const called = Object.entries(scripts).filter(([, { by }]) => by.some((caller) => callers.includes(caller)));
  const written = new Set([
    ...called.flatMap(([, spec]) => keysOf(layoutOf(spec))),
    ...direct.filter(({ readsOnly }) => !readsOnly).map(({ key }) => key),
  ]);
  const read = new Set(direct.map(({ key }) => key).filter((key) => !written.has(key)));
  const pattern = (key) => `~{nestwork}:${keys[key].pattern.replace(/<.*/, '*')}`;
  const ours = Object.keys(keys);
  const commands = [
    ...called.flatMap(([name]) => commandsOf(linked.scripts.get(name), linked)),
    ...direct.flatMap((it) => it.commands),
  ];
  return {
    patterns: [
      ...ours.filter((key) => written.has(key)).map(pattern),
      ...ours.filter((key) => read.has(key)).map((key) => `%R${pattern(key)}`),
    ],
    commands: [...new Set(commands)].sort().map((command) => `+${command}`),
  };
}

/** All keys that a script declares. */
function keysOf({ keys, blocks, lists }) {
  return [...new Set([...keys, ...[...blocks, ...lists].flatMap((block) => block.keys)])];
}

/** The commands that a script can reach, through the functions of the libraries. */
function commandsOf(script, { parts }) {
  const text = [...script.uses].map((part) => parts.get(part)).join('\n') + script.text;
  return [...text.matchAll(/\('([A-Z]+)'/g)].map(([, command]) => command.toLowerCase());
}

/** One line, which redis-cli takes as it is, with the patterns of keys before the commands. */
function setUser(user, { patterns, commands }) {
  return ['ACL SETUSER', user, ...patterns, ...commands].join(' ');
}
