import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from './clock.js';
import type { Mail, TaskKind } from './producer.js';
import { required } from './program.js';
import { Tally } from './tally.js';

const WAIT_MS = 5;

/** The work of the tasks of every contestant. */
export function taskKinds(): Record<TaskKind, (mail: Mail) => Promise<void>> {
  const tally = new Tally(required('TALLY_DIRECTORY'));
  return {
    async ping() {
      tally.started();
      tally.done();
    },
    async wait() {
      tally.started();
      await delay(WAIT_MS);
      tally.done();
    },
    async stamp({ sentAt }) {
      tally.note(monotonicMs() - sentAt);
      tally.started();
      tally.done();
    },
  };
}
