import type { StreamBroker, StreamEntry, StreamGap, StreamPosition } from '../../broker/port/broker.js';
import { PeriodicLoop } from '../../maintenance/periodic-loop.js';

const RETRY_MS = 500;
/** Without new entries it asks again after this time, and checks whether the stream is still the same: two commands. */
const IDLE_MS = 10_000;

export interface StreamReaderOptions {
  readonly stream: StreamBroker;
  /** from which moment on it wants every entry, by `performance.now()`: when the first child was forked */
  readonly sinceMs: number;
  /** The handler of an entry, by its kind. */
  readonly handlers: ReadonlyMap<string, (entry: StreamEntry) => void>;
  /** Entries were lost before this worker read them. */
  readonly onGap: (gap: StreamGap) => void;
  /** An entry has a kind without a handler. Called once for each kind. */
  readonly onUnknown: (kind: string) => void;
  /** A step failed and is tried again. */
  readonly onError: (error: unknown) => void;
}

/**
 * Reads every entry that is addressed to all workers, in order and once.
 *
 * Its place in the stream belongs to the process and not to a session or a connection, so it misses nothing in a reconnect,
 * a restart of Redis or a lost lease. Entries that were trimmed in the meantime are reported as a gap.
 */
export class StreamReader extends PeriodicLoop {
  private readonly unknown = new Set<string>();
  private position: StreamPosition | undefined;

  constructor(private readonly options: StreamReaderOptions) {
    super(RETRY_MS, options.onError);
  }

  /** Do not start it again: it closes the connection on which it waits. */
  override stop(): Promise<void> {
    this.options.stream.stopWaiting();
    return super.stop();
  }

  /** Reads what there is, or else waits for more. */
  async tick(): Promise<number> {
    const { stream, sinceMs, onGap } = this.options;
    this.position ??= await stream.position(sinceMs);
    const { entries, position, more, gap } = await stream.read(this.position);
    // before the entries are handled: a handler that fails must not get them again
    this.position = position;
    if (gap) onGap(gap);
    for (const entry of entries) this.dispatch(entry);
    if (!more) await stream.waitForMore(position, IDLE_MS);
    return 0;
  }

  private dispatch(entry: StreamEntry): void {
    const handler = this.options.handlers.get(entry.kind);
    if (handler) return this.handle(handler, entry);
    if (this.unknown.has(entry.kind)) return;
    this.unknown.add(entry.kind);
    this.options.onUnknown(entry.kind);
  }

  private handle(handler: (entry: StreamEntry) => void, entry: StreamEntry): void {
    try {
      handler(entry);
    } catch (error) {
      this.options.onError(error);
    }
  }
}
