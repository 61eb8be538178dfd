import fc from 'fast-check';
import { BrokerCommand } from './broker-command.js';

/** The alarm that rings does so already. */
const ALARM_TIMEOUT_MS = 1;

const limit = fc.integer({ min: 1, max: 8 });

export const promote = limit.map(
  (limit) =>
    new BrokerCommand('promote', () => ({
      text: `promote ${limit}`,
      on: (system) => system.promote(limit),
    })),
);

/** A promoter that sleeps: the alarm wakes it, and it promotes. */
export const wakePromoter = limit.map(
  (limit) =>
    new BrokerCommand('wake promoter', () => ({
      text: `a promoter waits for the alarm, then promotes ${limit}`,
      on: async (system) => [await system.waitForAlarm(ALARM_TIMEOUT_MS), await system.promote(limit)],
    })),
);
