import type { Claimant, ClaimReply, ClaimRequest, Death, Redrive } from '../../../src/broker/broker.js';
import { RedisBroker } from '../../../src/broker/redis-broker.js';
import { BrokerFixture } from '../../support/broker-fixture.js';
import { checkInvariants } from '../../support/invariants.js';
import { mapped, snapshot, type Time } from '../../support/snapshot.js';
import { atForetoldTime } from './messages.js';
import { HOUR_MS, hoursLeft, type State, type System } from './system.js';

const NAMESPACE = '{nestwork}:';

/** The broker on a Redis of its own, with the means to bring misfortune on it. */
export class RealSystem extends RedisBroker implements System {
  private constructor(private readonly fixture: BrokerFixture) {
    super({ redis: fixture.settings, namespace: 'nestwork', queues: ['default'], commandTimeoutMs: 5_000 });
  }

  static async start(): Promise<RealSystem> {
    return new RealSystem(await BrokerFixture.start());
  }

  async stop(): Promise<void> {
    await this.close();
    await this.fixture.stop();
  }

  async clear(): Promise<void> {
    await this.fixture.redis.flushall();
  }

  checkInvariants(): Promise<void> {
    return checkInvariants(this.fixture.redis);
  }

  /** The mark of a drainer expires; here that is a command of its own. */
  override async claim(claimant: Claimant, request: ClaimRequest): Promise<ClaimReply> {
    const reply = await super.claim(claimant, request);
    await this.fixture.redis.persist(`${NAMESPACE}drain`);
    return reply;
  }

  override async overdue(leaseMs: number): Promise<{ sessions: string[]; nextInMs: number | undefined }> {
    const { sessions, nextInMs } = await super.overdue(leaseMs);
    return { sessions, nextInMs: nextInMs === undefined ? undefined : hoursLeft(nextInMs) * HOUR_MS };
  }

  async redriveDead(queue: string, ids: readonly string[], stale: boolean): Promise<Redrive[]> {
    const answers = await this.deadLetters.redrive(queue, await this.deaths(queue, ids, stale));
    const key = `${NAMESPACE}queue:${queue}`;
    for (const [index, message] of (await this.fixture.redis.lrange(key, 0, -1)).entries()) {
      await this.fixture.redis.lset(key, index, atForetoldTime(message));
    }
    return answers;
  }

  async deleteDead(queue: string, ids: readonly string[], stale: boolean): Promise<number> {
    return this.deadLetters.remove(queue, await this.deaths(queue, ids, stale));
  }

  async expireLease(session: string): Promise<void> {
    const now = await this.now();
    if ((await this.fixture.redis.zscore(`${NAMESPACE}sessions`, session)) === null) return;
    await this.fixture.redis.zadd(`${NAMESPACE}sessions`, now - 1, session);
    await this.fixture.redis.set(`${NAMESPACE}pulse`, now);
  }

  async forgetDrainer(): Promise<void> {
    await this.fixture.redis.del(`${NAMESPACE}drain`);
  }

  async missPulse(gapMs: number): Promise<void> {
    await this.fixture.redis.set(`${NAMESPACE}pulse`, (await this.now()) - gapMs);
  }

  async flushScripts(): Promise<void> {
    await this.fixture.redis.script('FLUSH');
  }

  async pushForeign(queue: string, bytes: string): Promise<void> {
    const bell = `${NAMESPACE}bell:${queue}`;
    await this.fixture.redis.multi().rpush(`${NAMESPACE}queue:${queue}`, bytes).del(bell).rpush(bell, '1').exec();
  }

  async state(): Promise<State> {
    const [time, keys] = await snapshot(this.fixture.redis);
    const left = (deadline: string): number => hoursLeft(Number(deadline) - inMs(time));
    const state: State = {};
    for (const [key, kind, value] of keys) {
      const name = key.startsWith(NAMESPACE) ? key.slice(NAMESPACE.length) : key;
      if (/^(seen:|pulse$|format$)/.test(name)) continue;
      if (name === 'sessions') state[name] = mapped(value, left);
      else if (kind === 'zset') state[name] = Object.keys(mapped(value, Number)).sort();
      else state[name] = kind === 'hash' ? mapped(value, String) : value;
    }
    return state;
  }

  /** Their deaths in this queue; stale ones a moment too early. */
  private deaths(queue: string, ids: readonly string[], stale: boolean): Promise<Death[]> {
    return Promise.all(
      ids.map(async (id) => {
        const diedAt = Number((await this.fixture.redis.zscore(`${NAMESPACE}dead:${queue}`, id)) ?? 1);
        return { id, diedAt: stale ? diedAt - 1 : diedAt };
      }),
    );
  }

  private async now(): Promise<number> {
    return inMs((await this.fixture.redis.time()).map(String) as Time);
  }
}

function inMs([seconds, microseconds]: Time): number {
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}
