import fc from 'fast-check';
import { BrokerCommand } from './broker-command.js';
import { queue, sessionOf, someSession } from './choices.js';
import { foreignBytes } from './messages.js';

const MINUTE_MS = 60_000;

export const expireLease = someSession.map(
  (which) =>
    new BrokerCommand('expire', (model) => {
      const session = sessionOf(model, which);
      if (session === undefined) return undefined;
      return { text: `let the lease of ${session} run out`, on: (system) => system.expireLease(session) };
    }),
);

/** Around a third of the leases of one hour and of three, forwards and backwards: 19 minutes prove nothing, 61 do to all. */
export const missPulse = fc.constantFrom(-61, -40, -19, 19, 40, 61).map(
  (minutes) =>
    new BrokerCommand('miss renewals', () => ({
      text: `no renewal for ${minutes} minutes`,
      on: (system) => system.missPulse(minutes * MINUTE_MS),
    })),
);

export const letTimePass = fc.integer({ min: 1, max: 2 }).map(
  (hours) =>
    new BrokerCommand('time passes', () => ({
      text: `${hours} hours pass for scheduled tasks`,
      on: (system) => system.letTimePass(hours),
    })),
);

export const forgetDrainer = fc.constant(
  new BrokerCommand('forget drainer', () => ({
    text: 'the mark of the child that drains expires',
    on: (system) => system.forgetDrainer(),
  })),
);

export const flushScripts = fc.constant(
  new BrokerCommand('flush scripts', () => ({ text: 'SCRIPT FLUSH', on: (system) => system.flushScripts() })),
);

export const pushForeign = queue.map(
  (name) =>
    new BrokerCommand('foreign bytes', (model) => {
      const bytes = foreignBytes(model.foreign);
      return { text: `push ${bytes} to ${name}`, on: (system) => system.pushForeign(name, bytes) };
    }),
);
