import { ago, bar, instant } from '../../terminal/figures.js';
import { count } from '../../values/counted.js';
import { printable } from '../../values/printable.js';
import { type FlowLevel, flowLevels } from './flow-levels.js';
import { levelText } from './flow-text.js';
import type { GroupInspector } from './group-inspector.js';
import type { FlowNode, GroupReport } from './group-report.js';
import { culpritText } from './group-text.js';

const BAR_WIDTH = 24;
/** Nodes that are read for the tree of a flow. */
const MOST_READ = 200_000;
const PAGE = 1_000;
/** Lines of a tree. */
const MOST_LINES = 100;

/** The levels of a flow, of its first nodes if it has very many. */
export async function readLevels(groups: GroupInspector, id: string): Promise<FlowLevel[]> {
  const nodes: FlowNode[] = [];
  for (let cursor: string | undefined, more = true; more && nodes.length < MOST_READ; more = cursor !== undefined) {
    const page = await groups.nodes(id, { limit: PAGE, ...(cursor !== undefined && { cursor }) });
    nodes.push(...page.nodes);
    cursor = page.cursor;
  }
  return flowLevels(nodes);
}

/** A batch or flow for a person: its culprit first, then how far it is. */
export function describedGroup(group: GroupReport): string {
  const { id, name, state, total, done, failed, dropped, cancelled, waiting, culprit } = group;
  const title = [id, printable(name)].filter(Boolean).join('  ');
  const lines = [`${title}  ${state}${group.filling ? ', its sender still adds tasks' : ''}`];
  if (culprit) lines.push(`culprit   ${culpritText(culprit)}`);
  const part = total === 0 ? Number(group.ended) : (total - waiting) / total;
  // what has not ended is not whole
  const filled = Math.floor(part * BAR_WIDTH) / BAR_WIDTH;
  const percent = Math.floor(part * 100);
  lines.push(`progress  ${bar(filled, BAR_WIDTH)} ${percent} %: ${progressOf(group)} tasks have ended`);
  const counts = Object.entries({ done, failed, dropped, cancelled, waiting }).filter(([, number]) => number > 0);
  if (counts.length > 0)
    lines.push(`tasks     ${counts.map(([word, number]) => `${count(number)} ${word}`).join(', ')}`);
  const deadline = group.ended && state !== 'expired' ? undefined : group.deadlineAt;
  const times = { opened: group.openedAt, deadline, ended: group.endedAt };
  for (const [label, time] of Object.entries(times)) if (time) lines.push(`${label.padEnd(9)} ${instantOf(time)}`);
  return lines.join('\n');
}

/** `5,212 of 10,000`: the tasks that have ended. */
export function progressOf({ total, waiting }: GroupReport): string {
  return `${count(total - waiting)} of ${count(total)}`;
}

/** The tree of a flow. */
export function describedLevels(levels: readonly FlowLevel[]): string {
  const lines = levels.slice(0, MOST_LINES).map(levelText);
  const rest = levels.length - lines.length;
  return [...lines, ...(rest > 0 ? [`${count(rest)} more lines: --all`] : [])].join('\n');
}

function instantOf(time: Date): string {
  const away = time.getTime() - Date.now();
  return `${instant(time)} (${away > 0 ? `in ${ago(away)}` : `${ago(-away)} ago`})`;
}
