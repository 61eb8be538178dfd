import fc from 'fast-check';
import { BrokerCommand } from './broker-command.js';
import { pick, position, queue } from './choices.js';
import { freshMessages, idOf } from './messages.js';

export const enqueue = fc.record({ queue, producer: fc.nat({ max: 1 }), count: fc.integer({ min: 1, max: 4 }) }).map(
  (choice) =>
    new BrokerCommand('enqueue', (model) => {
      const messages = freshMessages(choice.producer, choice.count, model.enqueued.keys());
      return {
        text: `enqueue ${messages.map(idOf).join(' ')} to ${choice.queue}`,
        on: (system) => system.enqueue(choice.queue, messages),
      };
    }),
);

/** A producer that got no answer sends its whole batch again, of which a part may be in. */
export const enqueueAgain = fc
  .record({ known: fc.array(position, { minLength: 1, maxLength: 3 }), fresh: fc.nat({ max: 2 }) })
  .map(
    (choice) =>
      new BrokerCommand('enqueue again', (model) => {
        const known = choice.known.flatMap((at) => pick([...model.enqueued.values()], at) ?? []);
        const [first] = known;
        if (!first) return undefined;
        const messages = known.map(({ message }) => message);
        messages.splice(1, 0, ...freshMessages(0, choice.fresh, model.enqueued.keys()));
        return {
          text: `enqueue again ${messages.map(idOf).join(' ')} to ${first.queue}`,
          on: (system) => system.enqueue(first.queue, messages),
        };
      }),
  );
