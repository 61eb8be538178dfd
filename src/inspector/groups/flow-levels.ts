import type { FlowNode, FlowNodeState } from './group-report.js';
import { followersOf, levelsOf } from './levels.js';

/** Tasks of a flow that are alike: of one name, and as far from the beginning. */
export interface FlowLevel {
  /** how many tasks in a row come before it, at the most; 0 for those that wait for nothing */
  readonly level: number;
  readonly task: string;
  readonly count: number;
  /** how many are in each state; states without any are left out */
  readonly states: Readonly<Partial<Record<FlowNodeState, number>>>;
  /** the one with the lowest number */
  readonly first: FlowNode;
  /** the first one that has failed, one with an error before others */
  readonly failed: FlowNode | undefined;
}

/** States in which a task has failed. */
const FAILED: readonly FlowNodeState[] = ['dead', 'deleted', 'dropped', 'cancelled', 'failing'];

/** The tasks of a flow from the beginning on, those that are alike as one. @param nodes by their numbers */
export function flowLevels(nodes: readonly FlowNode[]): FlowLevel[] {
  const levels = levelsOf(followersOf(nodes));
  const found = new Map<string, { level: number; nodes: FlowNode[] }>();
  for (const [at, node] of nodes.entries()) {
    const level = levels[at] ?? 0;
    const key = `${level} ${node.task}`;
    const alike = found.get(key);
    if (alike) alike.nodes.push(node);
    else found.set(key, { level, nodes: [node] });
  }
  return [...found.values()]
    .map(({ level, nodes: alike }) => described(level, alike))
    .sort((a, b) => a.level - b.level || a.first.number - b.first.number);
}

function described(level: number, nodes: readonly FlowNode[]): FlowLevel {
  const [first] = nodes as readonly [FlowNode];
  const states: Partial<Record<FlowNodeState, number>> = {};
  for (const { state } of nodes) states[state] = (states[state] ?? 0) + 1;
  const failed = nodes.find(({ code }) => code !== undefined) ?? nodes.find(({ state }) => FAILED.includes(state));
  return { level, task: first.task, count: nodes.length, states, first, failed };
}
