import { createInspector } from '../../src/inspector/create-inspector.js';
import type { Inspector } from '../../src/inspector/inspector.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { BrokerFixture, counted } from '../support/broker-fixture.js';

const BY = { by: 'anna' };
const PENDING = '{nestwork}:queue:default';
const SUSPECTS = '{nestwork}:suspects:default';
const UNIQUE = '{nestwork}:unique';

let fixture: BrokerFixture;
let inspector: Inspector;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  inspector = await createInspector({ redis: fixture.settings });
});
beforeEach(async () => {
  await fixture.child();
});
afterEach(() => fixture.reset());
afterAll(async () => {
  await inspector.close();
  await fixture.stop();
});

function pending(): Promise<string[]> {
  return fixture.redis.lrange(PENDING, 0, -1);
}

/** Fills the queue with ids that were never sent: it has to be emptied before the invariants are checked. */
async function fill(messages: readonly string[]): Promise<void> {
  for (let at = 0; at < messages.length; at += 5_000)
    await fixture.redis.rpush(PENDING, ...messages.slice(at, at + 5_000));
}

function at(enqueuedAt: number): string {
  return encodeMessage({ id: fixture.ids.next(), name: 'Some.task', payload: '[]', enqueuedAt });
}

describe('purge()', () => {
  it('removes all pending and quarantined tasks of one queue, and none of another', async () => {
    await fixture.broker.enqueue('default', fixture.messages(2_500));
    await fixture.broker.enqueue('bulk', fixture.messages(2));
    await fixture.redis.rpush(SUSPECTS, counted(fixture.message(), { crashes: 1 }));
    expect(await inspector.tasks.purge('default', {}, BY)).toEqual({ purged: 2_501, looked: 2_501, cursor: undefined });
    expect(await fixture.redis.exists(PENDING, SUSPECTS)).toBe(0);
    expect(await fixture.redis.llen('{nestwork}:queue:bulk')).toBe(2);
  });

  it('removes the calls of one task from among others, which keep their order', async () => {
    const messages = Array.from({ length: 2_500 }, (_, index) =>
      fixture.message(index % 3 ? 'Some.task' : 'Other.task'),
    );
    await fixture.broker.enqueue('default', messages);
    const result = await inspector.tasks.purge('default', { task: 'Some.task' }, BY);
    expect(result).toEqual({ purged: 1_666, looked: 2_500, cursor: undefined });
    expect(await pending()).toEqual(messages.filter((message) => message.includes('Other.task')));
  });

  it('removes the oldest tasks alone when all the newer ones stay', async () => {
    const others = Array.from({ length: 2_000 }, () => fixture.message('Other.task'));
    await fixture.broker.enqueue('default', [...fixture.messages(20), ...others]);
    expect(await inspector.tasks.purge('default', { task: 'Some.task' }, BY)).toMatchObject({ purged: 20 });
    expect(await pending()).toEqual(others);
  });

  it('removes tasks that came before a time, and foreign bytes as the oldest of all', async () => {
    const [old, young] = [at(1_000), at(2_000)];
    await fixture.broker.enqueue('default', [young, old]);
    await fixture.redis.lpush(PENDING, 'hello');
    expect(await inspector.tasks.purge('default', { olderThan: new Date(2_000) }, BY)).toMatchObject({ purged: 2 });
    expect(await pending()).toEqual([young]);
    expect(await inspector.tasks.purge('default', { olderThan: '1d' }, BY)).toMatchObject({ purged: 1 });
  });

  it('frees the keys of the tasks that it removes, and no other', async () => {
    const messages = ['a', 'b'].map((key) => fixture.uniqueMessage(key));
    for (const message of messages) {
      await fixture.broker.enqueueUnique('default', message, { due: undefined, replace: false });
    }
    await fixture.broker.enqueue('default', [fixture.message('Other.task')]);
    const [, held = ''] = await fixture.redis.hvals(UNIQUE);
    await fixture.redis.lrem(PENDING, 1, held.slice('default '.length));
    await inspector.tasks.purge('default', { task: 'Some.task' }, BY);
    expect(await fixture.redis.hvals(UNIQUE)).toEqual([held]);
    await fixture.redis.del(UNIQUE);
  });

  it('fills gaps deep in a long queue with the newest tasks, and loses none', async () => {
    const body = fixture.message('Other.task').slice(20);
    const others = Array.from({ length: 52_510 }, () => fixture.ids.next() + body);
    const wanted = fixture.messages(50);
    await fill([others[0] ?? '', ...wanted.slice(0, 40), others[1] ?? '', ...wanted.slice(40), ...others.slice(2)]);
    const result = await inspector.tasks.purge('default', { task: 'Some.task' }, BY);
    expect(result).toEqual({ purged: 50, looked: 52_560, cursor: undefined });
    const left = await pending();
    // compared as one text: as lists, a difference would take minutes to print
    expect(left.slice(52).join() === others.slice(2, -50).join()).toBe(true);
    expect([left[0], left[41]]).toEqual(others.slice(0, 2));
    const filled = [...left.slice(1, 41), ...left.slice(42, 52)];
    expect(filled.sort()).toEqual(others.slice(-50).sort());
    await fixture.redis.del(PENDING);
  });

  it('reports its progress, ends between two batches, and goes on from its cursor', async () => {
    await fixture.broker.enqueue('default', fixture.messages(4_500));
    const stop = new AbortController();
    const steps: number[] = [];
    const first = await inspector.tasks.purge(
      'default',
      {},
      {
        ...BY,
        signal: stop.signal,
        onProgress: ({ purged, total }) => {
          steps.push(purged);
          expect(total).toBe(4_500);
          if (purged > 0) stop.abort();
        },
      },
    );
    expect(first).toEqual({ purged: steps.at(-1), looked: steps.at(-1), cursor: expect.any(String) });
    expect(await fixture.redis.llen(PENDING)).toBe(4_500 - first.purged);
    const rest = await inspector.tasks.purge('default', {}, { ...BY, cursor: first.cursor as string });
    expect(rest).toEqual({ purged: 4_500 - first.purged, looked: 4_500 - first.purged, cursor: undefined });
  });

  it.each([{}, { task: 'Some.task' }, { olderThan: new Date(2_000) }])(
    'purges the oldest tasks also when others come meanwhile: %j',
    async (filter) => {
      const old = Array.from({ length: 4_500 }, () => at(1_000));
      await fill(old);
      const stop = new AbortController();
      const { cursor } = await inspector.tasks.purge('default', filter, {
        ...BY,
        signal: stop.signal,
        onProgress: ({ purged }) => (purged > 0 ? stop.abort() : undefined),
      });
      await fill(Array.from({ length: 100 }, () => at(3_000)));
      const rest = await inspector.tasks.purge('default', filter, { ...BY, cursor: cursor as string });
      expect(rest.cursor).toBeUndefined();
      expect((await pending()).filter((message) => old.includes(message))).toEqual([]);
      await fixture.redis.del(PENDING);
    },
  );

  it('ends when its time is up', async () => {
    await fixture.broker.enqueue('default', fixture.messages(10));
    const { purged, cursor } = await inspector.tasks.purge('default', {}, { ...BY, within: 0 });
    expect([purged, cursor]).toEqual([0, 'pending-0-10']);
  });

  it('leaves tasks that a worker claimed meanwhile to it', async () => {
    const messages = fixture.messages(3);
    await fixture.broker.enqueue('default', messages);
    const { cursor } = await inspector.tasks.purge('default', {}, { ...BY, within: 0 });
    await fixture.claim(await fixture.child(), 3);
    expect(await inspector.tasks.purge('default', {}, { ...BY, cursor: cursor as string })).toMatchObject({
      purged: 0,
    });
  });

  it('purges while Redis is full, but not from foreign keys', async () => {
    await fixture.broker.enqueue('default', fixture.messages(3));
    await fixture.whenFull(() => inspector.tasks.purge('default', {}, BY));
    await fixture.broker.enqueue('default', fixture.messages(3));
    await fixture.redis.set(UNIQUE, 'x');
    await expect(inspector.tasks.purge('default', {}, BY)).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
    expect(await fixture.redis.llen(PENDING)).toBe(3);
    await fixture.redis.del(UNIQUE);
  });

  it.each([
    [{ task: undefined }, {}, 'INVALID_OPTION'],
    [{ olderThan: new Date(Number.NaN) }, {}, 'INVALID_OPTION'],
    [{ olderThan: 'old' }, {}, 'INVALID_DURATION'],
    [{ age: 1 }, {}, 'INVALID_OPTION'],
    [{}, { by: '' }, 'INVALID_OPTION'],
    [{}, { cursor: 'x' }, 'INVALID_OPTION'],
  ])('refuses %j with %j: %s', async (filter, options, code) => {
    await fixture.broker.enqueue('default', fixture.messages(1));
    await expect(inspector.tasks.purge('default', filter as never, { ...BY, ...options })).rejects.toMatchObject({
      code,
    });
    expect(await fixture.redis.llen(PENDING)).toBe(1);
  });

  it('refuses no queue, which would be all', async () => {
    await expect(inspector.tasks.purge(undefined as never, {}, BY)).rejects.toMatchObject({ code: 'UNKNOWN_QUEUE' });
  });
});

describe('previewPurge()', () => {
  it('counts what a purge would remove, shows some, and removes nothing', async () => {
    await fixture.broker.enqueue('default', [...fixture.messages(20), fixture.message('Other.task')]);
    const preview = await inspector.tasks.previewPurge('default', { task: 'Some.task' });
    expect(preview).toMatchObject({ matching: 20, looked: 21, total: 21 });
    expect(preview.sample).toHaveLength(10);
    expect(await inspector.tasks.previewPurge('default', {})).toMatchObject({ matching: 21, looked: 21, total: 21 });
    expect(await inspector.tasks.previewPurge('default', { olderThan: '1h' })).toMatchObject({
      matching: 0,
      total: 21,
    });
    expect(await fixture.redis.llen(PENDING)).toBe(21);
  });
});
