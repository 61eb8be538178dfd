import type { TaskDetails } from '../../../inspector/tasks/task-details.js';
import { LIVING, type TaskExplanation } from '../../../inspector/tasks/task-explanation.js';
import { count } from '../../../values/counted.js';
import { callAsCode } from '../../arguments/argument-code.js';
import { editableText } from '../../arguments/editable-text.js';
import { type Bounds, LONG, SHORT, shownArguments, shownValue } from '../../arguments/shown-arguments.js';
import { Refused } from '../../http/refused.js';
import type { Call, Subject } from '../../http/route.js';
import { seesSealed, withoutKeys } from '../../http/sealed.js';
import { roughBytes } from '../../live/rough-bytes.js';
import { limitsOf } from './limits-of-task.js';
import { optionsOf } from './options.js';
import { timelineOf } from './timeline.js';
import type { ArgumentsView, EditableView, TaskView } from './wire.js';

/** Bytes of what is no message. */
const SHOWN_BYTES = 2_048;
const NONE = 'Redis has no arguments of it.';
/** A text of that length cannot be edited by hand. */
const MOST_TEXT = 1_000_000;

/** The task of an address or a body, a moment old at most. @throws Refused NestworkError */
export async function taskOf({ inspector, live }: Call, id: unknown): Promise<TaskExplanation & { task: TaskDetails }> {
  const text = typeof id === 'string' ? id : '';
  const found = await live.shared.read(['task', text], () => inspector.tasks.explain(text), undefined, bytesOf);
  const { task } = found;
  if (task) return { ...found, task };
  throw new Refused(404, 'UNKNOWN_TASK_ID', `Redis has no task ${text}.`, [
    'It is done or was purged, or was never sent to this namespace.',
    'A done task leaves no trace unless it keeps a result, or its name has `keepDone`.',
  ]);
}

/** The message, which a task hides, is most of it. */
function bytesOf({ task, ...rest }: TaskExplanation): number {
  return roughBytes(rest) + roughBytes(task) + (task?.bytes ?? 0);
}

export function subjectOf({ id, queue, task }: Pick<TaskDetails, 'id' | 'queue' | 'task'>): Subject {
  return { id, queue, task };
}

export async function readTask(given: Call): Promise<TaskView> {
  const id = given.query.get('id');
  const first = await taskOf(given, id);
  const isSeen = !first.task.sealed || (await seesSealed(given, subjectOf(first.task)));
  const call = isSeen ? given : withoutKeys(given);
  const { task, code, pause, ...found } = isSeen ? first : await taskOf(call, id);
  const at = new Date();
  const events = timelineOf(task, at);
  const args = await argumentsOf(call, task);
  const options = optionsOf(task);
  const result = await resultOf(call, task);
  const { limits, sentences } = limitsOf(call, { task, ...found }, args);
  const off = offOf(task, args);
  const view = { task, code, sentences, limits, pause, at, events, options, arguments: args, result, off };
  // dates become text on the way
  return view as unknown as TaskView;
}

/** Why the arguments cannot be taken. */
const WHY_NOT: Readonly<Record<ArgumentsView['is'], string | undefined>> = {
  shown: undefined,
  denied: 'The right "arguments" is missing.',
  sealed: 'They are sealed, and this app does not have the key.',
  gone: NONE,
  hidden: NONE,
  bytes: NONE,
};

function offOf({ state }: TaskDetails, { is }: ArgumentsView): TaskView['off'] {
  return {
    time: state === 'scheduled' ? undefined : `It is ${state}: only a scheduled task has a time to change.`,
    cancel: LIVING.includes(state) ? undefined : `It is ${state}: there is nothing to cancel.`,
    arguments: WHY_NOT[is],
  };
}

async function argumentsOf(call: Call, task: TaskDetails): Promise<ArgumentsView> {
  if (!(await call.rights.may('arguments', subjectOf(task)))) return { is: 'denied' };
  const { args } = task;
  if (args) return { is: 'shown', ...shownArguments(args, hiderOf(call, task), boundsOf(call)) };
  const { raw: bytes } = task;
  if (!bytes?.length) return { is: 'gone' };
  if (task.sealed) return { is: 'sealed' };
  if (call.redaction.hasRules) return { is: 'hidden' };
  return {
    is: 'bytes',
    hex: bytes.subarray(0, SHOWN_BYTES).toString('hex'),
    more: Math.max(bytes.length - SHOWN_BYTES, 0),
  };
}

/** What a task returns may be as secret as its arguments. */
async function resultOf(call: Call, { result, ...task }: TaskDetails): Promise<ArgumentsView | undefined> {
  if (result?.kind !== 'done') return undefined;
  if (!(await call.rights.may('arguments', subjectOf(task)))) return { is: 'denied' };
  if (result.isClosed) return { is: 'sealed' };
  return { is: 'shown', ...shownValue(result.value, hiderOf(call, task).inside('result'), boundsOf(call)) };
}

function boundsOf({ query }: Call): Bounds {
  return query.get('long') === '1' ? LONG : SHORT;
}

/** With placeholders for hidden values. */
export async function readEditableText(call: Call): Promise<EditableView> {
  const { task, args } = await seen(call);
  const { text, hidden } = editableText(args, hiderOf(call, task));
  if (text.length <= MOST_TEXT) return { text, remark: remarkOn(hidden.length) };
  throw new Refused(413, 'TOO_LARGE', 'The arguments are too large to be edited here.');
}

function remarkOn(hidden: number): string | undefined {
  if (hidden === 0) return undefined;
  return hidden === 1
    ? '1 hidden value stays as $redacted where it is, or gets a new value.'
    : `${count(hidden)} hidden values stay as $redacted where they are, or get new values.`;
}

/** The call as a line of a program. */
export async function readCode(call: Call): Promise<{ readonly code: string }> {
  const { task, args } = await seen(call);
  const code = callAsCode(task.task ?? '', args, hiderOf(call, task));
  if (code !== undefined) return { code };
  throw new Refused(413, 'TOO_LARGE', 'The arguments are too large for a line of code.');
}

async function seen(call: Call): Promise<{ readonly task: TaskDetails; readonly args: readonly unknown[] }> {
  const { task } = await taskOf(call, call.query.get('id'));
  if (!(await call.rights.may('arguments', subjectOf(task)))) throw Refused.right('arguments', call.by);
  const { args } = task;
  if (args) return { task, args };
  throw new Refused(409, 'NO_ARGUMENTS', 'Redis has no arguments of this task that can be read.');
}

function hiderOf(call: Call, { task = '', queue = '' }: Pick<TaskDetails, 'task' | 'queue'>) {
  return call.redaction.of({ task, queue });
}
