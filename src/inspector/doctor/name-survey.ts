import type { AppBroker } from '../../broker/port/broker.js';
import type { WaitingState } from '../../broker/port/task-port.js';
import { labelOf } from '../../message/message-label.js';

const STATES: readonly WaitingState[] = ['pending', 'held', 'quarantined', 'scheduled'];
/** The next tasks of each place; one script reads them within a millisecond or two. */
const LOOK = 1_000;

/** Tasks of one name that wait in one queue, and that no worker has ever had. */
export interface UnknownTasks {
  readonly queue: string;
  /** undefined for bytes that are no call */
  readonly task: string | undefined;
  readonly count: number;
}

/** The names of tasks that wait, as far as a look went. */
export interface NameSurvey {
  readonly looked: number;
  /** how many tasks wait in the places that were reached, and how many of the places were not reached */
  readonly waiting: number;
  readonly unreached: number;
  readonly unknown: readonly UnknownTasks[];
}

/** Looks at the next tasks of each queue. */
export async function surveyNames(
  broker: Pick<AppBroker, 'places' | 'catalog'>,
  queues: readonly string[],
  withinMs: number,
): Promise<NameSurvey> {
  const endsAt = performance.now() + withinMs;
  const names = new Set((await broker.catalog.tasks()).map(({ name }) => name));
  const places = queues.flatMap((queue) => STATES.map((state) => ({ queue, state })));
  const found = new Map<string, UnknownTasks>();
  let [looked, waiting, unreached] = [0, 0, 0];
  const sizes = await broker.places.sizes(places);
  for (const [at, place] of places.entries()) {
    if (performance.now() > endsAt) {
      unreached += 1;
      continue;
    }
    const size = sizes[at] ?? 0;
    waiting += size;
    if (size === 0) continue;
    const query = { order: 'oldest', at: size, limit: LOOK, look: LOOK, task: undefined, id: undefined } as const;
    const page = await broker.places.page(place, query);
    looked += page.looked;
    for (const { head } of page.tasks) {
      const task = labelOf(head)?.name;
      if (task !== undefined && names.has(task)) continue;
      const key = `${place.queue} ${task ?? ''}`;
      found.set(key, { queue: place.queue, task, count: (found.get(key)?.count ?? 0) + 1 });
    }
  }
  return { looked, waiting, unreached, unknown: [...found.values()] };
}
