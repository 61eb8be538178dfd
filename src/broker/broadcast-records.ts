import type { BroadcastOutcome, BroadcastRecord, BroadcastRecords, RecordedGap, Turn } from './port/broadcast-port.js';
import type { ForeignValues } from './redis/foreign-values.js';
import type { RedisConnection } from './redis/redis-connection.js';

/** How long it is known how a broadcast ended. */
export const OUTCOME_SECONDS = 86_400;
const GAP_SECONDS = 7 * 86_400;
const KEPT_GAPS = 100;
/** The fields of a broadcast's hash that are about a machine and not about a process. */
const MACHINE = '@';

/** The outcomes of broadcasts, over Redis. */
export class RedisBroadcastRecords implements BroadcastRecords {
  constructor(
    private readonly connection: RedisConnection,
    private readonly foreign: ForeignValues,
  ) {}

  takeTurn(id: string, machine: string, session: string): Promise<Turn> {
    const input = { id, machine, sessionId: session, seconds: OUTCOME_SECONDS };
    return this.connection.call('take-turn', input);
  }

  async record(records: readonly BroadcastRecord[]): Promise<void> {
    const broadcasts = records.map(({ id }) => id);
    const outcomes = records.flatMap(({ target, outcome, machine = '' }) => [target, JSON.stringify(outcome), machine]);
    await this.connection.call('record-broadcasts', { broadcasts, seconds: OUTCOME_SECONDS, outcomes });
  }

  async recordGap(gap: RecordedGap): Promise<void> {
    const input = { at: gap.at, gap: JSON.stringify(gap), kept: KEPT_GAPS, seconds: GAP_SECONDS };
    await this.connection.call('record-gap', input);
  }

  async outcomes(id: string): Promise<BroadcastOutcome[]> {
    const fields = await this.connection.command((redis, keys) => redis.hgetall(keys.broadcast(id)));
    return Object.entries(fields)
      .filter(([field]) => !field.startsWith(MACHINE))
      .flatMap(([field, value]) => {
        return (
          this.foreign.json(`The field "${field}" of ${this.connection.keys.broadcast(id)}`, value, isOutcome) ?? []
        );
      })
      .sort((a, b) => a.at - b.at);
  }

  async gaps(): Promise<RecordedGap[]> {
    const gaps = await this.connection.command((redis, keys) => redis.zrange(keys.broadcastGaps(), '0', '-1'));
    return gaps.flatMap((gap) => this.foreign.json(this.connection.keys.broadcastGaps(), gap, isGap) ?? []);
  }
}

function isOutcome(value: unknown): value is BroadcastOutcome {
  return isGap(value) && 'ok' in value;
}

function isGap(value: unknown): value is RecordedGap {
  return typeof value === 'object' && value !== null && 'at' in value && Number.isSafeInteger(value.at);
}
