import { encodeMessage } from '../../src/message/task-message.js';
import { encodePayload } from '../../src/payload/payload.js';
import { type BrokerFixture, idOf, type Stoppable } from './broker-fixture.js';

/** What a task made by hand has. */
export interface Limited {
  /** 27 characters each, from {@link limitKey} */
  readonly limits?: readonly string[];
  readonly tenant?: string;
  readonly priority?: number;
  readonly task?: string;
  readonly enqueuedAt?: number;
  /** further tags, in front of the limits */
  readonly unique?: string;
  readonly behind?: string;
}

/** A limit key whose digests are readable: the first 6 characters of the name, and the key. */
export function limitKey(name: string, key = ''): string {
  return `${name.slice(0, 6).padEnd(6, '_')}${key.slice(0, 21).padEnd(21, '-')}`;
}

/** A message of a task with limits, a tenant or a priority. */
export function limitedMessage<S extends Stoppable>(
  fixture: BrokerFixture<S>,
  given: Limited,
  ...args: unknown[]
): string {
  const {
    limits = [],
    tenant,
    priority = 0,
    task = 'Some.task',
    enqueuedAt = Date.now(),
    unique = '',
    behind = '',
  } = given;
  const step = (60_000).toString(36).padStart(6, '0');
  const hasOrder = tenant !== undefined || priority > 0;
  const order = hasOrder ? `o${priority}${step}${(tenant ?? '').slice(0, 20).padEnd(20, '-')}` : '';
  const tags = `${unique}${limits.map((limit) => `l${limit}`).join('')}${order}${behind}`;
  return encodeMessage({ id: fixture.ids.next(), name: task, payload: encodePayload(args), enqueuedAt, tags });
}

/** So many messages of one kind. */
export function limitedMessages<S extends Stoppable>(
  fixture: BrokerFixture<S>,
  count: number,
  given: Limited,
): string[] {
  return Array.from({ length: count }, (_, index) => limitedMessage(fixture, given, index));
}

/** Declares a limit as an app would: so many at a time, and so many us between two starts. */
export async function declareLimit<S extends Stoppable>(
  { redis }: BrokerFixture<S>,
  name: string,
  {
    most,
    intervalUs,
    burst = 1,
    keyed = true,
    ordered = false,
  }: { most?: number; intervalUs?: number; burst?: number; keyed?: boolean; ordered?: boolean },
): Promise<void> {
  const rule = `${most ?? '-'} ${intervalUs ?? '-'} ${burst} ${ordered ? 1 : 0} ${JSON.stringify({ name, keyed })}`;
  await redis.hset('{nestwork}:limits', limitKey(name).slice(0, 6), rule);
}

/** Declares a limit of a queue. Its limit key is that of the name of the queue. */
export async function declareGate<S extends Stoppable>(
  fixture: BrokerFixture<S>,
  queue: string,
  rule: { most?: number; intervalUs?: number; burst?: number },
): Promise<void> {
  await declareLimit(fixture, queue, { ...rule, keyed: false });
  await fixture.redis.hset('{nestwork}:gates', queue, limitKey(queue));
}

/** Sends one task. Resolves to its id. */
export async function sendLimited<S extends Stoppable>(
  fixture: BrokerFixture<S>,
  given: Limited,
  queue = 'default',
): Promise<string> {
  const message = limitedMessage(fixture, given);
  await fixture.broker.enqueueLimited(queue, [message], {});
  return idOf(message);
}

/** Messages come into their queue in this order, with the times that they have. Resolves to their ids. */
export async function arrive<S extends Stoppable>(
  { broker }: BrokerFixture<S>,
  messages: readonly string[],
  queue = 'default',
): Promise<string[]> {
  await broker.enqueue(queue, messages, { at: 1 });
  await broker.promote(messages.length);
  return messages.map(idOf);
}
