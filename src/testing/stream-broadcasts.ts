import type { BroadcastOutcome, Broker, StreamPosition } from '../broker/port/broker.js';
import type { TestBroadcasts } from './test-work.js';

/** The position of each app in the stream. */
const positions = new WeakMap<object, StreamPosition>();

/** The outcome of each broadcast is recorded under this, as of a child. */
const TARGET = `test-${process.pid}`;

/** Takes broadcasts from the stream of Redis. Like a worker, it begins with the broadcasts sent since its app was made. */
export class StreamBroadcasts implements TestBroadcasts {
  constructor(private readonly broker: Pick<Broker, 'madeAtMs' | 'stream' | 'broadcasts'>) {}

  async next(): Promise<string[]> {
    const { stream, madeAtMs } = this.broker;
    let from = positions.get(this.broker) ?? (await stream.position(madeAtMs));
    for (;;) {
      const { entries, position, more } = await stream.read(from);
      positions.set(this.broker, position);
      const calls = entries.filter(({ kind }) => kind === 'call');
      if (calls.length > 0 || !more) return calls.map(({ fields }) => fields.get('message') ?? '');
      from = position;
    }
  }

  async record(id: string, outcome: BroadcastOutcome): Promise<void> {
    await this.broker.broadcasts.record([{ id, target: TARGET, outcome }]);
  }
}
