import type { TaskPort, WaitingEntry, WaitingPlace } from '../../broker/port/task-port.js';
import { type PayloadCodec, PLAIN_PAYLOADS } from '../../payload/payload-codec.js';
import { invalid } from '../../values/option-values.js';
import { argumentsIn } from './arguments-in.js';
import { heldTask, type ListedTask, type TaskPlaceState, waitingTask } from './listed-task.js';
import { all, isWanted, type TaskMatcher } from './task-list.js';
import { encoded, fieldsOf, type ResolvedList, type TaskPlaceName } from './task-list-options.js';

/** The way of a task: one that moves on while the walk is under way is met again. */
const WAY: readonly TaskPlaceState[] = ['scheduled', 'quarantined', 'pending', 'held', 'active'];
/** Tasks that are changed at a time, by as many short scripts. */
const BATCH = 100;
/** Looked at by one script. */
const STEP = 2_000;
/** The same where all of them are wanted whole, which takes longer. */
const STEP_WHOLE = 500;

/** What is done to each task that matches. */
export interface TaskChange {
  /** Resolves to false when the task waits there no more. */
  readonly waiting: (place: WaitingPlace, message: string, passed: number) => Promise<boolean>;
  /** The same for an active one; left out where nothing can be done to those. */
  readonly held?: (child: string, id: string) => Promise<boolean>;
  /** when all are due then, in ms since 1970; left out where they leave their place */
  readonly due?: number | undefined;
}

export interface WalkOptions {
  /** decides by the arguments; undefined for all */
  readonly matches: TaskMatcher | undefined;
  /** opens the arguments */
  readonly payloads?: PayloadCodec;
  /** whether it may be done to a task that matches */
  readonly may: (task: ListedTask) => Promise<boolean>;
  /** ends the walk between two batches */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: WalkProgress) => void;
}

export interface WalkProgress {
  /** tasks that were looked at */
  readonly looked: number;
  /** those of them that were changed */
  readonly changed: number;
  /** about how many are looked at in all */
  readonly total: number;
  /** where another walk goes on; undefined when all was looked at */
  readonly cursor: string | undefined;
}

/** Where in its place a walk goes on. */
interface Position {
  readonly state: TaskPlaceState;
  /** '' for active ones */
  readonly queue: string;
  /** how many at the tail to pass over; 0 for active ones */
  readonly passed: number;
  /** of active ones: the child, and the id behind which to go on */
  readonly child: string;
  readonly after: string;
}

/** What a cursor has. */
export interface WalkCursor extends Position {
  /** when the tasks that the walk has moved are due, in ms since 1970 */
  readonly due: number | undefined;
}

/** The places of a list in which a task can be changed, in the order of the walk. */
export function walkOver(list: ResolvedList, states: readonly TaskPlaceState[]): readonly TaskPlaceName[] {
  const wanted = WAY.filter((state) => states.includes(state));
  return wanted.flatMap((state) => list.places.filter((place) => place.state === state));
}

/**
 * Changes all tasks that match, place by place, batch by batch. It goes from the tail of a place to its head: a worker that claims
 * at the head hides nothing, and what comes in at the tail is not met.
 */
export class TaskWalk {
  private looked = 0;
  private changed = 0;
  private denied = 0;
  private gone = 0;
  private total = 0;

  constructor(
    private readonly port: TaskPort,
    private readonly list: Pick<ResolvedList, 'task' | 'id' | 'queue'>,
    private readonly change: TaskChange,
    private readonly options: WalkOptions,
  ) {}

  /** How many tasks were changed so far. */
  get count(): number {
    return this.changed;
  }

  /** How many that match were not, by reason. */
  get skipped(): Record<string, number> {
    return {
      ...(this.denied > 0 && { 'not allowed': this.denied }),
      ...(this.gone > 0 && { 'not there any more': this.gone }),
    };
  }

  /** @throws the reason of the signal */
  async through(places: readonly TaskPlaceName[], from: Position | undefined): Promise<void> {
    const start = from
      ? places.findIndex(({ state, ...rest }) => state === from.state && queueIn(rest) === from.queue)
      : 0;
    // a queue that the catalog has lost has nothing left to read
    const ahead = start < 0 ? [] : places.slice(start);
    const waiting = ahead.filter((place) => place.state !== 'active');
    const sizes = waiting.length === 0 ? [] : await this.port.sizes(waiting);
    this.total = sizes.reduce((sum, size) => sum + size, -(from?.passed ?? 0));
    for (const [index, place] of ahead.entries()) {
      const begin = index === 0 ? from : undefined;
      if (place.state === 'active') await this.throughHeld(begin);
      else await this.throughWaiting(place, sizes[waiting.indexOf(place)] ?? 0, begin?.passed ?? 0);
    }
    this.report(undefined);
  }

  private async throughWaiting(place: WaitingPlace, size: number, begin: number): Promise<void> {
    const { task, id } = this.list;
    const isWhole = this.options.matches !== undefined;
    let [passed, rest] = [begin, size - begin];
    // it ends, however many come meanwhile
    const most = this.looked + 2 * size + STEP;
    while (rest > 0 && this.looked < most) {
      this.options.signal.throwIfAborted();
      const look = Math.min(isWhole ? STEP_WHOLE : STEP, rest);
      const query = {
        order: 'newest',
        at: passed,
        look,
        limit: isWhole ? look : BATCH,
        task,
        id,
        whole: true,
      } as const;
      const page = await this.port.page(place, query);
      if (page.looked === 0) return;
      let before = 0;
      for (const batch of batchesOf(page.tasks, page.looked)) {
        passed += batch.looked - before - (await this.changeWaiting(place, batch.entries, passed));
        this.looked += batch.looked - before;
        before = batch.looked;
        this.report({ ...place, passed, child: '', after: '' });
      }
      rest = page.left;
    }
  }

  /** @returns how many lie no more among those that were passed */
  private async changeWaiting(place: WaitingPlace, entries: readonly WaitingEntry[], passed: number): Promise<number> {
    const { due } = this.change;
    // the walk may meet what it has moved
    const others = entries.filter(({ dueAt }) => due === undefined || dueAt !== due);
    const all = others.map((entry) => ({ task: waitingTask(place, entry), message: entry.head, entry }));
    const changed = await this.changeAll(all, ({ message, entry }) =>
      this.change.waiting(place, message, passed + entry.looked),
    );
    const first = entries.at(-1)?.dueAt ?? 0;
    return due !== undefined && due > first ? 0 : changed;
  }

  private async throughHeld(begin: Position | undefined): Promise<void> {
    const { held: change } = this.change;
    if (!change) return;
    const children = (await this.port.children()).filter(({ child }) => child >= (begin?.child ?? ''));
    for (const holder of children) {
      const { child } = holder;
      let after = child === begin?.child ? begin.after : '';
      for (let more = true; more; ) {
        this.options.signal.throwIfAborted();
        const page = await this.port.held(child, { after, limit: BATCH, whole: true });
        const all = page.tasks.map((task) => ({ task: heldTask(holder, task), message: task.head }));
        await this.changeAll(
          all.filter(({ task }) => isWanted(task, this.list)),
          ({ task }) => change(child, task.id),
        );
        this.looked += all.length;
        after = page.tasks.at(-1)?.id ?? after;
        more = page.more;
        this.report({ state: 'active', queue: '', passed: 0, child, after });
      }
    }
  }

  /** @returns how many were changed */
  private async changeAll<T extends Candidate>(
    candidates: readonly T[],
    change: (one: T) => Promise<boolean>,
  ): Promise<number> {
    const { may, signal } = this.options;
    const matches: TaskMatcher = this.options.matches ?? all;
    const wanted: T[] = [];
    for (const one of candidates) {
      if (await matches(one.task, () => argumentsIn(one.message, this.options.payloads ?? PLAIN_PAYLOADS)))
        wanted.push(one);
    }
    const answers = await Promise.all(wanted.map(({ task }) => may(task)));
    const allowed = wanted.filter((_, index) => answers[index]);
    this.denied += wanted.length - allowed.length;
    // rights take their time
    signal.throwIfAborted();
    // all at once, so that they go to Redis together
    const done = (await Promise.all(allowed.map(change))).filter(Boolean).length;
    this.changed += done;
    this.gone += allowed.length - done;
    return done;
  }

  private report(position: Position | undefined): void {
    const { looked, changed, change } = this;
    const total = Math.max(this.total, looked);
    const cursor = position && cursorOf({ ...position, due: change.due });
    this.options.onProgress({ looked, changed, total, cursor });
  }
}

interface Candidate {
  readonly task: ListedTask;
  readonly message: string;
}

/** The last one reaches as far as the page. */
function batchesOf(
  tasks: readonly WaitingEntry[],
  looked: number,
): { readonly entries: readonly WaitingEntry[]; readonly looked: number }[] {
  const count = Math.max(Math.ceil(tasks.length / BATCH), 1);
  return Array.from({ length: count }, (_, index) => {
    const entries = tasks.slice(index * BATCH, (index + 1) * BATCH);
    return { entries, looked: index === count - 1 ? looked : (entries.at(-1)?.looked ?? 0) };
  });
}

function queueIn(place: object): string {
  return 'queue' in place ? String(place.queue) : '';
}

function cursorOf({ state, queue, passed, child, after, due }: WalkCursor): string {
  return encoded([state, queue, passed, child, after, due ?? null]);
}

/** @throws NestworkError INVALID_OPTION */
export function walkCursor(cursor: string): WalkCursor {
  const [state, queue, passed, child, after, due] = fieldsOf(cursor);
  const isState = WAY.some((one) => one === state);
  const areTexts = [queue, child, after].every((text) => typeof text === 'string');
  const areCounts = [passed, due ?? 0].every((count) => Number.isSafeInteger(count) && (count as number) >= 0);
  if (isState && areTexts && areCounts)
    return { state, queue, passed, child, after, due: due ?? undefined } as WalkCursor;
  throw invalid('cursor', 'is none of this action', 'Pass that of its progress as it is.');
}
