import type { QueueState } from '../../broker/port/broker.js';
import type { LineState } from '../../broker/port/limit-port.js';
import type { ChildOfWorker } from '../../broker/port/task-port.js';
import { behindRetry } from '../../policy/task-errors.js';
import { instant } from '../../terminal/figures.js';
import { count } from '../../values/counted.js';
import { printable } from '../../values/printable.js';
import { timeLength } from '../../values/time-length.js';
import { culpritText, groupStanding, groupTitle, isStopped, obstaclesText, stoppedText } from '../groups/group-text.js';
import { progressText } from '../notes-text.js';
import { describePause, type QueuePause } from '../queues/queue-pauses.js';
import type { LimitHolders } from './limit-holders.js';
import { placeText, shutTexts, type TaskLine, taskLine } from './line-text.js';
import { keptSentence, outcomeText, whyText } from './outcome-text.js';
import type { TaskDetails } from './task-details.js';

/**
 * Why a task waits, or its end, by a stable code:
 *
 * - `'paused'`: its queue is paused
 * - `'no-worker'`: no worker serves its queue
 * - `'held-back'`: a limit keeps it from starting
 * - `'in-line'`: others of its queue come before it
 * - `'next'`: it is the next of its queue, and the children are busy with others
 * - `'waiting'`: it waits for other tasks of its flow, and is in no queue
 * - `'stopped'`: its batch or flow was cancelled, or has expired: it will not start
 * - `'scheduled'`: it is not due yet
 * - `'overdue'`: it is due, and no worker has moved it to its queue yet
 * - `'quarantined'`: a process died while it ran; it waits for a child that holds nothing else
 * - `'active'`: a child holds it
 * - `'cancelling'`: it was cancelled, and a child still holds it
 * - `'cancelled'`, `'expired'`, `'dead'`: it has ended so
 * - `'done'`, `'dropped'`: it has ended so. Redis has that for an hour if it noted something, as long as its result is kept, and
 *   longer of a done one whose name has `keepDone`
 * - `'unknown'`: it is done, was purged or was cancelled with its batch or flow, or there never was one with this id
 *
 * @example
 * const code: ExplanationCode = 'no-worker';
 * if ((await inspector.tasks.explain(id)).code === code) console.log('Start a worker.');
 */
export type ExplanationCode =
  | 'paused'
  | 'no-worker'
  | 'held-back'
  | 'in-line'
  | 'next'
  | 'waiting'
  | 'stopped'
  | 'scheduled'
  | 'overdue'
  | 'quarantined'
  | 'active'
  | 'cancelling'
  | 'cancelled'
  | 'expired'
  | 'dead'
  | 'done'
  | 'dropped'
  | 'unknown';

/**
 * The answer of `TaskInspector.explain`.
 *
 * @example
 * const { code, sentences }: TaskExplanation = await inspector.tasks.explain(id);
 * console.log(code, sentences.join(' '));
 */
export interface TaskExplanation {
  /** the id that was asked for */
  readonly id: string;
  /** the first reason */
  readonly code: ExplanationCode;
  /** the reasons for people, the first one first */
  readonly sentences: readonly string[];
  /** the task; undefined for `'unknown'` */
  readonly task: TaskDetails | undefined;
  /** the pause of its queue, for a task that waits there */
  readonly pause: QueuePause | undefined;
  /** for a pending task with a limit, a tenant or a priority, and for one of a queue with a limit */
  readonly line: TaskLine | undefined;
  /** where the child runs that holds the task or drains for it, if one does */
  readonly worker:
    | {
        /** the child, as its worker named it */
        readonly child: string;
        /** its machine */
        readonly host: string;
        /** the process of its supervisor */
        readonly pid: number;
      }
    | undefined;
}

/** The facts of an explanation. Times are in ms since 1970, by the clock of Redis. */
export interface TaskFacts {
  readonly task: TaskDetails;
  readonly now: number;
  /** of its queue, while it waits */
  readonly queue: QueueState | undefined;
  /** whether each worker that serves the queue is quiet or stops */
  readonly isQuiet: boolean;
  readonly load: QueueLoad;
  readonly worker: ChildOfWorker | undefined;
  /** whether it waits in a line, and not in the list of its queue */
  readonly inLine: boolean;
  /** of a pending task */
  readonly line: LineState | undefined;
  /** of the full limits of its line, by limit key */
  readonly holders: ReadonlyMap<string, LimitHolders>;
  /** whether a worker has ever announced a task of this name */
  readonly isKnown: boolean;
}

/** What the children do that may claim from a queue, as far as their workers have published. */
export interface QueueLoad {
  readonly children: number;
  /** those that run a task */
  readonly busy: number;
  /** the tasks that they run */
  readonly running: number;
}

type Reason = readonly [code: ExplanationCode, sentence: string];

export function unknownTask(id: string): TaskExplanation {
  const sentence =
    'Redis has no task with this id: it is done, was purged, was cancelled with its batch or flow, or was never sent to this namespace. A done task leaves no trace unless it keeps a result, or its name has keepDone.';
  return {
    id,
    code: 'unknown',
    sentences: [sentence],
    task: undefined,
    pause: undefined,
    line: undefined,
    worker: undefined,
  };
}

/** Says why a task waits, or how it ended. */
export function explanationOf(facts: TaskFacts): TaskExplanation {
  const { task, queue, worker } = facts;
  const reasons = reasonsOf(facts);
  const sentences = [...reasons.map(([, sentence]) => sentence), ...remarksOn(facts)];
  const pause = queue?.paused && { queue: queue.queue, ...describePause(queue.paused) };
  const place = worker && { child: worker.child, host: worker.host, pid: worker.pid };
  const hasLine = facts.inLine || (facts.line?.limits.length ?? 0) > 0;
  const line = facts.line && hasLine ? taskLine(facts.line, task.ahead) : undefined;
  return { id: task.id, code: reasons[0]?.[0] ?? 'unknown', sentences, task, pause, line, worker: place };
}

function reasonsOf(facts: TaskFacts): readonly Reason[] {
  switch (facts.task.state) {
    case 'waiting':
      return [...stopped(facts), waiting(facts)];
    case 'pending':
      return [...stopped(facts), ...pending(facts)];
    case 'quarantined':
      return [...stopped(facts), ...obstaclesOf(facts), quarantined(facts)];
    case 'scheduled':
      return [...stopped(facts), ...scheduled(facts)];
    case 'active':
      return [active(facts)];
    case 'dead':
      return [dead(facts)];
    case 'cancelled':
      return [cancelled(facts)];
    case 'done':
      return [['done', `It was done${endOf(facts)}${lostValue(facts)}`]];
    case 'dropped':
      return [['dropped', `It was dropped${endOf(facts)}: its error needs no other attempt.${errorOf(facts)}`]];
    case 'unknown':
      return [['unknown', gone(facts)]];
  }
}

function gone({ task: { result } }: TaskFacts): string {
  if (!result) return 'It has ended or was purged: Redis has only its notes.';
  return `It was dead, and was deleted since. It ${outcomeText(result)}`;
}

function endOf({ task: { endedAt } }: TaskFacts): string {
  return endedAt ? ` at ${instant(endedAt)}` : '';
}

function lostValue({ task: { result } }: TaskFacts): string {
  return result?.kind === 'unkept' ? `, and what it returned is lost: ${whyText(result)}` : '.';
}

function errorOf({ task: { result } }: TaskFacts): string {
  const why = result?.kind === 'dropped' && whyText(result);
  return why ? ` It threw ${why}` : '';
}

function stopped({ task: { partOf } }: TaskFacts): readonly Reason[] {
  if (!partOf || !isStopped(partOf)) return [];
  return [['stopped', `${stoppedText(partOf)}, so it will not start.`]];
}

function waiting({ task: { partOf } }: TaskFacts): Reason {
  if (!partOf) return ['waiting', 'It waits for other tasks of its flow, and is in no queue yet.'];
  const flow = `the ${groupTitle(partOf)}`;
  if (partOf.filling) return ['waiting', `Its sender still adds tasks to ${flow}, which starts with the last one.`];
  // one that was sent in the meantime waits for nothing
  if (partOf.waitsFor === 0) return ['waiting', `It waits in ${flow} for a worker that moves it to its queue.`];
  return ['waiting', `It waits in ${flow} for ${obstaclesText(partOf)}.`];
}

/** What its batch or flow means for it, and it for that. */
function groupRemarks({ state, partOf }: TaskDetails): readonly string[] {
  if (!partOf) return [];
  const { kind, culprit, ended, id } = partOf;
  const remarks = state === 'waiting' ? [] : [`It is part of the ${groupTitle(partOf)}: ${groupStanding(partOf)}.`];
  if (state === 'dead' && !ended && !isStopped(partOf))
    remarks.push(`The ${kind} waits for it: redrive it, and the ${kind} goes on.`);
  if (state === 'waiting' && culprit && partOf.state === 'failed') {
    const remedy = culprit.how === 'dead' ? ` Redrive that, and the flow goes on.` : '';
    remarks.push(`The flow has failed: ${culpritText(culprit)}.${remedy} See all of it: nestwork flows show ${id}.`);
  }
  return remarks;
}

/** The reasons that hold every task of the queue. */
function obstaclesOf({ queue, now, isQuiet }: TaskFacts): readonly Reason[] {
  const reasons: Reason[] = [];
  const { paused } = queue ?? {};
  if (queue && paused) {
    const end = paused.until === undefined ? 'until it is resumed' : `for another ${timeLength(paused.until - now)}`;
    const reason = paused.reason === undefined ? '' : `: ${printable(paused.reason)}`;
    reasons.push(['paused', `The queue ${queue.queue} is paused by ${printable(paused.by)}, ${end}${reason}.`]);
  }
  if (queue && !queue.served) reasons.push(['no-worker', `No worker serves the queue ${queue.queue} now: start one.`]);
  else if (queue && isQuiet) {
    const sentence = `Every worker that serves the queue ${queue.queue} is quiet or stopping: start one.`;
    reasons.push(['no-worker', sentence]);
  }
  return reasons;
}

function pending(facts: TaskFacts): readonly Reason[] {
  const obstacles = [...obstaclesOf(facts), ...shutLimits(facts)];
  const [code, place] = placeOf(facts);
  // behind a pause or a limit, or without a worker, it does not wait for children
  const load = obstacles.length > 0 ? '' : loadText(facts.load);
  return [...obstacles, [code, `${place}${load}`]];
}

function loadText({ children, busy, running }: QueueLoad): string {
  if (busy === 0) return '';
  const tasks = running === 1 ? '1 task' : `${count(running)} tasks`;
  if (busy === children)
    return busy === 1
      ? ` The only child that serves it is busy with ${tasks}.`
      : ` All children that serve it are busy (${count(busy)} of ${count(children)}), with ${tasks}.`;
  return ` ${count(busy)} of the ${count(children)} children that serve it ${busy === 1 ? 'is' : 'are'} busy, with ${tasks}.`;
}

function shutLimits({ line, holders, now }: TaskFacts): readonly Reason[] {
  return line ? shutTexts(line, holders, now).map((text): Reason => ['held-back', text]) : [];
}

function placeOf({ task, queue, inLine, line }: TaskFacts): Reason {
  const { ahead = 0 } = task;
  if (inLine && line) {
    const code = ahead + line.linesAhead > 0 ? 'in-line' : 'next';
    return [code, placeText(line, ahead, task.queue ?? '')];
  }
  // each quarantined task comes first
  const before = ahead + (queue?.quarantined ?? 0);
  if (before === 0) return ['next', `It is the next task of the queue ${task.queue}.`];
  const tasks = before === 1 ? 'task comes' : 'tasks come';
  return ['in-line', `${count(before)} ${tasks} before it in the queue ${task.queue}.`];
}

function quarantined({ task, worker }: TaskFacts): Reason {
  const { ahead = 0 } = task;
  const others = ahead === 0 ? '' : `, after ${count(ahead)} more`;
  const drains =
    worker === undefined ? '' : ` Child ${worker.child} on ${printable(worker.host)} finishes its tasks to take one.`;
  return [
    'quarantined',
    `A process died while it ran this task, so a child that holds nothing else takes it${others}.${drains}`,
  ];
}

function scheduled(facts: TaskFacts): readonly Reason[] {
  const { task, now } = facts;
  const { dueAt, attempts } = task;
  const last = attempts.at(-1);
  const more = last ? ` ${lastText(last)}` : '';
  if (!dueAt) return [['scheduled', `It is due at a time that no date can have.${more}`], ...obstaclesOf(facts)];
  const dueMs = dueAt.getTime() - now;
  if (dueMs > 0)
    return [['scheduled', `It is due in ${timeLength(dueMs)}, at ${instant(dueAt)}.${more}`], ...obstaclesOf(facts)];
  return [
    [
      'overdue',
      `It is due since ${timeLength(-dueMs)}, and waits for a worker that moves it to the queue ${task.queue}.${more}`,
    ],
    ...obstaclesOf(facts),
  ];
}

function lastText({ code, error }: Pick<TaskDetails['attempts'][number], 'code' | 'error'>): string {
  const behind = behindRetry(error);
  if (behind !== undefined) return `Its last attempt asked to run again${printable(behind)}.`;
  return `Its last attempt ended with ${code}${error === undefined ? '' : `: ${printable(error)}`}.`;
}

function active(facts: TaskFacts): Reason {
  const { worker, now } = facts;
  if (!worker || worker.leaseUntil > now)
    return ['active', `${holderOf(facts)} holds it: it runs, or starts within milliseconds.`];
  const ended = `the lease of that worker ended ${timeLength(now - worker.leaseUntil)} ago`;
  return ['active', `${holderOf(facts)} held it, and ${ended}: another worker gives it back within its own lease.`];
}

function dead({ task }: TaskFacts): Reason {
  const { death } = task;
  if (!death) return ['dead', 'It is dead.'];
  const when = instant(death.diedAt);
  if (death.code === 'TASK_EXPIRED') return ['expired', `It expired at ${when}: no child had started it in time.`];
  const attempt = death.attempt === undefined ? '' : ` at attempt ${death.attempt}`;
  const error = printable(death.error.split('\n')[0] ?? '');
  return ['dead', `It died at ${when}${attempt}, with ${death.code}: ${error}`];
}

function cancelled(facts: TaskFacts): Reason {
  const { cancelledAt = facts.task.endedAt, child } = facts.task;
  const when = cancelledAt ? ` at ${instant(cancelledAt)}` : '';
  if (child === undefined) return ['cancelled', `It was cancelled${when}.`];
  return ['cancelling', `It was cancelled${when}. ${holderOf(facts)} still holds it, and its worker stops it.`];
}

/** The states of a task that has not ended. */
export const LIVING: readonly TaskDetails['state'][] = ['waiting', 'pending', 'quarantined', 'scheduled', 'active'];

/** Remarks beside the reason. */
function remarksOn({ task, now, isKnown }: TaskFacts): readonly string[] {
  const remarks: string[] = [];
  const kept = task.result && keptSentence(task.result, now);
  if (kept) remarks.push(kept);
  remarks.push(...groupRemarks(task));
  if (!LIVING.includes(task.state)) return remarks;
  if (task.progress)
    remarks.push(
      `${progressText(task.progress)}, noted at attempt ${task.progress.attempt}, ${timeLength(Math.max(now - task.progress.at.getTime(), 0))} ago.`,
    );
  if (task.task === undefined) remarks.push('It is no message of this version: a worker will bury it.');
  else if (!isKnown) remarks.push(`No worker has ever announced a task ${printable(task.task)}: check its name.`);
  if (task.expiresAt && task.state !== 'active') {
    const leftMs = task.expiresAt.getTime() - now;
    remarks.push(
      leftMs > 0 ? `It expires in ${timeLength(leftMs)}.` : 'It has expired, and will be dead when a child claims it.',
    );
  }
  return remarks;
}

function holderOf({ task, worker }: TaskFacts): string {
  const place = worker ? ` of the worker ${printable(worker.host)}:${worker.pid}` : '';
  return `Child ${task.child}${place}`;
}
