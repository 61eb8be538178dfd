import { randomInt } from 'node:crypto';
import { NestworkError } from '../errors.js';
import { shown } from '../values/shown.js';

/**
 * Characters of a task id: 10 of the producer, 2 of the lane, then 8 of the sequence number; all base 36, lower case. Nothing reads
 * the lane of an id while there is one lane, so any two characters may stand there, as they do in ids of earlier versions.
 */
export const TASK_ID_LENGTH = 20;

/**
 * Sequence numbers that share one `seen` bitmap.
 *
 * A task's bit is its sequence number modulo this; see {@link blockOf} for the bitmap.
 */
export const SEEN_BLOCK_SIZE = 4096;

/** Producer and lane: what the ids of one sequence have in common. */
const PRODUCER_LENGTH = 12;
/** The lane of all tasks on one Redis. */
const HOME_LANE = '00';
const SEQUENCE_LENGTH = TASK_ID_LENGTH - PRODUCER_LENGTH;
const SEQUENCE_LIMIT = 36 ** SEQUENCE_LENGTH;
const TASK_ID = /^[0-9a-z]{20}$/;

/**
 * The ids of one producer: `<producer><lane><sequence number>`, unique without asking Redis.
 *
 * Redis recognises by the sequence number a task that it already has, so a producer must never be shared
 * by two sequences: let each connection make its own. When the 2.8 trillion numbers of a producer are
 * used up, the sequence goes on under a new random one.
 *
 * @example
 * const ids = new TaskIdSequence();
 * ids.next(); // 'k3v9x0q2m70000000000'
 * ids.next(); // 'k3v9x0q2m70000000001'
 */
export class TaskIdSequence {
  /**
   * @param producer 10 characters of `[0-9a-z]`, random (52 bits) by default, and 2 of the lane
   * @param sequence the first sequence number; 0 by default
   * @throws NestworkError `INVALID_TASK_ID` when they cannot make up a task id
   */
  constructor(
    private producer: string = randomProducer(),
    private sequence: number = 0,
  ) {
    assertTaskId(producer + inBase36(sequence));
  }

  /** What its next ids begin with, see {@link producerOf}. */
  get prefix(): string {
    return this.producer;
  }

  /** So many ids in a row, of one producer. */
  take(count: number): string[] {
    if (this.sequence + count > SEQUENCE_LIMIT) {
      this.producer = randomProducer();
      this.sequence = 0;
    }
    return Array.from({ length: count }, () => this.next());
  }

  /** The next id; never the same twice. */
  next(): string {
    if (this.sequence === SEQUENCE_LIMIT) {
      this.producer = randomProducer();
      this.sequence = 0;
    }
    return this.producer + inBase36(this.sequence++);
  }
}

/**
 * Whether `value` has the form of a task id: 20 characters of `[0-9a-z]`.
 *
 * @example
 * isTaskId('k3v9x0q2m7ab00000001'); // true
 * isTaskId('42'); // false
 */
export function isTaskId(value: unknown): value is string {
  return typeof value === 'string' && TASK_ID.test(value);
}

/**
 * Refuses anything that does not have the form of a task id, which batches and flows have, too.
 *
 * @param what what the error calls it: `a task id`, `the id of a flow`
 * @throws NestworkError `INVALID_TASK_ID`, naming the value
 *
 * @example
 * assertTaskId(request.params.id); // from here on a string
 */
export function assertTaskId(value: unknown, what = 'a task id'): asserts value is string {
  if (isTaskId(value)) return;
  throw new NestworkError(
    'INVALID_TASK_ID',
    `${shown(value)} is not ${what}.`,
    'Pass the id of a TaskHandle, Batch or Flow (or of an error that carries ids) as it is: 20 characters of 0-9 and a-z.',
  );
}

/**
 * The producer of a task id, and its lane: its first 12 characters.
 *
 * @param id a valid task id; not checked
 *
 * @example
 * producerOf('k3v9x0q2m7ab00000001'); // 'k3v9x0q2m7ab'
 */
export function producerOf(id: string): string {
  return id.slice(0, PRODUCER_LENGTH);
}

/**
 * Which of its producer's `seen` bitmaps a task id belongs to: its sequence number by {@link SEEN_BLOCK_SIZE}.
 *
 * @param id a valid task id; not checked
 *
 * @example
 * blockOf('k3v9x0q2m7ab00000001'); // 0
 * blockOf('k3v9x0q2m7ab00000zzz'); // 11, because zzz in base 36 is 46,655
 */
export function blockOf(id: string): number {
  return Math.floor(Number.parseInt(id.slice(PRODUCER_LENGTH), 36) / SEEN_BLOCK_SIZE);
}

/** The id that comes so many after another one of the same sequence. @param id a valid task id; not checked */
export function idAfter(id: string, count: number): string {
  return producerOf(id) + inBase36(Number.parseInt(id.slice(PRODUCER_LENGTH), 36) + count);
}

function randomProducer(): string {
  const { length } = HOME_LANE;
  return Array.from({ length: PRODUCER_LENGTH - length }, () => randomInt(36).toString(36)).join('') + HOME_LANE;
}

function inBase36(sequence: number): string {
  return sequence.toString(36).padStart(SEQUENCE_LENGTH, '0');
}
