import { BrokerCommand } from './broker-command.js';
import { deadOf, someDead } from './choices.js';

export const redriveDead = someDead.map(
  (choice) =>
    new BrokerCommand('redrive', (model) => {
      const { stale } = choice;
      const { queue, ids } = deadOf(model, choice);
      if (ids.length === 0) return undefined;
      return {
        text: `${stale ? 'a late command redrives' : 'redrive'} ${ids.join(' ')} of ${queue}`,
        on: (system) => system.redriveDead(queue, ids, stale),
      };
    }),
);

export const deleteDead = someDead.map(
  (choice) =>
    new BrokerCommand('delete', (model) => {
      const { stale } = choice;
      const { queue, ids } = deadOf(model, choice);
      if (ids.length === 0) return undefined;
      return {
        text: `${stale ? 'a late command deletes' : 'delete'} ${ids.join(' ')} of ${queue}`,
        on: (system) => system.deleteDead(queue, ids, stale),
      };
    }),
);
