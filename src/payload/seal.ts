import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { invalid } from '../values/option-values.js';
import { altered, keyless } from './seal-errors.js';

/** Bytes of a key. */
export const KEY_LENGTH = 32;
/** Characters of the id of a key. */
const ID_LENGTH = 8;
const SALT_LENGTH = 16;
/** Bytes of a seal that count what is sealed with one salt. */
const COUNT_LENGTH = 6;
const TAG_LENGTH = 16;
/** GCM wants no key for more than 2 ** 32 texts; with a counter they never share a nonce either. */
const MOST_OF_SALT = 2 ** 32;
/** Keys for the salts of others that are kept: each process that seals has one at a time, a repeated text one of its own. */
const MOST_SALTS = 1_000;

interface Key {
  /** in front of all that is sealed with it; says nothing about the key */
  readonly id: string;
  readonly bytes: Buffer;
  readonly opening: Map<string, Buffer>;
}

/**
 * Seals texts with AES-256-GCM, by the first of its keys, and opens what was sealed with any of them. A seal is
 * `<id of the key>.<base64url of salt, counter, ciphertext and tag>`, and belongs to the place for which it was made: elsewhere it cannot be opened.
 *
 * Each process derives a key of its own from the given one and a random salt (HKDF), so that nonces can count up and never meet.
 */
export class Sealer {
  private readonly keys: readonly [Key, ...Key[]];
  private salt: Buffer = Buffer.alloc(0);
  private own: Buffer = Buffer.alloc(0);
  private count = MOST_OF_SALT;

  /** @param keys each of 32 bytes; the first one seals */
  constructor(keys: readonly [Buffer, ...Buffer[]]) {
    this.keys = keys.map((bytes) => ({ id: keyId(bytes), bytes, opening: new Map<string, Buffer>() })) as [Key];
  }

  /** The text, sealed for a place such as `args ReportTasks.send`. */
  seal(text: Buffer, place: string): string {
    const [{ id, bytes }] = this.keys;
    if (this.count >= MOST_OF_SALT) {
      this.salt = randomBytes(SALT_LENGTH);
      this.own = derived(bytes, 'seal', this.salt);
      this.count = 0;
    }
    return sealed({ id, key: this.own, salt: this.salt, count: this.count++ }, text, place);
  }

  /** The same, and the same seal each time, for what is compared with what is there. It shows that two texts are the same. */
  sealRepeatably(text: Buffer, place: string): string {
    const [{ id, bytes }] = this.keys;
    const hmac = createHmac('sha256', derived(bytes, 'repeated seal'));
    const salt = hmac.update(`${place}\n`).update(text).digest().subarray(0, SALT_LENGTH);
    return sealed({ id, key: derived(bytes, 'seal', salt), salt, count: 0 }, text, place);
  }

  /**
   * The text within a seal.
   *
   * @param owner what is sealed, for errors
   * @throws NestworkError PAYLOAD_SEALED without its key; PAYLOAD_ALTERED when it is no seal for this place
   */
  open(seal: string, place: string, owner: string): Buffer {
    const id = seal.slice(0, ID_LENGTH);
    const key = this.keys.find((one) => one.id === id);
    if (!key) throw isKeyId(id) ? keyless(owner, id) : altered(owner);
    const bytes = Buffer.from(seal.slice(ID_LENGTH + 1), 'base64url');
    const body = SALT_LENGTH + COUNT_LENGTH;
    if (bytes.length < body + TAG_LENGTH) throw altered(owner);
    const salt = bytes.subarray(0, SALT_LENGTH);
    const decipher = createDecipheriv('aes-256-gcm', openingKey(key, salt), nonce(bytes.subarray(SALT_LENGTH, body)), {
      authTagLength: TAG_LENGTH,
    });
    decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(-TAG_LENGTH));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(body, -TAG_LENGTH)), decipher.final()]);
    } catch {
      throw altered(owner);
    }
  }
}

/** The id of the key with which a text was sealed; undefined for what is no seal. */
export function keyIdOf(seal: string): string | undefined {
  const id = seal.slice(0, ID_LENGTH);
  return isKeyId(id) && seal.charAt(ID_LENGTH) === '.' ? id : undefined;
}

/**
 * A key from text or bytes.
 *
 * @param option where it was given: `payload.encrypt.keys[0]`
 * @throws NestworkError INVALID_OPTION, which never shows it
 */
export function readKey(given: unknown, option: string): Buffer {
  if (given instanceof Uint8Array && given.length === KEY_LENGTH) return Buffer.from(given);
  if (typeof given === 'string') {
    const bytes = Buffer.from(given, /^[0-9a-f]{64}$/i.test(given) ? 'hex' : 'base64');
    const text = bytes.toString('base64').replace(/=+$/, '');
    if (bytes.length === KEY_LENGTH && (given.length === 64 || text === standard(given))) return bytes;
  }
  throw invalid(option, `is ${kindOf(given)}, and no key of ${KEY_LENGTH} bytes`, [
    'Make one with `openssl rand -base64 32`, and give it as that text, as 64 hex digits, or as a Buffer.',
    'Keep keys in a store of secrets, and not in the code.',
  ]);
}

/** Makes digests of 27 characters that say nothing about a text without the key. */
export function keyedDigests(key: Buffer): (text: string) => string {
  const own = derived(key, 'digest');
  return (text) => createHmac('sha256', own).update(text).digest().subarray(0, 20).toString('base64url');
}

interface Sealing {
  readonly id: string;
  readonly key: Buffer;
  readonly salt: Buffer;
  readonly count: number;
}

function sealed({ id, key, salt, count }: Sealing, text: Buffer, place: string): string {
  const counted = Buffer.alloc(COUNT_LENGTH);
  counted.writeUIntBE(count, 0, COUNT_LENGTH);
  const cipher = createCipheriv('aes-256-gcm', key, nonce(counted), { authTagLength: TAG_LENGTH });
  cipher.setAAD(Buffer.from(place));
  const parts = [salt, counted, cipher.update(text), cipher.final(), cipher.getAuthTag()];
  return `${id}.${Buffer.concat(parts).toString('base64url')}`;
}

function nonce(counted: Buffer): Buffer {
  return Buffer.concat([counted, Buffer.alloc(12 - COUNT_LENGTH)]);
}

function openingKey({ bytes, opening }: Key, salt: Buffer): Buffer {
  const name = salt.toString('latin1');
  const known = opening.get(name);
  if (known) return known;
  const key = derived(bytes, 'seal', salt);
  if (opening.size >= MOST_SALTS) opening.clear();
  opening.set(name, key);
  return key;
}

function derived(key: Buffer, purpose: string, salt: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, `nestwork ${purpose}`, KEY_LENGTH));
}

function keyId(key: Buffer): string {
  return derived(key, 'key id').subarray(0, 6).toString('base64url');
}

function isKeyId(id: string): boolean {
  return /^[\w-]{8}$/.test(id);
}

function standard(text: string): string {
  return text.replace(/-/g, '+').replace(/_/g, '/').replace(/=+$/, '');
}

function kindOf(given: unknown): string {
  if (typeof given === 'string') return `text of ${given.length} characters`;
  if (given instanceof Uint8Array) return `${given.length} bytes`;
  return given === null ? 'null' : typeof given;
}
