import { NestworkError } from '../errors.js';
import { EXIT, type ExitCode } from '../terminal/exit-code.js';
import { progressBar } from '../terminal/progress-bar.js';
import { usageError } from '../terminal/usage.js';
import { count } from '../values/counted.js';
import type { Duration } from '../values/duration.js';
import { BULK_BATCH, type DeadBulkOptions, type DeadProgress } from './dead-bulk.js';
import type { DeadFilter } from './dead-filter.js';
import type { DeadLetters } from './dead-letters.js';
import type { InspectorContext } from './inspector-context.js';

/** The numbers of tasks, and where to go on. */
type DeadResult = { readonly cursor: string | undefined } & {
  readonly [count in 'redriven' | 'refused' | 'deleted']?: number;
};

/** An action on dead tasks: on one, or on all that match. */
export interface DeadAction {
  /** `Redrive`, for a question */
  readonly verb: string;
  /** `Redriven`, for the result; in lower case a field of it */
  readonly done: string;
  /** whether the task was there */
  readonly one: (dead: DeadLetters, id: string, by: string, args?: readonly unknown[]) => Promise<boolean>;
  readonly all: (dead: DeadLetters, filter: DeadFilter, options: DeadBulkOptions) => Promise<DeadResult>;
}

/** Which tasks were asked for, and how. */
export interface DeadRequest {
  readonly id: string | undefined;
  /** of a redrive of one task: its arguments, if it gets others */
  readonly args: readonly unknown[] | undefined;
  readonly filter: DeadFilter;
  /** whether no filter means all */
  readonly everything: boolean | undefined;
  readonly yes: boolean | undefined;
  readonly dryRun: boolean | undefined;
  /** where an action before was stopped */
  readonly cursor: string | undefined;
  readonly within: Duration | undefined;
  readonly limit: number | undefined;
  /** shows some of the tasks that match, for a dry run */
  readonly preview: (dead: DeadLetters, filter: DeadFilter) => Promise<void>;
}

/** Carries out `dead redrive` and `dead delete`. */
export async function actOnDead(
  context: InspectorContext,
  request: DeadRequest,
  action: DeadAction,
): Promise<ExitCode | undefined> {
  const { id, filter, everything, cursor, within, limit } = request;
  const isFiltered = Object.keys(filter).length > 0;
  const isOfMany = isFiltered || everything || [cursor, within, limit].some((option) => option !== undefined);
  if (request.args !== undefined && id === undefined) {
    throw usageError('--args is for one task.', 'Give its id: nestwork dead redrive <id> --args <json>.');
  }
  if (id !== undefined) {
    if (id === '') throw usageError('The id is empty.', 'Give the id of a dead task: nestwork dead ls.');
    if (isOfMany) throw usageError('An id is given, and an option for many tasks.', 'Give one of them.');
    return actOnOne(context, { ...request, id }, action);
  }
  // an id that comes out of an empty variable must not mean all
  if (!isFiltered && !everything) {
    throw usageError('Neither an id nor a filter is given.', [
      'Give an id, or a filter such as --task, --code or --since.',
      'Add --all if all dead tasks are meant.',
    ]);
  }
  return actOnAll(context, request, action);
}

async function actOnOne(
  { inspector, confirm, out, by }: InspectorContext,
  { id, args, yes, dryRun }: DeadRequest & { readonly id: string },
  { verb, done, one }: DeadAction,
): Promise<undefined> {
  const { dead } = await inspector();
  const task = await dead.get(id);
  if (!task) throw notDead(id);
  const edited = args === undefined ? '' : ' with other arguments';
  if (!(await confirm(`${verb} the dead task ${id} of queue ${task.queue}${edited}`, { yes, dryRun }))) return;
  if (!(await one(dead, id, by, args))) throw notDead(id);
  out.record({ id, [done.toLowerCase()]: 1 }, () => `${done} ${id}.`);
}

async function actOnAll(
  { inspector, confirm, out, by, takeSignals }: InspectorContext,
  { filter: given, cursor: from, within, limit, yes, dryRun, preview }: DeadRequest,
  { verb, done, all }: DeadAction,
): Promise<ExitCode | undefined> {
  const { dead } = await inspector();
  const filter = await dead.fixed(given);
  const total = await dead.count(filter, from);
  if (dryRun && total > 0) await preview(dead, filter);
  const queues = filter.queues ? `of ${filter.queues.join(', ')}` : 'of all queues';
  const most = limit !== undefined && limit < total ? `${count(limit)} of ` : '';
  const sentence = `${verb} ${most}${count(total)} dead ${total === 1 ? 'task' : 'tasks'} ${queues}`;
  // there is nothing to ask about
  const isSure = yes || (total === 0 && !dryRun);
  if (!(await confirm(sentence, { yes: isSure, dryRun }))) return undefined;
  const signal = takeSignals();
  const bar = progressBar(out, done);
  let cursor = from;
  const onProgress = (progress: DeadProgress): void => {
    cursor = progress.cursor ?? cursor;
    bar.show(progress);
  };
  const limits = {
    ...(within !== undefined && { within }),
    ...(limit !== undefined && { limit }),
    ...(from !== undefined && { cursor: from }),
  };
  try {
    const result = await all(dead, filter, { by, signal, total, onProgress, ...limits });
    bar.end();
    const isWhole = result.cursor === undefined || bar.done === limit;
    out.record(result, () => summary(done, result, isWhole));
    return isWhole ? undefined : EXIT.failed;
  } catch (error) {
    bar.end();
    if (!signal.aborted && bar.done === 0) throw error;
    const handled = { handled: bar.done, total: Math.min(total, limit ?? total), stopped: true, cursor };
    const goOn = cursor === undefined ? '' : ` Go on with --cursor ${cursor}`;
    // without an answer to the last batch, Redis may have carried it out
    const rest = signal.aborted ? 'The rest is as it was.' : `Up to ${BULK_BATCH} more may be: run it again.`;
    out.record(handled, () => `${done} ${count(bar.done)} of ${count(handled.total)}, then stopped. ${rest}${goOn}`);
    if (!signal.aborted) throw error;
    return EXIT.failed;
  }
}

/** @param isWhole whether that was all that was asked for */
function summary(done: string, { refused = 0, redriven, deleted, cursor }: DeadResult, isWhole: boolean): string {
  const why = isWhole ? 'There are more.' : 'The time is over; the rest is as it was.';
  const lines = [
    `${done} ${count(redriven ?? deleted ?? 0)}.`,
    ...(refused === 0 ? [] : [`${count(refused)} cannot run again and stay dead: they are no messages.`]),
    ...(cursor === undefined ? [] : [`${why} Go on with --cursor ${cursor}`]),
  ];
  return lines.join(' ');
}

export function notDead(id: string): NestworkError {
  return new NestworkError('UNKNOWN_TASK_ID', `No task ${id} is dead.`, [
    'It may have been redriven or deleted, or be in another namespace: --namespace.',
  ]);
}
