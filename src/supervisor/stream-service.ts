import type { Broker } from '../broker/broker.js';
import { BroadcastPost, type BroadcastPostOptions } from './broadcast-post.js';
import type { Service } from './runtime.js';
import { StreamReader } from './stream-reader.js';

export interface StreamServiceOptions extends Omit<BroadcastPostOptions, 'records'> {
  readonly broker: Pick<Broker, 'stream' | 'broadcasts'>;
  /** when the first child was forked, by `performance.now()`: what was sent since then may concern it */
  readonly sinceMs: number;
}

/** What lets a supervisor hear what is said to all workers, and act on it by the kind of the entry. */
export function streamService({ broker, sinceMs, ...options }: StreamServiceOptions): Service {
  const { logger, onError } = options;
  const post = new BroadcastPost({ ...options, records: broker.broadcasts });
  const reader = new StreamReader({
    stream: broker.stream,
    sinceMs,
    handlers: new Map([['call', post.receive]]),
    onGap: post.missed,
    onUnknown: (kind) =>
      logger.warn(`Passing over entries of the kind "${kind.slice(0, 40)}" in the stream: a newer version wrote them.`),
    onError,
  });
  return {
    start: () => reader.start(),
    stop: async () => {
      await reader.stop();
      await post.stop();
    },
  };
}
