import { labelOf } from '../message/message-label.js';

/** What another program wrote need not be text: it is kept as it is. Nothing for a message. */
export function foreignBytes(head: string, bytes: Buffer): { readonly bytes?: Buffer } {
  return labelOf(head)?.name === undefined ? { bytes } : {};
}
