import type { KeyName, ParameterOf } from './redis-keys.js';

/** Who calls scripts: a part of the API of an app, or a process of a worker. The rights of docs/redis-keys.md go by it. */
export type Caller =
  | 'sender'
  | 'sender of unique keys'
  | 'sender of broadcasts'
  | 'cancel() and status()'
  | 'DeadLetters'
  | 'CronManager'
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
type StreamEntryReply = readonly [id: string, fields: readonly string[]];

/** What the end of a task may change, wherever it ends. A script that takes these has its keys in `keys`, see lib/leave.lua. */
export const ENDS = ['unique', 'cancelled', 'alarm'] as const;
/** Where a task of a queue can go. */
const QUEUE = ['name', 'pending', 'quarantined', 'bell', 'scheduled', 'dead', 'records'] as const;

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
    purpose: 'to pending: adds messages to the tail of a queue, each id once',
    by: ['sender'],
    keys: ['seen'],
    blocks: { queue: ['pending', 'bell'] },
    args: ['seconds', '...messages'],
    reply: reply<number>('how many were new; fewer than given when a client repeats a command whose reply was lost'),
  },
  schedule: {
    flags: 'none',
    purpose: 'to scheduled: adds messages that are due later, each id once',
    by: ['sender'],
    keys: ['seen', 'alarm'],
    blocks: { queue: ['scheduled'] },
    args: ['seconds', 'dueFrom', 'dueMs', '...messages'],
    reply: reply<number>('how many were new, as `enqueue` does'),
  },
  'enqueue-unique': {
    flags: 'none',
    purpose:
      'to pending or scheduled, unless its key is taken; `replace` removes the task that has it while that waits',
    by: ['sender of unique keys', 'CronManager'],
    keys: ['seen', ...ENDS],
    blocks: { '...queues': ['pending', 'quarantined', 'bell', 'scheduled'] },
    args: ['seconds', 'dueFrom', 'dueMs', 'onConflict', 'message', 'queue'],
    reply: reply<[id: string, queue: string]>('id and queue of the task that has the key now'),
  },
  promote: {
    purpose: 'scheduled to pending or quarantined: moves tasks whose time has come to the tail of their queues',
    by: ['supervisor'],
    blocks: { '...queues': ['pending', 'quarantined', 'bell', 'scheduled'] },
    args: ['limit'],
    reply: reply<[moved: number, nextInMs: number, ...refused: string[]]>(
      'how many, ms until the next is due or -1, what is wrong with the keys of a queue: that stays as it is',
    ),
  },
  claim: {
    purpose:
      'pending or quarantined to active: acks what the child has done, then gives it tasks of its queues by priority',
    by: ['child'],
    keys: ['session', 'claims', 'drain', 'unique', 'stats'],
    blocks: { '...queues': ['pending', 'quarantined', 'bell'] },
    args: ['child', 'number', 'limit', 'acks'],
    reply: reply<[repeated: Flag, acked: number, drain: Flag, held: string | string[], more?: Flag]>(
      '1 if repeated, how many acked, 1 if to drain, `<queue> <message>` of each task granted, 1 if its queues hold more (a repetition does not say)',
    ),
  },
  ack: {
    purpose: 'active to done: forgets tasks that the child has finished, and frees their keys',
    by: ['child'],
    keys: ['session', 'claims', 'stats', ...ENDS],
    args: ['child', '...ids'],
    reply: reply<number>('how many the child still held'),
  },
  retry: {
    purpose:
      'active to scheduled, pending or quarantined: lets a task run again after an attempt; a cancelled one ends',
    by: ['child'],
    keys: ['session', 'claims', ...ENDS],
    blocks: { queue: QUEUE },
    args: ['child', 'id', 'failures', 'delay', 'line', 'counts'],
    reply: reply<Flag>('1, or 0 when the child no longer held the task or the attempt was counted before'),
  },
  release: {
    purpose:
      'active to pending or quarantined: gives tasks back to the head of their queues, uncounted; a cancelled one ends',
    by: ['child', 'supervisor'],
    keys: ['session', 'claims', ...ENDS],
    blocks: { '...queues': QUEUE },
    args: ['child', 'claimNumber', '...ids'],
    reply: reply<number>('how many were given back; 0 when the child has claimed again'),
  },
  bury: {
    purpose: 'active to dead: keeps a task that will not run again, with the report of its error; a cancelled one ends',
    by: ['child'],
    keys: ['session', 'claims', ...ENDS],
    blocks: { queue: QUEUE },
    args: ['child', 'id', 'report', 'line', 'header'],
    reply: reply<Flag>('1, or 0 when the child no longer held the task'),
  },
  settle: {
    purpose:
      'active to pending, quarantined, scheduled, dead or done: ends the registration of a child whose process has ended',
    by: ['supervisor'],
    keys: ['session', 'claims', ...ENDS],
    blocks: { '...queues': QUEUE },
    args: ['child', 'childExit'],
    reply: reply<[released: number, crashed: number, quarantined: number, dead: number, timedOut: number]>(
      'how many were released, crashed, quarantined, dead, timed out',
    ),
  },
  reap: {
    purpose:
      'active to pending or quarantined, uncounted: takes every claim of a session whose lease ran out, and ends that',
    by: ['supervisor'],
    keys: ['sessions', 'session', 'pulse', ...ENDS],
    blocks: { '...children': ['claims'], '...queues': QUEUE },
    args: ['sessionId', 'leaseMs'],
    reply: reply<number>('how many tasks were put back, or -1 when it is not to be reaped (renewed, gone, or changed)'),
  },
  'find-pending': {
    flags: 'no-writes',
    purpose: 'looks for a task in a part of a list, from the tail',
    by: ['cancel() and status()'],
    blocks: { queue: ['pending', 'quarantined'] },
    args: ['list', 'id', 'passed', 'most', 'mostBytes'],
    reply: reply<[message: string, looked: number, more: Flag]>(
      'its message or nothing, how many it has looked at, 1 when there is more',
    ),
  },
  'cancel-waiting': {
    purpose: 'pending, quarantined or scheduled to cancelled: removes a task that waits, and frees its key',
    by: ['cancel() and status()'],
    keys: [...ENDS],
    blocks: { queue: ['pending', 'quarantined', 'scheduled'] },
    args: ['place', 'message'],
    reply: reply<Flag>('1, or 0 when it waits there no more'),
  },
  'cancel-active': {
    purpose: 'marks an active task as cancelled, so that it never runs again, and informs every supervisor',
    by: ['cancel() and status()'],
    keys: ['claims', 'cancelled', 'broadcasts'],
    args: ['id', 'kept'],
    reply: reply<Flag>('1, or 0 when the child holds it no more'),
  },
  redrive: {
    purpose: 'dead to pending: lets dead tasks run again, their counters anew; each takes its key if that is free',
    by: ['DeadLetters'],
    keys: [...ENDS],
    blocks: { queue: ['name', 'pending', 'bell', 'dead', 'records'] },
    args: ['...deaths'],
    reply: reply<number[]>('for each task 1, 0 if that death is not there, -1 if its message has no header to reset'),
  },
  'delete-dead': {
    purpose: 'dead to nowhere: forgets dead tasks',
    by: ['DeadLetters'],
    blocks: { queue: ['dead', 'records'] },
    args: ['...deaths'],
    reply: reply<number>('how many there were'),
  },
  purge: {
    purpose: 'dead to nowhere: forgets those kept for long enough, and those beyond a number, the oldest first',
    by: ['supervisor'],
    blocks: { queue: ['dead', 'records'] },
    args: ['retentionMs', 'kept', 'most'],
    reply: reply<number>('how many it forgot'),
  },
  'dead-page': {
    flags: 'no-writes',
    purpose: 'reads dead tasks of a queue in the order of their deaths; those of one instant by their ids',
    by: ['DeadLetters'],
    blocks: { queue: ['dead', 'records'] },
    args: ['order', 'since', 'till', 'most', 'mostBytes', '...after'],
    reply: reply<[more: Flag, foreign: Buffer, ...fields: Buffer[]]>(
      '1 if there are more, a member that is no death of ours and was passed over, then id, time of death, record of each',
    ),
    bytes: true,
  },
  'open-session': {
    purpose: 'opens the session of a supervisor: from now on its lease runs',
    by: ['supervisor'],
    keys: ['sessions', 'session', 'pulse', 'catalog'],
    args: ['sessionId', 'leaseMs', '...description', '...entries'],
    reply: reply<Flag>('1'),
  },
  register: {
    purpose: 'registers a child in a session that has its lease; only a registered child can claim or finish',
    by: ['supervisor'],
    keys: ['sessions', 'session'],
    args: ['sessionId', 'child'],
    reply: reply<Flag>('1, or 0 when the session was reaped'),
  },
  renew: {
    purpose: 'renews the lease of a session',
    by: ['supervisor'],
    keys: ['sessions', 'pulse'],
    args: ['sessionId', 'leaseMs'],
    reply: reply<Flag>('1, or 0 when the session was reaped and must not be revived'),
  },
  overdue: {
    purpose: 'finds sessions whose lease ran out',
    by: ['supervisor'],
    keys: ['sessions', 'pulse'],
    args: ['leaseMs'],
    reply: reply<[nextInMs: number, ...sessions: string[]]>('ms until the next deadline or -1, overdue sessions'),
  },
  'close-session': {
    purpose: 'ends a session in order, once all its children have been settled',
    by: ['supervisor'],
    keys: ['sessions', 'session'],
    args: ['sessionId'],
    reply: reply<Flag>('1, or 0 when a child is still registered'),
  },
  broadcast: {
    flags: 'none',
    purpose: 'to the stream: appends calls for every worker, each id once, and lets go of the oldest entries',
    by: ['sender of broadcasts'],
    keys: ['broadcasts', 'seen'],
    args: ['seconds', 'kept', '...messages'],
    reply: reply<number>('how many were new, as `enqueue` does'),
  },
  'stream-position': {
    flags: 'no-writes',
    purpose: 'where a reader of the stream begins that wants everything from some time on',
    by: ['supervisor'],
    keys: ['broadcasts'],
    args: ['sinceMs'],
    reply: reply<[id: string, ordinal: number]>('id behind which to read, ordinal of the last entry up to there'),
  },
  'read-stream': {
    flags: 'no-writes',
    purpose: 'reads the next entries of the stream, and the counts that show whether any are missing',
    by: ['supervisor'],
    keys: ['broadcasts'],
    args: ['after', 'most'],
    reply: reply<[lastId: string, added: number, length: number, entries: StreamEntryReply[]]>(
      'id of the last entry ever, how many were ever added, how many are left, entries',
    ),
  },
  'take-turn': {
    purpose: 'gives a broadcast that one child of each machine runs to the first session of the machine that asks',
    by: ['supervisor'],
    keys: ['broadcast', 'sessions'],
    args: ['machine', 'sessionId', 'seconds'],
    reply: reply<'mine' | 'taken' | 'done'>('`mine`, `taken` while another session has it, or `done`'),
  },
  'record-broadcasts': {
    purpose: 'records how broadcasts ended, each in one process; and that a machine is done with those it runs once',
    by: ['supervisor'],
    blocks: { '...broadcasts': ['broadcast'] },
    args: ['seconds', '...outcomes'],
    reply: reply<number>('how many records there were'),
  },
  'record-gap': {
    purpose: 'records that a worker missed entries of the stream, and forgets all but the latest such records',
    by: ['supervisor'],
    keys: ['broadcastGaps'],
    args: ['at', 'gap', 'kept', 'seconds'],
    reply: reply<Flag>('1'),
  },
  'declare-crons': {
    purpose: 'notes the crons of an app; one that is new, has a new schedule, or was disabled, counts from now on',
    by: ['supervisor'],
    keys: ['crons'],
    args: ['toleranceMs', '...entries'],
    reply: reply<Flag>('1'),
  },
  'fire-cron': {
    flags: 'none',
    purpose: 'to pending: enqueues runs of a cron that have come due, each instant once in the whole cluster',
    by: ['supervisor'],
    keys: ['crons', 'unique'],
    blocks: { queue: ['name', 'pending', 'bell'] },
    args: ['cron', '...runs'],
    reply: reply<[fired: number, skipped: number, heldIn?: string, run?: string]>(
      'fired, skipped, the queue of the earlier run for which others are skipped, how the last run ended; -1 for a cron that is not known',
    ),
  },
  'move-cron-run': {
    flags: 'none',
    purpose: 'moves the run of a cron for which others are skipped out of a queue that no session serves',
    by: ['supervisor'],
    keys: ['unique'],
    blocks: {
      from: ['name', 'pending', 'quarantined', 'scheduled'],
      to: ['name', 'pending', 'quarantined', 'bell', 'scheduled'],
    },
    args: ['digest'],
    reply: reply<Flag>('1, or 0 when it waits there no more'),
  },
  'pause-cron': {
    purpose: 'fired when due to paused: until it is resumed, nobody fires the cron',
    by: ['CronManager'],
    keys: ['crons'],
    args: ['cron'],
    reply: reply<Flag>('1, also when it was paused already; 0 when nothing is known of the cron'),
  },
  'resume-cron': {
    purpose: 'paused to fired when due: what came due during the pause is settled without a run',
    by: ['CronManager'],
    keys: ['crons'],
    args: ['cron'],
    reply: reply<Flag>('1, also when it was not paused; 0 when nothing is known of the cron'),
  },
  'forget-crons': {
    purpose:
      'forgets crons that no session has declared for long; of one that all declare disabled it notes since when',
    by: ['supervisor'],
    keys: ['crons', 'sessions'],
    blocks: { '...known': ['session'] },
    args: ['afterMs'],
    reply: reply<number>('how many were forgotten, or -1 when another session was opened meanwhile'),
  },
  'record-cron-run': {
    purpose: 'notes how the latest run of a cron ended',
    by: ['child'],
    keys: ['session', 'crons'],
    args: ['child', 'cron', 'run'],
    reply: reply<Flag>('1, or 0 when nothing is known of the cron'),
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
    Record<SingleIn<ArgumentOf<N>>, string | number> &
    Record<ListIn<ArgumentOf<N>>, readonly (string | number)[]>
>;

/** What a script answers. */
export type ScriptReply<N extends ScriptName> = SpecOf<N>['reply'] extends Reply<infer T> ? T : never;
