import type { LoggerService } from '@nestjs/common';
import type { Broker } from '../broker/broker.js';
import { type Cancellable, Canceller } from './canceller.js';
import type { Service } from './runtime.js';
import { StreamReader } from './stream-reader.js';

export interface StreamServiceOptions {
  readonly broker: Pick<Broker, 'stream'>;
  /** when the first child was forked, by `performance.now()`: what was sent since then may concern it */
  readonly sinceMs: number;
  readonly children: () => Iterable<Cancellable>;
  readonly cancelGraceMs: number;
  readonly logger: Pick<LoggerService, 'warn' | 'error'>;
  readonly onError: (error: unknown) => void;
}

/** What lets a supervisor hear what is said to all workers, and act on it by the kind of the entry. */
export function streamService({ broker, sinceMs, children, cancelGraceMs, ...rest }: StreamServiceOptions): Service {
  const { logger, onError } = rest;
  const canceller = new Canceller(children, cancelGraceMs);
  const reader = new StreamReader({
    stream: broker.stream,
    sinceMs,
    handlers: new Map([['cancel', canceller.receive]]),
    onGap: () => logger.error('Entries of the stream to all workers were lost before this one could read them.'),
    onUnknown: (kind) =>
      logger.warn(`Passing over entries of the kind "${kind.slice(0, 40)}" in the stream: a newer version wrote them.`),
    onError,
  });
  return {
    start: () => reader.start(),
    stop: async () => {
      await reader.stop();
      canceller.stop();
    },
  };
}
