import type { ClaimedTask } from '../broker/port/broker.js';
import { labelOf } from '../message/message-label.js';
import { printable } from '../values/printable.js';
import { START_WINDOW_MS } from './start-window.js';
import { WorkerLog } from './worker-log.js';

/** The longest window is so many times the usual one: 5 s. */
const MOST_PATIENCE = 64;
/** Claims in a row of which nothing was started, before that is worth a line: one happens on any machine that is busy. */
const WORTH_A_LINE = 3;

/**
 * Lets a child get ahead that cannot start a task within its window, because its messages are large or its processor is busy:
 * what it gives back would come to it again, for ever. After a claim of which nothing started, the next one asks for a
 * single task and has a longer window, twice as long each time.
 */
export class SlowStarts {
  private readonly log = new WorkerLog('TaskWorker');
  /** claims in a row of which nothing was started */
  private missedClaims = 0;
  private startedOne = false;

  /** How many tasks to claim at most. */
  get limit(): number {
    return this.missedClaims > 0 ? 1 : Number.POSITIVE_INFINITY;
  }

  /** How many times as long as usual the window of the next claim is. */
  get patience(): number {
    return Math.min(2 ** this.missedClaims, MOST_PATIENCE);
  }

  claimed(): void {
    this.startedOne = false;
  }

  /** The window passed before this task, the first that waits, could be started in a free slot. */
  missed({ id, message }: ClaimedTask): void {
    if (this.startedOne) return;
    this.missedClaims += 1;
    if (this.missedClaims !== WORTH_A_LINE) return;
    const name = printable(labelOf(message)?.name ?? 'without a name');
    this.log.warn(
      `Task ${name} ${printable(id)} was claimed ${WORTH_A_LINE} times and not started within ${START_WINDOW_MS} ms. ` +
        'This process gets too little of the processor, or its messages are very large. It claims one task at a time until one starts.',
    );
  }

  /** A task starts. */
  started(): void {
    this.startedOne = true;
    this.missedClaims = 0;
  }
}
