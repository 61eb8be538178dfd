import type { OutboxCall } from '../broker/port/relay-port.js';
import { hasHeader, idOf } from '../message/task-message.js';
import { BROADCAST_QUEUE } from '../task/broadcast.js';
import { isPlainObject } from '../values/option-values.js';
import type { NewRow } from './sql/outbox-sql.js';

/*
 * What a row holds in its column `message`, as UTF-8: a digit, which is the version, a line of JSON with what goes beside the message,
 * and the message as it comes into Redis. A message never begins a line of its own, so the first line break ends the JSON.
 */
const VERSION = '1';
const QUEUE_NAME = /^[A-Za-z0-9_.-]{1,100}$/;
const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What goes beside a message. Most have nothing of it. */
interface Beside {
  readonly due?: number | undefined;
  readonly conflict?: 'keep' | 'replace' | undefined;
  readonly labels?: readonly string[] | undefined;
}

/** A row as the database gives it. */
export interface StoredRow {
  readonly task_id: unknown;
  readonly queue: unknown;
  readonly message: unknown;
}

/** What a row holds for a call. */
export function encodeRow({ queue, message, dueAt, onConflict, labels }: OutboxCall): NewRow {
  const beside: Beside = { due: dueAt, conflict: onConflict, labels: labels?.length ? labels : undefined };
  return { taskId: idOf(message), queue, message: Buffer.from(`${VERSION}${JSON.stringify(beside)}\n${message}`) };
}

/**
 * The call that a row holds.
 *
 * @returns why it holds none, for people, where it was written by another version or program, or was changed
 */
export function decodeRow(row: StoredRow): OutboxCall | string {
  const text = textOf(row.message);
  if (text === undefined) return 'its message is not UTF-8';
  if (!text.startsWith(VERSION))
    return `its message has the version ${JSON.stringify(text.slice(0, 1))}, and not ${VERSION}`;
  const end = text.indexOf('\n');
  const beside = besideIn(text.slice(VERSION.length, end));
  const message = text.slice(end + 1);
  if (end < 0 || !beside) return 'what stands beside its message cannot be read';
  if (!hasHeader(message)) return 'its message does not begin as one of a task';
  if (idOf(message) !== row.task_id) return 'its task_id is not that of its message';
  const { queue } = row;
  if (typeof queue !== 'string' || !(queue === BROADCAST_QUEUE || QUEUE_NAME.test(queue)))
    return 'its queue has no valid name';
  return { queue, message, dueAt: beside.due, onConflict: beside.conflict, labels: beside.labels };
}

/** Drivers give bytes as a Buffer or a Uint8Array. */
function textOf(message: unknown): string | undefined {
  if (!(message instanceof Uint8Array)) return undefined;
  try {
    return DECODER.decode(message);
  } catch {
    return undefined;
  }
}

function besideIn(json: string): Beside | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (!isPlainObject(value)) return undefined;
  const { due, conflict, labels } = value as Record<string, unknown>;
  const isRight =
    (due === undefined || (Number.isSafeInteger(due) && (due as number) > 0)) &&
    (conflict === undefined || conflict === 'keep' || conflict === 'replace') &&
    (labels === undefined || (Array.isArray(labels) && labels.every((label) => typeof label === 'string')));
  return isRight ? (value as Beside) : undefined;
}
