import fc from 'fast-check';
import { BrokerCommand } from './broker-command.js';
import { queue } from './choices.js';

export const pauseQueue = fc
  .record({
    queue,
    hours: fc.oneof(fc.constant(undefined), fc.integer({ min: 1, max: 3 })),
    by: fc.constantFrom('anna', 'ben'),
  })
  .map(
    ({ queue, hours, by }) =>
      new BrokerCommand('pause', () => ({
        text: `${by} pauses ${queue}${hours === undefined ? '' : ` for ${hours} hours`}`,
        on: (system) => system.pauseQueue(queue, hours, by),
      })),
  );

export const resumeQueue = queue.map(
  (name) => new BrokerCommand('resume', () => ({ text: `resume ${name}`, on: (system) => system.resumeQueue(name) })),
);
