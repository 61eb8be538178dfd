import { inspect } from 'node:util';
import { DeadLetters } from '../../src/inspector/dead-letters.js';
import { KnownQueues } from '../../src/inspector/queues/known-queues.js';
import { decodeMessage, encodeMessage } from '../../src/message/task-message.js';
import { encodePayload } from '../../src/payload/payload.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { seedDead, seedForeign } from '../support/dead-tasks.js';

let fixture: BrokerFixture;
let deadLetters: DeadLetters;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  const queues = KnownQueues.declared(['default', 'bulk']);
  deadLetters = new DeadLetters(fixture.broker.deadLetters, queues, fixture.broker.actions);
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

const pending = async (): Promise<string> => (await fixture.redis.lindex('{nestwork}:queue:default', 0)) ?? '';

/** Dies again with the message that it has now. */
async function die(): Promise<void> {
  const message = await pending();
  await fixture.redis.del('{nestwork}:queue:default', '{nestwork}:bell:default');
  await fixture.redis.zadd('{nestwork}:dead:default', 9_000, idOf(message));
  await fixture.redis.hset('{nestwork}:dead-records:default', idOf(message), `{"code":"X","error":"x"}\n${message}`);
}

it('a task that is redriven with other arguments has them, and keeps name, options and id', async () => {
  const message = encodeMessage({
    id: fixture.ids.next(),
    name: 'Some.task',
    payload: encodePayload([new Date(5), 1n]),
    enqueuedAt: 1,
    options: { retries: 4, headers: { tenant: 'a' } },
  });
  await seedDead(fixture, [{ message }]);
  const id = idOf(message);
  const args = [new Map([['a', undefined]]), { text: 'ü\n"]' }, 2n];
  expect(await deadLetters.redrive(id, { args, by: 'anna' })).toBe('redriven');
  expect(decodeMessage(await pending())).toMatchObject({
    id,
    name: 'Some.task',
    args,
    options: { retries: 4, headers: { tenant: 'a' } },
    failures: 0,
    tried: true,
  });
  expect(await fixture.broker.actions.latest(1)).toMatchObject([{ action: 'redrive', subject: id, by: 'anna' }]);
  expect(await deadLetters.redrive(id, { args })).toBe('not-found');
});

it('its history keeps what it was sent with each time, and shows it to nobody who does not ask for it', async () => {
  const [message = ''] = await seedDead(fixture, [{ message: fixture.message('Some.task', 'secret-1') }]);
  await deadLetters.redrive(idOf(message), { args: ['secret-2', new Date(7)] });
  await die();
  await deadLetters.redrive(idOf(message), { args: ['secret-3'] });
  await die();
  await deadLetters.redrive(idOf(message));
  await die();
  const dead = await deadLetters.get(idOf(message));
  expect(dead?.edits.map(({ args, bytes }) => ({ args, bytes }))).toEqual([
    { args: ['secret-1'], bytes: undefined },
    { args: ['secret-2', new Date(7)], bytes: undefined },
  ]);
  expect(dead?.redrivenAt).toHaveLength(3);
  expect(dead?.edits.map(({ at }) => at)).toEqual(dead?.redrivenAt.slice(0, 2));
  for (const text of [JSON.stringify(dead), inspect(dead), JSON.stringify(dead?.edits), inspect(dead?.edits)])
    expect(text).not.toContain('secret');
});

it('of arguments beyond 16 KiB its history keeps how many bytes they took', async () => {
  const [message = ''] = await seedDead(fixture, [{ message: fixture.message('Some.task', 'é'.repeat(10_000)) }]);
  await deadLetters.redrive(idOf(message), { args: [] });
  const history = (await pending()).split('\n').slice(1).join();
  expect(history.length).toBeLessThan(200);
  await die();
  const [edit] = (await deadLetters.get(idOf(message)))?.edits ?? [];
  expect(edit).toMatchObject({ bytes: 20_004, args: undefined });
});

it.each<[string, unknown, string]>([
  ['no list', { 0: 7 }, 'INVALID_OPTION'],
  ['undefined', undefined, 'INVALID_OPTION'],
  ['a function among them', [() => 1], 'UNSERIALIZABLE_ARGUMENT'],
  ['more than 256 KiB', ['x'.repeat(300_000)], 'PAYLOAD_TOO_LARGE'],
])('arguments that are %s are refused, and the task stays dead as it was', async (_what, args, code) => {
  const [message = ''] = await seedDead(fixture, [{}]);
  const before = await fixture.state();
  await expect(deadLetters.redrive(idOf(message), { args: args as unknown[] })).rejects.toMatchObject({ code });
  expect(await fixture.state()).toEqual(before);
});

it('foreign bytes get no other arguments, and stay dead', async () => {
  const id = await seedForeign(fixture, Buffer.from([0xff, 0x0a]), 5);
  const before = await fixture.state();
  await expect(deadLetters.redrive(id, { args: [] })).rejects.toMatchObject({ code: 'UNDECODABLE_MESSAGE' });
  expect(await fixture.state()).toEqual(before);
});
