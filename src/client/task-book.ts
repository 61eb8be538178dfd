import type { RegisteredTask } from '../broker/port/broker.js';

/** A deploy that moves a task to another queue is followed within this time, in ms. */
const KNOWN_MS = 60_000;

/** An unknown task is looked for again after this time where its queue is given, in ms. */
const UNKNOWN_MS = 5_000;
const MOST_UNKNOWN = 1_000;

interface Known {
  readonly task: RegisteredTask | Promise<RegisteredTask | undefined>;
  readonly untilMs: number;
}

/**
 * The tasks that are sent by name, as the catalog has them: one look for each name, then an answer at once. A name that
 * no worker has had is looked up again at the next call.
 */
export class TaskBook {
  private readonly known = new Map<string, Known>();
  private readonly unknownUntilMs = new Map<string, number>();

  /** @param ask looks into the catalog */
  constructor(private readonly ask: (name: string) => Promise<RegisteredTask | undefined>) {}

  find(name: string): RegisteredTask | Promise<RegisteredTask | undefined> {
    const known = this.known.get(name);
    if (known && known.untilMs > performance.now()) return known.task;
    const asked = this.ask(name).then(
      (task) => this.note(name, task),
      (error: unknown) => {
        this.known.delete(name);
        throw error;
      },
    );
    // calls that are made meanwhile wait for the same answer
    this.known.set(name, { task: asked, untilMs: Number.POSITIVE_INFINITY });
    return asked;
  }

  /**
   * For a call that names its queue, and learns for how long its result is kept and which limits it has: an unknown name is not asked
   * for again at once.
   */
  findIfKnown(name: string): RegisteredTask | undefined | Promise<RegisteredTask | undefined> {
    if ((this.unknownUntilMs.get(name) ?? 0) > performance.now()) return undefined;
    const found = this.find(name);
    if (!(found instanceof Promise)) return found;
    return found.then((task) => task ?? this.noteUnknown(name));
  }

  private noteUnknown(name: string): undefined {
    // others may send tasks of any number of names
    if (this.unknownUntilMs.size >= MOST_UNKNOWN) this.unknownUntilMs.clear();
    this.unknownUntilMs.set(name, performance.now() + UNKNOWN_MS);
    return undefined;
  }

  private note(name: string, task: RegisteredTask | undefined): RegisteredTask | undefined {
    if (task === undefined) this.known.delete(name);
    else this.known.set(name, { task, untilMs: performance.now() + KNOWN_MS });
    return task;
  }
}
