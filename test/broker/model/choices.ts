import fc from 'fast-check';
import type { BrokerModel } from './broker-model.js';
import { isForeign } from './messages.js';
import { type Child, HOUR_MS } from './system.js';

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
  { weight: 4, arbitrary: fc.constant(QUEUES) },
  { weight: 1, arbitrary: fc.constant(['bulk'] as const) },
);

/** When a task is due, in hours: in some time, at a time, or at one that is past. */
export const due = fc.oneof(
  fc.integer({ min: 1, max: 3 }).map((hours) => ({ in: hours * HOUR_MS })),
  fc.integer({ min: -2, max: 3 }).map((hours) => ({ at: hours * HOUR_MS })),
);

type Choice<A> = A extends fc.Arbitrary<infer T> ? T : never;

/** A child that is registered, or one that is not any more and does not know. */
export const someChild = fc.record({ late: rarely(10), at: position });

export function childOf(model: BrokerModel, { late, at }: Choice<typeof someChild>): Child | undefined {
  return (late ? pick(model.gone, at) : undefined) ?? pick(model.registered(), at);
}

/** The same, but among children that hold something if there are any. */
export function holderOf(model: BrokerModel, who: Choice<typeof someChild>): Child | undefined {
  const holders = model.registered().filter((child) => model.held(child).length > 0);
  return (who.late ? undefined : pick(holders, who.at)) ?? childOf(model, who);
}

/** A session with a lease, or one that ended. */
export const someSession = fc.record({ late: rarely(5), at: position });

export function sessionOf(model: BrokerModel, { late, at }: Choice<typeof someSession>): string | undefined {
  return (late ? pick(model.goneSessions, at) : undefined) ?? pick(model.livingSessions(), at);
}

/** Dead tasks of a queue that has some, or foreign bytes; once in a while tasks that are not dead, or a former death. */
export const someDead = fc.record({
  queue: position,
  stale: rarely(8),
  anyTask: rarely(8),
  foreign: fc.boolean(),
  at: fc.array(position, { minLength: 1, maxLength: 4 }),
});

export function deadOf(model: BrokerModel, choice: Choice<typeof someDead>): { queue: string; ids: string[] } {
  const deadIn = (name: string): string[] =>
    choice.foreign ? model.deadIn(name).filter(isForeign) : model.deadIn(name);
  const buried = QUEUES.filter((name) => deadIn(name).length > 0);
  const queue = pick(buried, choice.queue) ?? QUEUES[0];
  const ids = choice.anyTask ? [...model.enqueued.keys()] : deadIn(queue);
  return { queue, ids: choice.at.flatMap((one) => pick(ids, one) ?? []) };
}

/** The tasks of the child, of other children, or any task: pending, finished and dead ones too. */
const whose = fc.oneof(
  { weight: 6, arbitrary: fc.constant('own' as const) },
  { weight: 2, arbitrary: fc.constant('others' as const) },
  { weight: 1, arbitrary: fc.constant('any' as const) },
);

export const someTasks = fc.record({ whose, at: fc.array(position, { minLength: 1, maxLength: 4 }) });

export const someTasksOrNone = fc.record({ whose, at: fc.array(position, { maxLength: 4 }) });

/** Their ids, some twice; of any task where those meant have none. */
export function tasksOf(model: BrokerModel, child: Child, { whose, at }: Choice<typeof someTasks>): string[] {
  const others = model.registered().filter((other) => other.child !== child.child);
  const ids = {
    own: model.held(child),
    others: others.flatMap((other) => model.held(other)),
    any: [...model.enqueued.keys()],
  };
  const list = ids[whose].length > 0 ? ids[whose] : ids.any;
  return at.flatMap((one) => pick(list, one) ?? []);
}
