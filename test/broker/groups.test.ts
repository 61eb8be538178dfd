import type { Claimant, DeathReport } from '../../src/broker/port/broker.js';
import type { GroupRecord, NewGroup } from '../../src/broker/port/group-port.js';
import { callTags } from '../../src/message/call-tags.js';
import { decodeMessage, encodeMessage } from '../../src/message/task-message.js';
import { encodeDone } from '../../src/message/task-result.js';
import { BrokerFixture, childExit, idOf } from '../support/broker-fixture.js';

const REPORT: DeathReport = { code: 'TASK_FAILED', error: 'Error: no', host: 'test', pid: 1 };
const LINE = '\n{"at":1,"attempt":1,"code":"TASK_FAILED"}';
const TAG = '{nestwork}:';
const ALL = { range: {}, order: 'newest', limit: 10 } as const;

/** A message that keeps its result, without its first character. */
const ASKING = Buffer.from(
  encodeMessage({
    ...{ id: '00000000000000000000', name: 'Some.task', payload: '[]', enqueuedAt: 1 },
    tags: callTags(undefined, { seconds: 60, announced: false }),
  }).slice(1),
);

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

let callbacks = 0;
function callback(name: string): { queue: string; message: string } {
  callbacks += 1;
  const id = `callback${String(callbacks).padStart(12, '0')}`;
  return { queue: 'bulk', message: encodeMessage({ id, name, payload: '["$"]', enqueuedAt: 1 }) };
}

async function opened(options: Partial<NewGroup> = {}): Promise<string> {
  const id = fixture.ids.next();
  await fixture.broker.groups.open({
    ...{ id, kind: 'batch', policy: 'fail', name: 'mailing', openedAt: 5, deadlineMs: undefined },
    ...{ done: callback('On.done'), failed: callback('On.failed') },
    ...options,
  });
  return id;
}

function member(group: string, { seconds }: { seconds?: number } = {}): string {
  const tags = callTags(undefined, { seconds, announced: false }, { group, number: 0 });
  return encodeMessage({ id: fixture.ids.next(), name: 'Some.task', payload: '[]', enqueuedAt: Date.now(), tags });
}

/** A batch with so many members, which a child has claimed. */
async function batchOf(count: number, options: Partial<NewGroup> = {}) {
  const group = await opened(options);
  const messages = Array.from({ length: count }, () => member(group));
  await fixture.broker.groups.add(group, 'default', messages);
  await fixture.broker.groups.seal(group);
  const child = await fixture.child(['default']);
  await fixture.claim(child, count);
  return { group, messages, child, ids: messages.map(idOf) };
}

const end = (child: Claimant, ids: readonly string[], result = encodeDone(7)): Promise<number> =>
  fixture.broker.results.finish(
    child,
    ids.map((id) => ({ id, result, inGroup: true })),
  );
const bury = (child: Claimant, id: string): Promise<boolean> =>
  fixture.broker.bury(child, { id, queue: 'default' }, REPORT, LINE);

async function statusOf(group: string): Promise<Partial<GroupRecord>> {
  const [found] = await fixture.broker.groups.read([group]);
  if (!found) return {};
  const { state, ended, total, done, failed, dropped, cancelled } = found;
  return { state, ended, total, done, failed, dropped, cancelled };
}

async function redrive(): Promise<void> {
  const { entries } = await fixture.broker.deadLetters.read('default', ALL);
  await fixture.broker.deadLetters.redrive('default', entries);
}

/** The callbacks that were sent, each with what it gets. */
async function called(): Promise<[name: string, status: unknown][]> {
  await fixture.broker.groups.tend();
  const messages = await fixture.redis.lrange(`${TAG}queue:bulk`, 0, -1);
  return messages.map((message) => decodeMessage(message)).map(({ name, args }) => [name, args[0]]);
}

const names = async (): Promise<string[]> => (await called()).map(([name]) => name);

describe('a batch', () => {
  it('of which all members are done sends onDone once, with its counts', async () => {
    const { group, child, ids } = await batchOf(3);
    await end(child, ids.slice(0, 2));
    expect(await called()).toEqual([]);
    await end(child, ids.slice(2));
    await end(child, ids);
    const counts = { total: 3, done: 3, failed: 0, dropped: 0, cancelled: 0, waiting: 0 };
    expect(await called()).toEqual([['On.done', { id: group, name: 'mailing', state: 'done', ...counts }]]);
    expect(await statusOf(group)).toMatchObject({ state: 'done', ended: true, total: 3, done: 3 });
  });

  it('sends onDone though its last member ended before it was sealed', async () => {
    const group = await opened();
    const message = member(group);
    await fixture.broker.groups.add(group, 'default', [message]);
    const child = await fixture.child();
    await fixture.claim(child);
    await end(child, [idOf(message)]);
    expect(await names()).toEqual([]);
    await fixture.broker.groups.seal(group);
    await fixture.broker.groups.seal(group);
    expect(await names()).toEqual(['On.done']);
  });

  it('without members sends onDone when it is sealed', async () => {
    const group = await opened();
    await fixture.broker.groups.seal(group);
    expect(await names()).toEqual(['On.done']);
  });

  it('counts a member once that is added again', async () => {
    const group = await opened();
    const messages = [member(group), member(group)];
    await fixture.broker.groups.add(group, 'default', messages);
    await fixture.broker.groups.add(group, 'default', messages);
    expect(await statusOf(group)).toMatchObject({ total: 2 });
  });

  it('is opened once, whatever is repeated', async () => {
    const group = await opened();
    await fixture.broker.groups.add(group, 'default', [member(group)]);
    const common = { kind: 'batch', policy: 'fail', name: 'mailing', openedAt: 5, deadlineMs: undefined } as const;
    await fixture.broker.groups.open({ id: group, ...common, done: undefined, failed: undefined });
    expect(await statusOf(group)).toMatchObject({ total: 1, ended: false });
  });

  it('takes no members once it has ended', async () => {
    const { group, child, ids } = await batchOf(1);
    await end(child, ids);
    expect(await fixture.broker.groups.add(group, 'default', [member(group)])).toBe('ended');
    expect(await fixture.broker.groups.add(fixture.ids.next(), 'default', [member(group)])).toBe('unknown');
  });

  it('with a dead member has failed at once, sends onFailed once with the culprit, and goes on', async () => {
    const { group, child, ids } = await batchOf(3);
    await bury(child, ids[0] as string);
    await bury(child, ids[1] as string);
    const culprit = { id: ids[0], task: 'Some.task', how: 'dead', code: 'TASK_FAILED', error: 'Error: no' };
    expect(await called()).toEqual([
      ['On.failed', expect.objectContaining({ state: 'failed', total: 3, failed: 1, waiting: 2, culprit })],
    ]);
    await end(child, [ids[2] as string]);
    expect(await statusOf(group)).toMatchObject({ state: 'failed', ended: false, failed: 2, done: 1 });
  });

  it('goes on when its dead members are redriven, and sends onDone in the end', async () => {
    const { group, child, ids } = await batchOf(2);
    await end(child, [ids[1] as string]);
    await bury(child, ids[0] as string);
    const { entries } = await fixture.broker.deadLetters.read('default', ALL);
    await fixture.broker.deadLetters.redrive('default', entries);
    await fixture.broker.deadLetters.redrive('default', entries);
    expect(await statusOf(group)).toMatchObject({ state: 'open', failed: 0 });
    await fixture.claim(child);
    await end(child, [ids[0] as string]);
    expect((await names()).sort()).toEqual(['On.done', 'On.failed']);
  });

  it('ends as failed when its dead member is deleted, with onDone among the dead', async () => {
    const { group, child, ids } = await batchOf(2);
    await end(child, [ids[1] as string]);
    await bury(child, ids[0] as string);
    const { entries } = await fixture.broker.deadLetters.read('default', ALL);
    await fixture.broker.deadLetters.remove('default', entries);
    await fixture.broker.deadLetters.remove('default', entries);
    expect(await statusOf(group)).toMatchObject({ state: 'failed', ended: true, failed: 1, done: 1 });
    expect(await names()).toEqual(['On.failed']);
    const dead = await fixture.broker.deadLetters.read('bulk', ALL);
    expect(dead.entries.map(({ record }) => record.toString())).toEqual([expect.stringContaining('GROUP_FAILED')]);
  });

  it('whose onDone is redriven from the dead gives it the status', async () => {
    const { group, child, ids } = await batchOf(1, { failed: undefined });
    await bury(child, ids[0] as string);
    const { entries } = await fixture.broker.deadLetters.read('default', ALL);
    await fixture.broker.deadLetters.remove('default', entries);
    await fixture.broker.groups.tend();
    const dead = await fixture.broker.deadLetters.read('bulk', ALL);
    await fixture.broker.deadLetters.redrive('bulk', dead.entries);
    expect(await called()).toEqual([
      ['On.done', expect.objectContaining({ id: group, name: 'mailing', state: 'failed', failed: 1, waiting: 0 })],
    ]);
  });

  it('shortens the error of its culprit to whole characters, so that its callback can still be found', async () => {
    const { child, ids } = await batchOf(1);
    const report = { ...REPORT, error: `${'x'.repeat(498)}€` };
    await fixture.broker.bury(child, { id: ids[0] as string, queue: 'default' }, report, LINE);
    expect(await called()).toEqual([
      ['On.failed', expect.objectContaining({ culprit: expect.objectContaining({ error: 'x'.repeat(498) }) })],
    ]);
    const [sent] = await fixture.redis.lrangeBuffer(`${TAG}queue:bulk`, 0, -1);
    expect(Buffer.from(String(sent))).toEqual(sent);
  });

  it('does so when a worker purges it', async () => {
    const { group, child, ids } = await batchOf(1);
    await bury(child, ids[0] as string);
    await fixture.broker.deadLetters.purge('default', { retentionMs: undefined, most: 0 }, 10);
    expect(await statusOf(group)).toMatchObject({ state: 'failed', ended: true, failed: 1 });
  });

  it('that allows failures sends onDone when all have ended', async () => {
    const { group, child, ids } = await batchOf(3, { policy: 'end' });
    await bury(child, ids[0] as string);
    await end(child, [ids[1] as string], 'x{}');
    await end(child, [ids[2] as string]);
    expect(await names()).toEqual(['On.done']);
    expect(await statusOf(group)).toMatchObject({ state: 'done', failed: 1, dropped: 1, done: 1 });
  });

  it('that allows failures waits again for a dead member that is redriven', async () => {
    const { group, child, ids } = await batchOf(2, { policy: 'end' });
    await bury(child, ids[0] as string);
    await redrive();
    await end(child, [ids[1] as string]);
    expect(await statusOf(group)).toMatchObject({ state: 'open', ended: false, done: 1, failed: 0 });
    await fixture.claim(child);
    await end(child, [ids[0] as string]);
    expect(await statusOf(group)).toMatchObject({ state: 'done', ended: true, done: 2 });
  });

  it('that has ended does not count the deletion of a dead member', async () => {
    const { group, child, ids } = await batchOf(1, { policy: 'end' });
    await bury(child, ids[0] as string);
    const before = await fixture.redis.hget(`${TAG}groups`, group);
    const { entries } = await fixture.broker.deadLetters.read('default', ALL);
    await fixture.broker.deadLetters.remove('default', entries);
    expect(await fixture.redis.hget(`${TAG}groups`, group)).toBe(before);
  });

  it('that is cancelled lets a dead member that is redriven run on its own', async () => {
    const { group, child, ids } = await batchOf(2);
    await bury(child, ids[0] as string);
    await fixture.broker.groups.cancel(group);
    await redrive();
    expect(await statusOf(group)).toMatchObject({ state: 'cancelled', ended: false, failed: 1 });
    const { stopped, tasks } = await fixture.claim(child);
    expect([stopped, tasks.map(({ id }) => id)]).toEqual([undefined, [ids[0]]]);
    await end(child, ids);
    expect(await statusOf(group)).toMatchObject({ state: 'cancelled', ended: true, failed: 1, done: 1 });
  });

  it('that is cancelled after a redrive waits for the member that runs again', async () => {
    const { group, child, ids } = await batchOf(1);
    await bury(child, ids[0] as string);
    await redrive();
    await fixture.claim(child);
    await fixture.broker.groups.cancel(group);
    expect(await statusOf(group)).toMatchObject({ state: 'cancelled', ended: false });
    await end(child, ids, 'c');
    expect(await statusOf(group)).toMatchObject({ ended: true, cancelled: 1 });
  });

  it('counts a dropped member as a failure', async () => {
    const { group, child, ids } = await batchOf(2);
    await end(child, [ids[0] as string], 'x{"error":"no","attempts":1}');
    await end(child, [ids[1] as string]);
    expect(await names()).toEqual(['On.failed']);
    expect(await statusOf(group)).toMatchObject({ state: 'failed', ended: true, dropped: 1, done: 1 });
  });

  it('that is cancelled sends onFailed once, and its pending members do not start', async () => {
    const group = await opened();
    const messages = [member(group), member(group), member(group)];
    await fixture.broker.groups.add(group, 'default', messages);
    const child = await fixture.child();
    await fixture.claim(child, 1);
    expect(await fixture.broker.groups.cancel(group)).toBe('cancelled');
    expect(await fixture.broker.groups.cancel(group)).toBe('ended');
    expect(await names()).toEqual(['On.failed']);
    const { stopped, tasks } = await fixture.claim(child, 5);
    expect(stopped).toEqual(messages.slice(1).map(idOf));
    expect(tasks.map(({ id }) => id)).toEqual(stopped);
    await end(child, stopped as string[], 'c');
    await end(child, [idOf(messages[0] as string)]);
    expect(await statusOf(group)).toMatchObject({ state: 'cancelled', ended: true, cancelled: 2, done: 1 });
    expect(await names()).toEqual(['On.failed']);
    const dead = await fixture.broker.deadLetters.read('bulk', ALL);
    expect(dead.entries).toEqual([]);
  });

  it('that is cancelled does not wait for a member that is dead', async () => {
    const { group, child, ids } = await batchOf(2);
    await bury(child, ids[0] as string);
    await fixture.broker.groups.cancel(group);
    await bury(child, ids[1] as string);
    expect(await statusOf(group)).toMatchObject({ state: 'cancelled', ended: true, failed: 2 });
  });

  it('whose deadline has passed has expired, and sends onFailed', async () => {
    const { group, child, ids } = await batchOf(1, { deadlineMs: 60_000 });
    await fixture.redis.zadd(`${TAG}group-times`, 1, `${group} deadline`);
    await fixture.broker.promote(1);
    expect(await called()).toEqual([['On.failed', expect.objectContaining({ state: 'expired', waiting: 1 })]]);
    await end(child, ids, 'c');
    expect(await statusOf(group)).toMatchObject({ state: 'expired', ended: true, cancelled: 1 });
  });

  it('whose sender has died is abandoned, sends onFailed, and ends with its members', async () => {
    const group = await opened();
    const message = member(group);
    await fixture.broker.groups.add(group, 'default', [message]);
    await fixture.redis.zadd(`${TAG}group-times`, 1, `${group} unsealed`);
    await fixture.broker.promote(1);
    expect(await called()).toEqual([['On.failed', expect.objectContaining({ state: 'abandoned', waiting: 1 })]]);
    const child = await fixture.child();
    await fixture.claim(child);
    await end(child, [idOf(message)]);
    expect(await statusOf(group)).toMatchObject({ state: 'abandoned', ended: true, done: 1 });
  });

  it('that its sender gives up is abandoned at once, once', async () => {
    const group = await opened();
    const message = member(group);
    await fixture.broker.groups.add(group, 'default', [message]);
    await fixture.broker.groups.seal(group, true);
    await fixture.broker.groups.seal(group, true);
    expect(await called()).toEqual([['On.failed', expect.objectContaining({ state: 'abandoned', waiting: 1 })]]);
    const child = await fixture.child();
    await fixture.claim(child);
    await end(child, [idOf(message)]);
    expect(await statusOf(group)).toMatchObject({ state: 'abandoned', ended: true, done: 1 });
  });

  it('that is sealed is not abandoned by a command that comes late', async () => {
    const group = await opened();
    await fixture.broker.groups.seal(group);
    await fixture.broker.groups.seal(group, true);
    expect(await statusOf(group)).toMatchObject({ state: 'done', ended: true });
    expect(await names()).toEqual(['On.done']);
  });

  it('counts members that a settled child had done, dropped, and killed', async () => {
    const { group, child, ids } = await batchOf(4);
    const [done, dropped, back, dies] = ids as [string, string, string, string];
    const exit = { ...childExit, maxCrashes: 1, line: LINE, report: JSON.stringify(REPORT) };
    await fixture.broker.settle(child, {
      ...exit,
      done: [done, dropped],
      dropped: [dropped],
      blamed: [dies],
      timedOut: [],
    });
    expect(await statusOf(group)).toMatchObject({ done: 1, dropped: 1, failed: 1, ended: false });
    const next = await fixture.child();
    const { tasks } = await fixture.claim(next);
    expect(tasks.map(({ id }) => id)).toEqual([back]);
    await end(next, [back]);
  });

  it('counts a member that was cancelled, wherever it was', async () => {
    const group = await opened();
    const messages = [member(group), member(group), member(group)] as [string, string, string];
    await fixture.broker.groups.add(group, 'default', messages.slice(0, 2));
    await fixture.broker.groups.add(group, 'default', messages.slice(2), { due: { in: 60_000 } });
    await fixture.broker.groups.seal(group);
    const child = await fixture.child();
    await fixture.claim(child, 1);
    for (const message of messages) await fixture.broker.cancel(idOf(message));
    await fixture.broker.release(child, [idOf(messages[0])]);
    expect(await statusOf(group)).toMatchObject({ cancelled: 3, ended: true, state: 'failed' });
  });

  it('counts members that were purged', async () => {
    const group = await opened();
    await fixture.broker.groups.add(group, 'default', [member(group), member(group)]);
    await fixture.broker.groups.seal(group);
    const input = { queue: 'default', place: 'pending', passed: 0, look: 10, mostBytes: 1e6, call: '', before: '' };
    await fixture.call('purge-pending', input);
    expect(await statusOf(group)).toMatchObject({ cancelled: 2, ended: true, state: 'failed' });
  });

  it('keeps its counts while members are retried, given back and reaped', async () => {
    const { group, child, ids } = await batchOf(3);
    const [first, second, third] = ids as [string, string, string];
    await fixture.broker.retry(
      child,
      { id: first, queue: 'default' },
      { inMs: 0, failures: 0, line: LINE, counts: true },
    );
    await fixture.broker.release(child, [second]);
    await fixture.redis.zadd(`${TAG}sessions`, 1, child.session);
    await fixture.broker.reap(child.session, 30_000);
    expect(await statusOf(group)).toMatchObject({ total: 3, done: 0, ended: false });
    const next = await fixture.child();
    await fixture.claim(next);
    await end(next, [first, second, third]);
    expect(await names()).toEqual(['On.done']);
  });
});

describe('a foreign key in place of one of groups', () => {
  type Scene = Awaited<ReturnType<typeof batchOf>> & { waiting: string; death: (string | number)[] };

  async function scene(): Promise<Scene> {
    const batch = await batchOf(3);
    const [dead = ''] = batch.ids;
    await bury(batch.child, dead);
    const waiting = member(batch.group);
    await fixture.broker.groups.add(batch.group, 'default', [waiting]);
    await fixture.broker.groups.tend();
    const diedAt = await fixture.redis.zscore(`${TAG}dead:default`, dead);
    await fixture.redis.zadd(`${TAG}sessions`, 1, batch.child.session);
    return { ...batch, waiting, death: [dead, diedAt ?? ''] };
  }

  const held = ({ ids }: Scene): string => ids[1] as string;
  const purge = { queue: 'default', place: 'pending', passed: 0, look: 10, mostBytes: 1e6, call: '', before: '' };
  const WAYS: [way: string, run: (scene: Scene) => Promise<unknown>][] = [
    ['an end', (it) => end(it.child, [held(it)])],
    ['a burial', (it) => bury(it.child, held(it))],
    [
      'a retry',
      (it) =>
        fixture.broker.retry(
          it.child,
          { id: held(it), queue: 'default' },
          { inMs: 0, failures: 0, line: LINE, counts: true },
        ),
    ],
    ['a release', (it) => fixture.broker.release(it.child, [held(it)])],
    ['a settlement', (it) => fixture.broker.settle(it.child, childExit({ done: [held(it)] }))],
    ['a reap', (it) => fixture.broker.reap(it.child.session, 30_000)],
    [
      'a cancellation',
      ({ waiting }) =>
        fixture.call('cancel-waiting', {
          ...{ queue: 'default', place: 'pending', message: waiting, passed: 0, answering: [] },
        }),
    ],
    ['a purge of pending tasks', () => fixture.call('purge-pending', purge)],
    ['a redrive', ({ death }) => fixture.call('redrive', { queue: 'default', deaths: death, noting: [], kept: [] })],
    ['a deletion', ({ death }) => fixture.call('delete-dead', { queue: 'default', deaths: death })],
    ['a purge of dead tasks', () => fixture.call('purge', { queue: 'default', retentionMs: '', kept: 0, most: 10 })],
    ['a cancelled group', ({ group }) => fixture.broker.groups.cancel(group)],
    ['a member', ({ group }) => fixture.broker.groups.add(group, 'default', [member(group)])],
  ];
  const KEYS = ['groups', 'group-times', 'groups-ended', 'released'];

  it.each(WAYS.flatMap(([way, run]) => KEYS.map((key) => [way, key, run] as const)))(
    'refuses %s by name when that is %s, and nothing is written',
    async (_way, name, run) => {
      const stage = await scene();
      const key = TAG + name;
      const exists = (await fixture.redis.exists(key)) === 1;
      if (exists) await fixture.redis.rename(key, 'aside');
      await fixture.redis.set(key, 'foreign');
      if (name !== 'groups') await fixture.redis.hset(`${TAG}groups`, 'x', 'y');
      const before = await fixture.state();
      await expect(run(stage)).rejects.toThrow(`WRONGTYPE ${key} is a string`);
      expect(await fixture.state()).toEqual(before);
      await fixture.redis.hdel(`${TAG}groups`, 'x').catch(() => {});
      if (exists) await fixture.redis.rename('aside', key);
      else await fixture.redis.del(key);
      await expect(run(stage)).resolves.toBeDefined();
      await fixture.redis.flushall();
    },
  );
});

describe('foreign bytes among what is left to promoters', () => {
  it.each([
    ['of a queue that has no name', [0x2b, 0x20, 0xff, 0x20, 0x41]],
    ['of a dead task of such a queue', [0x21, 0x20, 0xff, 0x20, 0x41]],
    ['of a dead task without an id, which asks for its result', [0x21, ...Buffer.from(' default '), 0xff, ...ASKING]],
  ])('that look like an order %s keep nothing waiting', async (_which, bytes) => {
    await fixture.redis.rpush(`${TAG}released`, Buffer.from(bytes), `+ default ${fixture.message()}`);
    await fixture.broker.groups.tend();
    expect(await fixture.redis.exists(`${TAG}released`)).toBe(0);
    expect(await fixture.redis.llen(`${TAG}queue:default`)).toBe(1);
    await fixture.redis.flushall();
  });
});
