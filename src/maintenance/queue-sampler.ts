import type { SamplingBroker } from '../broker/port/broker.js';
import { PeriodicLoop } from './periodic-loop.js';

const RETRY_MS = 5_000;

export interface QueueSamplerOptions {
  readonly broker: SamplingBroker;
  /** those that the worker serves */
  readonly queues: readonly string[];
  readonly onError: (error: unknown) => void;
}

/**
 * Notes how long queues are at the beginning of each minute, and moves what scripts have counted. Every supervisor runs one; the
 * script lets each queue be sampled once a minute.
 */
export class QueueSampler extends PeriodicLoop {
  constructor(private readonly options: QueueSamplerOptions) {
    super(RETRY_MS, options.onError);
  }

  /** Resolves to when the next minute begins, in ms. */
  tick(): Promise<number> {
    const { broker, queues } = this.options;
    return broker.sample(queues);
  }
}
