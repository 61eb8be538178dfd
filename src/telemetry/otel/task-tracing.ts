import {
  type Attributes,
  type Context,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type {
  AttemptOutcome,
  OnTaskOutcome,
  SendInfo,
  SentTask,
  TaskInfo,
  WrapSend,
  WrapTask,
} from '../../task/task-hooks.js';
import { setOutermostHooks } from '../../task/task-metadata.js';
import type { Clock } from '../../values/clock.js';
import { errorText } from '../../values/error-text.js';
import { cut, printable } from '../../values/printable.js';
import { carried, traceParent } from './carrier.js';
import { errorType, hasFailed } from './error-type.js';
import { ATTRIBUTES, operation } from './names.js';
import { originOf } from './origin.js';
import type { Trouble } from './trouble.js';

/** Names of tasks are shorter, but what others wrote need not be. */
const MAX_NAME = 200;
const MAX_ERROR = 1_000;

export interface TracingOptions {
  readonly childWithinMs: number;
  readonly spanNames: 'task' | 'queue';
}

/**
 * A span around each send and each attempt. A tracer that fails decides over no task: the task goes on without a span.
 *
 * The span of an attempt is ended once its outcome is known, and not when its method returns.
 */
export class TaskTracing implements WrapSend, WrapTask, OnTaskOutcome {
  private readonly spans = new WeakMap<TaskInfo, Span>();

  constructor(
    private readonly tracer: Tracer,
    private readonly options: TracingOptions,
    private readonly clock: Clock,
    private readonly trouble: Trouble,
  ) {}

  async wrapSend(send: SendInfo, next: () => Promise<readonly SentTask[]>): Promise<void> {
    const span = this.trouble.guard(() => this.beginSend(send));
    if (!span) {
      await next();
      return;
    }
    try {
      const sent = await context.with(trace.setSpan(context.active(), span), next);
      this.trouble.guard(() => this.describeSent(span, send, sent));
    } catch (error) {
      this.trouble.guard(() => fail(span, error, send.sealed));
      throw error;
    } finally {
      this.trouble.guard(() => span.end());
    }
  }

  wrapTask(task: TaskInfo, next: () => Promise<unknown>): Promise<unknown> {
    const within = this.trouble.guard(() => this.beginAttempt(task));
    return within ? context.with(within, next) : next();
  }

  onTaskOutcome(task: TaskInfo, outcome: AttemptOutcome): void {
    this.trouble.guard(() => {
      // one that could not be started has none, nor one that waited for its arguments in vain
      if (!this.spans.has(task)) this.beginAttempt(task, Date.now() - outcome.durationMs);
      const span = this.spans.get(task);
      if (!span) return;
      this.spans.delete(task);
      describeOutcome(span, task, outcome);
      span.end();
    });
  }

  private beginSend(send: SendInfo): Span {
    const { name, count } = send;
    const batch: Attributes = count === 1 ? {} : { [ATTRIBUTES.batchCount]: count };
    const span = this.tracer.startSpan(this.options.spanNames === 'task' ? `send ${name}` : 'send', {
      kind: SpanKind.PRODUCER,
      attributes: { ...operation('send'), [ATTRIBUTES.task]: name, ...batch },
    });
    Object.assign(send.headers, carried(trace.setSpan(context.active(), span), { at: this.clock(), count }));
    return span;
  }

  private describeSent(span: Span, { count }: SendInfo, sent: readonly SentTask[]): void {
    const [first] = sent;
    if (!first || !span.isRecording()) return;
    if (this.options.spanNames === 'queue') span.updateName(`send ${first.queue}`);
    span.setAttribute(ATTRIBUTES.destination, first.queue);
    if (count === 1) span.setAttribute(ATTRIBUTES.messageId, first.id);
    if (!sent.some(({ added }) => added)) span.setAttribute(ATTRIBUTES.added, false);
  }

  /** @param startTime ms since 1970, of one that is over */
  private beginAttempt(task: TaskInfo, startTime?: number): Context {
    const now = this.clock();
    const origin = originOf(task, now, this.options.childWithinMs);
    if (origin.unusable !== undefined) this.trouble.unusable(task, origin.unusable);
    const span = this.tracer.startSpan(
      this.nameOf(task),
      {
        kind: SpanKind.CONSUMER,
        attributes: { ...operation('process'), ...attributesOf(task, now) },
        root: origin.root,
        links: [...origin.links],
        startTime,
      },
      origin.context,
    );
    this.spans.set(task, span);
    task.trace = traceParent(span.spanContext());
    return trace.setSpan(origin.context, span);
  }

  private nameOf({ name, queue }: TaskInfo): string {
    return `process ${this.options.spanNames === 'task' && name !== '' ? printable(name, MAX_NAME) : queue}`;
  }
}

setOutermostHooks(TaskTracing);

function attributesOf({ id, name, queue, attempt, enqueuedAt, cron, group }: TaskInfo, now: number): Attributes {
  return {
    [ATTRIBUTES.destination]: queue,
    [ATTRIBUTES.messageId]: id,
    [ATTRIBUTES.task]: cut(name, MAX_NAME),
    [ATTRIBUTES.attempt]: attempt,
    [ATTRIBUTES.wait]: Math.max(now - enqueuedAt.getTime(), 0) / 1_000,
    ...(cron === undefined ? {} : { [ATTRIBUTES.cron]: cron }),
    ...(group === undefined ? {} : { [ATTRIBUTES.group]: group }),
  };
}

function describeOutcome(span: Span, { sealed }: TaskInfo, outcome: AttemptOutcome): void {
  const { kind, error } = outcome;
  span.setAttribute(ATTRIBUTES.outcome, kind);
  if (hasFailed(outcome)) fail(span, error, sealed);
  else if (kind !== 'done') span.setAttribute(ATTRIBUTES.errorType, errorType(error));
}

/** The stack is left to the record of a dead task, and so is the message of a task whose data is sealed, which it may quote. */
function fail(span: Span, error: unknown, isSealed = false): void {
  const name = errorType(error);
  const text = isSealed ? '' : cut(errorText(error, MAX_ERROR), MAX_ERROR);
  span.setAttribute(ATTRIBUTES.errorType, name);
  span.setStatus(text === '' ? { code: SpanStatusCode.ERROR } : { code: SpanStatusCode.ERROR, message: text });
  span.recordException({ name, message: text.startsWith(`${name}: `) ? text.slice(name.length + 2) : text });
}
