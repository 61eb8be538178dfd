import type { Pause, PausePort } from '../../broker/port/pause-port.js';
import { nearestDate, nearestDateIfAny } from '../../values/dates.js';
import { type Duration, toMilliseconds } from '../../values/duration.js';
import { assertKnownOptions } from '../../values/known-options.js';
import { invalid } from '../../values/option-values.js';
import { shown } from '../../values/shown.js';

/** Characters of `by` and of `reason`. */
const MOST_CHARACTERS = 256;

/**
 * How to pause a queue.
 *
 * @example
 * const options: QueuePauseOptions = { for: '1h', by: 'anna', reason: 'The mail server is down' };
 */
export interface QueuePauseOptions {
  /**
   * After this time the queue runs again by itself.
   * @default none: until it is resumed
   */
  for?: Duration;
  /** The name of the person or program that pauses it, shown with the pause. At most 256 characters. */
  by: string;
  /**
   * The reason, shown with the pause. At most 256 characters.
   * @default none
   */
  reason?: string;
}

/**
 * How to resume a queue.
 *
 * @example
 * const options: QueueResumeOptions = { by: 'anna' };
 */
export interface QueueResumeOptions {
  /** The name of the person or program that resumes it, for the record of actions. At most 256 characters. */
  by: string;
}

/**
 * A pause that holds a queue.
 *
 * @example
 * const text = ({ queue, by, until }: QueuePause): string => `${queue}: by ${by}, ${until ? until.toISOString() : 'until resumed'}`;
 */
export interface QueuePause {
  /** name of the queue */
  readonly queue: string;
  /** when it was paused, by the clock of Redis */
  readonly since: Date;
  /** when it ends by itself, by the clock of Redis; undefined for a pause that lasts until the queue is resumed */
  readonly until: Date | undefined;
  /** the name given by the last `pause()` of it */
  readonly by: string;
  /** the reason, if that `pause()` gave one */
  readonly reason: string | undefined;
}

/** Checks the options of pauses for `QueueInspector`, which documents them. It takes any name for a queue: its caller checks that. */
export class QueuePauses {
  constructor(private readonly broker: PausePort) {}

  async pause(queue: string, options: QueuePauseOptions): Promise<QueuePause> {
    assertKnownOptions(options, ['for', 'by', 'reason'], 'the pause of a queue');
    const { by, reason } = options;
    const forMs = options.for === undefined ? undefined : toMilliseconds(options.for, 'for');
    if (forMs === 0)
      throw invalid('for', 'is 0', 'Give a longer time, or leave it out: then the pause lasts until resume().');
    assertText('by', by, 'Give the name of the person or program that pauses the queue.');
    if (reason !== undefined) assertText('reason', reason, 'Give the reason, or leave it out.');
    return { queue, ...describePause(await this.broker.pause(queue, { forMs, by, reason })) };
  }

  async resume(queue: string, options: QueueResumeOptions): Promise<boolean> {
    assertKnownOptions(options, ['by'], 'the end of a pause');
    assertText('by', options.by, 'Give the name of the person or program that resumes the queue.');
    return this.broker.resume(queue);
  }

  async list(): Promise<QueuePause[]> {
    const pauses = await this.broker.pauses();
    return pauses
      .map((pause) => ({ queue: pause.queue, ...describePause(pause) }))
      .sort((a, b) => (a.queue < b.queue ? -1 : 1));
  }
}

/** With times that people read. */
export function describePause({ since, until, by, reason }: Pause): Omit<QueuePause, 'queue'> {
  return { since: nearestDate(since), until: nearestDateIfAny(until), by, reason };
}

/** Anything may arrive here from untyped code. */
export function assertText(option: string, text: unknown, remedy: string): void {
  if (typeof text !== 'string' || text === '') throw invalid(option, `is ${shown(text)}, not a text`, remedy);
  if (text.length > MOST_CHARACTERS) {
    throw invalid(option, `has ${text.length} characters`, `Give at most ${MOST_CHARACTERS}.`);
  }
}
