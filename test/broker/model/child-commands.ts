import fc from 'fast-check';
import type { ClaimReply } from '../../../src/broker/port/broker.js';
import { BrokerCommand } from './broker-command.js';
import {
  childOf,
  holderOf,
  nearlyAllQueues,
  pick,
  position,
  QUEUES,
  someChild,
  someQueues,
  someTasks,
  someTasksOrNone,
  tasksOf,
} from './choices.js';
import { attemptLine, isForeign } from './messages.js';
import { HOUR_MS, REPORT } from './system.js';

/** The bells that ring do so already. */
const BELL_TIMEOUT_MS = 1;

/** How a claim numbers itself, from the number of the last one. */
const NUMBERING = {
  next: 1,
  'the same': 0, // its reply was lost
  'an older one': -1, // it was under way for long
  'one left out': 2, // one never arrived
} as const;

const rarelyNot = fc.nat({ max: 4 }).map((n) => n > 0);

const numbering = fc.oneof(
  { weight: 8, arbitrary: fc.constant('next' as const) },
  { weight: 2, arbitrary: fc.constant('the same' as const) },
  { weight: 1, arbitrary: fc.constant('an older one' as const) },
  { weight: 1, arbitrary: fc.constant('one left out' as const) },
);

export const claim = fc
  .record({
    who: someChild,
    numbering,
    limit: fc.integer({ min: 0, max: 5 }),
    acks: someTasksOrNone,
    queues: someQueues,
    recover: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  })
  .map(
    (choice) =>
      new BrokerCommand('claim', (model) => {
        const child = childOf(model, choice.who);
        if (!child) return undefined;
        const { limit, queues, recover } = choice;
        const number = (model.lastClaim(child) ?? 0) + NUMBERING[choice.numbering];
        // a task that frees its key at its end is acked alone
        const acks = tasksOf(model, child, choice.acks).filter((id) => !model.hasKeyUntilFinished(id));
        return {
          text: `${child.child} claims (number ${number}) ${recover ? 'its own tasks' : limit} from ${queues.join(' ')}, acks ${acks.join(' ')}`,
          on: async (system) => comparable(await system.claim({ ...child, queues }, { number, limit, acks, recover })),
        };
      }),
  );

/** Two children that hold something claim from the same queues, where a quarantined task may wait. */
export const claimBoth = fc.record({ at: position, other: position, queues: someQueues }).map(
  ({ at, other, queues }) =>
    new BrokerCommand('claim both', (model) => {
      const holders = model.registered().filter((child) => model.held(child).length > 0);
      const both = [...new Set([pick(holders, at), pick(holders, other)])].flatMap((child) =>
        child ? { child, number: (model.lastClaim(child) ?? 0) + 1 } : [],
      );
      if (both.length < 2) return undefined;
      return {
        text: `${both.map(({ child }) => child.child).join(' and ')} claim 1 from ${queues.join(' ')}`,
        on: async (system) => {
          const replies: ClaimReply[] = [];
          for (const { child, number } of both) {
            replies.push(await system.claim({ ...child, queues }, { number, limit: 1, acks: [] }));
          }
          return replies;
        },
      };
    }),
);

/** An idle child: a bell wakes it, and it claims. Only a registered one waits for bells. */
export const wake = fc.record({ at: position, queues: someQueues }).map(
  ({ at, queues }) =>
    new BrokerCommand('wake', (model) => {
      const child = pick(model.registered(), at);
      if (!child) return undefined;
      const request = { number: (model.lastClaim(child) ?? 0) + 1, limit: 1, acks: [] };
      return {
        text: `${child.child} waits for the bells of ${queues.join(' ')}, then claims 1`,
        on: async (system) => [
          await system.waitForBell(queues, BELL_TIMEOUT_MS),
          await system.claim({ ...child, queues }, request),
        ],
      };
    }),
);

export const ack = fc.record({ who: someChild, tasks: someTasks }).map(
  (choice) =>
    new BrokerCommand('ack', (model) => {
      const child = holderOf(model, choice.who);
      const ids = child ? tasksOf(model, child, choice.tasks) : [];
      if (!child || ids.length === 0) return undefined;
      return {
        text: `${child.child} acks ${ids.join(' ')}`,
        on: (system) => system.ack({ ...child, queues: QUEUES }, ids),
      };
    }),
);

/** How many failures the child has counted: all, or fewer because the command was under way for long. */
const outdatedBy = fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) });

export const retry = fc
  .record({ who: someChild, tasks: someTasks, outdatedBy, hours: fc.nat({ max: 2 }), counts: rarelyNot })
  .map(
    ({ who, tasks, outdatedBy, hours, counts }) =>
      new BrokerCommand('retry', (model) => {
        const child = holderOf(model, who);
        const [id] = child ? tasksOf(model, child, tasks) : [];
        if (!child || id === undefined) return undefined;
        const queue = model.queueOf(child, id);
        const failures = Math.max(0, model.failuresOf(child, id) - outdatedBy);
        const line = attemptLine(model.attempts);
        return {
          text: `${child.child} lets ${id} of ${queue} run again in ${hours} hours, after ${failures} failures${counts ? '' : ', uncounted'}`,
          on: (system) =>
            system.retry(
              { ...child, queues: QUEUES },
              { id, queue },
              { inMs: hours * HOUR_MS, failures, line, counts },
            ),
        };
      }),
  );

/** A child buries foreign bytes most often, if it holds some. */
export const bury = fc.record({ who: someChild, tasks: someTasks, foreign: fc.boolean(), attempted: fc.boolean() }).map(
  (choice) =>
    new BrokerCommand('bury', (model) => {
      const child = holderOf(model, choice.who);
      const foreign = child && choice.foreign ? model.held(child).find(isForeign) : undefined;
      const id = foreign ?? (child && tasksOf(model, child, choice.tasks)[0]);
      if (!child || id === undefined) return undefined;
      const queue = model.queueOf(child, id);
      // foreign bytes cannot be tried
      const line = choice.attempted && !isForeign(id) ? attemptLine(model.attempts) : '';
      return {
        text: `${child.child} buries ${id} of ${queue}${line === '' ? '' : ' after an attempt'}`,
        on: (system) => system.bury({ ...child, queues: QUEUES }, { id, queue }, REPORT, line),
      };
    }),
);

export const release = fc
  .record({
    who: someChild,
    tasks: someTasks,
    queues: nearlyAllQueues,
    // by the child itself, or by its supervisor, which names the claim
    claimsBehind: fc.option(fc.nat({ max: 1 }), { nil: undefined }),
  })
  .map(
    (choice) =>
      new BrokerCommand('release', (model) => {
        const child = holderOf(model, choice.who);
        if (!child) return undefined;
        const { queues, claimsBehind } = choice;
        const ids = tasksOf(model, child, choice.tasks);
        const number = claimsBehind === undefined ? undefined : (model.lastClaim(child) ?? 0) - claimsBehind;
        const mode = number === undefined ? '' : ` of claim ${number}`;
        return {
          text: `${child.child} releases ${ids.join(' ')}${mode} to ${queues.join(' ')}`,
          on: (system) => system.release({ ...child, queues }, ids, number),
        };
      }),
  );

/** The look of a supervisor before it releases for a child. */
export const holdings = someChild.map(
  (who) =>
    new BrokerCommand('holdings', (model) => {
      const child = childOf(model, who);
      if (!child) return undefined;
      return {
        text: `a supervisor reads the claims of ${child.child}`,
        on: async (system) => {
          const { claimNumber, ids } = await system.holdings({ ...child, queues: QUEUES });
          return { claimNumber, ids: [...ids].sort() };
        },
      };
    }),
);

/** A repeated reply has no order, and its number of acks no meaning. */
function comparable(reply: ClaimReply): Partial<ClaimReply> {
  if (!reply.repeated) return reply;
  return { ...reply, acked: undefined, tasks: [...reply.tasks].sort((a, b) => (a.id < b.id ? -1 : 1)) };
}
