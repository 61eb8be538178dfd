import fc from 'fast-check';
import { verdict } from '../../support/broker-fixture.js';
import { BrokerCommand } from './broker-command.js';
import type { BrokerModel } from './broker-model.js';
import {
  holderOf,
  nearlyAllQueues,
  pick,
  position,
  QUEUES,
  sessionOf,
  someChild,
  someSession,
  someTasksOrNone,
  tasksOf,
} from './choices.js';
import { HOUR_MS, leaseOf, REPORT, type System } from './system.js';

/** Leases differ, and each is renewed, and forgiven, by its own length. */
const leaseMs = fc.constantFrom(HOUR_MS, 3 * HOUR_MS);
const maxCrashes = fc.oneof({ weight: 4, arbitrary: fc.constant(3) }, { weight: 1, arbitrary: fc.constant(1) });

const CATALOG = [{ name: 'Tâche.test', queue: 'default' }];

/** Opens a session; on request one that is open, as if the reply of a first attempt had been lost. */
export const open = fc
  .record({ leaseMs, queues: nearlyAllQueues, again: fc.option(position, { nil: undefined, freq: 1 }) })
  .map(
    (choice) =>
      new BrokerCommand('open session', (model) => {
        const opened = choice.again === undefined ? undefined : pick(model.livingSessions(), choice.again);
        const session = opened ?? newSession(model, choice.leaseMs);
        return {
          text: `open session ${session} with queues ${choice.queues.join(' ')}`,
          on: (system) => openSession(system, session, choice.queues),
        };
      }),
  );

/** Two sessions with two children each: where every run begins. The second forgot a queue, so not all can be reaped. */
export async function populate(model: BrokerModel, systems: readonly System[]): Promise<void> {
  for (const [lease, queues] of [
    [HOUR_MS, QUEUES],
    [3 * HOUR_MS, ['default', 'bulk']],
  ] as const) {
    const session = newSession(model, lease);
    for (const system of systems) await openSession(system, session, queues);
    for (const _ of [1, 2]) {
      const child = newChild(model, session);
      for (const system of systems) await system.register(session, child);
    }
  }
}

export const register = someSession.map(
  (which) =>
    new BrokerCommand('register', (model) => {
      const session = sessionOf(model, which);
      if (session === undefined) return undefined;
      const child = newChild(model, session);
      return { text: `register ${child}`, on: (system) => system.register(session, child) };
    }),
);

export const registerAgain = position.map(
  (at) =>
    new BrokerCommand('register again', (model) => {
      const child = pick(model.registered(), at);
      if (!child) return undefined;
      return { text: `register ${child.child} again`, on: (system) => system.register(child.session, child.child) };
    }),
);

export const renew = someSession.map(
  (which) =>
    new BrokerCommand('renew', (model) => {
      const session = sessionOf(model, which);
      if (session === undefined) return undefined;
      return { text: `renew ${session}`, on: (system) => system.renew(session, leaseOf(session)) };
    }),
);

export const close = someSession.map(
  (which) =>
    new BrokerCommand('close session', (model) => {
      const session = sessionOf(model, which);
      if (session === undefined) return undefined;
      return { text: `close session ${session}`, on: (system) => system.closeSession(session) };
    }),
);

export const settle = fc
  .record({ who: someChild, blamed: someTasksOrNone, done: someTasksOrNone, maxCrashes, queues: nearlyAllQueues })
  .map(
    (choice) =>
      new BrokerCommand('settle', (model) => {
        const child = holderOf(model, choice.who);
        if (!child) return undefined;
        const { maxCrashes, queues } = choice;
        const ids = tasksOf(model, child, choice.blamed);
        const done = tasksOf(model, child, choice.done);
        return {
          text: `settle ${child.child} with ${queues.join(' ')}: blame ${ids.join(' ')}; done ${done.join(' ')}; dead at ${maxCrashes}`,
          on: (system) =>
            system.settle(
              { ...child, queues },
              verdict({ blamed: ids, done, maxCrashes, report: JSON.stringify(REPORT) }),
            ),
        };
      }),
  );

/** The whole life of a child that starts something deadly. */
export const liveAndDie = fc
  .record({
    at: position,
    queues: fc.shuffledSubarray([...QUEUES], { minLength: 1 }),
    running: fc.integer({ min: 1, max: 2 }),
  })
  .map(
    ({ at, queues, running }) =>
      new BrokerCommand('live and die', (model) => {
        const session = pick(model.livingSessions(), at);
        if (session === undefined) return undefined;
        const child = newChild(model, session);
        return {
          text: `register ${child}, which claims ${running} from ${queues.join(' ')} and dies of it`,
          on: async (system) => {
            await system.register(session, child);
            const claimant = { session, child, queues };
            const reply = await system.claim(claimant, { number: 1, limit: running, acks: [] });
            const ids = reply.tasks.map(({ id }) => id);
            return [reply, await system.settle(claimant, verdict({ blamed: ids, report: JSON.stringify(REPORT) }))];
          },
        };
      }),
  );

export const lookForOverdue = leaseMs.map(
  (lease) =>
    new BrokerCommand('overdue', () => ({
      text: `look for overdue sessions with a lease of ${lease}`,
      on: async (system) => {
        const { sessions, nextInMs } = await system.overdue(lease);
        return { sessions: [...sessions].sort(), nextInMs };
      },
    })),
);

/** One look of a reaper. */
export const reapOverdue = leaseMs.map(
  (lease) =>
    new BrokerCommand('reap overdue', () => ({
      text: `reap what is overdue with a lease of ${lease}`,
      on: async (system) => {
        const { sessions } = await system.overdue(lease);
        const taken: unknown[] = [];
        for (const session of [...sessions].sort()) taken.push(session, await system.reap(session, lease));
        return taken;
      },
    })),
);

/** A reaper that looked some time ago: meanwhile the session may have been renewed, or reaped by another. */
export const reap = fc.record({ which: someSession, leaseMs }).map(
  ({ which, leaseMs }) =>
    new BrokerCommand('reap', (model) => {
      const session = sessionOf(model, which);
      if (session === undefined) return undefined;
      return { text: `reap ${session} with a lease of ${leaseMs}`, on: (system) => system.reap(session, leaseMs) };
    }),
);

function openSession(system: System, session: string, queues: readonly string[]): Promise<void> {
  return system.openSession({ session, leaseMs: leaseOf(session), queues, host: 'here', pid: 7, catalog: CATALOG });
}

function newSession(model: BrokerModel, leaseMs: number): string {
  return `s${model.livingSessions().length + model.goneSessions.length + 1}-${leaseMs}`;
}

function newChild(model: BrokerModel, session: string): string {
  return `${session}.${model.registered().length + model.gone.length + 1}`;
}
