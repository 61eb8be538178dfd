import { KEPT_BROADCASTS } from '../../task/broadcast.js';

/** How a broadcast ended in one child. */
export interface Delivered {
  /** empty when it succeeded */
  readonly error: string;
  /** undefined when it is not known */
  readonly durationMs: number | undefined;
  /** `ended` by itself; `died` with its process; `dropped` before the child was given it */
  readonly fate: 'ended' | 'died' | 'dropped';
}

/** One broadcast for one child. */
export interface Delivery {
  /** of the entry in the stream */
  readonly id: string;
  readonly message: string;
  readonly ended: (delivered: Delivered) => void;
}

/**
 * The broadcasts for one child, in order and one at a time. So a child that blocks has one message in its pipe and not all
 * of them, and if it dies, it is known which one it had. Every delivery ends exactly once.
 */
export class Mailbox {
  private readonly waiting: Delivery[] = [];
  private current: Delivery | undefined;
  private opened = false;
  private closed: string | undefined;

  constructor(private readonly send: (delivery: Delivery) => void) {}

  /** Whether the child runs one now. */
  get busy(): boolean {
    return this.current !== undefined;
  }

  /** How many have not ended. */
  get size(): number {
    return this.waiting.length + (this.current ? 1 : 0);
  }

  add(delivery: Delivery): void {
    if (this.closed !== undefined) return drop(delivery, this.closed);
    this.waiting.push(delivery);
    // the stream has the same limit; the supervisor must not grow without end because a child blocks
    const oldest = this.waiting.length > KEPT_BROADCASTS ? this.waiting.shift() : undefined;
    if (oldest) drop(oldest, 'Too many newer ones waited for this child.');
    this.next();
  }

  /** The child has booted. */
  open(): void {
    this.opened = true;
    this.next();
  }

  /**
   * The child reports the end of a broadcast. A report of any other broadcast is ignored.
   *
   * @returns whether the child had that broadcast
   */
  ended(id: string, error: string, durationMs: number): boolean {
    if (this.current?.id !== id) return false;
    const { ended } = this.current;
    this.current = undefined;
    ended({ error, durationMs, fate: 'ended' });
    this.next();
    return true;
  }

  /** The process is gone. */
  close(reason: string): void {
    this.closed = `Its process ended (${reason}) before its turn.`;
    const error = `Its process ended (${reason}) before it had finished.`;
    this.current?.ended({ error, durationMs: undefined, fate: 'died' });
    this.current = undefined;
    for (const delivery of this.waiting.splice(0)) drop(delivery, this.closed);
  }

  private next(): void {
    if (!this.opened || this.current) return;
    this.current = this.waiting.shift();
    if (this.current) this.send(this.current);
  }
}

function drop({ ended }: Delivery, error: string): void {
  ended({ error, durationMs: undefined, fate: 'dropped' });
}
