import type { CallOptions } from '../message/call-options.js';
import { isDuration, toMilliseconds } from '../values/duration.js';
import { hasReadablePrototypes, read } from '../values/thrown.js';
import { withoutGaps } from '../values/without-gaps.js';
import { type Backoff, toBackoff } from './backoff.js';
import type { ErrorClass, PolicyOptions } from './policy-options.js';
import { DropTask, HardTimeoutError, RetryTask } from './task-errors.js';

const DEFAULT_BACKOFF = '1s';
const DEFAULT_MAX_BACKOFF = '1h';
/** The least wait of a task that may be tried again without a limit, in ms: with none it would keep its child busy for ever. */
const LEAST_ENDLESS_MS = 100;

/** A limit that starts nothing for some time, by its key. */
export interface StoppedLimit {
  /** as `limitKey` makes it */
  readonly limit: string;
  readonly ms: number;
}

/** The next step of a task whose attempt failed. */
export type Decision =
  | { readonly kind: 'retry'; readonly inMs: number; readonly stop?: StoppedLimit }
  | { readonly kind: 'dead' }
  | { readonly kind: 'drop' };

const DEAD: Decision = { kind: 'dead' };
const DROP: Decision = { kind: 'drop' };

/** How an attempt failed. */
export interface FailedAttempt {
  readonly error: unknown;
  /** failures before this one */
  readonly failures: number;
  /** its soft timeout had passed */
  readonly softTimedOut: boolean;
}

/** Timeouts and retries of one task in one queue, with the options of all layers, resolved to numbers. */
export class TaskPolicy {
  readonly softTimeoutMs: number | undefined;
  readonly hardTimeoutMs: number | undefined;
  readonly expiresMs: number | undefined;
  private readonly retries: number | undefined;
  private readonly backoff: Backoff;
  private readonly fallback: Backoff;
  private readonly retryOn: readonly ErrorClass[] | undefined;
  private readonly dropOn: readonly ErrorClass[];
  private readonly retryOnSoftTimeout: boolean;
  private hardTimeoutError: HardTimeoutError | undefined;

  /** @param layers the options, the strongest last; checked by `assertPolicyOptions` or `decodeCallOptions` */
  constructor(layers: readonly (PolicyOptions | CallOptions)[]) {
    const said = Object.assign({}, ...layers.map(withoutGaps)) as PolicyOptions;
    this.softTimeoutMs = milliseconds(said.softTimeout);
    this.hardTimeoutMs = milliseconds(said.hardTimeout);
    this.expiresMs = milliseconds(said.expires);
    this.retries = said.retries;
    const mostMs = toMilliseconds(said.maxBackoff ?? DEFAULT_MAX_BACKOFF, 'maxBackoff');
    this.backoff = toBackoff(said.backoff ?? DEFAULT_BACKOFF, mostMs);
    this.fallback = toBackoff(DEFAULT_BACKOFF, mostMs);
    this.retryOn = said.retryOn;
    this.dropOn = said.dropOn ?? [];
    this.retryOnSoftTimeout = said.retryOnSoftTimeout ?? false;
  }

  /**
   * Never throws: `onBroken` gets what the user's code throws here. A backoff function that does is replaced by the
   * default; where a class cannot be asked, the task is dead. Something thrown that cannot be asked for its class, such as a
   * revoked proxy, is one of none.
   */
  decide(attempt: FailedAttempt, onBroken: (error: unknown) => void = () => {}): Decision {
    const report = (broken: unknown): void => {
      try {
        onBroken(broken);
      } catch {
        // it is not to keep the decision from the task
      }
    };
    try {
      return this.judge(attempt, report);
    } catch (broken) {
      report(broken);
      return DEAD;
    }
  }

  private judge({ error, failures, softTimedOut }: FailedAttempt, onBroken: (error: unknown) => void): Decision {
    if (error instanceof DropTask || isOneOf(error, this.dropOn)) return DROP;
    if (error instanceof RetryTask) {
      if (this.retries !== undefined && failures >= this.retries) return DEAD;
      const asked = read(error, 'inMs');
      const inMs = isDuration(asked) ? asked : this.wait(failures + 1, error, onBroken);
      return { kind: 'retry', inMs: this.retries === undefined ? Math.max(inMs, LEAST_ENDLESS_MS) : inMs };
    }
    if (failures >= (this.retries ?? 0)) return DEAD;
    const wanted = softTimedOut ? this.retryOnSoftTimeout : this.retryOn === undefined || isOneOf(error, this.retryOn);
    return wanted ? { kind: 'retry', inMs: this.wait(failures + 1, error, onBroken) } : DEAD;
  }

  /** The next step of the task if its process has to be ended; decided before, because later no code can decide. */
  afterHardTimeout(task: string, failures: number): Decision {
    // an error takes its stack, and this is asked at every start
    this.hardTimeoutError ??= new HardTimeoutError(task, this.hardTimeoutMs ?? 0);
    return this.decide({ error: this.hardTimeoutError, failures, softTimedOut: false });
  }

  private wait(attempt: number, error: unknown, onBroken: (error: unknown) => void): number {
    try {
      return this.backoff(attempt, error);
    } catch (broken) {
      onBroken(broken);
      return this.fallback(attempt, error);
    }
  }
}

function isOneOf(error: unknown, classes: readonly ErrorClass[]): boolean {
  return classes.length > 0 && hasReadablePrototypes(error) && classes.some((type) => error instanceof type);
}

function milliseconds(duration: PolicyOptions['expires']): number | undefined {
  return duration === undefined ? undefined : toMilliseconds(duration, 'a timeout');
}
