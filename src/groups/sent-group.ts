import type { GroupBroker, GroupKind } from '../broker/port/group-port.js';
import { type BatchStatus, statusOfGroup } from './batch-status.js';
import { groupUnknown } from './group-errors.js';

/** How a group stands now. @throws NestworkError GROUP_UNKNOWN */
export async function statusIn(groups: GroupBroker, kind: GroupKind, id: string): Promise<BatchStatus> {
  const [record] = await groups.read([id]);
  if (record?.kind !== kind) throw groupUnknown(kind, id);
  return statusOfGroup(record);
}

/** Cancels a group. Resolves to whether it had not ended. @throws NestworkError GROUP_UNKNOWN */
export async function cancelIn(groups: GroupBroker, kind: GroupKind, id: string): Promise<boolean> {
  const answer = await groups.cancel(id);
  if (answer === 'unknown') throw groupUnknown(kind, id);
  return answer === 'cancelled';
}
