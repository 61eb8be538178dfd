import { CHUNK_CHARACTERS, seenBlock } from './enqueue.js';

/** Enough to make the cost of a command negligible, and so few that Redis works on some while the next are encoded. */
const FULL = 250;

/** Messages for one queue whose ids share one `seen` bitmap: what one script can add. */
interface Batch {
  readonly block: string;
  readonly messages: string[];
  characters: number;
  /** the same for all of them: a script adds all or none */
  readonly added: Promise<unknown>;
  readonly send: () => void;
}

/**
 * Adds what is enqueued one by one in the same turn of the event loop with one script for each queue: a command for each
 * would cost the caller's event loop most of its time in system calls.
 *
 * Nothing waits for it. A turn ends when all code that could run has run, which is when a command would leave anyhow; what
 * is enqueued alone is sent alone.
 */
export class EnqueueTogether {
  private readonly open = new Map<string, Batch>();

  /** @param send adds messages that share a `seen` bitmap, in order */
  constructor(private readonly send: (queue: string, block: string, messages: readonly string[]) => Promise<unknown>) {}

  /** Resolves once the message is in. Messages come into a queue in the order of the calls. */
  add(queue: string, message: string): Promise<unknown> {
    const block = seenBlock(message);
    let batch = this.open.get(queue);
    if (batch && (batch.block !== block || batch.characters + message.length > CHUNK_CHARACTERS)) {
      this.close(queue, batch);
      batch = undefined;
    }
    batch ??= this.begin(queue, block);
    batch.messages.push(message);
    batch.characters += message.length;
    if (batch.messages.length === FULL) this.close(queue, batch);
    return batch.added;
  }

  /** Sends now what was to be sent at the end of the turn. */
  flush(): void {
    for (const [queue, batch] of this.open) this.close(queue, batch);
  }

  private begin(queue: string, block: string): Batch {
    const messages: string[] = [];
    let send = (): void => {};
    const added = new Promise((resolve) => {
      send = () => resolve(this.send(queue, block, messages));
    });
    // runs when no microtask is left, so that it also meets calls that had to wait for a promise before they got here
    if (this.open.size === 0) process.nextTick(() => this.flush());
    const batch = { block, messages, characters: 0, added, send };
    this.open.set(queue, batch);
    return batch;
  }

  private close(queue: string, batch: Batch): void {
    this.open.delete(queue);
    batch.send();
  }
}
