import type { ClaimedTask } from '../broker/port/broker.js';
import { labelOf } from '../message/message-label.js';
import { NewNames } from '../values/log-once.js';
import { printable } from '../values/printable.js';
import { START_WINDOW_MS } from './start-window.js';
import { WorkerLog } from './worker-log.js';

/** The longest window is so many times the usual one: 5 s. */
const MOST_PATIENCE = 64;
/** Claims in a row of which nothing was started, before that is worth a line: one happens on any machine that is busy. */
const WORTH_A_LINE = 3;

/**
 * Lets a child get ahead that cannot start a task within its window, because its messages are large or its processor is busy:
 * the tasks that it gives back would come to it again, for ever. After a claim of which nothing started, the next one asks for a
 * single task and has a longer window, twice as long each time.
 */
export class SlowStarts {
  private readonly log = new WorkerLog('TaskWorker');
  /** names whose arguments took long to read, and which were logged */
  private readonly named = new NewNames();
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
    this.log.warn(
      `Task ${nameOf(message)} ${printable(id)} was claimed ${WORTH_A_LINE} times and not started within ${START_WINDOW_MS} ms. ` +
        'This process gets too little of the processor, or its messages are very large. It claims one task at a time until one starts.',
    );
  }

  /** Reads the message of a task that starts. */
  timed<Prepared>({ id, message }: ClaimedTask, prepare: () => Prepared): Prepared {
    this.startedOne = true;
    this.missedClaims = 0;
    const from = performance.now();
    const prepared = prepare();
    const tookMs = performance.now() - from;
    if (tookMs > START_WINDOW_MS) this.name(message, id, tookMs);
    return prepared;
  }

  private name(message: string, id: string, tookMs: number): void {
    const name = nameOf(message);
    if (!this.named.isNew(name)) return;
    this.log.warn(
      `The arguments of task ${name} ${printable(id)} took ${Math.round(tookMs)} ms to read (${message.length} characters). ` +
        'Nothing else runs in this process meanwhile. Keep large data elsewhere and send its id.',
    );
  }
}

function nameOf(message: string): string {
  return printable(labelOf(message)?.name ?? 'without a name');
}
