/**
 * Every transition whose reply was lost: the client sends the command again by itself, and nothing happens twice.
 */
import { Redis } from 'ioredis';
import type { Claimant } from '../../src/broker/port/broker.js';
import { scriptDefinitions } from '../../src/broker/redis/script-calls.js';
import { attemptsOf } from '../../src/message/attempt-record.js';
import { decodeMessage } from '../../src/message/task-message.js';
import { RedisServer } from '../../src/testing/redis-server.js';
import { BrokerFixture, childExit, idOf } from '../support/broker-fixture.js';
import { LossyProxy } from '../support/lossy-proxy.js';

const FUTURE = Date.UTC(2100, 0, 1);
const REPORT = { code: 'TASK_FAILED', error: 'Error: no', host: 'here', pid: 7 };
const LINE = '\n{"at":7}';

let proxy: LossyProxy;
let fixture: BrokerFixture;
beforeAll(async () => {
  const server = await RedisServer.start();
  proxy = await LossyProxy.start(server.url);
  fixture = await BrokerFixture.on(server, { redis: proxy.url }, new Redis(server.url));
});
afterEach(() => fixture.reset());
afterAll(async () => {
  await proxy.stop();
  await fixture.stop();
});

/** The result of a call whose first reply from Redis was lost. */
async function losing<T>(call: () => Promise<T>): Promise<T> {
  // Redis refuses an unknown script first: that reply must not be the lost one
  for (const { lua } of Object.values(scriptDefinitions)) await fixture.redis.script('LOAD', lua);
  const { lost } = proxy;
  proxy.loseNextReply();
  try {
    return await call();
  } finally {
    expect(proxy.lost).toBe(lost + 1);
  }
}

/** A child that holds a task, and the names of that task. */
async function holder(message = fixture.message()): Promise<{ child: Claimant; task: { id: string; queue: string } }> {
  const child = await fixture.holderOf([message]);
  return { child, task: { id: idOf(message), queue: 'default' } };
}

/** The state of Redis without sessions, bells and the alarm. */
async function state(): Promise<Record<string, unknown>> {
  const all = Object.entries(await fixture.state());
  return Object.fromEntries(all.filter(([key]) => !/^(sessions?|bell|alarm)/.test(key)));
}

/** The only message under a key of a queue; fails when there are more. */
async function only(key: string): Promise<string> {
  const found = (await state())[key] as string[];
  expect(found).toHaveLength(1);
  return found[0] ?? '';
}

it('a schedule adds its messages once when the reply is lost', async () => {
  const messages = fixture.messages(3);
  expect(await losing(() => fixture.broker.enqueue('default', messages, { at: FUTURE }))).toBe(0);
  expect(await state()).toEqual({ 'scheduled:default': messages });
});

it('a schedule of many adds each once and in order when replies are lost', async () => {
  const messages = fixture.messages(2_500);
  expect(await losing(() => fixture.broker.enqueue('default', messages, { at: 1 }))).toBe(1_500);
  await fixture.broker.promote(5_000);
  expect(await state()).toEqual({ 'queue:default': messages });
});

it('a promotion moves its tasks once when the reply is lost', async () => {
  const messages = fixture.messages(3);
  await fixture.broker.enqueue('default', messages, { at: 1 });
  expect(await losing(() => fixture.broker.promote(2))).toEqual({ moved: 1, nextInMs: undefined });
  expect(await state()).toEqual({ 'queue:default': messages });
});

it.each([
  ['scheduled:default', 60_000],
  ['queue:default', 0],
])('a retry counts once when the reply is lost: to %s', async (key, inMs) => {
  const { child, task } = await holder();
  const retry = { inMs, line: LINE, failures: 0, counts: true };
  expect(await losing(() => fixture.broker.retry(child, task, retry))).toBe(false);
  const message = await only(key);
  expect(decodeMessage(message).failures).toBe(1);
  expect(attemptsOf(message)).toHaveLength(1);
  expect(Object.keys(await state())).toEqual([key]);
});

it('a burial counts once when the reply is lost', async () => {
  const { child, task } = await holder();
  expect(await losing(() => fixture.broker.bury(child, task, REPORT, LINE))).toBe(false);
  const { [task.id]: record = '' } = (await state())['dead-records:default'] as Record<string, string>;
  expect(decodeMessage(record.slice(record.indexOf('\n') + 1)).failures).toBe(1);
  expect(await only('dead:default')).toBe(task.id);
});

it('a settlement of tasks that ran out of time counts once when the reply is lost, and its repetition rejects', async () => {
  const [again = '', dead = '', innocent = ''] = fixture.messages(3);
  const child = await fixture.holderOf([again, dead, innocent]);
  const late = { line: LINE, report: '{}' };
  const timedOut = [
    { id: idOf(again), retryInMs: 60_000, ...late },
    { id: idOf(dead), retryInMs: -1, ...late },
  ];
  const settled = losing(() => fixture.broker.settle(child, childExit({ timedOut })));
  await expect(settled).rejects.toMatchObject({ code: 'LEASE_LOST' });
  expect(decodeMessage(await only('scheduled:default')).failures).toBe(1);
  expect(await only('queue:default')).toBe(innocent);
  expect(await only('dead:default')).toBe(idOf(dead));
});

describe('a task with a key, when the reply is lost,', () => {
  it('is added once, and holds its key', async () => {
    const message = fixture.uniqueMessage('k');
    const add = { due: undefined, replace: false };
    const holder = await losing(() => fixture.broker.enqueueUnique('default', message, add));
    expect(holder).toEqual({ id: idOf(message), queue: 'default' });
    expect(await state()).toMatchObject({ 'queue:default': [message] });
  });

  it.each([
    ['pending', undefined],
    ['scheduled', { at: FUTURE }],
  ])('replaces a %s one once', async (_where, due) => {
    const [first, second] = [fixture.uniqueMessage('k'), fixture.uniqueMessage('k')];
    await fixture.broker.enqueueUnique('default', first, { due, replace: false });
    const holder = await losing(() => fixture.broker.enqueueUnique('bulk', second, { due, replace: true }));
    expect(holder).toEqual({ id: idOf(second), queue: 'bulk' });
    expect(Object.keys(await state())).toEqual([due ? 'scheduled:bulk' : 'queue:bulk', 'unique']);
  });

  it('is not added when the key is taken, and the caller receives the id of the holder', async () => {
    const [first, second] = [fixture.uniqueMessage('k'), fixture.uniqueMessage('k')];
    const add = { due: undefined, replace: false };
    await fixture.broker.enqueueUnique('bulk', first, add);
    const holder = await losing(() => fixture.broker.enqueueUnique('default', second, add));
    expect(holder).toEqual({ id: idOf(first), queue: 'bulk' });
    expect(await only('queue:bulk')).toBe(first);
  });

  it('frees its key at its end, but not the key of the next task', async () => {
    const [first, second] = [fixture.uniqueMessage('k'), fixture.uniqueMessage('k')];
    const add = { due: undefined, replace: false };
    await fixture.broker.enqueueUnique('default', first, add);
    const child = await fixture.child();
    await fixture.claim(child);
    expect(await losing(() => fixture.broker.ack(child, [idOf(first)]))).toBe(0);
    expect(await fixture.broker.enqueueUnique('default', second, add)).toMatchObject({ id: idOf(second) });
    // a copy of the ack that is later still
    expect(await fixture.broker.ack(child, [idOf(first)])).toBe(0);
    expect(Object.keys(await state())).toEqual(['queue:default', 'unique']);
  });

  it('until it is started is claimed once, and frees its key once', async () => {
    const message = fixture.uniqueMessage('k', 'started');
    await fixture.broker.enqueueUnique('default', message, { due: undefined, replace: false });
    const child = await fixture.child();
    const reply = await losing(() => fixture.claim(child));
    expect(reply).toMatchObject({ repeated: true, tasks: [{ id: idOf(message) }] });
    expect(Object.keys(await state())).toEqual([`claims:${child.child}`]);
  });
});
