import fc from 'fast-check';
import type { Due } from '../../../src/broker/port/broker.js';
import { BrokerCommand } from './broker-command.js';
import { due, pick, position, queue } from './choices.js';
import { freshMessages, idOf, keyOf } from './messages.js';

const producer = fc.nat({ max: 1 });

/** Now, or later. */
const maybeDue = fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: due });

export const enqueue = fc.record({ queue, producer, count: fc.integer({ min: 1, max: 4 }), due: maybeDue }).map(
  (choice) =>
    new BrokerCommand('enqueue', (model) => {
      const messages = freshMessages(choice.producer, choice.count, model.enqueued.keys());
      return {
        text: `enqueue ${messages.map(idOf).join(' ')} to ${choice.queue}${when(choice.due)}`,
        on: (system) => system.enqueue(choice.queue, messages, choice.due),
      };
    }),
);

/** A producer that got no answer sends its whole batch again, of which a part may be in. */
export const enqueueAgain = fc
  .record({ known: fc.array(position, { minLength: 1, maxLength: 3 }), fresh: fc.nat({ max: 2 }), due: maybeDue })
  .map(
    (choice) =>
      new BrokerCommand('enqueue again', (model) => {
        const known = choice.known.flatMap((at) => pick([...model.enqueued.values()], at) ?? []);
        const [first] = known;
        if (!first) return undefined;
        const messages = known.map(({ message }) => message);
        messages.splice(1, 0, ...freshMessages(0, choice.fresh, model.enqueued.keys()));
        return {
          text: `enqueue again ${messages.map(idOf).join(' ')} to ${first.queue}${when(choice.due)}`,
          on: (system) => system.enqueue(first.queue, messages, choice.due),
        };
      }),
  );

/** A task with one of two keys; now and then one that is in already. */
export const enqueueUnique = fc
  .record({
    queue,
    producer,
    key: fc.constantFrom('a', 'b'),
    until: fc.constantFrom('started' as const, 'finished' as const),
    due: maybeDue,
    replace: fc.boolean(),
    again: fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: position }),
  })
  .map(
    ({ queue, producer, key, until, due, replace, again }) =>
      new BrokerCommand('enqueue unique', (model) => {
        const known = [...model.enqueued.values()].filter(({ message }) => keyOf(message));
        const [fresh = ''] = freshMessages(producer, 1, model.enqueued.keys(), { key, until });
        const message = (again === undefined ? undefined : pick(known, again)?.message) ?? fresh;
        return {
          text: `enqueue ${idOf(message)} to ${queue}${when(due)} with key ${keyOf(message)?.digest}${replace ? ', replacing' : ''}`,
          on: (system) => system.enqueueUnique(queue, message, { due, replace }),
        };
      }),
  );

function when(due: Due | undefined): string {
  return due === undefined ? '' : ` with due ${JSON.stringify(due)}`;
}
