import { type Context, propagation, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api';
import { SENT_HEADER, type TaskHeaders } from '../../message/headers.js';
import { traceContextOf, traceParentOf } from '../../message/trace-context.js';
import { isWellFormed } from '../../values/well-formed.js';

const TRACEPARENT = 'traceparent';
/** What a trace may add to the headers of a call, which have a limit, in bytes. */
const MOST_ADDED = 2_048;
/** No tracer writes more into a header. */
const MOST_READ = 8_192;
const SENT = /^([0-9a-z]{1,9})(?: (\d{1,9}))?$/;

/** What a sender said of a task. */
export interface Sent {
  /** ms since 1970, by the clock of the sender */
  readonly at: number;
  /** how many tasks its call sent */
  readonly count: number;
}

/**
 * Headers for a task that is sent within this context. What is too long for headers is left out: no trace makes a send fail.
 *
 * @param sent left out of the headers where the context has no trace
 */
export function carried(context: Context, sent: Sent): Record<string, string> {
  const span = trace.getSpanContext(context);
  if (!span) return {};
  const given: Record<string, string> = {};
  propagation.inject(context, given);
  // an app without propagators has given the provider alone
  if (propagation.fields().length === 0) given[TRACEPARENT] = traceParent(span);
  const said = sent.count === 1 ? '' : ` ${sent.count}`;
  return { ...fitting(given), [SENT_HEADER]: `${Math.round(sent.at).toString(36)}${said}` };
}

export function traceParent({ traceId, spanId, traceFlags: flags }: SpanContext): string {
  return traceParentOf({ traceId, spanId, flags });
}

/** When and with how many others a task was sent; undefined where no tracer of ours has said it. */
export function sentOf(headers: TaskHeaders): Sent | undefined {
  const [, at, count = '1'] = SENT.exec(headers[SENT_HEADER] ?? '') ?? [];
  return at === undefined ? undefined : { at: Number.parseInt(at, 36), count: Number(count) };
}

/** What came with a task. */
export interface Received {
  /** has the baggage, too */
  readonly context: Context;
  readonly sender: SpanContext | undefined;
  /** the header that cannot be used, as it may be garbage of others */
  readonly unusable: string | undefined;
}

/** The context of the sender of a task. */
export function received(headers: TaskHeaders): Received {
  const fields = propagation.fields();
  const names = fields.length > 0 ? fields : [TRACEPARENT];
  const tooLong = names.find((name) => (headers[name]?.length ?? 0) > MOST_READ);
  if (tooLong !== undefined) return { context: ROOT_CONTEXT, sender: undefined, unusable: tooLong };
  const context = fields.length > 0 ? propagation.extract(ROOT_CONTEXT, headers) : withoutPropagators(headers);
  const sender = trace.getSpanContext(context);
  const isGarbage = !sender && names.includes(TRACEPARENT) && headers[TRACEPARENT] !== undefined;
  return { context, sender, unusable: isGarbage ? TRACEPARENT : undefined };
}

/** The place of another attempt, as its history has it. */
export function remote(traceparent: unknown): SpanContext | undefined {
  const found = traceContextOf(traceparent);
  return found && { traceId: found.traceId, spanId: found.spanId, traceFlags: found.flags, isRemote: true };
}

function withoutPropagators(headers: TaskHeaders): Context {
  const sender = remote(headers[TRACEPARENT]);
  return sender ? trace.setSpanContext(ROOT_CONTEXT, sender) : ROOT_CONTEXT;
}

/** The place in the trace first, then the rest, such as baggage. */
function fitting(given: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(given).filter(([, value]) => typeof value === 'string' && isWellFormed(value));
  entries.sort(([, one], [, other]) => one.length - other.length);
  let left = MOST_ADDED;
  return Object.fromEntries(
    entries.filter(([name, value]) => {
      left -= Buffer.byteLength(name) + Buffer.byteLength(value);
      return left >= 0;
    }),
  );
}
