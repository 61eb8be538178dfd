import type { KeptOutcome } from '../../broker/port/result-port.js';
import { decodeOutcome, decodeResult, isSealedResult, type TaskResult } from '../../message/task-result.js';
import { type PayloadCodec, PLAIN_PAYLOADS } from '../../payload/payload-codec.js';
import { dateOf } from '../../values/dates.js';

/** How the end of a task lies in Redis. */
interface KeptEnd {
  readonly stored?: string;
  /** ms since 1970 */
  readonly until?: number | undefined;
  readonly payloads?: PayloadCodec;
}

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
  /** text of the error, `[sealed]` where this process cannot open it; undefined for a task that is done or cancelled */
  readonly error: string | undefined;
  /** attempts that were made; only of one that failed or was dropped */
  readonly attempts: number | undefined;
  /** until when it is kept, by the clock of Redis; undefined for a cancelled one of which only a mark is left */
  readonly keptUntil: Date | undefined;
  /** whether the value, or the text of the error, is sealed */
  readonly sealed: boolean;
  readonly #stored: string | undefined;
  readonly #id: string;
  readonly #payloads: PayloadCodec;

  /** @internal */
  constructor(id: string, end: Omit<TaskResult, 'value'>, { stored, until, payloads = PLAIN_PAYLOADS }: KeptEnd = {}) {
    const { kind, code, error, attempts } = end as Partial<TaskOutcome> & Pick<TaskOutcome, 'kind'>;
    this.kind = kind;
    this.code = code;
    this.error = error;
    this.attempts = attempts;
    this.keptUntil = dateOf(until);
    this.#stored = kind === 'done' ? stored : undefined;
    this.#id = id;
    this.#payloads = payloads;
    this.sealed = stored !== undefined && isSealedResult(stored);
  }

  /** What the task returned, decoded when it is read; undefined where there is none, it cannot be decoded, or this process lacks the key. */
  get value(): unknown {
    return this.#read()?.value;
  }

  /**
   * Whether there is a value that is sealed, and cannot be opened.
   *
   * @internal
   */
  get isClosed(): boolean {
    return this.kind === 'done' && this.sealed && !this.#read();
  }

  #read(): { readonly value: unknown } | undefined {
    if (this.#stored === undefined) return undefined;
    try {
      const result = decodeResult(this.#stored, this.#id, this.#payloads);
      return result.kind === 'done' ? result : undefined;
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
export function outcomeOf(id: string, kept: KeptOutcome | undefined, payloads: PayloadCodec): TaskOutcome | undefined {
  if (!kept) return undefined;
  const { result, until } = kept;
  if (result === 'cancelled') return new TaskOutcome(id, { kind: 'cancelled' });
  try {
    return new TaskOutcome(id, decodeOutcome(result.stored, id, payloads), { stored: result.stored, until, payloads });
  } catch {
    return undefined;
  }
}
