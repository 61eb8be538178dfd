import fc from 'fast-check';
import type { BrokerCommand } from './broker-command.js';
import { ack, bury, claim, claimBoth, holdings, release, retry, wake } from './child-commands.js';
import { deleteDead, redriveDead } from './grave-commands.js';
import {
  expireLease,
  flushScripts,
  forgetDrainer,
  letTimePass,
  missPulse,
  pushForeign,
} from './misfortune-commands.js';
import { pauseQueue, resumeQueue } from './pause-commands.js';
import { enqueue, enqueueAgain, enqueueUnique } from './producer-commands.js';
import { promote, wakePromoter } from './promoter-commands.js';
import {
  close,
  liveAndDie,
  liveAndFail,
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
  [9, enqueueUnique],
  [6, promote],
  [3, wakePromoter],
  [4, letTimePass],
  [3, pauseQueue],
  [3, resumeQueue],
  [20, claim],
  [4, claimBoth],
  [3, wake],
  [5, ack],
  [8, retry],
  [5, bury],
  [8, release],
  [5, redriveDead],
  [2, deleteDead],
  [1, holdings],
  [3, open],
  [2, register],
  [1, registerAgain],
  [2, renew],
  [2, close],
  [6, settle],
  [8, liveAndDie],
  [5, liveAndFail],
  [2, lookForOverdue],
  [2, reap],
  [5, reapOverdue],
  [5, expireLease],
  [3, missPulse],
  [1, forgetDrainer],
  [1, flushScripts],
  [5, pushForeign],
];

export const brokerCommand: fc.Arbitrary<BrokerCommand> = fc.oneof(
  ...WEIGHTED.map(([weight, arbitrary]) => ({ weight, arbitrary })),
);
