import { type ByteSize, toBytes } from '../values/byte-size.js';
import { assertKnownOptions } from '../values/known-options.js';
import { invalid } from '../values/option-values.js';
import { shown } from '../values/shown.js';
import { PayloadCodec, PLAIN_PAYLOADS } from './payload-codec.js';
import { readKey } from './seal.js';
import { keysNeeded } from './seal-errors.js';

/**
 * A key of 32 bytes: as base64 or base64url, as 64 hex digits, or as bytes.
 *
 * @example
 * const key: PayloadKey = process.env.PAYLOAD_KEY ?? '';
 */
export type PayloadKey = string | Uint8Array;

/**
 * How the data of tasks is sealed, with AES-256-GCM.
 *
 * @example
 * const encrypt: EncryptOptions = { keys: [process.env.PAYLOAD_KEY, process.env.PAYLOAD_KEY_BEFORE] };
 */
export interface EncryptOptions {
  /**
   * The first key seals, all of them open. To rotate, put the new key behind the old one in all apps and workers, then in front of it; leave the old one out when nothing
   * in Redis is sealed with it any more. Make one with `openssl rand -base64 32`. The first one must be there; further ones that are undefined are left out.
   */
  keys: readonly (PayloadKey | undefined)[];
  /**
   * Which tasks are sealed: `'all'` but those with `@Task({ encrypt: false })`, or those `'marked'` with `@Task({ encrypt: true })`.
   * @default 'all'
   */
  tasks?: 'all' | 'marked';
  /**
   * The key of the digests that stand for the `key` of unique tasks. It must stay the same while keys rotate: a task that waits is not found under another digest, so a second one with
   * its key would come in.
   * @default the first of `keys`
   */
  digestKey?: PayloadKey;
}

/**
 * How the payloads of tasks lie in Redis: arguments, results, and what errors and notes say. See docs/sealed-payloads.md.
 *
 * @example
 * TaskQueueModule.forRoot({ payload: { encrypt: { keys: [process.env.PAYLOAD_KEY] }, compress: '8KiB' } });
 */
export interface StoredPayloadOptions {
  /**
   * Seals the data of tasks, so that Redis, its backups and its operators cannot read it.
   * @default nothing is sealed
   */
  encrypt?: EncryptOptions;
  /**
   * Compresses arguments and results that take so many bytes or more, where that makes them smaller (zlib). Workers read them in any case.
   * @default nothing is compressed
   */
  compress?: ByteSize;
}

/** What the options resolve to. */
export interface ResolvedPayload {
  readonly codec: PayloadCodec;
  /** whether the data of a task is sealed whose decorator does not say it */
  readonly sealsAll: boolean;
}

/** Of an app that sets nothing. */
export const PLAIN: ResolvedPayload = Object.freeze({ codec: PLAIN_PAYLOADS, sealsAll: false });

/** @throws NestworkError INVALID_OPTION */
export function resolvePayload(given: StoredPayloadOptions | undefined, option = 'payload'): ResolvedPayload {
  if (given === undefined) return PLAIN;
  assertKnownOptions(given, ['encrypt', 'compress'], `the option \`${option}\``);
  const { encrypt, compress } = given;
  const compressFrom = compress === undefined ? undefined : toBytes(compress, `${option}.compress`);
  if (encrypt === undefined) return { codec: new PayloadCodec({ compressFrom }), sealsAll: false };
  assertKnownOptions(encrypt, ['keys', 'tasks', 'digestKey'], `the option \`${option}.encrypt\``);
  const { tasks = 'all', digestKey } = encrypt;
  if (tasks !== 'all' && tasks !== 'marked') {
    throw invalid(`${option}.encrypt.tasks`, `is ${shown(tasks)}`, "Give 'all' or 'marked'.");
  }
  const keys = readKeys(encrypt.keys, `${option}.encrypt.keys`);
  const codec = new PayloadCodec({
    keys,
    compressFrom,
    digestKey: digestKey === undefined ? undefined : readKey(digestKey, `${option}.encrypt.digestKey`),
  });
  return { codec, sealsAll: tasks === 'all' };
}

function readKeys(given: unknown, option: string): Buffer[] {
  if (!Array.isArray(given) || given.length === 0) {
    throw invalid(option, `is ${Array.isArray(given) ? 'an empty list' : 'no list'}`, [
      'Give a list of keys, the current one first: [current, older].',
      'Leave `encrypt` out to seal nothing.',
    ]);
  }
  const keys = given.flatMap((key, index) =>
    index > 0 && key === undefined ? [] : [readKey(key, `${option}[${index}]`)],
  );
  const twice = keys.findIndex((key, index) => keys.slice(0, index).some((other) => other.equals(key)));
  if (twice > 0) throw invalid(`${option}[${twice}]`, 'is in the list a second time', 'Give each key once.');
  return keys;
}

/**
 * Whether what a task carries is sealed.
 *
 * @param encrypt what its decorator says
 * @throws NestworkError PAYLOAD_KEYS_NEEDED
 */
export function sealsData(encrypt: boolean | undefined, { codec, sealsAll }: ResolvedPayload, where: string): boolean {
  const sealed = encrypt ?? sealsAll;
  if (sealed && !codec.canSeal) throw keysNeeded(`${where} cannot be served`);
  return sealed;
}
