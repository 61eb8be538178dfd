import { setTimeout as delay } from 'node:timers/promises';
import type { Claimant, DeathReport } from '../../src/broker/port/broker.js';
import type { EndedTask } from '../../src/broker/port/result-port.js';
import { callTags } from '../../src/message/call-tags.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { decodeResult, encodeDone } from '../../src/message/task-result.js';
import { encodeUnique } from '../../src/message/unique-key.js';
import { BrokerFixture, childExit, counted, idOf } from '../support/broker-fixture.js';

const NAMESPACE = '{nestwork}:';
const REPORT: DeathReport = { code: 'TASK_FAILED', error: 'Error: no', host: 'test', pid: 1 };
const LINE = '\n{"at":1,"attempt":1,"code":"TASK_FAILED"}';

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

function asking({ seconds = 60, announced = true, key = '' } = {}): string {
  const unique = key === '' ? undefined : encodeUnique('Some.task', key, 'finished');
  const tags = callTags(unique, { seconds, announced });
  return encodeMessage({ id: fixture.ids.next(), name: 'Some.task', payload: '[]', enqueuedAt: Date.now(), tags });
}

const producer = (message: string): string => message.slice(0, 12);
const announcements = (message: string): Promise<string[]> =>
  fixture.redis.lrange(`${NAMESPACE}answers:${producer(message)}`, 0, -1);
const answers = async (message: string): Promise<string[]> => (await announcements(message)).map(idOf);
const finish = (child: Claimant, message: string, value: unknown = 7): Promise<number> =>
  fixture.broker.results.finish(child, [{ id: idOf(message), result: encodeDone(value) }]);

async function kept(message: string): Promise<unknown> {
  const [found] = await fixture.broker.results.read([idOf(message)]);
  if (!found || found === 'cancelled') return found;
  return decodeResult(found.stored, idOf(message));
}

describe('a task that keeps its result', () => {
  it('ends with its result, its key free, and is announced to its sender', async () => {
    const message = asking({ key: 'k' });
    await fixture.broker.enqueueUnique('default', message, { due: undefined, replace: false });
    const child = await fixture.child();
    await fixture.claim(child);
    expect(await finish(child, message, new Date(5))).toBe(1);
    expect(await kept(message)).toEqual({ kind: 'done', value: new Date(5) });
    expect(await answers(message)).toEqual([idOf(message)]);
    expect(await fixture.redis.exists(`${NAMESPACE}unique`, `${NAMESPACE}claims:${child.child}`)).toBe(0);
    expect(await fixture.redis.ttl(`${NAMESPACE}result:${idOf(message)}`)).toBeGreaterThan(50);
    expect(await fixture.redis.ttl(`${NAMESPACE}answers:${producer(message)}`)).toBeGreaterThan(3_500);
  });

  it('ends once: a repetition neither writes nor announces again', async () => {
    const message = asking();
    const child = await fixture.holderOf([message]);
    expect([await finish(child, message, 1), await finish(child, message, 2)]).toEqual([1, 0]);
    expect(await kept(message)).toEqual({ kind: 'done', value: 1 });
    expect(await answers(message)).toEqual([idOf(message)]);
  });

  it('is not announced where its sender does not wait', async () => {
    const message = asking({ announced: false });
    await finish(await fixture.holderOf([message]), message);
    expect(await kept(message)).toEqual({ kind: 'done', value: 7 });
    expect(await answers(message)).toEqual([]);
  });

  it('is not ended by a child that has lost its lease', async () => {
    const message = asking();
    const child = await fixture.holderOf([message]);
    await fixture.redis.hdel(`${NAMESPACE}session:${child.session}`, child.child);
    await expect(finish(child, message)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await kept(message)).toBeUndefined();
    expect(await fixture.broker.staleAcks()).toBe(1);
    await fixture.redis.hset(`${NAMESPACE}session:${child.session}`, child.child, '1');
  });

  it('ends though Redis is full', async () => {
    const message = asking();
    const child = await fixture.holderOf([message]);
    expect(await fixture.whenFull(() => finish(child, message))).toBe(1);
    expect(await kept(message)).toEqual({ kind: 'done', value: 7 });
  });

  it('ends although the list of announcements is a foreign key', async () => {
    const message = asking();
    const child = await fixture.holderOf([message]);
    await fixture.redis.set(`${NAMESPACE}answers:${producer(message)}`, 'x');
    expect(await finish(child, message)).toBe(1);
    expect(await kept(message)).toEqual({ kind: 'done', value: 7 });
    await fixture.redis.del(`${NAMESPACE}answers:${producer(message)}`);
  });

  it('is announced with a short result, and without a long one', async () => {
    const messages = [asking(), asking()];
    const [short = '', long = ''] = messages;
    const child = await fixture.holderOf(messages);
    await finish(child, short, 'x'.repeat(995));
    await finish(child, long, 'x'.repeat(996));
    expect(await announcements(long)).toEqual([`${idOf(short)}d["${'x'.repeat(995)}"]`, idOf(long)]);
    expect(await kept(long)).toEqual({ kind: 'done', value: 'x'.repeat(996) });
  });

  it('leaves at most 10,000 announcements', async () => {
    const message = asking();
    const child = await fixture.holderOf([message]);
    const before = Array.from({ length: 10_000 }, (_, at) => `x${at}`);
    await fixture.redis.rpush(`${NAMESPACE}answers:${producer(message)}`, ...before);
    await finish(child, message);
    expect((await answers(message)).slice(-2)).toEqual(['x9999', idOf(message)]);
    expect(await answers(message)).toHaveLength(10_000);
  });

  it('keeps its failure when it is dead, with the number of its attempts', async () => {
    const message = asking();
    const child = await fixture.holderOf([message]);
    await fixture.broker.bury(child, { id: idOf(message), queue: 'default', message }, REPORT, LINE);
    expect(await kept(message)).toEqual({ kind: 'failed', code: 'TASK_FAILED', error: 'Error: no', attempts: 1 });
    expect(await answers(message)).toEqual([idOf(message)]);
  });

  it('is buried although its tag is none of ours', async () => {
    const sent = asking();
    const message = `${sent.slice(0, 34)}r-00001${'0'.repeat(21)}${sent.slice(62)}`;
    const child = await fixture.holderOf([message]);
    expect(await fixture.broker.bury(child, { id: idOf(message), queue: 'default', message }, REPORT, LINE)).toBe(true);
    expect([await kept(message), await answers(message)]).toEqual([undefined, []]);
  });

  it('keeps nothing while it is to be tried again', async () => {
    const message = asking();
    const child = await fixture.holderOf([message]);
    const retry = { inMs: 0, line: LINE, failures: 0, counts: true };
    await fixture.broker.retry(child, { id: idOf(message), queue: 'default' }, retry);
    expect([await kept(message), await answers(message)]).toEqual([undefined, []]);
  });

  it('forgets its failure when it is redriven, alone and beside others', async () => {
    const [message, plain] = [asking(), fixture.message()];
    const child = await fixture.holderOf([message, plain]);
    for (const each of [message, plain])
      await fixture.broker.bury(child, { id: idOf(each), queue: 'default', message: each }, REPORT, LINE);
    const { deadLetters } = fixture.broker;
    const dead = await deadLetters.read('default', { range: {}, order: 'oldest', limit: 10 });
    expect(await deadLetters.redrive('default', dead.entries)).toEqual(['redriven', 'redriven']);
    expect(await kept(message)).toBeUndefined();
    expect(await fixture.redis.llen(`${NAMESPACE}queue:default`)).toBe(2);
  });

  it('forgets its failure when it is redriven with other arguments', async () => {
    const message = asking();
    const child = await fixture.holderOf([message]);
    await fixture.broker.bury(child, { id: idOf(message), queue: 'default', message }, REPORT, LINE);
    const { deadLetters } = fixture.broker;
    const [death] = (await deadLetters.read('default', { range: {}, order: 'oldest', limit: 10 })).entries;
    const edit = { body: '["Some.task",[2]]', sent: '[]' };
    expect(await deadLetters.redriveEdited('default', death as never, edit)).toBe('redriven');
    expect(await kept(message)).toBeUndefined();
  });

  it('does not leave the dead where the key of its result is not given', async () => {
    const message = asking();
    const child = await fixture.holderOf([message]);
    await fixture.broker.bury(child, { id: idOf(message), queue: 'default', message }, REPORT, LINE);
    const [id, diedAt] = await fixture.redis.zrange(`${NAMESPACE}dead:default`, '0', '-1', 'WITHSCORES');
    const input = { queue: 'default', noting: [], kept: [] };
    expect(await fixture.call('redrive', { ...input, deaths: [id as string, diedAt as string] })).toEqual([-2]);
    const edit = { id: id as string, diedAt: diedAt as string, body: '["Some.task",[2]]', sent: '[]' };
    expect(await fixture.call('redrive-edited', { ...input, ...edit })).toBe(-2);
    expect(await fixture.redis.zcard(`${NAMESPACE}dead:default`)).toBe(1);
  });
});

describe('of a child that has exited', () => {
  it('a task that was done runs again, alone and with a crash more: its result is lost with the process', async () => {
    const [message, plain] = [asking(), fixture.message()];
    const child = await fixture.holderOf([message, plain]);
    await fixture.broker.settle(child, childExit({ done: [idOf(message), idOf(plain)], line: LINE }));
    const crashed = counted(message, { crashes: 1 }) + LINE;
    expect(await fixture.redis.lrange(`${NAMESPACE}suspects:default`, 0, -1)).toEqual([crashed]);
    expect(await fixture.redis.exists(`${NAMESPACE}queue:default`)).toBe(0);
    expect(await kept(message)).toBeUndefined();
  });

  it('a task that was done and has crashed so often is dead', async () => {
    const message = asking();
    const child = await fixture.holderOf([message]);
    const report = JSON.stringify({ code: 'CRASHED', error: 'SIGKILL' });
    const settled = await fixture.broker.settle(child, childExit({ done: [idOf(message)], maxCrashes: 1, report }));
    expect(settled).toMatchObject({ released: 0, dead: 1 });
    expect(await kept(message)).toMatchObject({ kind: 'failed', code: 'CRASHED' });
    expect(await answers(message)).toEqual([idOf(message)]);
  });

  it('a task that is dead by its crash keeps that', async () => {
    const message = asking();
    const child = await fixture.holderOf([message]);
    const report = JSON.stringify({ code: 'CRASHED', error: 'SIGKILL' });
    await fixture.broker.settle(child, childExit({ blamed: [idOf(message)], maxCrashes: 1, line: LINE, report }));
    expect(await kept(message)).toEqual({ kind: 'failed', code: 'CRASHED', error: 'SIGKILL', attempts: 1 });
    expect(await answers(message)).toEqual([idOf(message)]);
  });

  it('a task that is dead by its hard timeout keeps that', async () => {
    const message = asking();
    const child = await fixture.holderOf([message]);
    const report = JSON.stringify({ code: 'HARD_TIMEOUT', error: 'too long' });
    const timedOut = [{ id: idOf(message), retryInMs: -1, line: LINE, report }];
    await fixture.broker.settle(child, childExit({ timedOut }));
    expect(await kept(message)).toMatchObject({ kind: 'failed', code: 'HARD_TIMEOUT' });
  });

  it('a task that is dropped at its hard timeout keeps that', async () => {
    const message = asking();
    const child = await fixture.holderOf([message]);
    await fixture.broker.settle(child, childExit({ done: [idOf(message)], dropped: [idOf(message)] }));
    expect(await kept(message)).toMatchObject({ kind: 'dropped', error: 'It ran beyond its hard timeout.' });
    expect(await answers(message)).toEqual([idOf(message)]);
    const places = ['queue:default', 'suspects:default', `claims:${child.child}`].map((place) => NAMESPACE + place);
    expect(await fixture.redis.exists(...places)).toBe(0);
  });
});

describe('a task that keeps its result and is cancelled', () => {
  it('while it waits is known as cancelled, and announced', async () => {
    const message = asking();
    await fixture.broker.enqueue('default', [message]);
    await fixture.broker.cancel(idOf(message));
    expect([await kept(message), await answers(message)]).toEqual(['cancelled', [idOf(message)]]);
  });

  it('while it runs is known as cancelled at once', async () => {
    const message = asking();
    await fixture.holderOf([message]);
    await fixture.broker.cancel(idOf(message));
    expect([await kept(message), await answers(message)]).toEqual(['cancelled', [idOf(message)]]);
  });

  it('leaves the marks of those that are active, however many are purged', async () => {
    const active = fixture.message();
    await fixture.holderOf([active]);
    await fixture.broker.cancel(idOf(active));
    const message = asking();
    await fixture.broker.enqueue('default', [message]);
    const input = { state: 'pending', passed: 0, task: undefined, before: undefined, look: 10 } as const;
    await fixture.broker.places.purge('default', input);
    expect(await fixture.redis.zrange(`${NAMESPACE}cancelled`, '0', '-1')).toEqual([idOf(active)]);
    expect(await fixture.redis.zrange(`${NAMESPACE}removed`, '0', '-1')).toEqual([idOf(message)]);
  });

  it('by a purge is known as cancelled; a plain task leaves no trace', async () => {
    const [message, plain] = [asking(), fixture.message()];
    await fixture.broker.enqueue('default', [message, plain]);
    const input = { state: 'pending', passed: 0, task: undefined, before: undefined, look: 10 } as const;
    await fixture.broker.places.purge('default', input);
    expect([await kept(message), await kept(plain)]).toEqual(['cancelled', undefined]);
  });

  it.each(['pending', 'scheduled'])(
    'because another takes its place while it is %s is known as cancelled',
    async (state) => {
      const [message, next] = [asking({ key: 'k' }), asking({ key: 'k' })];
      const due = state === 'pending' ? undefined : { in: 60_000 };
      await fixture.broker.enqueueUnique('default', message, { due, replace: false });
      await fixture.broker.enqueueUnique('default', next, { due: undefined, replace: true });
      expect([await kept(message), await kept(next)]).toEqual(['cancelled', undefined]);
    },
  );
});

it('a task that keeps its result is not known as cancelled when another takes its key while it runs', async () => {
  const [message, next] = [asking({ key: 'k' }), asking({ key: 'k' })];
  await fixture.broker.enqueueUnique('default', message, { due: undefined, replace: false });
  await fixture.claim(await fixture.child());
  await fixture.broker.enqueueUnique('default', next, { due: undefined, replace: true });
  expect([await kept(message), await kept(next)]).toEqual([undefined, undefined]);
});

describe('those who wait', () => {
  it('get the ids of all tasks that have ended, and none when the time is over', async () => {
    const messages = [asking(), asking()];
    const [first = ''] = messages;
    const child = await fixture.holderOf(messages);
    const ended = fixture.broker.results.ended(producer(first), 5_000);
    for (const message of messages) await finish(child, message);
    const more = async (): Promise<readonly EndedTask[]> =>
      (await fixture.broker.results.ended(producer(first), 1)) ?? [];
    const all = [...((await ended) ?? []), ...(await more())];
    expect(all.map(({ id }) => id).sort()).toEqual(messages.map(idOf).sort());
    expect(all.map(({ result }) => result)).toEqual([{ stored: 'd[7]' }, { stored: 'd[7]' }]);
    expect(await more()).toEqual([]);
  });

  it('get nothing after the end', async () => {
    const { broker } = await fixture.anotherBroker();
    const ended = broker.results.ended('x'.repeat(12), 5_000);
    await delay(0);
    broker.results.stopWaiting();
    expect(await ended).toBeUndefined();
    await broker.close();
  });

  it('get nothing of a foreign key', async () => {
    const message = asking();
    await fixture.redis.rpush(`${NAMESPACE}result:${idOf(message)}`, 'x');
    expect(await kept(message)).toBeUndefined();
    await fixture.redis.del(`${NAMESPACE}result:${idOf(message)}`);
  });
});
