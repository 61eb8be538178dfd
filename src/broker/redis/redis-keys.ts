/** One Redis key of nestwork, as docs/redis-keys.md lists it. */
interface KeySpec {
  /** its name behind the namespace; at most one parameter, at its end */
  readonly pattern: string;
  readonly type: 'string' | 'list' | 'hash' | 'sorted set' | 'stream' | 'bitmap';
  readonly holds: string;
  /** when it goes, and what it costs */
  readonly lasts: string;
}

/**
 * Every Redis key that nestwork owns. `npm run generate` writes the table of docs/redis-keys.md from it.
 *
 * The keys of a queue stand first, in the order in which every script takes those that it needs. This module imports
 * nothing, because the tools read it, too.
 */
export const KEYS = {
  pending: {
    pattern: 'queue:<queue>',
    type: 'list',
    holds: 'pending messages, head first; released ones return to the head',
    lasts: 'a task: its message and 4 bytes',
  },
  quarantined: {
    pattern: 'suspects:<queue>',
    type: 'list',
    holds: 'messages during which a process died; a child claims each alone',
    lasts: 'as above',
  },
  bell: {
    pattern: 'bell:<queue>',
    type: 'list',
    holds: 'a token, `1`, that wakes an idle child of the queue',
    lasts: '168 bytes',
  },
  scheduled: {
    pattern: 'scheduled:<queue>',
    type: 'sorted set',
    holds: 'message -> due time in ms of Redis time',
    lasts: 'a task: its message and 110 bytes',
  },
  dead: {
    pattern: 'dead:<queue>',
    type: 'sorted set',
    holds: 'task id -> time of death in ms',
    lasts: 'until redriven, deleted or purged (`deadRetention`, `maxDead`); 129 bytes a task',
  },
  records: {
    pattern: 'dead-records:<queue>',
    type: 'hash',
    holds: 'task id -> report (JSON), newline, message of a dead task',
    lasts: 'as `dead:`; 124 bytes a task and the record, whose stack has up to 8,000 characters',
  },
  deadNotes: {
    pattern: 'dead-notes:<queue>',
    type: 'hash',
    holds: 'task id -> the notes of a dead task, as in `notes:`',
    lasts: 'as `dead:`; gone when empty; 100 bytes and the notes, only of tasks that noted something',
  },
  held: {
    pattern: 'held:<queue>',
    type: 'sorted set',
    holds: '`<line> <turn, 13 digits><message>` of tasks with a limit, a tenant or a priority, see [below](#limits)',
    lasts: 'until it is claimed; its message, its line and 100 bytes',
  },
  ready: {
    pattern: 'ready:<queue>',
    type: 'sorted set',
    holds:
      'line -> whether it may start, and when it is its turn; `=<line>` -> a task of it lies in `queue:`; tenant -> its place in the ring',
    lasts: 'while tasks of the line wait; 100 bytes and the name of the line',
  },
  alarm: {
    pattern: 'alarm',
    type: 'list',
    holds: 'a token, `1`, that wakes a promoter: a task is due before all others, or a pause has an end',
    lasts: '168 bytes',
  },
  claims: {
    pattern: 'claims:<child>',
    type: 'hash',
    holds: 'task id -> `<queue> <message>` of each task that the child holds',
    lasts: 'gone when empty; 162 bytes a task, up to 384 tasks and twice the `concurrency`',
  },
  pauses: {
    pattern: 'pauses',
    type: 'hash',
    holds:
      'queue -> end of its pause in ms of Redis time, 0 for none, and JSON: `<end> {"since":...,"until":...,"id":...,"by":...,"reason":...}`',
    lasts: 'until the queue is resumed, or the pause is over; gone when empty',
  },
  limits: {
    pattern: 'limits',
    type: 'hash',
    holds: 'what the limits of apps allow, and what was set while they run, see [below](#limits)',
    lasts:
      'a declaration until a minute after the last session that had it; what was set until its end; about 150 bytes each',
  },
  slots: {
    pattern: 'slots',
    type: 'hash',
    holds: 'limit -> how many tasks hold it',
    lasts: 'gone at 0; 60 bytes a limit',
  },
  rates: {
    pattern: 'rates',
    type: 'sorted set',
    holds: 'limit -> when the next start would come if all came evenly, in us of Redis time',
    lasts: 'until then; 117 bytes a limit',
  },
  paced: {
    pattern: 'paced',
    type: 'sorted set',
    holds: 'limit -> when a promoter looks whether tasks that wait for it may start, in ms of Redis time',
    lasts: 'until then; 117 bytes a limit',
  },
  waiters: {
    pattern: 'waiters',
    type: 'sorted set',
    holds:
      '`<limit><queue> <order, 13 digits> <line>` of each line that waits for a limit, or for the turn of its tenant',
    lasts: 'while it waits; 130 bytes and the name of the line',
  },
  gates: {
    pattern: 'gates',
    type: 'hash',
    holds: 'queue -> its limit',
    lasts: 'as the declaration in `limits`, or as what is set for it there and a minute more; gone when empty',
  },
  limitLabels: {
    pattern: 'limit-labels',
    type: 'hash',
    holds: 'limit -> its key in clear; steps of flows and callbacks of batches note none',
    lasts: 'while a task with that key runs or waits; 80 bytes and the key',
  },
  drain: {
    pattern: 'drain',
    type: 'string',
    holds: 'the child that claims nothing until it is empty, to take a quarantined task',
    lasts: '5 s',
  },
  sessions: {
    pattern: 'sessions',
    type: 'sorted set',
    holds: 'session id -> deadline of its lease in ms of Redis time',
    lasts: 'one element a supervisor',
  },
  session: {
    pattern: 'session:<sessionId>',
    type: 'hash',
    holds:
      'child -> number of its last claim; `@queues`, `@host`, `@pid`, `@reads`, `@tz`; `@app`, see [below](#apps); `@crons`, `@fires`, `@disabled`',
    lasts: 'gone with the session; 200 bytes with one child',
  },
  digest: {
    pattern: 'digest:<sessionId>',
    type: 'string',
    holds: 'Redis time in ms, a space, and JSON: what the worker publishes of itself and its children',
    lasts: 'the lease of the worker; up to 80 KiB, mostly 2',
  },
  actions: {
    pattern: 'actions',
    type: 'stream',
    holds:
      'the last actions of people and programs: `action`, `subject`, `count`, `by`, and `details` of what was set for a limit',
    lasts: '1,000 entries',
  },
  watched: {
    pattern: 'watched',
    type: 'string',
    holds: '`1` while somebody looks at the workers, which publish their digests more often then',
    lasts: '10 s',
  },
  pulse: {
    pattern: 'pulse',
    type: 'string',
    holds: 'Redis time in ms at which a supervisor last called a script about leases',
    lasts: '72 bytes',
  },
  stats: {
    pattern: 'stats',
    type: 'hash',
    holds: '`stale-acks`: acks that changed nothing, because other children had the tasks',
    lasts: 'one field',
  },
  seen: {
    pattern: 'seen:<block>',
    type: 'bitmap',
    holds: 'which of 4,096 sequence numbers of a producer were sent; the block is `<producer>:<number>`',
    lasts: '10 minutes after its last write; up to 1.1 KiB',
  },
  relayed: {
    pattern: 'relayed:<outbox>',
    type: 'sorted set',
    holds:
      'id of a task from a row of an outbox, which may still be there -> when the relay added it, in ms of Redis time',
    lasts: 'until its row is gone; 131 bytes each, mostly none',
  },
  relaying: {
    pattern: 'relaying:<outbox>',
    type: 'string',
    holds: 'the relay whose turn it is; others wait, so that databases are not asked in vain',
    lasts: '15 s; 130 bytes',
  },
  outboxes: {
    pattern: 'outboxes',
    type: 'hash',
    holds:
      'id of an outbox -> when its relay last noted how its rows stand, in ms of Redis time, a space, and JSON: `{"table":...,"waiting":...,"putAside":...,"oldestMs":...}`',
    lasts: 'a day after that; 180 bytes each',
  },
  unique: {
    pattern: 'unique',
    type: 'hash',
    holds: 'digest of a unique key -> `<queue> <message>` of its task, as it lies in its queue',
    lasts: 'gone when empty; 84 bytes and the message a key',
  },
  cancelled: {
    pattern: 'cancelled',
    type: 'sorted set',
    holds: 'id of a cancelled task -> time of the cancellation in ms',
    lasts: '1 day, the last 10,000; 131 bytes each',
  },
  removed: {
    pattern: 'removed',
    type: 'sorted set',
    holds: 'id of a task with a result that was purged, or replaced by another one with its key -> time in ms',
    lasts: '1 day, the last 10,000; 131 bytes each',
  },
  broadcasts: {
    pattern: 'broadcasts',
    type: 'stream',
    holds:
      'entries for every supervisor: `kind` (`call`, `cancel`, `order`) and its fields; a call has `message`, an order `session`',
    lasts: 'about the last 10,000 entries; 96 bytes for a message of 69 characters',
  },
  broadcast: {
    pattern: 'broadcast:<id>',
    type: 'hash',
    holds:
      '`<worker>.<pid>` -> how it ended there (JSON); `@<host>` -> the session that runs it on that machine, or `done`',
    lasts: '1 day after the last write; 180 bytes a child',
  },
  broadcastGaps: {
    pattern: 'broadcast-gaps',
    type: 'sorted set',
    holds: 'a gap that a worker had in the stream (JSON) -> time in ms',
    lasts: 'the last 100; 7 days after the last write',
  },
  crons: {
    pattern: 'crons',
    type: 'hash',
    holds: '`<cron> <field>` -> the record of a cron, see [below](#crons)',
    lasts: '1 day after the last session that declared the cron; about 700 bytes each',
  },
  runTimeCrons: {
    pattern: 'run-time-crons',
    type: 'hash',
    holds: '`<cron> <field>` -> the record of a cron that was set at run time, see [below](#crons)',
    lasts: 'until it is removed, or a day after its last time; about 600 bytes each',
  },
  cronNames: {
    pattern: 'cron-names',
    type: 'sorted set',
    holds: 'names of the crons that were set at run time, all with 0, in their order',
    lasts: 'as `run-time-crons`; 120 bytes each',
  },
  cronTimes: {
    pattern: 'cron-times:<line>',
    type: 'sorted set',
    holds:
      'cron that was set at run time -> when a worker looks whether it is due, in ms of Redis time; the line is `<queue> <task>` of its runs',
    lasts: 'as `run-time-crons`, 120 bytes each; gone when empty',
  },
  cronLines: {
    pattern: 'cron-lines',
    type: 'sorted set',
    holds: '`<queue> <task>` -> the earliest time in its `cron-times`',
    lasts: 'one element for each that has crons',
  },
  cronOwners: {
    pattern: 'cron-owners',
    type: 'hash',
    holds: '`<queue> <task>` with crons -> when a worker that fires them last looked, in ms of Redis time',
    lasts: 'one field for each; a minute old at most while there is such a worker',
  },
  cronRuns: {
    pattern: 'cron-runs:<cron>',
    type: 'list',
    holds: 'what became of the last times of a cron, the newest first: a line each, see [below](#crons)',
    lasts: 'as the record of the cron; the last 100 of one in `crons`, 10 of one in `run-time-crons`, 63 bytes each',
  },
  notes: {
    pattern: 'notes:<id>',
    type: 'string',
    holds: 'progress and log of a task that noted something, see [below](#notes)',
    lasts: '24 hours after the last write, 1 hour after the end of the task; up to 9 KiB',
  },
  done: {
    pattern: 'done:<task>',
    type: 'sorted set',
    holds: '`<id> <queue> <enqueuedAt> <startedAt> <attempt>` -> when it was done, in ms by the clock of its worker',
    lasts: '7 days after the last one; the last `keepDone` of a task that has this option, 160 bytes each',
  },
  result: {
    pattern: 'result:<id>',
    type: 'string',
    holds:
      'what became of a task that keeps its result: a letter for the kind and a payload or JSON, see task-result.ts',
    lasts: 'as long as the task asked for, from its end; 120 bytes and the result, up to 256 KiB',
  },
  answers: {
    pattern: 'answers:<producer>',
    type: 'list',
    holds:
      'ids of tasks of one sender that have ended, each with its result if that has at most 1,000 bytes; wakes the process that waits',
    lasts: '1 hour after the last one, the last 10,000; 24 bytes and the result each',
  },
  groups: {
    pattern: 'groups',
    type: 'hash',
    holds: 'batches and flows: their counts, callbacks and nodes, see [below](#groups)',
    lasts:
      'until a day after the end of the group, of the last 10,000 that have ended; about 350 bytes a batch, and 220 bytes a node of a flow',
  },
  groupTimes: {
    pattern: 'group-times',
    type: 'sorted set',
    holds:
      '`<group> deadline`, or `<group> unsealed` while its sender adds to it -> when that time is over, in ms of Redis time',
    lasts: 'until then, or until the group has ended; 120 bytes each',
  },
  groupIndex: {
    pattern: 'group-index',
    type: 'sorted set',
    holds: 'id of a group -> when it was opened, in ms of Redis time',
    lasts: 'as `groups`; 110 bytes each',
  },
  groupsEnded: {
    pattern: 'groups-ended',
    type: 'sorted set',
    holds: 'id of a group that has ended -> when, in ms of Redis time',
    lasts: 'as `groups`; 110 bytes each',
  },
  released: {
    pattern: 'released',
    type: 'list',
    holds: 'orders of scripts for promoters: tasks that waited for a group, and long walks through flows',
    lasts: 'until the next promoter looks, which is at once',
  },
  metrics: {
    pattern: 'metrics:<minute>',
    type: 'hash',
    holds:
      '`<queue> <task>` -> counts of that minute, `<queue>` -> a sample of its length, see [below](#metrics); minutes since 1970',
    lasts: '3 hours after the last write; 150 to 400 bytes a task, 1,000 fields at most',
  },
  metricsTen: {
    pattern: 'metrics10:<ten>',
    type: 'hash',
    holds: 'the same for ten minutes; tens of minutes since 1970',
    lasts: '7 days after the last write; as above',
  },
  totals: {
    pattern: 'totals',
    type: 'hash',
    holds: '`<queue> <task>` -> its counts since the first',
    lasts: 'for ever; 1,000 fields at most',
  },
  endings: {
    pattern: 'endings',
    type: 'hash',
    holds:
      '`<queue> <task> <counter>` -> tasks that ended without their child and are not yet among the counts of a minute',
    lasts: 'until the next flush or sample, a day at most; 100 bytes a field',
  },
  flushed: {
    pattern: 'flushed:<child>',
    type: 'string',
    holds: 'number of the last counts of the child that were added',
    lasts: '1 hour; 150 bytes',
  },
  reported: {
    pattern: 'reported',
    type: 'hash',
    holds:
      'queue -> the time before which all its deaths have been given to `onTaskDead`, and the call that took the last ones',
    lasts: '1 hour after the last call of a worker whose app has such a hook',
  },
  catalog: {
    pattern: 'catalog',
    type: 'hash',
    holds:
      'task name -> `{"name":...,"queue":...}`; of a broadcast also `"broadcast":"child"` or `"machine"`; where the task has them `"limits":[{"name":...,"keyed":...,"onLimit":...}]`, `"fair":true` and `"priority":{"value":...,"ageMs":...}`',
    lasts: 'for ever; one field a task name',
  },
  format: {
    pattern: 'format',
    type: 'string',
    holds: '`nestwork/1`; with another value no process starts',
    lasts: 'for ever',
  },
} as const satisfies Record<string, KeySpec>;

/** Name of a key in {@link KEYS}; scripts call it so, too. */
export type KeyName = keyof typeof KEYS;

type PatternOf<K extends KeyName> = (typeof KEYS)[K]['pattern'];
/** The parameter in the name of a key: `sessionId` for `session:<sessionId>`. */
export type ParameterOf<K extends KeyName> = K extends KeyName
  ? PatternOf<K> extends `${string}<${infer Parameter}>`
    ? Parameter
    : never
  : never;

/** One function a key, for its name in one namespace. */
export type RedisKeys = {
  readonly [K in KeyName]: [ParameterOf<K>] extends [never] ? () => string : (parameter: string) => string;
};

/**
 * All keys of a namespace share one hash tag, so that a script may touch any of them on a Redis Cluster too.
 *
 * @param namespace validated name of the key space
 *
 * @example
 * redisKeys('nestwork').pending('default'); // '{nestwork}:queue:default'
 */
export function redisKeys(namespace: string): RedisKeys {
  const keys = Object.entries(KEYS).map(([name, { pattern }]) => {
    const prefix = `{${namespace}}:${pattern.replace(/<.*/, '')}`;
    return [name, (parameter = '') => prefix + parameter];
  });
  return Object.fromEntries(keys) as RedisKeys;
}
