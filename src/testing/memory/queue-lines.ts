import { type LinePlace, turnOf } from '../../message/line-place.js';
import type { MemoryLimits, Shut } from './memory-limits.js';
import { Sorted } from './sorted.js';

/** A task that waits in a line. */
export interface LinedTask {
  readonly id: string;
  readonly message: string;
  readonly line: LinePlace;
  /** limits whose slots it keeps while it waits */
  readonly slots: readonly string[];
  /** rises with each task that comes into a queue */
  readonly arrival: number;
}

/** A task in its line. */
interface Waiting<T> {
  readonly task: T;
  readonly turn: number;
}

interface Line<T> extends LinePlace {
  /** the turn of its first task, or its tag among tenants: it must not be in a sorted list while that changes */
  place: number;
  /** that of its first task: the clock of a test stands still, so many have one place */
  arrival: number;
  /** its limits in one text */
  readonly all: string;
  readonly tasks: Sorted<Waiting<T>>;
}

/** The first task of a line, and why it may not start. */
export interface LineHead<T> {
  readonly task: T;
  readonly turn: number;
  readonly shut: Shut | undefined;
}

/** As in lua/lib/lines.lua. */
const TURN = 1_000;

/** What was found out in one look at many lines, by their limits: those of tenants mostly have the same. */
type KnownShut = Map<string, Shut | undefined>;

/** Which lines take their turns in an order of their own: those of tenants, or the others. */
type Kind = 'tenants' | 'aged';

/**
 * The lines of one queue, as lua/lib/lines.lua has them. Lines of no tenant start by the turns of their first tasks. Tenants share by tags,
 * as in start-time fair queueing: a line gets one when it gets its first task, and the next whenever one of its tasks starts. A tag is
 * TURN above the last of its tenant, and at least that of the task that started last. In between are those of tenants that came anew, one
 * after the other. A line whose first task keeps a slot is the next.
 *
 * Which may start is found out when a task is wanted: nothing is woken.
 */
export class QueueLines<T extends LinedTask> {
  private readonly lines = new Map<string, Line<T>>();
  private readonly kinds: Readonly<Record<Kind, Sorted<Line<T>>>> = {
    tenants: new Sorted<Line<T>>(byPlace),
    aged: new Sorted<Line<T>>(byPlace),
  };
  private readonly waiting = new Map<string, Waiting<T>>();
  /** tenant -> its last tag */
  private readonly tags = new Map<string, number>();
  /** the tag of the task of a tenant that started last */
  private started = 0;
  /** the newest tag of a tenant that came anew */
  private newest = -1;

  constructor(private readonly limits: MemoryLimits) {}

  get size(): number {
    return this.waiting.size;
  }

  add(task: T): void {
    const { line: place } = task;
    // one that keeps a slot is the next
    const waiting = { task, turn: task.slots.length > 0 ? 0 : turnOf(task.message, place) };
    this.waiting.set(task.id, waiting);
    const known = this.lines.get(place.name);
    const line = known ?? {
      ...place,
      place: 0,
      arrival: 0,
      all: place.limits.join(''),
      tasks: new Sorted<Waiting<T>>(byTurn),
    };
    if (known) this.listOf(line).delete(line);
    else if (place.tenant !== undefined && waiting.turn > 0) line.place = this.nextTag(place.tenant);
    line.tasks.add(waiting);
    this.lines.set(place.name, line);
    this.list(line);
  }

  /** @param starts whether it is given to a child */
  remove(task: T, starts: boolean): void {
    const line = this.lines.get(task.line.name);
    const waiting = this.waiting.get(task.id);
    if (!line || !waiting) return;
    this.waiting.delete(task.id);
    this.listOf(line).delete(line);
    line.tasks.delete(waiting);
    const isTurn = starts && line.tenant !== undefined;
    if (isTurn) this.started = Math.max(this.started, line.place);
    if (line.tasks.size > 0) {
      if (isTurn && line.tasks.first?.turn !== 0) line.place = this.nextTag(line.tenant);
      this.list(line);
      return;
    }
    this.lines.delete(line.name);
    if (this.lines.size > 0) return;
    this.tags.clear();
    this.started = 0;
    this.newest = -1;
  }

  /** The next task of a kind that may start. */
  next(kind: Kind): LineHead<T> | undefined {
    const known: KnownShut = new Map();
    for (const line of this.kinds[kind]) {
      const head = this.headOf(line, known);
      if (head && !head.shut) return head;
    }
    return undefined;
  }

  /** When time alone lets one of the lines go on, in ms since 1970. */
  nextOpening(): number | undefined {
    const known: KnownShut = new Map();
    let next: number | undefined;
    for (const line of this.lines.values()) {
      const opensAt = this.headOf(line, known)?.shut?.opensAt;
      if (opensAt !== undefined && (next === undefined || opensAt < next)) next = opensAt;
    }
    return next;
  }

  /** How many tasks wait in the line of this name. */
  sizeOf(name: string): number {
    return this.lines.get(name)?.tasks.size ?? 0;
  }

  /** How many tasks of its line come before this one. */
  ahead(task: T): number {
    const waiting = this.waiting.get(task.id);
    return waiting ? (this.lines.get(task.line.name)?.tasks.before(waiting) ?? 0) : 0;
  }

  /** What keeps the tasks of a line from starting. */
  shutOf(name: string): Shut | undefined {
    const line = this.lines.get(name);
    return line && this.headOf(line)?.shut;
  }

  /** Lines of the same kind that come before this one: those that may start, or wait for the same limit as it does. */
  linesBefore(name: string): number {
    const line = this.lines.get(name);
    if (!line) return 0;
    const wanted = this.headOf(line)?.shut?.limit;
    const list = this.listOf(line);
    const before = [...list].slice(0, list.before(line));
    return before.filter((other) => this.headOf(other)?.shut?.limit === wanted).length;
  }

  /** How many tasks are in lines that a limit holds back. */
  heldBack(): number {
    const sizes = [...this.lines.values()].map((line) => (this.headOf(line)?.shut ? line.tasks.size : 0));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** All tasks, line by line, each in its order. */
  all(): T[] {
    const lines = [...this.lines.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return lines.flatMap(({ tasks }) => Array.from(tasks, ({ task }) => task));
  }

  private headOf({ all, limits, tasks }: Line<T>, known?: KnownShut): LineHead<T> | undefined {
    const { first } = tasks;
    if (!first) return undefined;
    const { task, turn } = first;
    if (!known || task.slots.length > 0) return { task, turn, shut: this.limits.shut(limits, task.slots) };
    if (!known.has(all)) known.set(all, this.limits.shut(limits));
    return { task, turn, shut: known.get(all) };
  }

  private list(line: Line<T>): void {
    const { first } = line.tasks;
    line.arrival = first?.task.arrival ?? 0;
    if (line.tenant === undefined || first?.turn === 0) line.place = first?.turn ?? 0;
    this.listOf(line).add(line);
  }

  private listOf({ tenant }: Line<T>): Sorted<Line<T>> {
    return this.kinds[tenant === undefined ? 'aged' : 'tenants'];
  }

  private nextTag(tenant = ''): number {
    const last = this.tags.get(tenant);
    const anew = Math.min(Math.max(this.started, this.newest + 1), this.started + TURN - 1);
    const tag = Math.max(anew, last === undefined ? 0 : last + TURN);
    if (tag === anew) this.newest = anew;
    this.tags.set(tenant, tag);
    return tag;
  }
}

function byTurn<T extends LinedTask>(a: Waiting<T>, b: Waiting<T>): number {
  return a.turn - b.turn || a.task.arrival - b.task.arrival;
}

function byPlace<T>(a: Line<T>, b: Line<T>): number {
  return a.place - b.place || a.arrival - b.arrival;
}
