import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { decodePayload } from './payload.js';
import { MAX_BYTES, undecodable } from './payload-errors.js';
import { keyedDigests, Sealer } from './seal.js';
import { altered, keyless } from './seal-errors.js';

/** The first byte of what is sealed: whether the text behind it is compressed. */
const PLAIN = Buffer.from([0]);
const DEFLATED = Buffer.from([1]);

/** How everything begins that is sealed; scripts know it, too. */
export const SEAL_START = '{"s":"';
/** A sealed text of a history, a report or a note. */
const SEALED_TEXT = /^\{"s":"([\w-]{8})\.[\w-]+"\}$/;

/** What tools show in place of a text that they cannot open. */
export const SEALED_WORD = '[sealed]';

/** Makes the text that people read of one that may be sealed. */
export type OpensText = (text: string) => string;

export interface PayloadCodecOptions {
  /** the first one seals, all open; none by default */
  readonly keys?: readonly Buffer[] | undefined;
  /** for digests of keys of unique tasks; the first of `keys` by default */
  readonly digestKey?: Buffer | undefined;
  /** payloads of so many bytes or more are compressed; none by default */
  readonly compressFrom?: number | undefined;
}

/**
 * How the payloads of an app lie in Redis. `encodePayload` gives a fragment of JSON, which lies in a message as it is, or as an
 * object with one field:
 *
 * | field | holds |
 * | --- | --- |
 * | `z` | base64url of the fragment, compressed (raw deflate) |
 * | `s` | a seal, see seal.ts; within it a byte that is 1 if the rest is compressed, and the fragment |
 *
 * Other texts that may quote arguments (errors, notes) are sealed in the form of `s`.
 */
export class PayloadCodec {
  private readonly sealer: Sealer | undefined;
  /** Stands for the key of a unique task: an HMAC; without keys a digest that a guess can be compared with. */
  readonly digest: (text: string) => string;
  private readonly ofKeys: readonly ((text: string) => string)[];
  private readonly compressFrom: number;

  constructor({ keys = [], digestKey, compressFrom = Number.POSITIVE_INFINITY }: PayloadCodecOptions = {}) {
    const [first, ...others] = keys;
    this.sealer = first && new Sealer([first, ...others]);
    this.ofKeys = keys.map(keyedDigests);
    this.digest = digestKey ? keyedDigests(digestKey) : (this.ofKeys[0] ?? plainDigest);
    this.compressFrom = compressFrom;
  }

  /** Whether it has keys. */
  get canSeal(): boolean {
    return this.sealer !== undefined;
  }

  /**
   * A payload as it lies in a message of a task.
   *
   * @param payload from `encodePayload`
   * @param task its name
   * @param isSealed whether the data of the task is sealed: only with `canSeal`
   */
  encode(payload: string, task: string, isSealed: boolean): string {
    return isSealed || this.isLong(payload) ? this.packed(payload, argsOf(task), isSealed) : payload;
  }

  /** The same for a cron, whose definition is compared: equal payloads have equal seals. */
  encodeRepeatedly(payload: string, task: string, isSealed: boolean): string {
    return isSealed ? this.packed(payload, argsOf(task), isSealed, true) : this.encode(payload, task, isSealed);
  }

  /** The result of a task, from `encodePayload`. */
  encodeResult(payload: string, id: string, isSealed: boolean): string {
    return isSealed || this.isLong(payload) ? this.packed(payload, resultOf(id), isSealed) : payload;
  }

  /**
   * The arguments of a task.
   *
   * @param value the payload as `JSON.parse` made it from a message
   * @param text what `value` came from, see `decodePayload`
   * @throws NestworkError UNDECODABLE_MESSAGE, PAYLOAD_SEALED, PAYLOAD_ALTERED
   */
  decode(value: unknown, task: string, owner: string, text?: string): unknown[] {
    return isPacked(value) ? this.unpacked(value, argsOf(task), owner) : decodePayload(value, text, owner);
  }

  /** The result of a task in a list of one; throws as `decode`. */
  decodeResult(value: unknown, id: string, owner: string, text?: string): unknown[] {
    return isPacked(value) ? this.unpacked(value, resultOf(id), owner) : decodePayload(value, text, owner);
  }

  /** A text about a task that may quote its data. */
  sealText(text: string, id: string): string {
    return this.sealer ? `${SEAL_START}${this.sealer.seal(Buffer.from(text), textOf(id))}"}` : SEALED_WORD;
  }

  /** The text, or `[sealed]` without its key; one that is not sealed is given back as it is. */
  openText(text: string, id: string): string {
    if (!SEALED_TEXT.test(text)) return text;
    try {
      const { s } = JSON.parse(text) as { s: string };
      return this.sealer ? this.sealer.open(s, textOf(id), `task ${id}`).toString() : SEALED_WORD;
    } catch {
      return SEALED_WORD;
    }
  }

  /** For all texts of one task. */
  opener(id: string): TextOpener {
    return new TextOpener(this, id);
  }

  /** All that may stand for the key of a unique task, whichever key was the first one when it was sent: HMACs, and the digest without keys. */
  digests(text: string): readonly string[] {
    return [...new Set([this.digest, ...this.ofKeys, plainDigest].map((digest) => digest(text)))];
  }

  /** A character takes three bytes at most, so most texts need not be counted. */
  private isLong(payload: string): boolean {
    return payload.length * 3 >= this.compressFrom && Buffer.byteLength(payload) >= this.compressFrom;
  }

  private packed(payload: string, place: string, isSealed: boolean, repeated = false): string {
    const bytes = Buffer.from(payload);
    const deflated = bytes.length >= this.compressFrom ? deflateRawSync(bytes) : bytes;
    // base64 takes a third more, which is felt only where nothing is sealed
    const isSmaller = deflated.length < bytes.length * (isSealed ? 1 : 0.74);
    if (!isSealed || !this.sealer) return isSmaller ? `{"z":"${deflated.toString('base64url')}"}` : payload;
    const text = Buffer.concat(isSmaller ? [DEFLATED, deflated] : [PLAIN, bytes]);
    return `${SEAL_START}${repeated ? this.sealer.sealRepeatably(text, place) : this.sealer.seal(text, place)}"}`;
  }

  private unpacked(packed: Packed, place: string, owner: string): unknown[] {
    if ('z' in packed) return parsed(inflated(Buffer.from(packed.z, 'base64url'), owner), owner);
    if (!this.sealer) throw keyless(owner, packed.s.slice(0, 8));
    const bytes = this.sealer.open(packed.s, place, owner);
    const text = bytes.subarray(1);
    if (bytes[0] === 0) return parsed(text, owner);
    if (bytes[0] === 1) return parsed(inflated(text, owner), owner);
    throw altered(owner);
  }
}

/** Opens the texts of one task, and notes whether one of them is sealed. */
export class TextOpener {
  sealed = false;

  constructor(
    private readonly payloads: PayloadCodec,
    private readonly id: string,
  ) {}

  readonly open: OpensText = (text) => {
    if (isSealedText(text)) this.sealed = true;
    return this.payloads.openText(text, this.id);
  };
}

/** Whether a text of a history, a report or a note is sealed. */
export function isSealedText(text: string): boolean {
  return SEALED_TEXT.test(text);
}

/** Of apps that set nothing: it reads what is compressed, and no seal. */
export const PLAIN_PAYLOADS = new PayloadCodec();

type Packed = { readonly z: string } | { readonly s: string };

/** Whether the payload of a message is sealed. */
export function isSealed(value: unknown): boolean {
  return isPacked(value) && 's' in value;
}

function isPacked(value: unknown): value is Packed {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const [entry, ...others] = Object.entries(value);
  return entry !== undefined && others.length === 0 && /^[sz]$/.test(entry[0]) && typeof entry[1] === 'string';
}

function inflated(bytes: Buffer, owner: string): Buffer {
  try {
    // a few bytes can stand for gigabytes
    return inflateRawSync(bytes, { maxOutputLength: MAX_BYTES });
  } catch (error) {
    throw undecodable(`The compressed payload of ${owner} cannot be read.`, error);
  }
}

function parsed(bytes: Buffer, owner: string): unknown[] {
  const text = bytes.toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw undecodable(`The payload of ${owner} is no JSON.`, error);
  }
  return decodePayload(value, text, owner);
}

function plainDigest(text: string): string {
  return createHash('sha1').update(text).digest('base64url');
}

function argsOf(task: string): string {
  return `args ${task}`;
}

function resultOf(id: string): string {
  return `result ${id}`;
}

function textOf(id: string): string {
  return `text ${id}`;
}
