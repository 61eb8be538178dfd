import type { Added, GroupBroker, NewNode, NodesToAdd } from '../broker/port/group-port.js';
import { callTags } from '../message/call-tags.js';
import { encodeMessage } from '../message/task-message.js';
import type { SentTask } from '../task/task-hooks.js';
import { bySize } from './by-size.js';
import { linksOf, type NodeLinks, type PlannedNode, titleOf, travellingRefs } from './flow-plan.js';
import { addsTooWide, groupEnded, groupUnknown, invalidFlow, notASender } from './group-errors.js';
import { type GroupSender, type MemberCall, memberOf, type SendMembers } from './member-call.js';
import { checkedPayload } from './messages.js';
import { persistent } from './persistent.js';
import type { RefOwner } from './ref.js';

/** Nodes of one command: a script writes them while all others wait. */
const NODES_AT_ONCE = 250;
/** A result that others of the flow wait for is kept so long at least, in seconds: one of them may be redriven days later. */
const KEPT_SECONDS = 7 * 86_400;

/** Where nodes are added. */
export interface FlowTarget {
  readonly flow: string;
  readonly owner: RefOwner;
  /** the number of the running node that adds them, if one does */
  readonly behind?: number;
  /** Called once it is known that the nodes can be sent; opens the flow if it is new. */
  readonly open: (groups: GroupBroker) => Promise<void>;
  readonly places: NodePlaces;
}

/** The ids and numbers of nodes. They are kept when sending fails, so that it can be repeated and adds each node once. */
export interface NodePlaces {
  ids?: readonly string[];
  /** the number of the first one */
  base?: number;
  /** how many nodes each command adds: Redis knows those of a part by the first of them */
  lengths?: readonly number[];
}

/** A task of a flow that was sent. */
export interface SentNode extends SentTask {
  readonly seconds: number | undefined;
}

/**
 * Sends the nodes of a flow, within the wrappers of all their senders. Resolves to them in their order.
 *
 * @param passed numbers of nodes whose results others take that are not among them
 * @throws NestworkError INVALID_FLOW, GROUP_ENDED, GROUP_UNKNOWN; as `delay()` of a task does
 */
export async function sendNodes(
  target: FlowTarget,
  nodes: readonly PlannedNode[],
  passed: readonly number[] = [],
): Promise<readonly SentNode[]> {
  const links = linksOf(target.owner, nodes);
  const bySender = new Map<GroupSender, number[]>();
  for (const [number, { sender }] of nodes.entries()) {
    const numbers = bySender.get(sender);
    if (numbers) numbers.push(number);
    else bySender.set(sender, [number]);
  }
  const calls = new Map<GroupSender, MemberCall>();
  let sent: readonly SentNode[] = [];
  const senders = [...bySender];
  const within = async (at: number): Promise<void> => {
    const next = senders[at];
    if (!next) {
      sent = await send(target, { nodes, links, calls, passed });
      return;
    }
    const [sender, numbers] = next;
    await memberIn(sender)(numbers.length, async (call) => {
      calls.set(sender, call);
      await within(at + 1);
      return numbers.map((number) => sent[number] as SentNode);
    });
  };
  await within(0);
  return sent;
}

function memberIn(sender: GroupSender): SendMembers {
  const member = memberOf(sender);
  if (!member) throw notASender('add() of a flow', sender);
  return member;
}

interface Plan {
  readonly nodes: readonly PlannedNode[];
  readonly links: readonly NodeLinks[];
  readonly calls: ReadonlyMap<GroupSender, MemberCall>;
  readonly passed: readonly number[];
}

async function send(target: FlowTarget, plan: Plan): Promise<readonly SentNode[]> {
  const { nodes, links, calls, passed } = plan;
  const callOf = (number: number): MemberCall => calls.get(nodes[number]?.sender as GroupSender) as MemberCall;
  const [first] = calls.values();
  if (!first) return [];
  const { groups } = first;
  const { places } = target;
  places.ids ??= first.takeIds(nodes.length);
  const { ids } = places;
  const waiting = waitingFor(links);
  const taken = new Set([...passed, ...links.flatMap(({ refs }) => refs.flatMap(({ of }) => of))]);
  const payloads = await Promise.all(nodes.map((_, number) => payloadOf(number, plan, callOf(number), taken)));
  const starts = nodes.map(
    (node, number) => callOf(number).start(links[number]?.args, `${titleOf(node, number)}, args`)?.tags,
  );
  await target.open(groups);
  places.base ??= await persistent(() => groups.reserve(target.flow, nodes.length));
  const { base } = places;
  const seconds = nodes.map((_, number) => secondsOf(callOf(number).seconds, taken.has(number)));
  const made = nodes.map((node, number): NewNode => {
    const { name, queue, options, enqueuedAt, pack } = callOf(number);
    const payload = pack(payloads[number] as string);
    const refs = travellingRefs(links[number]?.refs ?? [], node.failure, ids);
    const group = { group: target.flow, number: base + number };
    return {
      ...{ number: base + number, name, queue },
      message: encodeMessage({
        ...{ id: ids[number] as string, name, payload, enqueuedAt },
        options: refs ? { ...options, refs } : options,
        tags: callTags(undefined, { seconds: seconds[number], announced: true }, group, starts[number]),
      }),
      waits: links[number]?.waitsFor.length ?? 0,
      policy: node.failure === 'fail' ? 'fail' : 'end',
      waiting: (waiting[number] ?? []).map((other) => base + other),
      covered: isCovered(waiting[number] ?? [], nodes),
    };
  });
  // a running flow gets all of them at once: were the rest never to come, others would wait for it in vain
  places.lengths ??= target.behind === undefined ? lengthsOf(made) : [made.length];
  let from = 0;
  for (const length of places.lengths) {
    const part = made.slice(from, from + length);
    from += length;
    assertAdded(await add(groups, target, part, from === made.length), target.flow);
  }
  return ids.map((id, number) => ({ id, queue: callOf(number).queue, added: true, seconds: seconds[number] }));
}

/** How many nodes each command adds. */
function lengthsOf(nodes: readonly NewNode[]): number[] {
  const lengths: number[] = [];
  for (let from = 0; from < nodes.length; from += NODES_AT_ONCE) {
    const parts = bySize(nodes.slice(from, from + NODES_AT_ONCE), ({ message }) => message.length);
    for (const { length } of parts) lengths.push(length);
  }
  return lengths;
}

function add(
  groups: GroupBroker,
  { flow, behind }: FlowTarget,
  nodes: readonly NewNode[],
  starts: boolean,
): Promise<Added> {
  const input: NodesToAdd = { nodes, starts, ...(behind !== undefined && { behind }) };
  return persistent(() => groups.addNodes(flow, input));
}

function assertAdded(added: Added, flow: string): void {
  if (added === 'wide') throw addsTooWide();
  if (added !== 'added') throw added === 'ended' ? groupEnded('flow', flow) : groupUnknown('flow', flow);
}

/** Its arguments as they travel. Those that are results of others have no value yet that could be checked. */
async function payloadOf(number: number, { nodes, links }: Plan, call: MemberCall, taken: ReadonlySet<number>) {
  const node = nodes[number] as PlannedNode;
  const { args = [], refs = [] } = links[number] ?? {};
  const title = titleOf(node, number);
  if (taken.has(number) && call.seconds === undefined) {
    throw invalidFlow(
      title,
      'another task takes its result, and it keeps none',
      'Give it one: @Task({ result: "1h" }).',
    );
  }
  if (call.due) {
    throw invalidFlow(title, 'it has a `delay` or `eta`, and a flow has none', 'Send the flow later, or leave it out.');
  }
  return checkedPayload(refs.length > 0 ? { ...call, check: undefined } : call, args, `${title}, args`);
}

/** For each node the numbers of those that wait for it. */
function waitingFor(links: readonly NodeLinks[]): number[][] {
  const waiting = links.map((): number[] => []);
  for (const [number, { waitsFor }] of links.entries()) for (const other of waitsFor) waiting[other]?.push(number);
  return waiting;
}

function isCovered(waiting: readonly number[], nodes: readonly PlannedNode[]): boolean {
  return waiting.length > 0 && waiting.every((number) => nodes[number]?.failure !== 'fail');
}

function secondsOf(own: number | undefined, isTaken: boolean): number | undefined {
  return own !== undefined && isTaken ? Math.max(own, KEPT_SECONDS) : own;
}
