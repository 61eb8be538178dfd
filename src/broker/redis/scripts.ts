import type { KeyName, ParameterOf } from './redis-keys.js';

/** The callers of scripts: a part of the API of an app, or a process of a worker. The rights of docs/redis-keys.md go by it. */
export type Caller =
  | 'sender'
  | 'sender of limits'
  | 'sender of unique keys'
  | 'sender of broadcasts'
  | 'cancel() and status()'
  | 'result() and run()'
  | 'batches and flows'
  | 'relay of an outbox'
  | 'DeadLetters'
  | 'CronManager'
  | 'MetricsReader'
  | 'QueueHealth'
  | 'QueueInspector'
  | 'TaskInspector'
  | 'GroupInspector'
  | 'LimitInspector'
  | 'WorkerInspector'
  | 'child'
  | 'supervisor';

/** One script, as docs/redis-keys.md lists it. */
export interface ScriptSpec {
  /** `allow-oom`, the default: writes though Redis is full; `no-writes`: only reads; `none`: a full Redis refuses it */
  readonly flags?: 'allow-oom' | 'no-writes' | 'none';
  /** what it does, in one line; reasons and details stand in the script */
  readonly purpose: string;
  readonly by: readonly Caller[];
  readonly keys?: readonly KeyName[];
  /**
   * Blocks of keys that share a parameter, by the name of the block: above all the keys of a queue, in the order of KEYS.
   * `'...queues'` is one for each of a list. A block has its `name` in Lua if it lists that, and in a list always.
   */
  readonly blocks?: Readonly<Record<string, readonly (KeyName | 'name')[]>>;
  /** names; `'...ids'` is a list and comes last */
  readonly args: readonly string[];
  readonly reply: Reply<unknown>;
  /** whether strings of the reply stay bytes, because they need not be text */
  readonly bytes?: true;
}

interface Reply<T> {
  readonly text: string;
  /** only for the compiler */
  readonly type?: T;
}

function reply<T>(text: string): Reply<T> {
  return { text };
}

/** 1 for yes, 0 for no. */
type Flag = number;
type QueueStateReply = readonly [
  pending: number,
  quarantined: number,
  scheduled: number,
  dead: number,
  died: number,
  head: string,
  dueAt: string,
  held: number,
  heldBack: number,
];
type SessionReply = readonly [session: string, fields: readonly string[], digest: string];
type FiringReply = readonly [fired: number, skipped: number, heldIn: string, run: string, exhausted: number];
type DueCronReply = readonly [
  name: string,
  definition: string,
  version: string,
  until: string,
  paused: number,
  fires: number,
];
type StreamEntryReply = readonly [id: string, fields: readonly string[]];

/** What the end of a task may change, wherever it ends. A script that takes these has its keys in `keys`, see lib/leave.lua. */
export const ENDS = ['unique', 'cancelled', 'alarm'] as const;
/** The keys for counts of tasks that end without their child, see lib/metrics.lua. */
const COUNTS = ['endings', 'catalog'] as const;
/** What the end of a member of a group may change, see lib/groups.lua. */
const GROUPS = ['groups', 'groupTimes', 'groupsEnded', 'released'] as const;
/** What a task that has limits, or waits in a line, may change, see lib/limits.lua. */
const LIMITS = ['limits', 'slots', 'rates', 'paced', 'waiters', 'limitLabels'] as const;
/** What wakes the lines of a queue. */
const LINES = ['bell', 'held', 'ready'] as const;
/** Where a task of a queue can go. */
const QUEUE = ['name', 'pending', 'quarantined', 'bell', 'scheduled', 'dead', 'records', 'held', 'ready'] as const;
/** Where the results of tasks are kept that end in this script, and where their senders wait for that. */
const ANSWERS = { '...kept': ['result'], '...answering': ['answers'] } as const;
/** And where its notes go with it when it dies. */
const GRAVE = [
  'name',
  'pending',
  'quarantined',
  'bell',
  'scheduled',
  'dead',
  'records',
  'deadNotes',
  'held',
  'ready',
] as const;

/**
 * Every script: one for each transition, and a few that read.
 *
 * From this table come the head of each file in lua/, which names its keys and arguments, the types of a call, and the
 * tables and rights of docs/redis-keys.md: run `npm run generate` after a change. This module imports only types,
 * because the tools read it, too.
 */
export const SCRIPTS = {
  enqueue: {
    flags: 'none',
    purpose: 'adds messages to the tail of a queue, each id once',
    by: ['sender'],
    keys: ['seen'],
    blocks: { queue: ['pending', 'bell'] },
    args: ['seconds', '...messages'],
    reply: reply<number>('the number of new messages; a repeated command finds fewer'),
  },
  'enqueue-limited': {
    flags: 'none',
    purpose: 'adds messages with limits, tenants or priorities to their lines, or to the schedule, each id once',
    by: ['sender of limits'],
    keys: ['seen', 'alarm', ...LIMITS],
    blocks: { queue: ['name', 'pending', 'bell', 'scheduled', 'held', 'ready'] },
    args: ['seconds', 'dueFrom', 'dueMs', 'refuses', '...labels', '...messages'],
    reply: reply<[added: number, full: string]>(
      'the number of new messages, and the limit for which the message was refused, or nothing',
    ),
  },
  schedule: {
    flags: 'none',
    purpose: 'adds messages to the schedule of a queue, each id once',
    by: ['sender'],
    keys: ['seen', 'alarm'],
    blocks: { queue: ['scheduled'] },
    args: ['seconds', 'dueFrom', 'dueMs', '...messages'],
    reply: reply<number>('the number of new messages'),
  },
  'enqueue-unique': {
    flags: 'none',
    purpose: 'adds a message unless another task has its key; with `replace`, removes that task if it waits',
    by: ['sender of unique keys', 'CronManager'],
    keys: ['seen', 'removed', ...ENDS, ...LIMITS],
    blocks: { '...queues': ['pending', 'quarantined', 'bell', 'scheduled', 'held', 'ready'] },
    args: ['seconds', 'dueFrom', 'dueMs', 'onConflict', 'message', 'queue', '...labels'],
    reply: reply<[id: string, queue: string]>('id and queue of the task that now has the key'),
  },
  relay: {
    flags: 'none',
    purpose: 'adds the tasks of rows of an outbox, all of one queue, each row once',
    by: ['relay of an outbox'],
    keys: ['relayed', 'removed', 'broadcasts', ...ENDS, ...LIMITS],
    blocks: {
      '...sequences': ['seen'],
      '...queues': ['pending', 'quarantined', 'bell', 'scheduled', 'held', 'ready'],
    },
    args: ['startedMs', 'seconds', 'kept', 'queue', '...labels', '...rows'],
    reply: reply<[handled: number, added: number]>(
      'how many of the rows, from the first on, are done with (-1 if the command came too late), and how many tasks were new',
    ),
  },
  'take-relay': {
    purpose: 'gives a relay its turn, unless another one has it',
    by: ['relay of an outbox'],
    keys: ['relaying'],
    args: ['relay', 'forMs'],
    reply: reply<Flag>('1, or 0 while another relay has the turn'),
  },
  'note-outbox': {
    purpose: 'notes how the rows of an outbox stand, and forgets outboxes of which nothing was noted for a day',
    by: ['relay of an outbox'],
    keys: ['outboxes'],
    args: ['outbox', 'former', 'note'],
    reply: reply<number>('1'),
  },
  promote: {
    purpose: 'moves due tasks from the schedules to the tails of their queues, and ends pauses that are over',
    by: ['supervisor'],
    keys: ['unique', 'pauses', 'released', 'groupTimes', 'groupsEnded', ...LIMITS],
    blocks: { '...queues': ['pending', 'quarantined', 'bell', 'scheduled', 'held', 'ready'] },
    args: ['limit'],
    reply: reply<
      [moved: number, nextInMs: number, groups: Flag, foreign: string[], unreached: string[], ...refused: string[]]
    >(
      'the number moved, ms until the next is due or the next pause is over or -1, 1 if groups have something to do, queue and value of each pause that is none (of a foreign key: nothing and its type), other queues in which tasks wait for a limit that is free, an error for each queue with a foreign key',
    ),
  },
  claim: {
    purpose: 'acks finished tasks of a child, then gives it tasks of its queues, by priority',
    by: ['child'],
    keys: ['session', 'claims', 'drain', 'unique', 'stats', 'pauses', 'groups', 'gates'],
    blocks: { '...queues': ['pending', 'quarantined', 'bell', 'ready'] },
    args: ['child', 'number', 'limit', 'acks'],
    reply: reply<
      [repeated: Flag, acked: number, drain: Flag, held: string | string[], more: Flag, paused: string, stopped: string]
    >(
      '1 if repeated (-1 if limits or lines are to be heeded: nothing was done), the number acked, 1 if to drain, `<queue> <message>` of each task, 1 if queues that are not paused hold more, the names of its paused queues, the ids of tasks whose group was stopped, one behind the other',
    ),
  },
  'claim-limited': {
    purpose: 'claims as `claim` does, where queues have limits or lines',
    by: ['child'],
    keys: ['session', 'claims', 'drain', 'unique', 'stats', 'pauses', 'groups', 'gates', 'alarm', ...LIMITS],
    blocks: { '...queues': ['pending', 'quarantined', 'bell', 'held', 'ready'] },
    args: ['child', 'number', 'limit', 'limited', 'acks'],
    reply: reply<
      [
        repeated: Flag,
        acked: number,
        drain: Flag,
        held: string | string[],
        more: Flag,
        paused: string,
        stopped: string,
        needed: Flag,
      ]
    >('as that of `claim`, and 1 while there are limits or lines'),
  },
  'set-limit': {
    purpose: 'sets what a limit, or one of its keys, allows, for a time or until it is reset',
    by: ['LimitInspector'],
    keys: ['gates', 'alarm', ...LIMITS],
    blocks: { '...queues': ['pending', ...LINES] },
    args: ['field', 'value', 'forMs', 'details', 'queue'],
    reply: reply<[ends: string, before: string]>(
      'the end in ms of Redis time, or 0, and what was set before, nothing if that is the same',
    ),
  },
  'reset-limit': {
    purpose: 'ends what was set for a limit or a key, and the stop of a task',
    by: ['LimitInspector'],
    keys: ['gates', 'alarm', ...LIMITS],
    blocks: { '...queues': ['pending', ...LINES] },
    args: ['field', 'stop', 'queue'],
    reply: reply<[override: string, stopped: string, now: string]>(
      'what was set, until when a task had stopped it, nothing for none, and the ms of Redis time',
    ),
  },
  'forget-limit': {
    purpose: 'forgets a limit that no session declares any more',
    by: ['supervisor'],
    keys: ['gates', 'alarm', ...LIMITS],
    blocks: { '...queues': ['pending', ...LINES] },
    args: ['name', 'declared', 'queue'],
    reply: reply<Flag>('1, or 0 if it was declared anew'),
  },
  'pause-queue': {
    purpose: 'pauses a queue, for a time or until it is resumed; a repeated command changes nothing',
    by: ['QueueInspector'],
    keys: ['pauses', 'alarm'],
    args: ['queue', 'forMs', 'id', 'details'],
    reply: reply<string>('the pause'),
  },
  'resume-queue': {
    purpose: 'ends the pause of a queue, and rings if that holds tasks',
    by: ['QueueInspector'],
    keys: ['pauses'],
    blocks: { queue: ['name', 'pending', 'quarantined', 'bell', 'held'] },
    args: [],
    reply: reply<Flag>('1, or 0 if no pause held it'),
  },
  ack: {
    purpose: 'ends finished tasks of a child and frees their unique keys',
    by: ['child'],
    keys: ['session', 'claims', 'stats', ...ENDS],
    args: ['child', '...ids'],
    reply: reply<number>('the number that the child still held'),
  },
  finish: {
    purpose: 'ends finished tasks of a child that keep their results or are in a group',
    by: ['child'],
    keys: ['session', 'claims', 'stats', ...ENDS, ...GROUPS, ...LIMITS],
    blocks: { ...ANSWERS, '...queues': ['pending', ...LINES] },
    args: ['child', '...results'],
    reply: reply<number>('the number that the child still held'),
  },
  retry: {
    purpose: 'lets a task run again after an attempt, now or later',
    by: ['child'],
    keys: ['session', 'claims', ...ENDS, ...COUNTS, ...GROUPS, ...LIMITS],
    blocks: { queue: QUEUE },
    args: ['child', 'id', 'failures', 'delay', 'line', 'counts', 'stopped', 'stoppedMs'],
    reply: reply<Flag>('1, or 0 if the child no longer held it or the attempt was counted before'),
  },
  release: {
    purpose: 'returns tasks to the heads of their queues, uncounted',
    by: ['child', 'supervisor'],
    keys: ['session', 'claims', ...ENDS, ...COUNTS, ...GROUPS, ...LIMITS],
    blocks: { '...queues': QUEUE },
    args: ['child', 'claimNumber', '...ids'],
    reply: reply<number>('the number returned; 0 if the child has claimed again'),
  },
  bury: {
    purpose: 'moves a task to the dead, with the report of its error',
    by: ['child'],
    keys: ['session', 'claims', 'notes', ...ENDS, ...COUNTS, ...GROUPS, ...LIMITS],
    blocks: { queue: GRAVE, ...ANSWERS },
    args: ['child', 'id', 'report', 'line', 'header'],
    reply: reply<Flag>('1, or 0 if the child no longer held it'),
  },
  settle: {
    purpose: 'ends all claims of a child that has exited, and its registration',
    by: ['supervisor'],
    keys: ['session', 'claims', ...ENDS, ...COUNTS, ...GROUPS, ...LIMITS],
    blocks: { '...queues': GRAVE, '...noting': ['notes'], ...ANSWERS },
    args: ['child', 'childExit'],
    reply: reply<[released: number, crashed: number, quarantined: number, dead: number, timedOut: number]>(
      'the numbers released, crashed, quarantined, dead, timed out',
    ),
  },
  reap: {
    purpose: 'returns all claims of a session whose lease ran out, uncounted, and deletes the session',
    by: ['supervisor'],
    keys: ['sessions', 'session', 'pulse', ...ENDS, ...COUNTS, ...GROUPS, ...LIMITS],
    blocks: { '...children': ['claims'], '...queues': QUEUE },
    args: ['sessionId', 'leaseMs'],
    reply: reply<number>('the number returned, or -1 if the session was renewed, is gone or has changed'),
  },
  'open-group': {
    flags: 'none',
    purpose: 'opens a batch or a flow',
    by: ['batches and flows'],
    keys: ['groups', 'groupTimes', 'groupIndex', 'alarm'],
    args: ['group', 'kind', 'policy', 'about', 'unsealedMs', 'deadlineMs', 'done', 'failed'],
    reply: reply<Flag>('1, or 0 if it is there'),
  },
  'enqueue-members': {
    flags: 'none',
    purpose: 'adds messages to a batch and to their queue, each id once',
    by: ['batches and flows'],
    keys: ['seen', 'alarm', ...GROUPS, ...LIMITS],
    blocks: { queue: ['name', 'pending', 'bell', 'scheduled', 'held', 'ready'] },
    args: ['seconds', 'group', 'unsealedMs', 'dueFrom', 'dueMs', '...labels', '...messages'],
    reply: reply<number>('the number of new messages, -1 if the group has ended, -2 if there is none'),
  },
  'add-nodes': {
    flags: 'none',
    purpose: 'adds nodes to a flow, each number once, and starts it with the last ones',
    by: ['batches and flows'],
    keys: ['alarm', ...GROUPS],
    blocks: { '...queues': ['pending', 'bell'] },
    args: ['group', 'unsealedMs', 'mostLinks', 'behind', 'starts', '...nodes'],
    reply: reply<number>(
      'the number of new nodes, -1 if the flow has ended, -2 if there is none, -3 for too many links',
    ),
  },
  'seal-group': {
    purpose: 'ends the time in which a batch is filled',
    by: ['batches and flows'],
    keys: ['alarm', ...GROUPS],
    blocks: { '...queues': ['pending', 'bell'] },
    args: ['group', 'abandoned'],
    reply: reply<Flag>('1, or 0 if it was over'),
  },
  'cancel-group': {
    purpose: 'cancels a batch or a flow: no more of its members start',
    by: ['batches and flows', 'GroupInspector'],
    keys: ['alarm', 'broadcasts', ...GROUPS],
    blocks: { '...queues': ['pending', 'bell'] },
    args: ['group', 'kept'],
    reply: reply<number>('1, 0 if it has ended, -1 if there is none'),
  },
  'cancel-node': {
    purpose: 'cancels a task that waits for others of its flow',
    by: ['cancel() and status()', 'TaskInspector'],
    keys: ['cancelled', 'alarm', ...COUNTS, ...GROUPS],
    blocks: { '...queues': ['pending', 'bell'], '...answering': ['answers'] },
    args: ['id'],
    reply: reply<Flag>('1, or 0 if it waits there no longer'),
  },
  'tend-groups': {
    purpose: 'carries out what scripts have left to promoters, ends groups whose time is over, and forgets old ones',
    by: ['supervisor'],
    keys: ['alarm', 'broadcasts', 'removed', 'groupIndex', ...COUNTS, ...GROUPS, ...LIMITS],
    blocks: { '...queues': QUEUE, ...ANSWERS },
    args: ['orders', 'broadcastsKept'],
    reply: reply<[tended: number, left: number]>('the number of things done, the number of orders left'),
  },
  'find-pending': {
    flags: 'no-writes',
    purpose: 'looks for a task in a part of a list, or of the lines of a queue, from its tail',
    by: ['cancel() and status()', 'result() and run()', 'TaskInspector'],
    keys: ['gates', 'waiters'],
    blocks: { queue: ['name', 'pending', 'quarantined', 'held', 'ready'] },
    args: ['place', 'id', 'passed', 'most', 'mostBytes'],
    bytes: true,
    reply: reply<[message: Buffer, looked: number, left: number, heldBack: Flag]>(
      'its message or nothing, the number looked at, the number left before them (of a task in a line, those before it there), 1 if a limit holds it back',
    ),
  },
  'queue-states': {
    flags: 'no-writes',
    purpose: 'reads how many tasks lie in queues, and which are next',
    by: ['MetricsReader', 'QueueHealth', 'TaskInspector'],
    keys: ['gates', 'waiters'],
    blocks: { '...queues': ['pending', 'quarantined', 'scheduled', 'dead', 'held', 'ready'] },
    args: ['diedSince'],
    reply: reply<QueueStateReply[]>(
      'of each queue the numbers in its list, quarantined, scheduled, dead, and dead since then, the beginning of the task that is next and when the first scheduled task is due (nothing if there is none), the number in lines, and about how many of them a limit holds back',
    ),
  },
  claimable: {
    flags: 'no-writes',
    purpose: 'counts the tasks of queues that can be claimed now, as far as limits go',
    by: ['supervisor'],
    keys: ['gates', 'limits', 'slots', 'rates'],
    blocks: { '...queues': ['pending', 'quarantined', 'held', 'ready'] },
    args: [],
    reply: reply<number[]>('the number of each queue; 0 for one with a foreign key'),
  },
  'waiting-page': {
    flags: 'no-writes',
    purpose: 'reads tasks that wait in a queue, all or those of one name or id',
    by: ['TaskInspector'],
    keys: ['gates', 'waiters'],
    blocks: { queue: ['name', 'pending', 'quarantined', 'scheduled', 'held', 'ready'] },
    args: ['place', 'order', 'at', 'limit', 'look', 'mostBytes', 'shown', 'call', 'id'],
    bytes: true,
    reply: reply<[looked: number, next: number, left: number, fields: (Buffer | number)[]]>(
      'the number looked at, where to go on, the number left there, and of each task the beginning of its message, when it is due (nothing if it is not scheduled), the number looked at up to it, and 1 if a limit holds it back',
    ),
  },
  'claims-page': {
    flags: 'no-writes',
    purpose: 'reads what a child holds, by id',
    by: ['TaskInspector'],
    keys: ['claims'],
    args: ['after', 'limit', 'mostBytes', 'shown'],
    reply: reply<[more: Flag, ...fields: string[]]>('1 if there are more, then id and beginning of each'),
  },
  'cancel-waiting': {
    purpose: 'removes a task that waits and frees its unique key',
    by: ['cancel() and status()', 'TaskInspector'],
    keys: [...ENDS, ...COUNTS, ...GROUPS, ...LIMITS],
    blocks: {
      queue: ['name', 'pending', 'quarantined', 'bell', 'scheduled', 'held', 'ready'],
      '...answering': ['answers'],
    },
    args: ['place', 'message', 'passed'],
    reply: reply<Flag>('1, or 0 if it no longer waits there'),
  },
  'cancel-active': {
    purpose: 'marks an active task as cancelled and adds that to the stream',
    by: ['cancel() and status()', 'TaskInspector'],
    keys: ['claims', 'cancelled', 'broadcasts'],
    blocks: { '...answering': ['answers'] },
    args: ['id', 'kept'],
    reply: reply<Flag>('1, or 0 if the child no longer holds it'),
  },
  'purge-pending': {
    purpose: 'removes tasks that match from a part of a queue, from its tail, and frees their unique keys and slots',
    by: ['TaskInspector'],
    keys: ['unique', 'removed', 'alarm', ...COUNTS, ...GROUPS, ...LIMITS],
    blocks: { queue: ['name', 'pending', 'quarantined', 'bell', 'held', 'ready'] },
    args: ['place', 'passed', 'look', 'mostBytes', 'call', 'before'],
    reply: reply<[purged: number, looked: number, passed: number, left: number]>(
      'the number purged, the number looked at, how many at the tail were kept, the number left behind them',
    ),
  },
  reschedule: {
    purpose: 'gives a scheduled task another time, or moves it to the tail of its queue',
    by: ['TaskInspector'],
    keys: [...ENDS, ...LIMITS],
    blocks: { queue: ['name', 'pending', 'quarantined', 'bell', 'scheduled', 'held', 'ready'] },
    args: ['message', 'dueFrom', 'dueMs'],
    reply: reply<Flag>('1, or 0 if it is not scheduled any more'),
  },
  redrive: {
    purpose: 'moves dead tasks to the tail of their queue, with new counters',
    by: ['DeadLetters'],
    keys: [...ENDS, ...GROUPS, ...LIMITS],
    blocks: {
      queue: ['name', 'pending', 'bell', 'dead', 'records', 'deadNotes', 'held', 'ready'],
      '...noting': ['notes'],
      '...kept': ['result'],
    },
    args: ['...deaths'],
    reply: reply<number[]>(
      'for each task 1, 0 if that death is gone, -1 if its header cannot be reset, -2 if it keeps a result that was not declared',
    ),
  },
  'redrive-edited': {
    flags: 'none',
    purpose: 'moves a dead task with other arguments to the tail of its queue, with new counters',
    by: ['DeadLetters'],
    keys: [...ENDS, ...GROUPS, ...LIMITS],
    blocks: {
      queue: ['name', 'pending', 'bell', 'dead', 'records', 'deadNotes', 'held', 'ready'],
      '...noting': ['notes'],
      '...kept': ['result'],
    },
    args: ['id', 'diedAt', 'body', 'sent'],
    reply: reply<number>(
      '1, 0 if that death is gone, -1 if its header cannot be reset, -2 if it keeps a result that was not declared',
    ),
  },
  'delete-dead': {
    purpose: 'deletes dead tasks',
    by: ['DeadLetters'],
    keys: ['alarm', ...GROUPS],
    blocks: { queue: ['dead', 'records', 'deadNotes'] },
    args: ['...deaths'],
    reply: reply<number>('the number deleted'),
  },
  purge: {
    purpose: 'deletes dead tasks that are too old or too many, the oldest first',
    by: ['supervisor'],
    keys: ['alarm', ...GROUPS],
    blocks: { queue: ['dead', 'records', 'deadNotes'] },
    args: ['retentionMs', 'kept', 'most'],
    reply: reply<number>('the number deleted'),
  },
  'dead-counts': {
    flags: 'no-writes',
    purpose: 'counts dead tasks of queues by time of death',
    by: ['DeadLetters'],
    blocks: { '...queues': ['dead'] },
    args: ['since', 'till'],
    reply: reply<number[]>('the number of each queue'),
  },
  'dead-page': {
    flags: 'no-writes',
    purpose: 'reads dead tasks of a queue by time of death, then id',
    by: ['DeadLetters'],
    blocks: { queue: ['dead', 'records'] },
    args: ['order', 'since', 'till', 'most', 'mostBytes', '...after'],
    reply: reply<[more: Flag, foreign: Buffer, ...fields: Buffer[]]>(
      '1 if there are more, a member that is no dead task and was passed over, then id, time of death and record of each',
    ),
    bytes: true,
  },
  'report-deaths': {
    purpose: 'takes the deaths that no worker has reported yet',
    by: ['child'],
    keys: ['reported'],
    blocks: { '...queues': ['name', 'dead'] },
    args: ['child', 'number'],
    reply: reply<string[]>('for each death its queue, its time and its id'),
  },
  'write-notes': {
    flags: 'none',
    purpose: 'adds to the notes of a task that the child holds, each call once',
    by: ['child'],
    keys: ['session', 'claims', 'notes'],
    args: ['child', 'id', 'noted', 'ended', 'number', 'progress', '...lines'],
    reply: reply<Flag>('1, or 0 if the child no longer holds it'),
  },
  'keep-done': {
    flags: 'none',
    purpose: 'keeps done tasks of one name, the last ones of all',
    by: ['child'],
    keys: ['done'],
    args: ['most', 'seconds', '...entries'],
    reply: reply<number>('the number that is kept'),
  },
  flush: {
    purpose: 'adds the counts of a child to the minute, the ten minutes and the totals, each flush once',
    by: ['child'],
    keys: ['metrics', 'metricsTen', 'totals', 'endings', 'flushed'],
    args: ['minute', 'number', '...counts'],
    reply: reply<[done: Flag, now: number]>(
      '0 if its minute is not that of Redis, and 1 otherwise; the time of Redis in ms',
    ),
  },
  sample: {
    purpose: 'notes how long queues are and how old their oldest task is, once a minute',
    by: ['supervisor'],
    keys: ['metrics', 'metricsTen', 'totals', 'endings', 'gates', 'waiters'],
    blocks: { '...queues': ['pending', 'quarantined', 'scheduled', 'held', 'ready'] },
    args: ['minute'],
    reply: reply<[done: Flag, now: number, sampled?: number]>(
      '0 if its minute is not that of Redis, and 1 otherwise; the time of Redis in ms; the number of queues',
    ),
  },
  totals: {
    flags: 'no-writes',
    purpose: 'reads the counts since the first',
    by: ['MetricsReader'],
    keys: ['totals', 'endings'],
    args: [],
    reply: reply<[totals: string[], endings: string[]]>('fields and values of the totals, and of the endings'),
  },
  'metrics-page': {
    flags: 'no-writes',
    purpose: 'reads the counts of minutes or ten minutes, as many as are not too large at once',
    by: ['MetricsReader'],
    blocks: { '...minutes': ['metrics'], '...tens': ['metricsTen'] },
    args: ['mostBytes'],
    reply: reply<string[][]>('fields and values of each, from the first on, of one at least'),
  },
  'open-session': {
    purpose: 'opens a session with a lease, and writes the catalog and the limits',
    by: ['supervisor'],
    keys: ['sessions', 'session', 'pulse', 'catalog', 'limits', 'gates', 'paced', 'alarm'],
    args: ['sessionId', 'leaseMs', '...description', '...declared', '...gated', '...entries'],
    reply: reply<Flag>('1'),
  },
  register: {
    purpose: 'registers a child in a session, so that it can claim',
    by: ['supervisor'],
    keys: ['sessions', 'session'],
    args: ['sessionId', 'child'],
    reply: reply<Flag>('1, or 0 if the session was reaped'),
  },
  renew: {
    purpose: 'renews the lease of a session',
    by: ['supervisor'],
    keys: ['sessions', 'pulse'],
    args: ['sessionId', 'leaseMs'],
    reply: reply<Flag>('1, or 0 if the session was reaped'),
  },
  'publish-digest': {
    purpose: 'publishes the digest of a worker, which goes with its lease',
    by: ['supervisor'],
    keys: ['sessions', 'digest', 'watched'],
    args: ['sessionId', 'forMs', 'json'],
    reply: reply<number>('1 if somebody looks at the workers, 0 if not, -1 if the session was reaped'),
  },
  'live-sessions': {
    flags: 'no-writes',
    purpose: 'lists the sessions with the ends of their leases, and all that is known of some of them',
    by: ['TaskInspector', 'WorkerInspector'],
    keys: ['sessions'],
    blocks: { '...known': ['session', 'digest'] },
    args: [],
    reply: reply<[now: number, leases: string[], known: SessionReply[]]>(
      'the time of Redis in ms, all sessions, each followed by the end of its lease, and those among the known ones with their fields and digest (nothing if there is none)',
    ),
  },
  'order-worker': {
    purpose: 'adds an order for one worker to the stream',
    by: ['WorkerInspector'],
    keys: ['sessions', 'broadcasts'],
    args: ['sessionId', 'kept', 'id', 'action', 'pid', 'orderedBy'],
    reply: reply<Flag>('1, or 0 if the lease of the worker is over'),
  },
  overdue: {
    purpose: 'lists sessions whose lease ran out',
    by: ['supervisor'],
    keys: ['sessions', 'pulse'],
    args: ['leaseMs'],
    reply: reply<[nextInMs: number, ...sessions: string[]]>('ms until the next deadline or -1, the sessions'),
  },
  'close-session': {
    purpose: 'deletes a session that has no child',
    by: ['supervisor'],
    keys: ['sessions', 'session'],
    args: ['sessionId'],
    reply: reply<Flag>('1, or 0 if a child is registered'),
  },
  broadcast: {
    flags: 'none',
    purpose: 'adds calls to the stream, each id once, and trims it',
    by: ['sender of broadcasts'],
    keys: ['broadcasts', 'seen'],
    args: ['seconds', 'kept', '...messages'],
    reply: reply<number>('the number of new messages'),
  },
  'stream-position': {
    flags: 'no-writes',
    purpose: 'finds the place in the stream behind which a reader gets all entries since a time',
    by: ['supervisor'],
    keys: ['broadcasts'],
    args: ['sinceMs'],
    reply: reply<[id: string, ordinal: number]>('the id of the place, the ordinal of the last entry up to it'),
  },
  'read-stream': {
    flags: 'no-writes',
    purpose: 'reads the next entries, with counts that show a gap',
    by: ['supervisor'],
    keys: ['broadcasts'],
    args: ['after', 'most'],
    reply: reply<[lastId: string, added: number, length: number, entries: StreamEntryReply[]]>(
      'id of the last entry ever, entries ever added, entries left, the entries',
    ),
  },
  'take-turn': {
    purpose: 'gives a broadcast for one child of each machine to the first session there that asks',
    by: ['supervisor'],
    keys: ['broadcast', 'sessions'],
    args: ['machine', 'sessionId', 'seconds'],
    reply: reply<'mine' | 'taken' | 'done'>('`mine`, `taken` while another session has it, or `done`'),
  },
  'record-broadcasts': {
    purpose: 'records how broadcasts ended in processes, and which machine is done',
    by: ['supervisor'],
    blocks: { '...broadcasts': ['broadcast'] },
    args: ['seconds', '...outcomes'],
    reply: reply<number>('the number of records'),
  },
  'record-gap': {
    purpose: 'records that a worker missed entries of the stream',
    by: ['supervisor'],
    keys: ['broadcastGaps'],
    args: ['at', 'gap', 'kept', 'seconds'],
    reply: reply<Flag>('1'),
  },
  'declare-crons': {
    purpose: 'records the crons of an app; a new, changed or enabled one begins at the present',
    by: ['supervisor'],
    keys: ['crons'],
    args: ['toleranceMs', '...entries'],
    reply: reply<Flag>('1'),
  },
  'fire-crons': {
    flags: 'none',
    purpose: 'enqueues the due runs of crons of one queue, each time once, and notes which were left out',
    by: ['supervisor'],
    keys: ['crons', 'runTimeCrons', 'cronTimes', 'cronLines', 'unique', 'alarm', ...LIMITS],
    blocks: { queue: ['name', 'pending', ...LINES], '...firing': ['cronRuns'] },
    args: ['line', 'keep', '...labels', '...entries'],
    reply: reply<readonly FiringReply[]>(
      'for each cron the numbers fired (-1 for an unknown one) and skipped, the queue of the run that causes skips, the end of the last run, and whether its limit is reached',
    ),
  },
  'note-cron-ends': {
    purpose: 'notes that the last runs of crons are gone, where nothing has noted their end',
    by: ['supervisor'],
    keys: ['crons', 'unique'],
    args: ['toleranceMs', '...entries'],
    reply: reply<number>('the time'),
  },
  'move-cron-run': {
    flags: 'none',
    purpose: 'moves a run that causes skips out of a queue that no session serves',
    by: ['supervisor'],
    keys: ['unique', 'alarm', ...LIMITS],
    blocks: {
      from: ['name', 'pending', 'quarantined', 'bell', 'scheduled', 'held', 'ready'],
      to: ['name', 'pending', 'quarantined', 'bell', 'scheduled', 'held', 'ready'],
    },
    args: ['digest'],
    reply: reply<Flag>('1, or 0 if it no longer waits there'),
  },
  'set-cron': {
    flags: 'none',
    purpose: 'adds a cron at run time, or changes it',
    by: ['CronManager'],
    keys: ['crons', 'runTimeCrons', 'cronNames', 'cronLines', 'alarm'],
    blocks: { former: ['cronTimes'], line: ['name', 'cronTimes'] },
    args: ['cron', 'definition', 'before', 'anew', 'formerLimit', 'limit', 'setBy', 'most', 'lookAt', 'after'],
    reply: reply<number>(
      '2 for a new cron, 1 for one that was there; 0 if another caller was faster, -1 if workers declare one of this name, -2 if there are too many',
    ),
  },
  'remove-cron': {
    purpose: 'removes a cron that was set at run time',
    by: ['CronManager', 'supervisor'],
    keys: ['runTimeCrons', 'cronNames', 'cronTimes', 'cronRuns'],
    args: ['cron', 'version'],
    reply: reply<Flag>('1, or 0 for an unknown cron, or another version of it'),
  },
  'due-crons': {
    purpose: 'reads the crons set at run time that are to be looked at, the longest due first',
    by: ['supervisor'],
    keys: ['runTimeCrons', 'cronTimes', 'cronLines'],
    args: ['line', 'most'],
    reply: reply<readonly DueCronReply[]>(
      'of each its name, definition, version, `until`, 1 if it is paused, 0 if not, and how many runs were fired, as far as a limit counts them',
    ),
  },
  'look-at-crons': {
    purpose: 'lets crons that were set at run time be looked at now, after the clock was set back',
    by: ['supervisor'],
    keys: ['cronTimes', 'cronLines'],
    args: ['line', 'after', 'most'],
    reply: reply<number>('how many it moved, `most` at most'),
  },
  'pause-cron': {
    purpose: 'pauses a cron',
    by: ['CronManager'],
    keys: ['crons', 'runTimeCrons'],
    args: ['cron'],
    reply: reply<Flag>('1, or 0 for an unknown cron'),
  },
  'resume-cron': {
    purpose: 'resumes a cron at the present, without the runs due during the pause, which come into its history',
    by: ['CronManager'],
    keys: ['crons', 'runTimeCrons', 'cronRuns'],
    args: ['cron', 'settled', 'count', 'line', 'keep', 'keepRunTime'],
    reply: reply<Flag>('1, or 0 for an unknown cron'),
  },
  'forget-crons': {
    purpose: 'deletes crons that no session has declared for long, and marks those that all disable',
    by: ['supervisor'],
    keys: ['crons', 'sessions'],
    blocks: { '...known': ['session'], '...orphans': ['cronRuns'] },
    args: ['afterMs'],
    reply: reply<number>('the number deleted, or -1 if another session was opened meanwhile'),
  },
  'record-cron-run': {
    purpose: 'records how the latest run of a cron ended, also in its history',
    by: ['child'],
    keys: ['session', 'crons', 'runTimeCrons', 'cronRuns'],
    args: ['child', 'cron', 'run', 'isFinal', 'line', 'keep', 'keepRunTime'],
    reply: reply<Flag>('1, or 0 for an unknown cron'),
  },
} as const satisfies Record<string, ScriptSpec>;

/** Name of a script; its text lies in `lua/<name>.lua`. */
export type ScriptName = keyof typeof SCRIPTS;

type SpecOf<N extends ScriptName> = (typeof SCRIPTS)[N];
type ArgumentOf<N extends ScriptName> = SpecOf<N>['args'][number];
type KeyOf<N extends ScriptName> =
  SpecOf<N> extends { readonly keys: readonly (infer K)[] } ? Extract<K, KeyName> : never;
type BlockOf<N extends ScriptName> = SpecOf<N> extends { readonly blocks: infer B } ? Extract<keyof B, string> : never;
type ListIn<T extends string> = T extends `...${infer Name}` ? Name : never;
type SingleIn<T extends string> = T extends `...${string}` ? never : T;

/** What a call of a script has to give: the parameters of its keys and blocks, and its arguments. */
export type ScriptInput<N extends ScriptName> = Readonly<
  Record<ParameterOf<KeyOf<N>> | SingleIn<BlockOf<N>>, string> &
    Record<ListIn<BlockOf<N>>, readonly string[]> &
    Record<SingleIn<ArgumentOf<N>>, string | number | Buffer> &
    Record<ListIn<ArgumentOf<N>>, readonly (string | number)[]>
>;

/** The reply of a script. */
export type ScriptReply<N extends ScriptName> = SpecOf<N>['reply'] extends Reply<infer T> ? T : never;
