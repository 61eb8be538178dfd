import { performance } from 'node:perf_hooks';
import { Logger } from '@nestjs/common';
import type { ClaimedTask } from '../broker/port/broker.js';
import { unreadTag } from '../message/tags.js';
import { decodeMessage } from '../message/task-message.js';
import { type PayloadCodec, PLAIN_PAYLOADS } from '../payload/payload-codec.js';
import { isFinal } from '../payload/refusals.js';
import { SoftTimeoutError } from '../policy/task-errors.js';
import type { Decision, TaskPolicy } from '../policy/task-policy.js';
import type { TaskDefinition } from '../task/task-definition.js';
import type { TaskHookProvider } from '../task/task-hooks.js';
import type { TaskRegistry } from '../task/task-registry.js';
import { type Clock, systemClock } from '../values/clock.js';
import { printed } from '../values/printed.js';
import { filledArguments } from './filled-arguments.js';
import { HookRunner } from './hook-runner.js';
import { isStream, lastValue } from './last-value.js';
import { OutcomeHooks } from './outcome-hooks.js';
import { outlasting } from './outlasting.js';
import { decideUnknown, expired, isParked, unknownTag, unknownTask, wrongKind } from './preflight.js';
import { RunningTask } from './running-task.js';
import { stoppedLimit, withStop } from './stopped-limit.js';
import { runningTask } from './task-context.js';

/** How an attempt ended. */
export type Outcome = Success | Failure;

export interface Success {
  readonly kind: 'done';
  /** the value that the handler returned; of an Observable its last one */
  readonly result: unknown;
  readonly durationMs: number;
}

export interface Failure {
  readonly kind: 'failed';
  readonly error: unknown;
  readonly durationMs: number;
  /** what becomes of the task */
  readonly decision: Decision;
  /** the task, unless its message cannot be read */
  readonly task?: RunningTask;
  /** whether its handler was called: only then it counts as an attempt */
  readonly attempted: boolean;
}

/**
 * Is called with how each attempt ended, before its claim ends. It must not throw, and the claim does not wait for it.
 *
 * @param givenBack the task goes back to its queue, and the attempt does not count: the grace of a shutdown is over
 */
export type OutcomeListener = (task: RunningTask, outcome: Outcome, givenBack?: boolean) => void;

/** Is called with the start of each attempt, and with each task that cannot be started. As an {@link OutcomeListener}. */
export interface StartListener {
  /** @param at the time, in ms since 1970 */
  started(task: RunningTask, at: number): void;
  unstarted(claimed: ClaimedTask, failure: Failure): void;
}

/** A claimed task that can be run. */
export interface PreparedTask {
  readonly task: RunningTask;
  readonly definition: TaskDefinition;
  readonly policy: TaskPolicy;
  /** when it was prepared, in ms since 1970 */
  readonly at: number;
}

/** One attempt as a short pipeline: decode, look up, run inside its context, and turn the result or error into one outcome. */
export class Executor {
  /** what follows the attempts, which the one that ends their claims calls */
  readonly outcomes: OutcomeHooks;
  private readonly hooks: HookRunner;

  constructor(
    private readonly registry: TaskRegistry,
    hooks: readonly TaskHookProvider[],
    private readonly onBrokenBackoff: (error: unknown) => void = () => {},
    private readonly clock: Clock = systemClock,
    readonly payloads: PayloadCodec = PLAIN_PAYLOADS,
  ) {
    this.hooks = new HookRunner(hooks);
    this.outcomes = new OutcomeHooks(hooks);
  }

  /** Decodes a message and finds its handler; a failure when either is impossible, or when it comes too late. */
  prepare({ message, queue }: ClaimedTask): PreparedTask | Failure {
    let task: RunningTask | undefined;
    try {
      task = new RunningTask(decodeMessage(message, this.payloads), queue, message, this.payloads);
      const tag = unreadTag(message);
      if (tag !== undefined) return unstarted(unknownTag(task, tag), decideUnknown(message), task);
      const definition = this.registry.get(task.name);
      if (!definition) return unstarted(unknownTask(task.name, this.registry.all()), decideUnknown(message), task);
      const refusal = wrongKind(definition, queue);
      if (refusal) return unstarted(refusal, { kind: 'dead' }, task);
      if (definition.sealed) task.sealed = true;
      const { closed } = task.message;
      if (closed) return unstarted(closed, isParked(closed.code) ? decideUnknown(message) : { kind: 'dead' }, task);
      const policy = definition.policyOf(queue, task.message.options);
      const at = this.clock();
      const late = expired(task, message, policy.expiresMs, at);
      return late ? unstarted(late, { kind: 'dead' }, task) : { task, definition, policy, at };
    } catch (error) {
      return unstarted(error, { kind: 'dead' }, task);
    }
  }

  /** Never rejects. */
  async run({ task, definition, policy }: PreparedTask): Promise<Outcome> {
    const startedAt = performance.now();
    const { softTimeoutMs } = policy;
    const timer =
      softTimeoutMs && setTimeout(() => task.abort(new SoftTimeoutError(task.name, softTimeoutMs)), softTimeoutMs);
    try {
      if (task.message.options.refs) task.fill(await filledArguments(task, task.message.options.refs));
      let result = await runningTask.run(task, this.attempt, definition, task);
      if (isStream(result)) result = await runningTask.run(task, lastValue, result);
      const { added } = task;
      if (added) result = await outlasting(task, () => added.send(result));
      return { kind: 'done', result, durationMs: performance.now() - startedAt };
    } catch (thrown) {
      const { error, limit } = stoppedLimit(thrown, task, definition);
      const decision = withStop(this.decide(error, task, policy), limit);
      return { kind: 'failed', error, decision, task, attempted: true, durationMs: performance.now() - startedAt };
    } finally {
      clearTimeout(timer);
    }
  }

  /** A property, and not a closure for each task. */
  private readonly attempt = ({ handler }: TaskDefinition, task: RunningTask): unknown =>
    this.hooks.isEmpty ? handler(task.args, task) : this.hooks.around(task, () => handler(task.args, task));

  private decide(error: unknown, { id, message, softTimedOut, cancelled }: RunningTask, policy: TaskPolicy): Decision {
    if (cancelled) return { kind: 'drop' };
    const decision = policy.decide({ error, failures: message.failures, softTimedOut }, this.onBrokenBackoff);
    return decision.kind === 'retry' && isFinal(error, id) ? { kind: 'dead' } : decision;
  }
}

function unstarted(error: unknown, decision: Decision, task: RunningTask | undefined): Failure {
  return { kind: 'failed', error, decision, task, attempted: false, durationMs: 0 };
}

/** Whether `prepare` found something that cannot be run. */
export function isFailure(prepared: PreparedTask | Failure): prepared is Failure {
  return 'kind' in prepared;
}

/** For an executor whose failing `backoff` functions are to be logged. */
export function logBrokenBackoff(error: unknown): void {
  new Logger('TaskWorker').error(`A \`backoff\` function failed, so the default was used: ${printed(error)}`);
}
