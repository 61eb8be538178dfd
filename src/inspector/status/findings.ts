import { count, counted } from '../../values/counted.js';
import { groupedBy } from '../../values/grouped-by.js';
import { printable } from '../../values/printable.js';
import { timeLength } from '../../values/time-length.js';
import type { ClosedLimitReport } from '../limits/limit-report.js';
import { closedText, resetCommand } from '../limits/limit-text.js';
import { outboxFaults } from '../outbox/outbox-text.js';
import { placeOf } from '../workers/worker-place.js';
import type { WorkerReport } from '../workers/worker-report.js';
import { slowCrons } from './slow-crons.js';
import type { QueueStatus, StatusFinding, StatusReport } from './status-report.js';

/** So many crashes among the last restarts of a worker, within this time, are no accident. */
const CRASHES = 3;
const CRASHING_MS = 300_000;
/** The part of the memory limit of Redis from which on it is nearly full. */
const NEARLY_FULL = 0.95;
/** Names in one sentence. */
const MOST_NAMES = 3;

/** The figures that findings are made of. */
export type StatusFacts = Pick<
  StatusReport,
  'at' | 'queues' | 'workers' | 'crons' | 'dead' | 'memory' | 'closedLimits' | 'outboxes'
>;

/** Everything in a namespace that needs a look, problems first. */
export function findingsOf(facts: StatusFacts, maxDead: number): StatusFinding[] {
  const findings = [
    ...workless(facts),
    ...memoryShort(facts),
    ...facts.queues.flatMap((queue) => ofQueue(queue, facts)),
    ...died(facts, maxDead),
    ...ofOutboxes(facts),
    ...closedLimits(facts),
    ...facts.workers.flatMap((worker) => ofWorker(worker, facts.at)),
    ...pausedCrons(facts),
    ...ofSlowCrons(facts),
  ];
  const problems = findings.filter(({ severity }) => severity === 'problem');
  return [...problems, ...findings.filter(({ severity }) => severity === 'notice')];
}

function workless({ workers, queues }: StatusFacts): StatusFinding[] {
  if (workers.length > 0) return [];
  const command = ['workers', 'ls'];
  if (queues.length === 0) {
    const text = 'No worker has ever started in this namespace. Check its name, and the address of Redis.';
    return [{ code: 'no-worker', severity: 'problem', text, command }];
  }
  const waiting = queues.filter(({ pending }) => pending > 0);
  const tasks = waiting.reduce((sum, { pending }) => sum + pending, 0);
  const wait = tasks === 1 ? '1 task waits' : `${count(tasks)} tasks wait`;
  const which = tasks === 0 ? '' : ` ${wait} in ${named(waiting.map(({ queue }) => queue))}.`;
  return [
    { code: 'no-worker', severity: 'problem', text: `No worker runs.${which} Start the app in worker mode.`, command },
  ];
}

function memoryShort({ memory }: StatusFacts): StatusFinding[] {
  const { used, limit } = memory ?? {};
  if (used === undefined || limit === undefined || used < limit * NEARLY_FULL) return [];
  const text = `Redis uses ${Math.round((100 * used) / limit)} % of its memory limit. A full Redis refuses new tasks.`;
  return [{ code: 'memory-short', severity: 'problem', text, command: ['doctor'] }];
}

function ofQueue(queue: QueueStatus, { at, workers }: StatusFacts): StatusFinding[] {
  const { queue: name, paused, healthy, pending, waitingMs } = queue;
  if (paused) return [pausedQueue(queue, at)];
  // a quiet worker serves the queue until its last task ends, and claims nothing
  const served = queue.served && queue.workers > 0;
  if (healthy && (served || pending === 0)) return [];
  const time = timeLength(waitingMs);
  const wait =
    pending === 0
      ? `A task of ${printable(name)} is overdue for ${time}`
      : `${tasksWait(pending, name)}, the next for ${time}`;
  const problem = { severity: 'problem', queue: name } as const;
  if (served) return [{ code: 'queue-late', ...problem, text: `${wait}.`, command: ['workers', 'ls', '--children'] }];
  // without any worker, one finding has all queues
  if (workers.length === 0) return [];
  const text = `${wait}, and no worker ${queue.served ? 'claims from' : 'serves'} the queue.`;
  return [{ code: 'queue-unserved', ...problem, text, command: ['workers', 'ls'] }];
}

function tasksWait(pending: number, queue: string): string {
  return `${pending === 1 ? '1 task waits' : `${count(pending)} tasks wait`} in ${printable(queue)}`;
}

function pausedQueue({ queue, paused, pending }: QueueStatus, at: Date): StatusFinding {
  const end = endOf(paused?.until, at, 'until it is resumed');
  const why = paused?.reason === undefined ? '.' : `: ${printable(paused.reason).replace(/\.?$/, '.')}`;
  const wait = pending === 0 ? '' : ` ${tasksWait(pending, 'it')}.`;
  const text = `${printable(queue)} is paused by ${printable(paused?.by ?? '?')}, ${end}${why}${wait}`;
  return { code: 'queue-paused', severity: 'notice', text, command: ['queues', 'resume', queue], queue };
}

function endOf(until: Date | undefined, at: Date, never: string): string {
  return until ? `for another ${timeLength(Math.max(until.getTime() - at.getTime(), 0))}` : never;
}

/** One for each limit: many of its keys may be closed. */
function closedLimits({ closedLimits: closed, at }: StatusFacts): StatusFinding[] {
  return [...groupedBy(closed, ({ name }) => name)].map(([limit, those]) => {
    const finding = { code: 'limit-closed', severity: 'notice', limit } as const;
    const [{ key, override }, ...more] = those;
    if (more.length > 0)
      return { ...finding, text: closedTogether(limit, those), command: ['limits', 'show', limit, '--keys'] };
    const end = endOf(override.until, at, 'until it is reset');
    const text = closedText({ name: limit, queue: undefined, key }, override.by, end);
    return { ...finding, text, command: resetCommand(those[0]) };
  });
}

function closedTogether(limit: string, closed: readonly ClosedLimitReport[]): string {
  const keys = closed.flatMap(({ key }) => key ?? []);
  const isSet = `The limit ${printable(limit)} is set to 0`;
  if (keys.length === closed.length) return `${isSet} for ${named(keys)}: nothing starts with these keys.`;
  const [are, alone] = keys.length === 1 ? ['is', 'itself'] : ['are', 'themselves'];
  return `${isSet}, and so ${are} ${counted(keys.length, 'key')} of it by ${alone}.`;
}

function died({ queues, dead }: StatusFacts, maxDead: number): StatusFinding[] {
  if (dead.lastHour <= maxDead) return [];
  const most = queues.filter(({ deadLastHour }) => deadLastHour > 0).sort((a, b) => b.deadLastHour - a.deadLastHour);
  const number = dead.lastHour === 1 ? '1 task' : `${count(dead.lastHour)} tasks`;
  const still = dead.lastHour === 1 ? 'is still dead' : 'are still dead';
  const text = `${number} died within the last hour and ${still}, in ${named(most.map(({ queue }) => queue))}.`;
  return [{ code: 'dead-tasks', severity: 'problem', text, command: ['dead', 'ls', '--since', '1h'] }];
}

function ofOutboxes({ outboxes, at }: StatusFacts): StatusFinding[] {
  return outboxFaults(outboxes, at).map(({ code, table, what, remedy, command }) => ({
    code,
    severity: 'problem',
    text: `The outbox ${table} ${what} ${remedy}`,
    command,
  }));
}

function ofWorker(worker: WorkerReport, at: Date): StatusFinding[] {
  const { id, restarts } = worker;
  const place = `the ${placeOf(id, worker)}`;
  const notice = noticeOf(worker);
  if (notice) {
    const [code, text] = notice;
    return [{ code, severity: 'notice', text: `T${place.slice(1)} ${text}`, command: ['workers', 'ls'], worker: id }];
  }
  const crashes = restarts.filter(({ crashed, at: time }) => crashed && at.getTime() - time.getTime() < CRASHING_MS);
  const [last] = crashes;
  if (crashes.length < CRASHES || !last) return [];
  const since = timeLength(Math.max(at.getTime() - (crashes.at(-1) ?? last).at.getTime(), 1_000));
  const how = `crashed within the last ${since}, the latest with ${printable(last.reason)}`;
  const text = `${count(crashes.length)} children of ${place} ${how}.`;
  const command = ['workers', 'ls', '--children'];
  return [{ code: 'worker-crashing', severity: 'problem', text, command, worker: id }];
}

/** Why a worker claims nothing, or shows nothing of itself. */
function noticeOf({ state, running, lastOrder }: WorkerReport): [StatusFinding['code'], string] | undefined {
  const order = lastOrder ? `, ordered by ${printable(lastOrder.by)}` : '';
  const rest = running === 0 ? '.' : `; it finishes ${running === 1 ? '1 task' : `${count(running)} tasks`}.`;
  if (state === 'quiet') return ['worker-quiet', `claims nothing more${order}${rest}`];
  if (state === 'stopping') return ['worker-stopping', `is stopping${order}${rest}`];
  if (state === 'running') return undefined;
  return ['worker-silent', 'has published nothing about itself: it has just started, or is of an older version.'];
}

function pausedCrons({ crons }: StatusFacts): StatusFinding[] {
  const paused = crons.filter((cron) => cron.paused).map(({ name }) => name);
  const [first = ''] = paused;
  if (paused.length === 0) return [];
  const one = paused.length === 1;
  const text = one
    ? `The cron ${printable(first)} is paused.`
    : `${count(paused.length)} crons are paused: ${named(paused)}.`;
  const command = one ? ['crons', 'resume', first] : ['crons', 'ls'];
  return [{ code: 'cron-paused', severity: 'notice', text, command }];
}

function ofSlowCrons({ crons, at }: StatusFacts): StatusFinding[] {
  const slow = slowCrons(crons, at);
  const [first] = slow;
  if (!first) return [];
  const finding = { code: 'cron-slow', severity: 'notice' } as const;
  if (slow.length > 1) {
    const text = `The last runs of ${count(slow.length)} crons took longer than the time to the next one: ${named(slow.map(({ name }) => name))}.`;
    return [{ ...finding, text, command: ['crons', 'ls'] }];
  }
  const { name, overlap, tookMs, everyMs } = first;
  const what = `The last run of the cron ${printable(name)} took ${timeLength(tookMs)}, and the next is due after ${timeLength(everyMs)}.`;
  const text = `${what} ${overlap === 'skip' ? 'Runs are left out.' : 'Its runs overlap or wait.'}`;
  return [{ ...finding, text, command: ['crons', 'show', name] }];
}

/** `a, b, c and 4 more` */
function named(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).map((name) => printable(name));
  const more = names.length - shown.length;
  if (more > 0) return `${shown.join(', ')} and ${count(more)} more`;
  const last = shown.pop() ?? '';
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`;
}
