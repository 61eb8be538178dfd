import type { GroupBroker, GroupKind } from '../broker/port/group-port.js';
import { type PayloadCodec, PLAIN_PAYLOADS } from '../payload/payload-codec.js';
import { type BatchStatus, openedStatus } from './batch-status.js';
import { groupUnknown } from './group-errors.js';

/** How a group stands now. @param payloads opens the error of its culprit @throws NestworkError GROUP_UNKNOWN */
export async function statusIn(
  groups: GroupBroker,
  kind: GroupKind,
  id: string,
  payloads: PayloadCodec = PLAIN_PAYLOADS,
): Promise<BatchStatus> {
  const [record] = await groups.read([id]);
  if (record?.kind !== kind) throw groupUnknown(kind, id);
  return openedStatus(record, payloads);
}

/** Cancels a group. Resolves to whether it had not ended. @throws NestworkError GROUP_UNKNOWN */
export async function cancelIn(groups: GroupBroker, kind: GroupKind, id: string): Promise<boolean> {
  const answer = await groups.cancel(id);
  if (answer === 'unknown') throw groupUnknown(kind, id);
  return answer === 'cancelled';
}
