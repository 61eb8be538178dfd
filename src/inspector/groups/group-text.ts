import type { Culprit } from '../../broker/port/group-port.js';
import { count, counted } from '../../values/counted.js';
import { printable } from '../../values/printable.js';
import type { GroupOfTask } from './group-of-task.js';
import type { FlowNode, GroupReport } from './group-report.js';

/** The commands about each kind. */
export const ROOMS = { batch: 'batches', flow: 'flows' } as const;

/** `batch mailing (dp2k3v9x0q2m00000001)`. */
export function groupTitle({ kind, name, id }: Pick<GroupReport, 'kind' | 'name' | 'id'>): string {
  return `${kind} ${name === '' ? '' : `${printable(name)} `}(${id})`;
}

/** `open, 5 of 10 done`. */
export function groupStanding({ state, done, total }: GroupReport): string {
  return `${state}, ${count(done)} of ${count(total)} done`;
}

/** `Some.task dp2k3v9x0q2m00000001 is dead with TASK_FAILED: Error: no`, on one line. */
export function culpritText({ task, id, how, code, error = '' }: Culprit): string {
  const why = [code, printable(error.split('\n')[0] ?? '')].filter(Boolean).join(': ');
  const verb = how === 'dead' ? 'is dead' : `was ${how}`;
  return `${printable(task)} ${id} ${verb}${why && ` with ${why}`}`;
}

/** What a task waits for: `3 tasks, among them Some.task (number 7, sent)`. */
export function obstaclesText({ waitsFor, unfinished }: Pick<GroupOfTask, 'waitsFor' | 'unfinished'>): string {
  const tasks = counted(waitsFor, 'task');
  if (unfinished.length === 0) return tasks;
  const among = unfinished.length < waitsFor ? ', among them' : ':';
  return `${tasks}${among} ${unfinished.map(nodeText).join(', ')}`;
}

function nodeText({ task, number, state }: FlowNode): string {
  return `${printable(task)} (number ${number}, ${state})`;
}

/** Lines about the batch or flow of a task, for `show`. */
export function groupLines(group: (GroupReport & Partial<GroupOfTask>) | undefined): string[] {
  if (!group) return [];
  const { kind, id, name, number, culprit, waitsFor = 0, unfinished = [] } = group;
  const place = number === undefined ? '' : `, number ${number}`;
  const title = [printable(name), id].filter(Boolean).join('  ');
  return [
    `${kind.padEnd(9)} ${title}${place}: ${groupStanding(group)}`,
    ...(waitsFor > 0 ? [`waits     for ${obstaclesText({ waitsFor, unfinished })}`] : []),
    ...(culprit ? [`culprit   ${culpritText(culprit)}`] : []),
  ];
}

/** Whether no task of it starts any more. */
export function isStopped({ state }: Pick<GroupReport, 'state'>): boolean {
  return state === 'cancelled' || state === 'expired';
}

/** `Its batch was cancelled` */
export function stoppedText({ kind, state }: GroupReport): string {
  return `Its ${kind} ${state === 'expired' ? 'has expired' : 'was cancelled'}`;
}
