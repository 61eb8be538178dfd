import fc from 'fast-check';
import type { BrokerCommand } from './broker-command.js';
import { ack, bury, claim, holdings, release, wake } from './child-commands.js';
import { deleteDead, redriveDead } from './grave-commands.js';
import { expireLease, flushScripts, forgetDrainer, missPulse, pushForeign } from './misfortune-commands.js';
import { enqueue, enqueueAgain } from './producer-commands.js';
import {
  close,
  liveAndDie,
  lookForOverdue,
  open,
  reap,
  reapOverdue,
  register,
  registerAgain,
  renew,
  settle,
} from './supervisor-commands.js';

/** All that can happen, as often as it takes to lead anywhere: more work is claimed than comes in, or nothing ever runs dry. */
const WEIGHTED: readonly [weight: number, command: fc.Arbitrary<BrokerCommand>][] = [
  [14, enqueue],
  [3, enqueueAgain],
  [16, claim],
  [3, wake],
  [5, ack],
  [3, bury],
  [8, release],
  [5, redriveDead],
  [1, deleteDead],
  [1, holdings],
  [3, open],
  [2, register],
  [1, registerAgain],
  [2, renew],
  [2, close],
  [4, settle],
  [5, liveAndDie],
  [2, lookForOverdue],
  [2, reap],
  [5, reapOverdue],
  [5, expireLease],
  [3, missPulse],
  [2, forgetDrainer],
  [1, flushScripts],
  [3, pushForeign],
];

export const brokerCommand: fc.Arbitrary<BrokerCommand> = fc.oneof(
  ...WEIGHTED.map(([weight, arbitrary]) => ({ weight, arbitrary })),
);
