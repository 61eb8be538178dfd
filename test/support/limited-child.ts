import type { Claimant } from '../../src/broker/port/broker.js';
import { type BrokerFixture, idOf, type Stoppable } from './broker-fixture.js';

/** What a claim asks for. */
export interface LimitedClaim {
  /** how many tasks at most, 10 by default */
  readonly limit?: number;
  /** how many of them may have limits, `limit` by default */
  readonly limited?: number;
  readonly acks?: readonly string[];
  /** the next one by default */
  readonly number?: number;
}

/**
 * A child with room looks at a queue, and gets nothing: a task that lay in the list is in its line by then, as a limit keeps it from its
 * start. The bell of the queue is silent.
 */
export async function holdBack<S extends Stoppable>(fixture: BrokerFixture<S>, queue = 'default'): Promise<void> {
  const child = await LimitedChild.start(fixture, [queue]);
  const ids = await child.ids();
  if (ids.length > 0) throw new Error(`no limit keeps ${ids} from their start`);
  await fixture.redis.del(`{nestwork}:bell:${queue}`);
}

/** A child that claims where queues have limits or lines, with no bound of its own for those with limits. */
export class LimitedChild<S extends Stoppable> {
  private last = 0;

  private constructor(
    private readonly fixture: BrokerFixture<S>,
    readonly claimant: Claimant,
  ) {}

  static async start<S extends Stoppable>(
    fixture: BrokerFixture<S>,
    queues: readonly string[] = ['default'],
  ): Promise<LimitedChild<S>> {
    return new LimitedChild(fixture, await fixture.child(queues));
  }

  async claim({ limit = 10, limited = limit, acks = [], number = this.last + 1 }: LimitedClaim = {}) {
    const { session, child, queues } = this.claimant;
    const input = { sessionId: session, child, number, limit, limited, acks: acks.join(''), queues };
    const [repeated, acked, drain, held, more, paused, stopped, needed] = await this.fixture.call(
      'claim-limited',
      input,
    );
    this.last = Math.max(this.last, number);
    const entries = typeof held !== 'string' ? held : held === '' ? [] : held.split('\0');
    const messages = entries.map((entry) => entry.slice(entry.indexOf(' ') + 1));
    return { repeated, acked, drain, more, paused, stopped, needed, messages, ids: messages.map(idOf) };
  }

  /** The ids of the tasks of a claim. */
  async ids(claim: LimitedClaim = {}): Promise<string[]> {
    return (await this.claim(claim)).ids;
  }

  /** Ends tasks, so that they give their slots up. */
  async end(...ids: readonly string[]): Promise<void> {
    const ended = ids.map((id) => ({ id, result: 'd[7]', limited: true }));
    await this.fixture.broker.results.finish(this.claimant, ended);
  }
}
