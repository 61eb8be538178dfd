import { isSealedText, type PayloadCodec } from '../payload/payload-codec.js';

/** A run of a cron with its error as people read it: in Redis it may be sealed. */
export function openedRun<T extends { readonly id: string; readonly error?: string | undefined }>(
  run: T,
  payloads: PayloadCodec,
): T {
  const { id, error } = run;
  if (!error || !isSealedText(error)) return run;
  return { ...run, error: payloads.openText(error, id), sealed: true };
}
