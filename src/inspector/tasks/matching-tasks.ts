import type { ActionName, ActionPort } from '../../broker/port/action-port.js';
import type { TaskPort } from '../../broker/port/task-port.js';
import { type PayloadCodec, PLAIN_PAYLOADS } from '../../payload/payload-codec.js';
import type { Duration } from '../../values/duration.js';
import { withoutGaps } from '../../values/without-gaps.js';
import { filterText, recordAtEnd } from '../actions/record-at-end.js';
import { assertBy } from '../actor.js';
import type { KnownQueues } from '../queues/known-queues.js';
import type { ListedTask, TaskPlaceState } from './listed-task.js';
import { readTasks, type TaskMatcher } from './task-list.js';
import { positionOf, type ResolvedList, resolveList, type TaskListOptions } from './task-list-options.js';
import { dueOf } from './task-time.js';
import { type TaskChange, TaskWalk, type WalkOptions, walkCursor, walkOver } from './task-walk.js';

/** Which tasks that have not ended are meant; of one state, or of all in which the action can be done. */
export type MatchingFilter = Pick<TaskListOptions, 'state' | 'queue' | 'task' | 'id'>;

export interface MatchingOptions extends WalkOptions {
  readonly by: string;
  /** in the place of the filter for the record: with what `matches` looks for */
  readonly subject: object;
  /** of the progress of an action that was stopped */
  readonly cursor: string | undefined;
}

export interface MatchingResult {
  readonly changed: number;
  /** tasks that match and were not changed, by reason */
  readonly skipped: Readonly<Record<string, number>>;
}

/** The effect that an action on all that match would have. */
export interface MatchingSurvey {
  /** tasks that match among those that were looked at */
  readonly matching: number;
  readonly looked: number;
  /** about how many are left to look at */
  readonly left: number;
  /** up to five of them */
  readonly sample: readonly ListedTask[];
}

const STATES = {
  cancel: ['scheduled', 'quarantined', 'pending', 'held', 'active'],
  reschedule: ['scheduled'],
} as const satisfies Record<string, readonly TaskPlaceState[]>;

/** An action on all tasks that match. */
export type MatchingAction = keyof typeof STATES;

const SAMPLE = 5;
/** The most that a page has. */
const PAGE = 1_000;

/** Acts on all living tasks that match a filter, however many. */
export class MatchingTasks {
  constructor(
    private readonly port: TaskPort,
    private readonly known: KnownQueues,
    private readonly actions: Pick<ActionPort, 'record'>,
    private readonly payloads: PayloadCodec = PLAIN_PAYLOADS,
  ) {}

  /** Cancels those that wait, and stops those that run. @throws the reason of the signal, and as `check` */
  cancel(filter: MatchingFilter, options: MatchingOptions): Promise<MatchingResult> {
    const { port } = this;
    const change: TaskChange = {
      waiting: (place, message, passed) => port.cancelWaiting(place, message, passed),
      held: (child, id) => port.cancelHeld(child, id),
    };
    return this.change('cancel', filter, options, { action: 'cancel', change });
  }

  /**
   * Gives all scheduled tasks that match the same time.
   *
   * @param when undefined to run them now
   * @throws as `cancel`
   */
  async reschedule(
    filter: MatchingFilter,
    when: Date | Duration | undefined,
    options: MatchingOptions,
  ): Promise<MatchingResult> {
    const now = await this.port.now();
    const goesOn = options.cursor === undefined ? undefined : walkCursor(options.cursor).due;
    const due = when === undefined ? undefined : (goesOn ?? timeOf(when, now));
    const change: TaskChange = {
      waiting: ({ queue }, message) =>
        this.port.reschedule(queue, message, due === undefined ? { in: 0 } : { at: due }),
      // a time that is past is now
      due: due === undefined || due <= now ? undefined : due,
    };
    return this.change('reschedule', filter, options, { action: when === undefined ? 'run-now' : 'move', change });
  }

  /** Checks what an action would get. @throws NestworkError INVALID_OPTION, INVALID_NAME, UNKNOWN_QUEUE */
  async check(filter: MatchingFilter, cursor: string | undefined): Promise<void> {
    await resolveList(filter, this.known);
    if (cursor !== undefined) walkCursor(cursor);
  }

  /** What an action would be about, as far as can be counted in a moment. @throws as `check` */
  async preview(
    action: MatchingAction,
    filter: MatchingFilter,
    { matches, within }: { readonly matches: TaskMatcher | undefined; readonly within: Duration },
  ): Promise<MatchingSurvey> {
    const list = await resolveList({ ...filter, within }, this.known);
    const places = walkOver(list, STATES[action]);
    const isAll = !matches && [list.task, list.id].every((one) => one === undefined);
    const survey = await this.count({ ...list, places: isAll ? places.filter(isActive) : places }, matches);
    if (!isAll) return survey;
    // most wait, and their number is known
    const waiting = places.filter((place) => place.state !== 'active');
    const sizes = waiting.length === 0 ? [] : await this.port.sizes(waiting);
    const total = sizes.reduce((sum, size) => sum + size, survey.matching);
    const { tasks } = await readTasks(this.port, { ...list, places: waiting, limit: SAMPLE });
    const sample = [...tasks, ...survey.sample].slice(0, SAMPLE);
    return { matching: total, looked: survey.looked + total - survey.matching, left: survey.left, sample };
  }

  private async count(list: ResolvedList, matches: TaskMatcher | undefined): Promise<MatchingSurvey> {
    const endsAt = performance.now() + list.withinMs;
    const sample: ListedTask[] = [];
    let [matching, looked] = [0, 0];
    let from: ResolvedList['from'];
    for (;;) {
      const withinMs = Math.max(endsAt - performance.now(), 1);
      const page = await readTasks(this.port, {
        ...list,
        from,
        withinMs,
        limit: PAGE,
        matches,
        payloads: this.payloads,
      });
      matching += page.tasks.length;
      looked += page.looked;
      sample.push(...page.tasks.slice(0, SAMPLE - sample.length));
      if (page.cursor === undefined || performance.now() > endsAt) return { matching, looked, left: page.left, sample };
      from = positionOf(page.cursor);
    }
  }

  private async change(
    states: MatchingAction,
    filter: MatchingFilter,
    { by, subject, cursor, ...options }: MatchingOptions,
    { action, change }: { readonly action: ActionName; readonly change: TaskChange },
  ): Promise<MatchingResult> {
    assertBy(by);
    const list = await resolveList(filter, this.known);
    const from = cursor === undefined ? undefined : walkCursor(cursor);
    const walk = new TaskWalk(this.port, list, change, { ...options, payloads: this.payloads });
    const record = { action, by, subject: () => filterText(withoutGaps(subject)), count: () => walk.count };
    await recordAtEnd(this.actions, record, () => walk.through(walkOver(list, STATES[states]), from));
    return { changed: walk.count, skipped: walk.skipped };
  }
}

function isActive({ state }: ResolvedList['places'][number]): boolean {
  return state === 'active';
}

function timeOf(when: Date | Duration, now: number): number {
  const due = dueOf(when);
  return 'at' in due ? due.at : now + Math.ceil(due.in);
}
