import { inspect } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import type { CatalogEntry, RedisSettings } from '../broker/port/broker.js';
import { isNamedCron } from '../cron/cron-definition.js';
import { NestworkError } from '../errors.js';
import { isLimitDeclaration, type LimitDeclaration } from '../policy/limit-declarations.js';
import { isCatalogPart } from '../policy/start-catalog.js';
import { isBroadcastScope } from '../task/broadcast.js';
import { type Check, flag, listOf, optional, record, text } from '../values/shapes.js';

/** The data about the app that a child sends to its supervisor, which never instantiates the app. */
export interface AppSettings {
  readonly redis: RedisSettings;
  readonly namespace: string;
  readonly commandTimeoutMs: number;
  readonly queues: readonly string[];
  /** how many of the dead tasks of each queue to keep, and for how long; neither: all */
  readonly deadRetentionMs?: number;
  readonly maxDead?: number;
  /** those of its tasks and queues */
  readonly limits?: readonly LimitDeclaration[];
}

/** The container is up; nothing is claimed before `start`. */
export interface ReadyMessage {
  readonly type: 'ready';
  readonly settings: AppSettings;
  readonly catalog: readonly CatalogEntry[];
}

/** Child to supervisor. */
export type ChildMessage =
  | ReadyMessage
  /** it has run as many tasks as it should, and works on until it is replaced */
  | { readonly type: 'worn' }
  /** the container cannot be made; the child ends */
  | { readonly type: 'bootFailed'; readonly error: string }
  /** Redis refused this child: its lease ran out */
  | { readonly type: 'leaseLost'; readonly session: string }
  | BroadcastReport;

/** How the last broadcast of the child ended. */
export interface BroadcastReport {
  readonly type: 'broadcastEnded';
  /** of the order */
  readonly id: string;
  /** its error; empty when it did not throw */
  readonly error: string;
  /** whole ms */
  readonly durationMs: number;
}

/** The data that a child needs to claim. */
export interface StartOrder {
  readonly type: 'start';
  readonly session: string;
  readonly child: string;
  readonly queues: readonly string[];
  readonly concurrency: number;
  /** tasks after which it is worn; 0 for never */
  readonly maxTasks: number;
  /** how many tasks its scoreboard has room for */
  readonly capacity: number;
  /** whether it counts its tasks */
  readonly metrics: boolean;
}

/** How long a child that is to end waits for its last broadcast, in ms. */
export const BROADCAST_GRACE_MS = 10_000;

/** A broadcast to run, beside the running tasks. */
export interface BroadcastOrder {
  readonly type: 'broadcast';
  /** of the entry in the stream */
  readonly id: string;
  readonly message: string;
}

/** Supervisor to child. */
export type SupervisorMessage =
  | StartOrder
  | BroadcastOrder
  /** claim no more, finish the running tasks, close the app, end */
  | { readonly type: 'stop' }
  /** the grace is over: abort the signals of the running tasks */
  | { readonly type: 'abort' }
  /** abort the signal of this task if it runs here, and do not start it */
  | { readonly type: 'cancel'; readonly id: string };

type Fields = Readonly<Record<string, Check>>;

const count: Check = (value) => Number.isSafeInteger(value);

const scope: Check = (value) => value === undefined || isBroadcastScope(value);

const CATALOG_ENTRY: Fields = {
  name: text,
  queue: text,
  broadcast: scope,
  keepDone: optional(count),
  sealed: optional((value) => value === true),
  crons: optional(listOf(isNamedCron)),
  ...isCatalogPart,
};

/** Every message of the protocol by its type, with its fields: what arrives is checked against it. */
const SHAPES: Readonly<Record<(ChildMessage | SupervisorMessage)['type'], Fields>> = {
  ready: {
    'settings.redis': (value) => text(value) || record(value),
    'settings.namespace': text,
    'settings.commandTimeoutMs': count,
    'settings.queues': listOf(text),
    'settings.deadRetentionMs': optional(count),
    'settings.maxDead': optional(count),
    'settings.limits': optional(listOf(isLimitDeclaration)),
    catalog: listOf((entry) => record(entry) && invalidField(CATALOG_ENTRY, entry) === undefined),
  },
  worn: {},
  bootFailed: { error: text },
  leaseLost: { session: text },
  broadcastEnded: { id: text, error: text, durationMs: count },
  broadcast: { id: text, message: text },
  start: {
    session: text,
    child: text,
    queues: listOf(text),
    concurrency: count,
    maxTasks: count,
    capacity: count,
    metrics: flag,
  },
  stop: {},
  abort: {},
  cancel: { id: text },
};

/** The first field that is missing or wrong; `a.b` lies in `a`. */
function invalidField(fields: Fields, message: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(fields).find((path) => {
    const value = path.split('.').reduce<unknown>((at, key) => (record(at) ? at[key] : undefined), message);
    return !fields[path]?.(value);
  });
}

/** Stands for the options of ioredis while they are sent: JSON has no bytes, of which certificates are made. */
interface Packed {
  readonly packed: string;
}

/** @throws when the settings hold something that cannot leave the process, such as a function */
export function readyMessage(settings: AppSettings, catalog: readonly CatalogEntry[]): ChildMessage {
  const { redis, ...rest } = settings;
  if (typeof redis === 'string') return { type: 'ready', settings, catalog };
  const packed: Packed = { packed: serialize(redis).toString('base64') };
  return { type: 'ready', settings: { ...rest, redis: packed as RedisSettings }, catalog };
}

function unpacked(message: ReadyMessage): ReadyMessage {
  const { settings } = message;
  if (typeof settings.redis === 'string' || !('packed' in settings.redis)) return message;
  try {
    const redis: unknown = deserialize(Buffer.from(String(settings.redis.packed), 'base64'));
    if (record(redis)) return { ...message, settings: { ...settings, redis } };
  } catch {
    // the same as any other value that is wrong
  }
  throw malformed('The "ready" message from a child has no valid `settings.redis`.');
}

const FROM_CHILD = ['ready', 'worn', 'bootFailed', 'leaseLost', 'broadcastEnded'] as const;
const FROM_SUPERVISOR = ['start', 'broadcast', 'stop', 'abort', 'cancel'] as const;

/** @throws NestworkError MALFORMED_IPC */
export function parseChildMessage(value: unknown): ChildMessage {
  const message: ChildMessage = parse(value, FROM_CHILD, 'a child');
  return message.type === 'ready' ? unpacked(message) : message;
}

/** @throws NestworkError MALFORMED_IPC */
export function parseSupervisorMessage(value: unknown): SupervisorMessage {
  return parse(value, FROM_SUPERVISOR, 'the supervisor');
}

function parse<T>(value: unknown, types: readonly (keyof typeof SHAPES)[], sender: string): T {
  const message = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const type = types.find((known) => known === message.type);
  if (!type)
    throw malformed(
      `A message from ${sender} has the unknown type ${inspect(message.type, { depth: -1, maxStringLength: 40 })}.`,
    );
  const invalid = invalidField(SHAPES[type], message);
  if (invalid) throw malformed(`The "${type}" message from ${sender} has no valid \`${invalid}\`.`);
  return value as T;
}

function malformed(what: string): NestworkError {
  return new NestworkError('MALFORMED_IPC', what, [
    'Do not use process.send() in code that a worker child loads: the channel belongs to nestwork.',
    'Restart the worker after an upgrade, so that supervisor and children run the same version.',
  ]);
}
