import { TASK_STATES } from '../../task/task-states.js';
import { clipped } from '../../terminal/table.js';
import { count } from '../../values/counted.js';
import { printable } from '../../values/printable.js';
import type { FlowLevel } from './flow-levels.js';
import type { FlowNode, FlowNodeState } from './group-report.js';

/** Deeper levels are indented no further. */
const MOST_INDENTED = 12;
const MOST_OF_AN_ERROR = 100;

/** The shapes of states, that of which people want to know first coming first. */
const SHAPES: Readonly<Record<FlowNodeState, string>> = {
  dead: TASK_STATES.dead.shape,
  failing: TASK_STATES.dead.shape,
  deleted: TASK_STATES.dead.shape,
  cancelled: TASK_STATES.cancelled.shape,
  dropped: TASK_STATES.dropped.shape,
  sent: TASK_STATES.active.shape,
  waiting: TASK_STATES.waiting.shape,
  done: TASK_STATES.done.shape,
};
const ORDER = Object.keys(SHAPES) as FlowNodeState[];
/** In which they are counted. */
const WORDS: readonly FlowNodeState[] = ['done', ...ORDER.filter((state) => state !== 'done')];

/** A line of the tree of a flow: `✗ extract x 10,000: 9,998 done, 1 dead, 1 waiting`. */
export function levelText({ level, task, count: size, states, first, failed }: FlowLevel): string {
  const worst = ORDER.find((state) => states[state]) ?? 'done';
  const [name, indent] = [printable(task), '  '.repeat(Math.min(level, MOST_INDENTED))];
  const what = size === 1 ? oneText(name, first) : `${name} x ${count(size)}: ${statesText(states)}`;
  const why = failed?.code === undefined ? '' : `  ${failed.id} ${failureText(failed)}`;
  return `${indent}${SHAPES[worst]} ${what}${size === 1 && why ? `  ${failureText(first)}` : why}`;
}

function oneText(name: string, { id, state, waitsFor }: FlowNode): string {
  return `${name}  ${id}  ${state}${waitsFor > 0 ? ` for ${count(waitsFor)}` : ''}`;
}

function statesText(states: FlowLevel['states']): string {
  return WORDS.flatMap((state) => (states[state] ? [`${count(states[state])} ${state}`] : [])).join(', ');
}

/** `TASK_FAILED: Error: no`; undefined for a task of which no error is known. */
export function failureText({ code, error = '' }: FlowNode): string | undefined {
  return code && clipped(`${code}: ${printable(error)}`, MOST_OF_AN_ERROR);
}
