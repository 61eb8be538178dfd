import { type Check, flag, listOf, optional, record, text } from '../values/shapes.js';
import type { WorkerDigest } from './port/worker-port.js';

type Shape = Readonly<Record<string, Check>>;

const number: Check = (value) => typeof value === 'number';
const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    words.includes(value as string);
const shaped =
  (shape: Shape): Check =>
  (value) =>
    record(value) && Object.entries(shape).every(([field, check]) => check(value[field]));

const CHILD = shaped({
  pid: number,
  state: oneOf('booting', 'running', 'stopping'),
  upMs: number,
  bytes: optional(number),
  running: number,
  done: optional(number),
  active: listOf(shaped({ id: text, name: optional(text), forMs: number })),
});

const DIGEST = shaped({
  version: optional(text),
  app: optional(text),
  appVersion: optional(text),
  state: oneOf('running', 'quiet', 'stopping'),
  inProcess: flag,
  upMs: number,
  bytes: number,
  forked: number,
  range: optional(shaped({ min: number, max: number })),
  mostBytes: optional(number),
  children: listOf(CHILD),
  restarted: number,
  restarts: listOf(shaped({ pid: number, reason: text, agoMs: number, crashed: optional(flag) })),
  order: optional(shaped({ id: text, action: text, by: text, agoMs: number })),
});

/** Whether JSON that lies in Redis is a digest that this version can read; fields that this version does not have may stand there, too. */
export function isWorkerDigest(value: unknown): value is WorkerDigest {
  return DIGEST(value);
}
