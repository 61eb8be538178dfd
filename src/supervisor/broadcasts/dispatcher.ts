import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { LoggerService } from '@nestjs/common';
import type { BroadcastRecords, CatalogEntry, StreamEntry, StreamGap } from '../../broker/port/broker.js';
import { decodeMessage } from '../../message/task-message.js';
import { NewNames } from '../../values/log-once.js';
import { printable } from '../../values/printable.js';
import { printed, printedText } from '../../values/printed.js';
import { BroadcastRecorder } from './broadcast-recorder.js';
import type { Delivered } from './mailbox.js';
import { type Addressee, type Broadcast, OncePerHost } from './once-per-host.js';

export interface DispatcherOptions {
  readonly records: BroadcastRecords;
  readonly children: () => Iterable<Addressee>;
  /** the tasks and broadcasts of the app */
  readonly catalog: readonly CatalogEntry[];
  readonly logger: Pick<LoggerService, 'warn' | 'error'>;
  readonly onError: (error: unknown) => void;
}

/** Hands each broadcast to the children that are to run it, and records how it ended in each. */
export class Dispatcher {
  /** a worker with the same host and process ids can live in another container */
  private readonly id = randomBytes(6).toString('hex');
  private readonly recorder: BroadcastRecorder;
  private readonly oncePerHost: OncePerHost;
  private readonly catalog: ReadonlyMap<string, CatalogEntry>;
  private readonly refused = new NewNames();

  constructor(private readonly options: DispatcherOptions) {
    const { records, catalog, onError } = options;
    this.recorder = new BroadcastRecorder(records, onError);
    this.catalog = new Map(catalog.map((entry) => [entry.name, entry]));
    this.oncePerHost = new OncePerHost({
      ...options,
      onEnded: (broadcast, child, delivered, last) => this.record(broadcast, child.pid, delivered, last),
      onDropped: (broadcast) => this.refuse(broadcast, 'too many newer ones waited for their turn on this machine'),
    });
  }

  /** Resolves when the outcomes are recorded, as far as Redis answers. */
  async stop(): Promise<void> {
    this.oncePerHost.stop();
    await this.recorder.stop();
  }

  /** Takes an entry of the stream that is a call. */
  readonly receive = ({ id: entry, fields }: StreamEntry): void => {
    const message = fields.get('message') ?? '';
    const { id, name } = this.identify(entry, message) ?? {};
    if (id === undefined || name === undefined) return;
    const broadcast = { id, name, entry, message };
    const known = this.catalog.get(name);
    if (!known) this.refuse(broadcast, 'no provider of this worker has a broadcast of this name');
    else if (!known.broadcast) this.refuse(broadcast, 'it is a @Task() here, not a @Broadcast()');
    else if (known.broadcast === 'machine') this.oncePerHost.offer(broadcast);
    else for (const child of [...this.options.children()]) this.deliver(broadcast, child);
  };

  /** Entries were lost before this worker read them. */
  readonly missed = (gap: StreamGap): void => {
    const what =
      gap.reason === 'trimmed'
        ? `Missed ${gap.missed} broadcasts or cancellations: they were trimmed away before this worker could read them.`
        : 'The stream of broadcasts and cancellations was replaced: Redis lost data, perhaps some of them as well.';
    this.options.logger.error(`${what} Restart this worker if its children must not go on without them.`);
    this.recorder.addGap({ ...gap, host: hostname(), pid: process.pid, at: Date.now() });
  };

  private deliver(broadcast: Broadcast, child: Addressee): void {
    child.mailbox.add({
      id: broadcast.entry,
      message: broadcast.message,
      ended: (delivered) => this.record(broadcast, child.pid, delivered),
    });
  }

  private identify(entry: string, message: string): { id: string; name: string } | undefined {
    try {
      return decodeMessage(message);
    } catch (error) {
      this.options.logger.error(
        `Entry ${printable(entry)} of the stream of broadcasts cannot be read: ${printed(error)}`,
      );
      return undefined;
    }
  }

  private refuse(broadcast: Broadcast, why: string): void {
    const name = printable(broadcast.name);
    if (this.refused.isNew(`${name}: ${why}`))
      this.options.logger.error(`Did not run broadcast ${name} ${broadcast.id}: ${why}.`);
    this.record(broadcast, process.pid, { error: `Not run: ${why}.`, durationMs: undefined, fate: 'dropped' });
  }

  private record({ id, name }: Broadcast, pid: number, delivered: Delivered, last = false): void {
    const { error, durationMs, fate } = delivered;
    if (fate === 'died')
      this.options.logger.warn(`Broadcast ${printable(name)} ${id} in child ${pid}: ${printedText(error, false)}`);
    const outcome = { host: hostname(), pid, ok: error === '', error: error || undefined, durationMs, at: Date.now() };
    this.recorder.add({ id, target: `${this.id}.${pid}`, outcome, machine: last ? hostname() : undefined });
  }
}
