import { invalid } from './option-values.js';
import { shown } from './shown.js';

/** In bytes. */
export const MB = 2 ** 20;

const UNITS = { B: 1, KB: 2 ** 10, MB, GB: 2 ** 30, KiB: 2 ** 10, MiB: MB, GiB: 2 ** 30 } as const;

type Unit = keyof typeof UNITS;

/**
 * An amount of memory: bytes as a number, or a number with a unit, at most one space between them.
 *
 * Units are `B`, `KB`, `MB` and `GB`, each 1,024 of the one before, as operating systems count memory; `KiB`, `MiB` and `GiB` are the same.
 *
 * @example
 * const sizes: ByteSize[] = [104_857_600, '300MB', '1.5 GB'];
 */
export type ByteSize = number | `${number}${Unit}` | `${number} ${Unit}`;

const SIZE = /^(\d+(?:\.\d+)?) ?(B|[KMG]i?B)$/;

/**
 * A size in whole bytes, at least 1.
 *
 * @param size what the user gave; anything may arrive here from untyped code
 * @param what the name of the option, for the error
 * @throws NestworkError `INVALID_OPTION`, naming `what`, the value and the accepted forms
 *
 * @example
 * toBytes('300MB', 'maxMemoryPerChild'); // 314_572_800
 */
export function toBytes(size: ByteSize, what: string): number {
  const bytes = Math.round(typeof size === 'string' ? parse(size) : size);
  if (Number.isSafeInteger(bytes) && bytes >= 1) return bytes;
  throw invalid(what, `is ${shown(size)}, which is not an amount of memory`, [
    "Give bytes as a number, or a number with a unit (B, KB, MB, GB, or KiB, MiB, GiB): 104857600, '300MB', '1.5 GB'.",
  ]);
}

function parse(text: string): number {
  const [, amount, unit] = SIZE.exec(text) ?? [];
  return Number(amount) * UNITS[unit as Unit];
}
