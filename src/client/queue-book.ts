/** A deploy that moves a task to another queue is followed within this time, in ms. */
const KNOWN_MS = 60_000;

interface Known {
  readonly queue: string | Promise<string | undefined>;
  readonly untilMs: number;
}

/**
 * The queues of tasks that are sent by name, as the catalog has them: one look for each name, then an answer at once. A name that
 * no worker has had is looked up again at the next call.
 */
export class QueueBook {
  private readonly known = new Map<string, Known>();

  /** @param ask looks into the catalog */
  constructor(private readonly ask: (name: string) => Promise<string | undefined>) {}

  queueOf(name: string): string | Promise<string | undefined> {
    const known = this.known.get(name);
    if (known && known.untilMs > performance.now()) return known.queue;
    const asked = this.ask(name).then(
      (queue) => this.note(name, queue),
      (error: unknown) => {
        this.known.delete(name);
        throw error;
      },
    );
    // calls that are made meanwhile wait for the same answer
    this.known.set(name, { queue: asked, untilMs: Number.POSITIVE_INFINITY });
    return asked;
  }

  private note(name: string, queue: string | undefined): string | undefined {
    if (queue === undefined) this.known.delete(name);
    else this.known.set(name, { queue, untilMs: performance.now() + KNOWN_MS });
    return queue;
  }
}
