import { type Attributes, type Context, type Link, type SpanContext, trace } from '@opentelemetry/api';
import type { TaskInfo } from '../../task/task-hooks.js';
import { received, remote, sentOf } from './carrier.js';
import { ATTRIBUTES } from './names.js';

/** A trace to which one call adds more tasks than this cannot be read. */
const MOST_CHILDREN = 100;

/** Where the trace of an attempt begins. */
export interface Origin {
  /** with the span that is its parent, or with none */
  readonly context: Context;
  /** whether the attempt begins a trace */
  readonly root: boolean;
  readonly links: readonly Link[];
  /** a header that was ignored, because it is garbage */
  readonly unusable: string | undefined;
}

/**
 * Where the trace of an attempt begins: in the trace of its sender, if it starts soon after it was sent, and has not been tried before. Else it is a trace
 * of its own, with links to its sender and to its first attempt: a trace that goes on for days cannot be looked at, and is cut off by its collector.
 *
 * @param now ms since 1970
 */
export function originOf(task: TaskInfo, now: number, childWithinMs: number): Origin {
  const { context, sender, unusable } = received(task.headers);
  // the headers of a repeated call are from when its cron was made
  const from = task.cronTime ? undefined : sender;
  if (from && isChild(task, now, childWithinMs)) return { context, root: false, links: [], unusable };
  const links = [...firstAttempt(task), ...(from ? [link(from, 'sender')] : [])];
  return { context: trace.deleteSpan(context), root: true, links, unusable };
}

function isChild({ attempt, attempts, headers }: TaskInfo, now: number, childWithinMs: number): boolean {
  if (attempt !== 1 || attempts.length > 0) return false;
  const sent = sentOf(headers);
  // clocks differ, but a time far ahead was written by others
  return sent !== undefined && sent.count <= MOST_CHILDREN && Math.abs(now - sent.at) <= childWithinMs;
}

/** The first attempt that was traced, of those that the history has. */
function firstAttempt({ attempts }: TaskInfo): Link[] {
  for (const { attempt, trace: its } of attempts) {
    const found = remote(its);
    if (found)
      return [link(found, 'first attempt', typeof attempt === 'number' ? { [ATTRIBUTES.attempt]: attempt } : {})];
  }
  return [];
}

function link(context: SpanContext, what: string, more: Attributes = {}): Link {
  return { context, attributes: { [ATTRIBUTES.link]: what, ...more } };
}
