import { isSealed, type PayloadCodec, PLAIN_PAYLOADS } from '../payload/payload-codec.js';
import { keysNeeded } from '../payload/seal-errors.js';
import { historyLines, REDRIVEN } from './attempt-record.js';
import { labelOf } from './message-label.js';
import { bodyStart } from './tags.js';
import { decodeMessage, idOf } from './task-message.js';

/** Bytes of former arguments that a history keeps of each change. */
const MOST_BYTES_KEPT = 16 * 1024;

/**
 * A redrive of a dead task with other arguments, from its history. Printing it, or making JSON of it, leaves out the arguments,
 * which may be secret: read `args` for them.
 *
 * @example
 * const dead = await deadLetters.get(id);
 * const [first]: readonly EditRecord[] = dead?.edits ?? [];
 * first?.args; // what the task was sent with
 */
export class EditRecord {
  /** when, by the clock of Redis */
  readonly at: Date;
  /** how many bytes the arguments before took; undefined when `args` has them */
  readonly bytes: number | undefined;
  /** whether the arguments before are sealed: `args` is undefined then without the key */
  readonly sealed: boolean;
  readonly #sent: unknown;
  readonly #open: (sent: unknown) => unknown[];

  /** @internal */
  constructor(at: number, sent: unknown, open: (sent: unknown) => unknown[]) {
    this.at = new Date(at);
    this.bytes = typeof sent === 'number' ? sent : undefined;
    this.sealed = isSealed(sent);
    this.#sent = sent;
    this.#open = open;
  }

  /** The arguments that the task had before; undefined when they took more than 16 KiB, are sealed with a key that this process does not have, or cannot be read. */
  get args(): readonly unknown[] | undefined {
    if (typeof this.#sent === 'number') return undefined;
    try {
      return this.#open(this.#sent);
    } catch {
      return undefined;
    }
  }
}

/** What the script needs to change the arguments of a message. */
export interface MessageEdit {
  /** the body of the message, with the new arguments */
  readonly body: string;
  /** JSON of the arguments before; of large ones the number of their bytes */
  readonly sent: string;
}

/**
 * Gives a message other arguments, sealed as those that it has. Name and options of the call stay.
 *
 * @param encoded from `encodePayload`
 * @throws NestworkError UNDECODABLE_MESSAGE, PAYLOAD_KEYS_NEEDED
 *
 * @example
 * editOf(raw, encodePayload([8])); // { body: '["ReportTasks.send",[8]]', sent: '[7]' }
 */
export function editOf(raw: string, encoded: string, payloads: PayloadCodec = PLAIN_PAYLOADS): MessageEdit {
  // refuses what is no message
  const { sealed, name: task } = decodeMessage(raw, payloads);
  if (sealed && !payloads.canSeal) throw keysNeeded(`Task ${idOf(raw)} cannot get other arguments`);
  const payload = payloads.encode(encoded, task, sealed);
  const [name, before, ...options] = JSON.parse(raw.slice(bodyStart(raw)).split('\n', 1)[0] ?? '') as unknown[];
  const set = options.map((option) => `,${JSON.stringify(option)}`).join('');
  const sent = JSON.stringify(before);
  const bytes = Buffer.byteLength(sent);
  return {
    body: `[${JSON.stringify(name)},${payload}${set}]`,
    sent: bytes > MOST_BYTES_KEPT ? String(bytes) : sent,
  };
}

/** The redrives with other arguments in the history of a message, oldest first. */
export function editsOf(raw: string, payloads: PayloadCodec = PLAIN_PAYLOADS): EditRecord[] {
  const open = (sent: unknown): unknown[] => {
    return payloads.decode(sent, labelOf(raw)?.name ?? '', `task ${idOf(raw)}`);
  };
  return historyLines(raw).flatMap((line) => parse(line, open));
}

function parse(line: string, open: (sent: unknown) => unknown[]): EditRecord[] {
  if (!line.includes('"sent"')) return [];
  try {
    const { at, code, sent } = JSON.parse(line) as { at: number; code: string; sent?: unknown };
    return code === REDRIVEN && sent !== undefined ? [new EditRecord(at, sent, open)] : [];
  } catch {
    return [];
  }
}
