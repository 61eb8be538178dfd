import fc from 'fast-check';
import type { BrokerModel } from './broker-model.js';
import type { Child } from './system.js';

/** The names of all queues, in no order of priority: each claim has its own. */
export const QUEUES = ['urgent', 'default', 'bulk'] as const;

/** Which of those there are. */
export const position = fc.nat({ max: 99 });

export function pick<T>(list: readonly T[], at: number): T | undefined {
  return list[at % list.length];
}

/** Whether it comes too late: once in so many times. */
const rarely = (times: number): fc.Arbitrary<boolean> => fc.nat({ max: times - 1 }).map((n) => n === times - 1);

export const queue = fc.constantFrom(...QUEUES);

export const someQueues = fc.shuffledSubarray([...QUEUES], { minLength: 1 });

/** Those that an actor names with a task; once in a while it forgets some. */
export const nearlyAllQueues = fc.oneof(
  { weight: 7, arbitrary: fc.constant(QUEUES) },
  { weight: 1, arbitrary: fc.constant(['bulk'] as const) },
);

type Choice<A> = A extends fc.Arbitrary<infer T> ? T : never;

/** A child that is registered, or one that is not any more and does not know. */
export const someChild = fc.record({ late: rarely(10), at: position });

export function childOf(model: BrokerModel, { late, at }: Choice<typeof someChild>): Child | undefined {
  return (late ? pick(model.gone, at) : undefined) ?? pick(model.registered(), at);
}

/** A session with a lease, or one that ended. */
export const someSession = fc.record({ late: rarely(10), at: position });

export function sessionOf(model: BrokerModel, { late, at }: Choice<typeof someSession>): string | undefined {
  return (late ? pick(model.goneSessions, at) : undefined) ?? pick(model.livingSessions(), at);
}

/** Tasks that a child holds, or any: pending ones, those of other children, finished and dead ones. */
export const someTasks = fc.record({ anyones: rarely(6), at: fc.array(position, { maxLength: 4 }) });

/** Their ids, each once. */
export function tasksOf(model: BrokerModel, child: Child, { anyones, at }: Choice<typeof someTasks>): string[] {
  const held = model.held(child);
  const ids = anyones || held.length === 0 ? [...model.enqueued.keys()] : held;
  return [...new Set(at.flatMap((one) => pick(ids, one) ?? []))];
}
