import type { SamplingBroker } from '../broker/port/broker.js';
import { type PeriodicLoop, periodically } from './periodic-loop.js';

const RETRY_MS = 5_000;

export interface QueueSamplerOptions {
  readonly broker: SamplingBroker;
  /** those that the worker serves */
  readonly queues: readonly string[];
  readonly onError: (error: unknown) => void;
}

/**
 * Samples the lengths of queues at the beginning of each minute, and moves the counts of scripts. Every supervisor runs one; the
 * script lets each queue be sampled once a minute.
 */
export function queueSampler({ broker, queues, onError }: QueueSamplerOptions): PeriodicLoop {
  return periodically(() => broker.sample(queues), RETRY_MS, onError);
}
