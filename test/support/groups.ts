/** Batches and flows as apps make them, at the level of the broker. */
import type { Continuation, GroupBroker, NewGroup, NewNode, NodesToAdd } from '../../src/broker/port/group-port.js';
import { callTags } from '../../src/message/call-tags.js';
import type { TaskIdSequence } from '../../src/message/task-id.js';
import { encodeMessage } from '../../src/message/task-message.js';

interface Ids {
  readonly ids: TaskIdSequence;
}

/** Opens a batch, or the group that the options ask for. Resolves to its id. */
export async function openGroup(
  groups: Pick<GroupBroker, 'open'>,
  id: string,
  options: Partial<NewGroup> = {},
): Promise<string> {
  await groups.open({
    ...{ id, kind: 'batch', policy: 'fail', name: 'mailing', openedAt: Date.now(), deadlineMs: undefined },
    ...{ done: undefined, failed: undefined },
    ...options,
  });
  return id;
}

/** A task that a batch sends, which gets its status. By its id the invariants know that a script has sent it. */
export function callback({ ids }: Ids, name: string): Continuation {
  const id = `callback${ids.next().slice(8)}`;
  return { queue: 'bulk', message: encodeMessage({ id, name, payload: '["$"]', enqueuedAt: 1 }) };
}

/** A message of a member, of a flow that of a node. */
export function memberOf(
  { ids }: Ids,
  group: string,
  {
    seconds,
    announced = false,
    number = 0,
    name = 'Some.task',
  }: { seconds?: number; announced?: boolean; number?: number; name?: string } = {},
): string {
  const tags = callTags(undefined, { seconds, announced }, { group, number });
  return encodeMessage({ id: ids.next(), name, payload: '[]', enqueuedAt: Date.now(), tags });
}

/**
 * All nodes of a flow in the queue `default`.
 *
 * @param next of each node, the numbers of those that wait for it
 * @param policyOf what a failure means to a node that waits
 */
export function nodesOf(
  fixture: Ids,
  flow: string,
  next: readonly (readonly number[])[],
  policyOf: (number: number) => NewNode['policy'] = () => 'fail',
): NodesToAdd {
  const nodes = next.map((waiting, number): NewNode => {
    const name = `Some.task${number}`;
    const waits = next.filter((others) => others.includes(number)).length;
    const covered = waiting.length > 0 && waiting.every((other) => policyOf(other) === 'end');
    const message = memberOf(fixture, flow, { number, name });
    return { number, name, queue: 'default', message, waits, policy: policyOf(number), waiting, covered };
  });
  return { nodes, starts: true };
}
