import type { TaskDetails } from '../../../inspector/tasks/task-details.js';
import type { TaskOutcome } from '../../../inspector/tasks/task-outcome.js';
import { counted } from '../../../values/counted.js';
import type { TimelineEvent } from './wire.js';

const ENDS = {
  done: ['done', 'Done'],
  unkept: ['done', 'Done'],
  passed: ['done', 'Done'],
  failed: ['dead', 'Died'],
  dropped: ['cancelled', 'Dropped'],
  cancelled: ['cancelled', 'Cancelled'],
} as const satisfies Record<TaskOutcome['kind'], [TimelineEvent['glyph'], string]>;

const ms = (at: Date | undefined): number | undefined => at?.getTime();

/** What Redis has of the life of a task, in the order of time. */
export function timelineOf(task: TaskDetails, readAt: Date): TimelineEvent[] {
  const { state, attempts, death, queue } = task;
  const events: TimelineEvent[] = [];
  const came = ms(task.enqueuedAt);
  const first = attempts[0]?.at;
  // each retry writes the time anew
  const isFirst = first === undefined || (came !== undefined && came <= first);
  if (state !== 'scheduled' && came !== undefined) {
    const title = isFirst ? 'Came into its queue' : 'Came back into its queue';
    events.push({ at: came, glyph: isFirst ? 'sent' : 'pending', title, rest: queue });
  }
  for (const { at, attempt, code, error, host, pid } of attempts) {
    if (death && at >= death.diedAt.getTime() - 1 && attempt === task.attempt) continue;
    const where = host === undefined ? '' : `on ${host}${pid === undefined ? '' : `, pid ${pid}`}`;
    const title = attempt === undefined ? 'An attempt failed' : `Attempt ${attempt} failed`;
    const why = code === 'TASK_FAILED' ? '' : code;
    events.push({ at, glyph: 'failed', title, rest: [why, where].filter(Boolean).join(', '), ...(error && { error }) });
  }
  if (state === 'scheduled') {
    const due = ms(task.dueAt);
    const isRetry = attempts.length > 0;
    const next = task.attempt === undefined ? '' : `attempt ${task.attempt}`;
    events.push({
      at: due,
      glyph: isRetry ? 'retry' : 'scheduled',
      title: isRetry ? 'Backoff' : 'Due',
      rest: isRetry ? `${next} is due then` : '',
    });
  }
  const started = ms(task.startedAt);
  if (state === 'active') {
    const { worker } = task;
    const where = worker ? `on ${worker.host}${worker.childPid === undefined ? '' : `, pid ${worker.childPid}`}` : '';
    events.push({
      at: started ?? readAt.getTime(),
      glyph: 'active',
      title: `Attempt ${task.attempt ?? ''} runs`,
      rest: where,
      isNow: true,
    });
  } else if (started !== undefined) {
    events.push({ at: started, glyph: 'active', title: `Attempt ${task.attempt ?? ''} started` });
  }
  if (death) {
    const { code, error, stack, diedAt, host, pid } = death;
    const rest = `${code}${host ? `, on ${host}, pid ${pid}` : ''}`;
    events.push({
      at: diedAt.getTime(),
      glyph: 'dead',
      title: 'Died',
      rest,
      error: stack ?? error,
      isNow: true,
    });
  }
  const ended = ms(task.endedAt);
  const cancelled = ms(task.cancelledAt);
  if (cancelled !== undefined) events.push({ at: cancelled, glyph: 'cancelled', title: 'Cancelled' });
  if (ended !== undefined && state !== 'cancelled') {
    const title = state === 'dropped' ? 'Dropped' : 'Done';
    events.push({ at: ended, glyph: state === 'dropped' ? 'cancelled' : 'done', title, isNow: true });
  }
  events.sort((a, b) => (a.at ?? 0) - (b.at ?? 0));
  const isShown = death !== undefined || ended !== undefined || cancelled !== undefined;
  if (task.result && !isShown) events.push(endOf(task.result));
  return events;
}

/** Its result has no time. */
function endOf({ kind, code, error, attempts }: TaskOutcome): TimelineEvent {
  const [glyph, title] = ENDS[kind];
  const tries = !attempts ? '' : counted(attempts, 'attempt');
  return { at: undefined, glyph, title, rest: [code, tries].filter(Boolean).join(', '), ...(error && { error }) };
}
