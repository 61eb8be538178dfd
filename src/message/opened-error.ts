import { isSealedText, type PayloadCodec } from '../payload/payload-codec.js';

/** Characters of the error of a culprit that people read. */
const MOST_OF_A_CULPRIT = 500;

interface Failed {
  /** of the task whose error it is */
  readonly id: string;
  readonly error?: string | undefined;
}

/**
 * A record with its error as people read it; in Redis that may be sealed.
 *
 * @param most characters of an error that was sealed; by default all of them
 */
export function openedError<T extends Failed>(record: T, payloads: PayloadCodec, most?: number): T {
  const { id, error } = record;
  if (!error || !isSealedText(error)) return record;
  return { ...record, error: payloads.openText(error, id).slice(0, most), sealed: true };
}

/** The culprit of a batch or flow: its error in Redis is as the report of the dead task has it. */
export function openedCulprit<T extends Failed>(culprit: T, payloads: PayloadCodec): T {
  return openedError(culprit, payloads, MOST_OF_A_CULPRIT);
}
