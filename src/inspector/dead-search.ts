import type { DeadLetterBroker, DeadRange, Death } from '../broker/port/broker.js';
import type { ResolvedFilter } from './dead-filter.js';
import { cursorOf } from './dead-paging.js';
import { deathsOf, filledQueues } from './dead-reader.js';
import type { DeadTask } from './dead-task.js';

/** Read by one script at most, which others wait about 1 ms for. */
const STEP = 200;

/** How far to look, and from where. */
export interface Reach {
  readonly order: 'oldest' | 'newest';
  readonly after: Death | undefined;
  /** tasks to look at; infinite for no limit */
  readonly look: number;
  /** how many tasks the caller needs, if that is known */
  readonly wanted?: number;
  /** by `performance.now()` */
  readonly endsAt: number;
}

/** How far a search has come. */
export interface Searched {
  /** tasks that were looked at, in all the queues and times of the filter */
  readonly looked: number;
  /** about how many are left to look at */
  readonly left: number;
  /** where to go on; undefined when all was looked at */
  readonly cursor: string | undefined;
  /** what was passed over: by queue, one member that is no dead task */
  readonly foreign: ReadonlyMap<string, string>;
}

/**
 * Looks at the dead tasks of all queues of a filter in one order, as far as it may: also at those that do not match, so that it ends in
 * time though none matches. It looks at one at least, so that a caller who goes on comes to an end.
 *
 * @param visit called for each that matches; false when that is enough
 */
export async function search(
  broker: DeadLetterBroker,
  filter: ResolvedFilter,
  { order, after, look, wanted = look, endsAt }: Reach,
  visit: (task: DeadTask) => boolean | Promise<boolean>,
): Promise<Searched> {
  // with a text few of many may match, and small steps would be many
  const step = filter.isRange ? Math.min(STEP, wanted + 1) : STEP;
  const filled = await filledQueues(broker, { ...filter, range: rangeBehind(filter.range, order, after) });
  // the one that it goes on behind is mostly still there
  const size = filled.reduce((sum, each) => sum + each.size, after ? -1 : 0);
  const everything = { ...filter, queues: filled.map(({ queue }) => queue), matches: () => true };
  const foreign = new Map<string, string>();
  const reader: Pick<DeadLetterBroker, 'read'> = {
    async read(queue, query) {
      const batch = await broker.read(queue, query);
      if (batch.foreign !== undefined) foreign.set(queue, batch.foreign);
      return batch;
    },
  };
  let looked = 0;
  let last: Death | undefined;
  let isEnough = false;
  for await (const task of deathsOf(reader, everything, { order, after, limit: step })) {
    if (last && (isEnough || looked >= look || performance.now() > endsAt)) {
      return { looked, left: Math.max(size - looked, 1), cursor: cursorOf(last), foreign };
    }
    looked += 1;
    last = { id: task.id, diedAt: task.diedAt.getTime() };
    isEnough = filter.matches(task) && !(await visit(task));
  }
  return { looked, left: 0, cursor: undefined, foreign };
}

/** Others of the same instant belong to it, though some may have been looked at. */
function rangeBehind(range: DeadRange, order: Reach['order'], after: Death | undefined): DeadRange {
  if (!after) return range;
  return order === 'newest' ? { ...range, until: after.diedAt } : { ...range, since: after.diedAt };
}
