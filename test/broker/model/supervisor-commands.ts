import fc from 'fast-check';
import type { TimedOut } from '../../../src/broker/port/broker.js';
import { childExit } from '../../support/broker-fixture.js';
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
import { attemptLine, failuresOf } from './messages.js';
import { HOUR_MS, leaseOf, REPORT, type System } from './system.js';

/** Leases differ, and each is renewed, and forgiven, by its own length. */
const leaseMs = fc.constantFrom(HOUR_MS, 3 * HOUR_MS);
const maxCrashes = fc.oneof({ weight: 4, arbitrary: fc.constant(3) }, { weight: 1, arbitrary: fc.constant(1) });

const CRASH_LINE = '\n{"at":0}';
const LATE_REPORT = '{"code":"LATE"}';

const CATALOG = [{ name: 'Tâche.test', queue: 'default' }];

/** Opens a session; on request one that is open, as if the reply of a first attempt had been lost. */
export const open = fc
  .record({ leaseMs, queues: nearlyAllQueues, again: fc.option(position, { nil: undefined, freq: 2 }) })
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
  .record({
    who: someChild,
    blamed: someTasksOrNone,
    done: someTasksOrNone,
    late: someTasksOrNone,
    hours: fc.array(fc.integer({ min: -1, max: 1 }), { minLength: 4, maxLength: 4 }),
    maxCrashes,
    queues: nearlyAllQueues,
  })
  .map(
    (choice) =>
      new BrokerCommand('settle', (model) => {
        const child = holderOf(model, choice.who);
        if (!child) return undefined;
        const { maxCrashes, queues } = choice;
        const ids = tasksOf(model, child, choice.blamed);
        const done = tasksOf(model, child, choice.done);
        const line = attemptLine(model.attempts);
        const timedOut = tasksOf(model, child, choice.late).map((id, index) =>
          timedOutTask(id, choice.hours[index] ?? 0, line),
        );
        const late = timedOut.map(({ id, retryInMs }) => `${id} (${retryInMs / HOUR_MS})`);
        return {
          text: `settle ${child.child} with ${queues.join(' ')}: blame ${ids.join(' ')}; done ${done.join(' ')}; out of time ${late.join(' ')}; dead at ${maxCrashes}`,
          on: (system) =>
            system.settle(
              { ...child, queues },
              childExit({ blamed: ids, done, timedOut, maxCrashes, line: CRASH_LINE, report: JSON.stringify(REPORT) }),
            ),
        };
      }),
  );

/** The whole life of a child that starts something deadly, or something that does not end in time. */
export const liveAndDie = fc
  .record({
    at: position,
    queues: fc.shuffledSubarray([...QUEUES], { minLength: 1 }),
    running: fc.integer({ min: 1, max: 2 }),
    hours: fc.oneof(
      { weight: 4, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.integer({ min: -1, max: 1 }) },
    ),
  })
  .map(
    ({ at, queues, running, hours }) =>
      new BrokerCommand('live and die', (model) => {
        const session = pick(model.livingSessions(), at);
        if (session === undefined) return undefined;
        const child = newChild(model, session);
        const line = attemptLine(model.attempts);
        const fate = hours === undefined ? 'dies of it' : `runs out of time (${hours})`;
        return {
          text: `register ${child}, which claims ${running} from ${queues.join(' ')} and ${fate}`,
          on: async (system) => {
            await system.register(session, child);
            const claimant = { session, child, queues };
            const reply = await system.claim(claimant, { number: 1, limit: running, acks: [] });
            const ids = reply.tasks.map(({ id }) => id);
            const timedOut = hours === undefined ? [] : ids.map((id) => timedOutTask(id, hours, line));
            const exit = { blamed: ids, timedOut, line: CRASH_LINE, report: JSON.stringify(REPORT) };
            return [reply, await system.settle(claimant, childExit(exit))];
          },
        };
      }),
  );

/** A new child, which gets quarantined too, and fails at all that it claims. */
export const liveAndFail = fc
  .record({
    at: position,
    queues: fc.shuffledSubarray([...QUEUES], { minLength: 1 }),
    hours: fc.nat({ max: 1 }),
  })
  .map(
    ({ at, queues, hours }) =>
      new BrokerCommand('live and fail', (model) => {
        const session = pick(model.livingSessions(), at);
        if (session === undefined) return undefined;
        const child = newChild(model, session);
        const line = attemptLine(model.attempts);
        return {
          text: `register ${child}, which claims from ${queues.join(' ')} and fails: again in ${hours} hours`,
          on: async (system) => {
            await system.register(session, child);
            const claimant = { session, child, queues };
            const reply = await system.claim(claimant, { number: 1, limit: 2, acks: [] });
            const answers: unknown[] = [reply];
            for (const { id, queue, message } of reply.tasks) {
              const retry = { inMs: hours * HOUR_MS, failures: failuresOf(message), line, counts: true };
              answers.push(await system.retry(claimant, { id, queue }, retry));
            }
            return answers;
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
      text: `reap overdue sessions with a lease of ${lease}`,
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

function timedOutTask(id: string, hours: number, line: string): TimedOut {
  return { id, retryInMs: hours * HOUR_MS, line, report: LATE_REPORT };
}

function openSession(system: System, session: string, queues: readonly string[]): Promise<void> {
  return system.openSession({ session, leaseMs: leaseOf(session), queues, host: 'here', pid: 7, catalog: CATALOG });
}

function newSession(model: BrokerModel, leaseMs: number): string {
  return `s${model.livingSessions().length + model.goneSessions.length + 1}-${leaseMs}`;
}

function newChild(model: BrokerModel, session: string): string {
  return `${session}.${model.registered().length + model.gone.length + 1}`;
}
