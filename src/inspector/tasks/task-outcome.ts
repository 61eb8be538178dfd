import type { KeptOutcome } from '../../broker/port/result-port.js';
import { decodeOutcome, decodeResult, type TaskResult } from '../../message/task-result.js';
import { dateOf } from '../../values/dates.js';

/**
 * What Redis keeps of the end of a task with a result: what `TaskHandle.result` would give.
 *
 * Printing it, or making JSON of it, shows everything but the value, which may be secret: read `value` for that.
 *
 * @example
 * const outcome: TaskOutcome | undefined = (await inspector.tasks.get(id))?.result;
 * if (outcome?.kind === 'done') console.log(outcome.value, outcome.keptUntil);
 */
export class TaskOutcome {
  /**
   * how it ended; `'failed'`: it was dead then; `'unkept'`: it is done, and its value cannot be kept; `'passed'`: it is done, and the
   * results of tasks that it added to its flow stand in place of a value; `'cancelled'`: also one that was purged, or replaced by
   * another one with its key
   */
  readonly kind: 'done' | 'failed' | 'dropped' | 'cancelled' | 'unkept' | 'passed';
  /** the code of the dead task, or why the value cannot be kept; undefined for the other kinds */
  readonly code: string | undefined;
  /** text of the error; undefined for a task that is done or cancelled */
  readonly error: string | undefined;
  /** attempts that were made; only of one that failed or was dropped */
  readonly attempts: number | undefined;
  /** until when it is kept, by the clock of Redis; undefined for a cancelled one of which only a mark is left */
  readonly keptUntil: Date | undefined;
  readonly #stored: string | undefined;
  readonly #id: string;

  /** @internal */
  constructor(id: string, end: Omit<TaskResult, 'value'>, stored?: string, until?: number) {
    const { kind, code, error, attempts } = end as Partial<TaskOutcome> & Pick<TaskOutcome, 'kind'>;
    this.kind = kind;
    this.code = code;
    this.error = error;
    this.attempts = attempts;
    this.keptUntil = dateOf(until);
    this.#stored = kind === 'done' ? stored : undefined;
    this.#id = id;
  }

  /** What the task returned, decoded when it is read; undefined where there is none, or it cannot be decoded. */
  get value(): unknown {
    if (this.#stored === undefined) return undefined;
    try {
      const result = decodeResult(this.#stored, this.#id);
      return result.kind === 'done' ? result.value : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * About how many bytes of memory its value takes.
   *
   * @internal
   */
  get bytes(): number {
    return this.#stored?.length ?? 0;
  }
}

/** Undefined for bytes that are no result: another program wrote them. */
export function outcomeOf(id: string, kept: KeptOutcome | undefined): TaskOutcome | undefined {
  if (!kept) return undefined;
  const { result, until } = kept;
  if (result === 'cancelled') return new TaskOutcome(id, { kind: 'cancelled' });
  try {
    return new TaskOutcome(id, decodeOutcome(result.stored, id), result.stored, until);
  } catch {
    return undefined;
  }
}
