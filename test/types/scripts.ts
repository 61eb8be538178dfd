/**
 * Calls of scripts that the compiler must accept and must refuse; `tsc --noEmit` is the test. Nothing here runs.
 */
import type { RedisConnection } from '../../src/broker/redis/redis-connection.js';
import type { RedisKeys } from '../../src/broker/redis/redis-keys.js';

declare const connection: RedisConnection;
declare const keys: RedisKeys;
const holder = { sessionId: 's', child: 's.1' };

export async function accepted(): Promise<void> {
  const held: number = await connection.call('ack', { ...holder, ids: ['a', 'b'] });
  const [id, queue]: [string, string] = await connection.call('enqueue-unique', {
    ...{ block: 'p:0', seconds: 600, dueFrom: 'in', dueMs: 0, labels: [], onConflict: 'keep' },
    ...{ message: 'm', queue: 'default', queues: ['default'] },
  });
  const [, , ...fields] = await connection.call('dead-page', {
    ...{ queue: 'default', order: 'oldest', since: '-inf', till: '+inf', most: 10, mostBytes: 10, after: [] },
  });
  const bytes: Buffer | undefined = fields[0];
  keys.pending('default');
  keys.unique();
  console.log(held, id, queue, bytes);
}

export async function refused(): Promise<void> {
  // @ts-expect-error there is no such script
  await connection.call('acknowledge', { ...holder, ids: [] });
  // @ts-expect-error an argument is missing
  await connection.call('ack', { ...holder });
  // @ts-expect-error the parameter of a key is missing
  await connection.call('ack', { child: 's.1', ids: [] });
  // @ts-expect-error the queue whose keys are declared is missing
  await connection.call('bury', { ...holder, id: 'a', report: '{}', line: '', header: '' });
  // @ts-expect-error an argument of another name
  await connection.call('ack', { sessionId: 's', child: 's.1', ids: [], count: 1 });
  // @ts-expect-error one value where a list is wanted
  await connection.call('ack', { ...holder, ids: 'a' });
  // @ts-expect-error a list where one value is wanted
  await connection.call('register', { sessionId: 's', child: ['s.1'] });
  // @ts-expect-error an optional argument without a value
  await connection.call('register', { sessionId: 's', child: undefined });
  // @ts-expect-error another reply
  const text: string = await connection.call('ack', { ...holder, ids: [] });
  // @ts-expect-error the key of no queue
  keys.pending();
  // @ts-expect-error a key without a parameter
  keys.unique('default');
  console.log(text);
}
