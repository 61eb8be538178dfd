import type { NodesToAdd } from '../../src/broker/port/group-port.js';
import { EnqueueUnconfirmedError } from '../../src/errors.js';
import { FlowOfTask } from '../../src/groups/flow-of-task.js';
import { MEMBER, type MemberCall, type SendMembers } from '../../src/groups/member-call.js';
import { TaskIdSequence } from '../../src/message/task-id.js';

it('what a task adds to its flow is the same when it is sent again', async () => {
  const ids = new TaskIdSequence();
  const sent: NodesToAdd[] = [];
  const reserved: number[] = [];
  const groups = {
    reserve: async (_flow: string, count: number) => {
      reserved.push(count);
      return 10 * reserved.length;
    },
    addNodes: async (_flow: string, nodes: NodesToAdd) => {
      sent.push(nodes);
      // more often than one call repeats it
      if (sent.length < 4) throw new EnqueueUnconfirmedError([]);
      return 'added' as const;
    },
  } as unknown as MemberCall['groups'];
  const takeIds = (count: number): string[] => ids.take(count);
  const call = { name: 'Some.task', queue: 'default', seconds: 60, enqueuedAt: 1, groups, takeIds };
  const pack = (payload: string): string => payload;
  const nothing = { options: undefined, check: undefined, due: undefined, start: () => undefined, pack };
  const member: SendMembers = (_count, send) => send({ ...call, ...nothing });
  const sender = { name: 'Some.task', run: async (_page: number) => 'text', [MEMBER]: member };
  const flow = new FlowOfTask({ group: ids.next(), number: 3 });
  const refs = [flow.add(sender, 1), flow.add(sender, 2)];
  await expect(flow.send(refs)).rejects.toBeInstanceOf(EnqueueUnconfirmedError);
  await expect(flow.send(refs)).resolves.toMatchObject({ list: true });
  expect(reserved).toEqual([2]);
  expect(sent).toHaveLength(4);
  expect(new Set(sent.map((nodes) => JSON.stringify(nodes))).size).toBe(1);
  expect(sent[0]).toMatchObject({ behind: 3, starts: true });
});
