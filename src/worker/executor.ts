import { performance } from 'node:perf_hooks';
import type { ClaimedTask } from '../broker/broker.js';
import { NestworkError } from '../errors.js';
import type { TaskDefinition } from '../task/task-definition.js';
import type { TaskHookProvider } from '../task/task-hooks.js';
import { decodeMessage } from '../task/task-message.js';
import type { TaskRegistry } from '../task/task-registry.js';
import { HookRunner } from './hook-runner.js';
import { RunningTask } from './running-task.js';
import { runningTask } from './task-context.js';
import { wrongKind } from './wrong-kind.js';

/** How an attempt ended. */
export type Outcome = { readonly kind: 'done'; readonly durationMs: number } | Failure;

export interface Failure {
  readonly kind: 'failed';
  readonly error: unknown;
  readonly durationMs: number;
  readonly attempt?: number;
}

/** A claimed task that can be run. */
export interface PreparedTask {
  readonly task: RunningTask;
  readonly definition: TaskDefinition;
}

/** One attempt as a short pipeline: decode, look up, run inside its context, and turn whatever happens into one outcome. */
export class Executor {
  private readonly hooks: HookRunner;

  constructor(
    private readonly registry: TaskRegistry,
    hooks: readonly TaskHookProvider[],
  ) {
    this.hooks = new HookRunner(hooks);
  }

  /** Decodes a message and finds its handler; a failure when either is impossible. */
  prepare({ message, queue }: ClaimedTask): PreparedTask | Failure {
    try {
      const task = new RunningTask(decodeMessage(message), queue);
      const definition = this.registry.get(task.name);
      if (!definition) return failed(unknownTask(task.name), 0, task.attempt);
      const refusal = wrongKind(definition, queue);
      return refusal ? failed(refusal, 0, task.attempt) : { task, definition };
    } catch (error) {
      return failed(error, 0);
    }
  }

  /** Never rejects. */
  async run({ task, definition }: PreparedTask): Promise<Outcome> {
    const startedAt = performance.now();
    try {
      await runningTask.run(task, () => this.hooks.around(task, () => definition.handler(task.args, task)));
      return { kind: 'done', durationMs: performance.now() - startedAt };
    } catch (error) {
      return failed(error, performance.now() - startedAt, task.attempt);
    }
  }
}

function failed(error: unknown, durationMs: number, attempt?: number): Failure {
  return { kind: 'failed', error, durationMs, attempt };
}

function unknownTask(name: string): NestworkError {
  return new NestworkError('UNKNOWN_TASK', `No provider of this worker has a task named "${name}".`, [
    'Add its class to the `providers` of a module that the app imports.',
    'If it was renamed, keep the old name: @Task({ name: ... }).',
    'Deploy workers before the apps that send new tasks.',
  ]);
}
