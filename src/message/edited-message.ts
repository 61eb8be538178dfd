import { decodePayload } from '../payload/payload.js';
import { REDRIVEN } from './attempt-record.js';
import { bodyStart } from './tags.js';
import { decodeMessage } from './task-message.js';

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
  readonly #sent: unknown;

  /** @internal */
  constructor(at: number, sent: unknown) {
    this.at = new Date(at);
    this.bytes = typeof sent === 'number' ? sent : undefined;
    this.#sent = sent;
  }

  /** The arguments that the task had before; undefined when they took more than 16 KiB, or cannot be read. */
  get args(): readonly unknown[] | undefined {
    if (typeof this.#sent === 'number') return undefined;
    try {
      return decodePayload(this.#sent);
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
 * Gives a message other arguments. Name and options of the call stay.
 *
 * @param payload from `encodePayload`
 * @throws NestworkError UNDECODABLE_MESSAGE
 *
 * @example
 * editOf(raw, encodePayload([8])); // { body: '["ReportTasks.send",[8]]', sent: '[7]' }
 */
export function editOf(raw: string, payload: string): MessageEdit {
  // refuses what is no message
  decodeMessage(raw);
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
export function editsOf(raw: string): EditRecord[] {
  return raw.split('\n').slice(1).flatMap(parse);
}

function parse(line: string): EditRecord[] {
  if (!line.includes('"sent"')) return [];
  try {
    const { at, code, sent } = JSON.parse(line) as { at: number; code: string; sent?: unknown };
    return code === REDRIVEN && sent !== undefined ? [new EditRecord(at, sent)] : [];
  } catch {
    return [];
  }
}
