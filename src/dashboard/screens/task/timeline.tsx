import type { StateName } from '../../page/parts/glyph.js';
import type { TaskView } from './wire.js';

/** Something that happened to a task. */
export interface TimelineEvent {
  /** ms since 1970; undefined for what has no time of its own */
  readonly at: number | undefined;
  readonly glyph: StateName;
  readonly title: string;
  readonly rest?: string;
  /** message and stack of an error */
  readonly error?: string;
  /** it is about the attempt that runs: progress and log stand below it */
  readonly isNow?: boolean;
}

const ms = (at: string | undefined): number | undefined => (at === undefined ? undefined : Date.parse(at));

/** What Redis has of the life of a task, in the order of time. */
export function timelineOf({ task, at: readAt }: TaskView): TimelineEvent[] {
  const { state, attempts, death, queue } = task;
  const events: TimelineEvent[] = [];
  const came = ms(task.enqueuedAt);
  const first = attempts[0]?.at;
  // each retry writes the time anew
  const isFirst = first === undefined || (came !== undefined && came <= first);
  if (state !== 'scheduled' && came !== undefined) {
    const title = isFirst ? 'Came into its queue' : 'Came back into its queue';
    events.push({ at: came, glyph: isFirst ? 'sent' : 'pending', title, rest: `queue ${queue}` });
  }
  for (const { at, attempt, code, error, host, pid } of attempts) {
    if (death && at >= Date.parse(String(death.diedAt)) - 1 && attempt === task.attempt) continue;
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
      at: started ?? Date.parse(readAt),
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
      at: Date.parse(String(diedAt)),
      glyph: 'dead',
      title: 'Died',
      rest,
      error: String(stack ?? error),
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
  return events.sort((a, b) => (a.at ?? 0) - (b.at ?? 0));
}

/** A stack with the lines of libraries and of Node folded: what is one's own stands out. */
export function stackOf(text: string): readonly { readonly text: string; readonly is: 'error' | 'own' | 'other' }[] {
  const lines = text.split('\n');
  const shown: { text: string; is: 'error' | 'own' | 'other' }[] = [];
  let folded = 0;
  const unfold = (): void => {
    if (folded > 0)
      shown.push({ text: `    ${folded} more ${folded === 1 ? 'line' : 'lines'} of libraries`, is: 'other' });
    folded = 0;
  };
  for (const line of lines) {
    const isFrame = /^\s+at /.test(line);
    if (isFrame && /node_modules|node:|<anonymous>/.test(line)) {
      folded += 1;
      continue;
    }
    unfold();
    shown.push({ text: line, is: isFrame ? 'own' : 'error' });
  }
  unfold();
  return shown;
}

/** A part of the life of a task, for the bar above its timeline. */
export interface LifePart {
  readonly glyph: StateName;
  readonly word: string;
  readonly ms: number;
}

/** How long it waited, ran and waited again, as far as Redis knows. */
export function lifeOf(view: TaskView, now: number): readonly LifePart[] {
  const times = timelineOf(view).filter((event) => event.at !== undefined);
  const parts: LifePart[] = [];
  for (const [index, event] of times.entries()) {
    const from = event.at as number;
    const next = times[index + 1];
    const isLast = next === undefined;
    const isOver = ['dead', 'done', 'cancelled'].includes(event.glyph);
    const length = (next?.at ?? now) - from;
    if (isOver || length <= 0) continue;
    const word =
      event.glyph === 'failed' ? (isLast ? 'waits' : 'backoff') : event.glyph === 'active' ? 'runs' : 'waits';
    parts.push({
      glyph: event.glyph === 'failed' ? 'retry' : event.glyph === 'active' ? 'active' : 'pending',
      word,
      ms: length,
    });
  }
  return parts;
}
