import type { Broker } from '../../broker/port/broker.js';
import type { Service } from '../../maintenance/periodic-loop.js';
import { printable } from '../../values/printable.js';
import type { Child } from '../child.js';
import { Canceller } from './canceller.js';
import { Dispatcher, type DispatcherOptions } from './dispatcher.js';
import { StreamReader } from './stream-reader.js';

export interface StreamServiceOptions extends Omit<DispatcherOptions, 'records' | 'children'> {
  readonly broker: Pick<Broker, 'stream' | 'broadcasts'>;
  /** when the first child was forked, by `performance.now()`: entries sent since then may concern it */
  readonly sinceMs: number;
  readonly children: () => Iterable<Child>;
  readonly cancelGraceMs: number;
}

/** Reads entries that are addressed to all workers, and handles each by its kind. */
export function streamService({ broker, sinceMs, cancelGraceMs, ...options }: StreamServiceOptions): Service {
  const { children, logger, onError } = options;
  const dispatcher = new Dispatcher({ ...options, records: broker.broadcasts });
  const canceller = new Canceller(children, cancelGraceMs);
  const reader = new StreamReader({
    stream: broker.stream,
    sinceMs,
    handlers: new Map([
      ['call', dispatcher.receive],
      ['cancel', canceller.receive],
    ]),
    onGap: dispatcher.missed,
    onUnknown: (kind) =>
      logger.warn(`Skipping entries of the kind "${printable(kind, 40)}" in the stream: a newer version wrote them.`),
    onError,
  });
  return {
    start: () => reader.start(),
    stop: async () => {
      await reader.stop();
      canceller.stop();
      await dispatcher.stop();
    },
  };
}
