import type { GroupPort, GroupRecord, NodeRecord } from '../../broker/port/group-port.js';
import { groupTagOf } from '../../message/group-tag.js';
import type { PayloadCodec } from '../../payload/payload-codec.js';
import { type FlowNode, flowNode, type GroupReport, reportOfGroup } from './group-report.js';

/**
 * The batch or flow that a task is part of, and its place there.
 *
 * @example
 * const text = ({ kind, name, state, waitsFor }: GroupOfTask): string => `${kind} ${name} (${state}): waits for ${waitsFor}`;
 */
export interface GroupOfTask extends GroupReport {
  /** number of the task in its flow; undefined in a batch, which keeps no list */
  readonly number: number | undefined;
  /** for how many tasks of the flow it waits; 0 for a task that does not wait for others */
  readonly waitsFor: number;
  /** some of the tasks that it waits for, five at most, those with the nearest numbers first; none for a task that does not wait */
  readonly unfinished: readonly FlowNode[];
}

/** Tasks to name. */
const MOST_NAMED = 5;
/** Nodes that are read at a time. */
const STEP = 250;
/** Nodes before that of a task, and behind it, among which those are searched that it waits for. */
const MOST_LOOKED = 2_000;

/**
 * The batch or flow of a task; undefined for a task that is in none, and where Redis has it no more.
 *
 * @param message of the task
 * @param payloads opens the error of a culprit
 * @param waits whether the task waits for others
 */
export async function groupOfTask(
  groups: GroupPort,
  message: string | undefined,
  waits: boolean,
  payloads: PayloadCodec,
): Promise<GroupOfTask | undefined> {
  const member = message === undefined ? undefined : groupTagOf(message);
  if (!member) return undefined;
  const [[record], [times]] = await Promise.all([groups.read([member.group]), groups.times([member.group])]);
  if (!record) return undefined;
  const report = reportOfGroup(record, times ?? { filling: false, endedAt: undefined }, payloads);
  const number = record.kind === 'flow' ? member.number : undefined;
  if (number === undefined || !waits) return { ...report, number, waitsFor: 0, unfinished: [] };
  return { ...report, number, ...(await obstaclesOf(groups, record, number)) };
}

async function obstaclesOf(
  groups: GroupPort,
  { id }: GroupRecord,
  number: number,
): Promise<Pick<GroupOfTask, 'waitsFor' | 'unfinished'>> {
  const [own] = (await groups.nodes(id, number, 1)).nodes;
  const waitsFor = own?.state === 'waiting' ? own.waits : 0;
  const found: NodeRecord[] = [];
  const enough = (): boolean => found.length >= Math.min(waitsFor, MOST_NAMED);
  const look = async (from: number, count: number): Promise<number | undefined> => {
    const { nodes, next } = await groups.nodes(id, from, count);
    found.push(...nodes.filter((node) => node.waiting.includes(number) && holdsUp(node)));
    return next;
  };
  for (let end = number; end > Math.max(0, number - MOST_LOOKED) && !enough(); end -= STEP) {
    const from = Math.max(0, end - STEP);
    await look(from, end - from);
  }
  // a running task may have added some
  let next: number | undefined = number + 1;
  while (next !== undefined && next <= number + MOST_LOOKED && !enough()) next = await look(next, STEP);
  const nearest = found.sort((a, b) => Math.abs(a.number - number) - Math.abs(b.number - number));
  return { waitsFor, unfinished: nearest.slice(0, MOST_NAMED).map((node) => flowNode(node, undefined)) };
}

function holdsUp({ state }: NodeRecord): boolean {
  return state === 'waiting' || state === 'ready' || state === 'failing' || state === 'dead';
}
