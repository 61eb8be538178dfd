import { isSealedText, type PayloadCodec } from '../payload/payload-codec.js';

/** Characters of the error of a culprit that people read. */
const MOST = 500;

/** The culprit of a batch or flow with its error as people read it; in Redis that is as the report of the dead task has it, and may be sealed. */
export function openedCulprit<T extends { readonly id: string; readonly error?: string }>(
  culprit: T,
  payloads: PayloadCodec,
): T {
  const { id, error } = culprit;
  if (error === undefined || !isSealedText(error)) return culprit;
  return { ...culprit, error: payloads.openText(error, id).slice(0, MOST), sealed: true };
}
