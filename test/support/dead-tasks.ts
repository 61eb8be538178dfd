import type { DeathReport } from '../../src/broker/port/broker.js';
import { type AttemptRecord, encodeAttempt } from '../../src/message/attempt-record.js';
import { type BrokerFixture, idOf } from './broker-fixture.js';

const NAMESPACE = '{nestwork}:';

export const REPORT: DeathReport = {
  code: 'TASK_FAILED',
  task: 'Some.task',
  error: 'Error: no',
  stack: 'Error: no\n    at somewhere',
  attempt: 1,
  host: 'here',
  pid: 7,
};

/** A dead task to put into Redis; a missing field is ordinary. */
export interface Seed {
  readonly queue?: string;
  readonly diedAt?: number;
  readonly message?: string;
  readonly report?: Partial<DeathReport>;
  readonly history?: readonly AttemptRecord[];
}

/** Puts dead tasks where `bury` would. Resolves to their messages, with their history. */
export async function seedDead(fixture: BrokerFixture, seeds: readonly Seed[]): Promise<string[]> {
  const plain = seeds.map((seed, index) => seed.message ?? fixture.message('Some.task', index));
  // through a queue of its own, so that their ids are marked as seen
  await fixture.broker.enqueue('seeding', plain);
  await fixture.redis.del(`${NAMESPACE}queue:seeding`, `${NAMESPACE}bell:seeding`);
  const messages = plain.map(
    (message, index) => message + (seeds[index]?.history ?? []).map((record) => encodeAttempt(record)).join(''),
  );
  const pipeline = fixture.redis.pipeline();
  for (const [index, message] of messages.entries()) {
    const { queue = 'default', diedAt = 1_000 + index, report } = seeds[index] ?? {};
    pipeline.zadd(`${NAMESPACE}dead:${queue}`, diedAt, idOf(message));
    pipeline.hset(`${NAMESPACE}dead-records:${queue}`, idOf(message), recordOf(message, report));
  }
  await pipeline.exec();
  return messages;
}

export function recordOf(message: string, report: Partial<DeathReport> = {}): string {
  return `${JSON.stringify({ ...REPORT, ...report })}\n${message}`;
}

/** Foreign bytes, dead as a worker would bury them. Resolves to the id they got. */
export async function seedForeign(fixture: BrokerFixture, bytes: Buffer, diedAt = 1): Promise<string> {
  const id = `undecodable${diedAt.toString(16).padStart(9, '0')}`;
  const report = Buffer.from(`${JSON.stringify({ code: 'UNDECODABLE_MESSAGE', error: 'x', host: '', pid: 1 })}\n`);
  await fixture.redis.zadd(`${NAMESPACE}dead:default`, diedAt, id);
  const record = Buffer.concat([report, Buffer.from(`${id}?`), bytes]);
  await fixture.redis.hset(`${NAMESPACE}dead-records:default`, id, record);
  return id;
}
