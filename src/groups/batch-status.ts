import type { Culprit, GroupCounts, GroupRecord, GroupState } from '../broker/port/group-port.js';
import { openedCulprit } from '../message/opened-error.js';
import type { PayloadCodec } from '../payload/payload-codec.js';

/**
 * How a batch or flow stands, also as a callback gets it.
 *
 * @example
 * const { state, done, total, culprit }: BatchStatus = await batch.status();
 * logger.log(`${state}: ${done} of ${total}${culprit ? `, ${culprit.task} failed` : ''}`);
 */
export interface BatchStatus extends GroupCounts {
  /** 20 characters, unique for ever */
  readonly id: string;
  /** the `name` it was given; '' for none */
  readonly name: string;
  /**
   * `open`: it goes on. `failed`: a task of it has failed for good, and it waits for others, or for somebody who redrives that task.
   * `done`: all its tasks are done. `cancelled`. `expired`: its deadline has passed. `abandoned`: its sender died before it had added
   * all tasks.
   */
  readonly state: GroupState;
  /** the first task that failed; undefined while none has */
  readonly culprit?: Culprit;
}

/** As Redis has it: the error of the culprit may be sealed. */
export function statusOfGroup(record: GroupRecord): BatchStatus {
  const { id, name, state, total, done, failed, dropped, cancelled, waiting, culprit } = record;
  return { id, name, state, total, done, failed, dropped, cancelled, waiting, ...(culprit && { culprit }) };
}

/** As people read it. */
export function openedStatus(record: GroupRecord, payloads: PayloadCodec): BatchStatus {
  const { culprit, ...status } = statusOfGroup(record);
  return culprit ? { ...status, culprit: openedCulprit(culprit, payloads) } : status;
}
