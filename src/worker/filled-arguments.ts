import type { KeptResult, ResultBroker } from '../broker/port/result-port.js';
import { type ErrorCode, NestworkError } from '../errors.js';
import { type ArgumentRef, type ArgumentRefs, idsOf, type RefFailure } from '../message/task-refs.js';
import { decodeResult, isSealedResult } from '../message/task-result.js';
import { failureOf } from '../results/failure-of.js';
import { TaskFailedError } from '../results/result-errors.js';
import { outlasting } from './outlasting.js';
import type { RunningTask } from './running-task.js';

/** Results that one command reads: each may have 256 KiB. */
const AT_ONCE = 100;
/** Tasks that passed on the results of others, one behind the other. */
const MOST_PASSED = 100;

/**
 * The arguments of a task of a flow, with the results of other tasks in their places.
 *
 * @throws NestworkError RESULT_MISSING when the task cannot run without one of them
 */
export async function filledArguments(task: RunningTask, { failure, args: refs }: ArgumentRefs): Promise<unknown[]> {
  const args = [...task.message.args];
  for (const ref of refs) args[ref.at] = await resultFor(task, ref, failure);
  return args;
}

async function resultFor(task: RunningTask, { list, ids }: ArgumentRef, failure: RefFailure): Promise<unknown> {
  const reader = new ResultReader(task, failure);
  const values = await reader.read(idsOf(ids));
  return list ? listOf(values) : values[0]?.value;
}

/** Without those of which there is none. */
function listOf(values: readonly Read[]): unknown[] {
  return values.flatMap(({ left, value }) => (left ? [] : [value]));
}

interface Read {
  readonly value: unknown;
  /** there is none, and the task runs without it */
  readonly left?: true;
}

class ResultReader {
  constructor(
    private readonly task: RunningTask,
    private readonly failure: RefFailure,
  ) {}

  async read(ids: readonly string[], depth = 0): Promise<Read[]> {
    const all: Read[] = [];
    for (let at = 0; at < ids.length; at += AT_ONCE) {
      const part = ids.slice(at, at + AT_ONCE);
      const results = await this.results(part);
      for (const [index, result] of results.entries())
        all.push(await this.valueIn(part[index] as string, result, depth));
    }
    return all;
  }

  private async valueIn(id: string, result: KeptResult | undefined, depth: number): Promise<Read> {
    if (result === undefined) return this.lost(id, 'RESULT_EXPIRED', 'its result is kept no longer');
    if (result === 'cancelled') return this.lost(id, 'TASK_CANCELLED', 'it was cancelled');
    // from now on it may quote what is sealed
    if (isSealedResult(result.stored)) this.task.sealed = true;
    const decoded = decodeResult(result.stored, id, this.task.payloads);
    switch (decoded.kind) {
      case 'done':
        return { value: decoded.value };
      case 'passed': {
        if (depth === MOST_PASSED) return this.lost(id, 'RESULT_EXPIRED', 'its result was passed on too often');
        const values = await this.read(idsOf(decoded.ids), depth + 1);
        return decoded.list ? { value: listOf(values) } : (values[0] as Read);
      }
      case 'cancelled':
        return this.lost(id, 'TASK_CANCELLED', 'it was cancelled');
      case 'unkept':
        return this.lost(id, decoded.code, decoded.error);
      default:
        return this.without(failureOf(id, decoded));
    }
  }

  private lost(id: string, code: ErrorCode, error: string): Read {
    return this.without(new TaskFailedError(code, id, error, 0));
  }

  private without(failure: TaskFailedError): Read {
    if (this.failure === 'skip') return { value: undefined, left: true };
    if (this.failure === 'run') return { value: failure };
    const { taskId: id, code, error } = failure;
    throw new NestworkError(
      'RESULT_MISSING',
      `Task "${this.task.name}" ${this.task.id} takes the result of task ${id}, which has none (${code})${error && `: ${error}`}`,
      [
        'Repair the cause and make the flow again; a redrive helps only once that task is done.',
        "Let it run without that result: flow.with({ onFailure: 'skip' }) or 'run'.",
      ],
    );
  }

  private results(ids: readonly string[]): Promise<(KeptResult | undefined)[]> {
    const broker = this.task.results as Pick<ResultBroker, 'read'>;
    return outlasting(this.task, () => broker.read(ids));
  }
}
