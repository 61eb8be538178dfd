import type { CatalogEntry, RedisSettings } from '../broker/broker.js';
import { NestworkError } from '../errors.js';

/** What a child tells its supervisor of the app, which the supervisor itself never instantiates. */
export interface AppSettings {
  readonly redis: RedisSettings;
  readonly namespace: string;
  readonly commandTimeoutMs: number;
  readonly queues: readonly string[];
}

/** Child to supervisor. */
export type ChildMessage =
  /** the container is up; nothing is claimed before `start` */
  | { readonly type: 'ready'; readonly settings: AppSettings; readonly catalog: readonly CatalogEntry[] }
  /** it has run as many tasks as it should, and works on until it is replaced */
  | { readonly type: 'worn' }
  /** the container cannot be made; the child ends */
  | { readonly type: 'bootFailed'; readonly error: string }
  /** Redis refused this child: its lease ran out */
  | { readonly type: 'leaseLost'; readonly session: string };

/** What a child needs to claim. */
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
}

/** Supervisor to child. */
export type SupervisorMessage =
  | StartOrder
  /** claim no more, finish what runs, close the app, end */
  | { readonly type: 'stop' }
  /** the grace is over: abort the signals of the running tasks */
  | { readonly type: 'abort' };

/** Every message of the protocol by its type, with the types of its fields: what arrives is checked against it. */
const SHAPES: Readonly<Record<(ChildMessage | SupervisorMessage)['type'], Readonly<Record<string, string>>>> = {
  ready: { settings: 'object', catalog: 'object' },
  worn: {},
  bootFailed: { error: 'string' },
  leaseLost: { session: 'string' },
  start: {
    session: 'string',
    child: 'string',
    queues: 'object',
    concurrency: 'number',
    maxTasks: 'number',
    capacity: 'number',
  },
  stop: {},
  abort: {},
};

const FROM_CHILD = ['ready', 'worn', 'bootFailed', 'leaseLost'] as const;
const FROM_SUPERVISOR = ['start', 'stop', 'abort'] as const;

/** @throws NestworkError MALFORMED_IPC */
export function parseChildMessage(value: unknown): ChildMessage {
  return parse(value, FROM_CHILD, 'a child');
}

/** @throws NestworkError MALFORMED_IPC */
export function parseSupervisorMessage(value: unknown): SupervisorMessage {
  return parse(value, FROM_SUPERVISOR, 'the supervisor');
}

function parse<T>(value: unknown, types: readonly (keyof typeof SHAPES)[], sender: string): T {
  const message = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const type = types.find((known) => known === message.type);
  if (!type) throw malformed(`A message from ${sender} has the unknown type ${JSON.stringify(message.type)}.`);
  for (const [field, kind] of Object.entries(SHAPES[type])) {
    if (typeof message[field] === kind && message[field] !== null) continue;
    throw malformed(`The "${type}" message from ${sender} has no valid \`${field}\`.`);
  }
  return value as T;
}

function malformed(what: string): NestworkError {
  return new NestworkError('MALFORMED_IPC', what, [
    'Do not use process.send() in code that a worker child loads: the channel belongs to nestwork.',
    'Restart the worker after an upgrade, so that supervisor and children run the same version.',
  ]);
}
