import type { Attributes, Counter, Histogram, Meter } from '@opentelemetry/api';
import { NestworkError } from '../../errors.js';
import type { AttemptOutcome, OnTaskOutcome, SendInfo, SentTask, TaskInfo, WrapSend } from '../../task/task-hooks.js';
import { setOutermostHooks } from '../../task/task-metadata.js';
import type { Clock } from '../../values/clock.js';
import { errorType, hasFailed } from './error-type.js';
import { ATTRIBUTES, operation } from './names.js';
import type { Trouble } from './trouble.js';

/** Upper bounds of buckets, in seconds: those of the conventions. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** A task may run, or wait, for longer than a call of a server. */
const LONG_BOUNDS = [...BOUNDS, 30, 60, 300, 1_800, 3_600];
const UNKNOWN: ReadonlySet<string> = new Set(['UNKNOWN_TASK', 'UNKNOWN_TAG', 'UNDECODABLE_MESSAGE']);

/**
 * Counts and measures sends and attempts. A meter that fails decides over no task.
 *
 * The name of a task that no provider has is no attribute: others may send any number of them.
 */
export class TaskMetering implements WrapSend, OnTaskOutcome {
  private readonly sent: Counter;
  private readonly sending: Histogram;
  private readonly consumed: Counter;
  private readonly running: Histogram;
  private readonly waiting: Histogram;

  constructor(
    meter: Meter,
    private readonly clock: Clock,
    private readonly trouble: Trouble,
  ) {
    this.sent = meter.createCounter('messaging.client.sent.messages', {
      unit: '{message}',
      description: 'Tasks that a call was to send.',
    });
    this.sending = meter.createHistogram('messaging.client.operation.duration', {
      unit: 's',
      description: 'How long a call took that sends tasks.',
      advice: { explicitBucketBoundaries: BOUNDS },
    });
    this.consumed = meter.createCounter('messaging.client.consumed.messages', {
      unit: '{message}',
      description: 'Tasks that left this process, whatever their outcome.',
    });
    this.running = meter.createHistogram('messaging.process.duration', {
      unit: 's',
      description: 'How long an attempt took.',
      advice: { explicitBucketBoundaries: LONG_BOUNDS },
    });
    this.waiting = meter.createHistogram(ATTRIBUTES.wait, {
      unit: 's',
      description: 'How long a task waited from when it was due until an attempt began.',
      advice: { explicitBucketBoundaries: LONG_BOUNDS },
    });
  }

  async wrapSend(send: SendInfo, next: () => Promise<readonly SentTask[]>): Promise<void> {
    const startedAt = performance.now();
    const note = (destination: string | undefined, failure: Attributes): void => {
      const seconds = (performance.now() - startedAt) / 1_000;
      this.trouble.guard(() => {
        const attributes: Attributes = { ...operation('send'), [ATTRIBUTES.task]: send.name, ...failure };
        if (destination !== undefined) attributes[ATTRIBUTES.destination] = destination;
        this.sent.add(send.count, attributes);
        this.sending.record(seconds, attributes);
      });
    };
    let sent: readonly SentTask[];
    try {
      sent = await next();
    } catch (error) {
      note(undefined, { [ATTRIBUTES.errorType]: errorType(error) });
      throw error;
    }
    note(sent[0]?.queue, {});
  }

  onTaskOutcome(task: TaskInfo, outcome: AttemptOutcome): void {
    this.trouble.guard(() => {
      const { started, durationMs } = outcome;
      const place: Attributes = { ...operation('process'), [ATTRIBUTES.destination]: task.queue };
      if (started || !isUnknown(outcome.error)) place[ATTRIBUTES.task] = task.name;
      const attributes: Attributes = { ...place, [ATTRIBUTES.outcome]: outcome.kind };
      if (hasFailed(outcome)) attributes[ATTRIBUTES.errorType] = errorType(outcome.error);
      this.consumed.add(1, attributes);
      if (!started) return;
      this.running.record(durationMs / 1_000, attributes);
      const waitedMs = this.clock() - durationMs - task.enqueuedAt.getTime();
      this.waiting.record(Math.max(waitedMs, 0) / 1_000, place);
    });
  }
}

setOutermostHooks(TaskMetering);

/** Whether it was refused before anything was known of it but a name, which may be any text. */
function isUnknown(error: unknown): boolean {
  return error instanceof NestworkError && UNKNOWN.has(error.code);
}
