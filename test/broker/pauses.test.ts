/** Pauses of queues over Redis: no task of a paused queue starts, and nothing is lost. */
import type { Claimant } from '../../src/broker/port/broker.js';
import type { PauseRequest } from '../../src/broker/port/pause-port.js';
import { RedisBroker } from '../../src/broker/redis-broker.js';
import { BrokerFixture, childExit, counted, idOf } from '../support/broker-fixture.js';

const PAUSES = '{nestwork}:pauses';
const ALARM = '{nestwork}:alarm';
const BELL = '{nestwork}:bell:default';
const HOUR_MS = 3_600_000;
const BY: PauseRequest = { forMs: undefined, by: 'anna', reason: undefined };

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

const pause = (queue = 'default', request: Partial<PauseRequest> = {}): Promise<unknown> =>
  fixture.broker.pauses.pause(queue, { ...BY, ...request });

async function pauseEndsIn(ms: number, queue = 'default'): Promise<void> {
  const end = (await fixture.now()) + ms;
  await fixture.redis.hset(PAUSES, queue, `${end} {"since":1,"until":${end},"id":"x","by":"anna"}`);
}

function ids(messages: readonly string[]): string[] {
  return messages.map(idOf);
}

/** A task that waits alone for its next start. */
async function quarantine(queue = 'default'): Promise<string> {
  const message = counted(fixture.message(), { crashes: 1 });
  await fixture.broker.enqueue(queue, [message]);
  await fixture.redis.lmove(`{nestwork}:queue:${queue}`, `{nestwork}:suspects:${queue}`, 'LEFT', 'RIGHT');
  return message;
}

async function claimedIds(child: Claimant, limit = 10): Promise<string[]> {
  return (await fixture.claim(child, limit)).tasks.map(({ id }) => id);
}

describe('a claim', () => {
  it('passes a paused queue over, names it, and rings for what it leaves in the others alone', async () => {
    const messages = fixture.messages(2);
    await fixture.broker.enqueue('default', fixture.messages(2));
    await fixture.broker.enqueue('bulk', messages);
    await pause('default');
    await fixture.redis.del(BELL, '{nestwork}:bell:bulk');
    const child = await fixture.child(['default', 'bulk']);
    expect(await fixture.claim(child, 1)).toMatchObject({
      more: true,
      paused: ['default'],
      tasks: [{ queue: 'bulk' }],
    });
    expect(await fixture.redis.exists(BELL, '{nestwork}:bell:bulk')).toBe(1);
    const reply = await fixture.claim(child, 1);
    expect(reply).toMatchObject({ more: false, paused: ['default'], tasks: [{ id: idOf(messages[1] ?? '') }] });
    expect(await fixture.redis.exists(BELL)).toBe(0);
  });

  it('of a child whose queues are all paused brings nothing, and no more', async () => {
    await fixture.broker.enqueue('default', fixture.messages(2));
    await fixture.broker.enqueue('bulk', fixture.messages(2));
    await pause('default');
    await pause('bulk', { forMs: HOUR_MS });
    const reply = await fixture.claim(await fixture.child(['default', 'bulk']));
    expect(reply).toMatchObject({ more: false, drain: false, paused: ['default', 'bulk'], tasks: [] });
  });

  it('takes a task of a queue behind a paused one, and only of its own queues', async () => {
    const [message = ''] = fixture.messages(1);
    await fixture.broker.enqueue('bulk', [message]);
    await pause('default');
    await pause('critical');
    const reply = await fixture.claim(await fixture.child(['default', 'bulk']));
    expect(reply).toMatchObject({ paused: ['default'], tasks: [{ id: idOf(message) }] });
    expect((await fixture.claim(await fixture.child(['bulk']))).paused).toBeUndefined();
  });

  it.each([0, 1])(
    'neither starts nor drains for a quarantined task of a paused queue while it holds %d',
    async (held) => {
      const messages = fixture.messages(held);
      if (held > 0) await fixture.broker.enqueue('bulk', messages);
      const child = await fixture.child(['default', 'bulk']);
      await fixture.claim(child);
      await quarantine();
      await pause();
      expect(await fixture.claim(child)).toMatchObject({ drain: false, more: false, tasks: [] });
      expect(await fixture.redis.exists('{nestwork}:drain')).toBe(0);
    },
  );

  it('still acks, and lists what the child holds when it is repeated', async () => {
    const messages = fixture.messages(3);
    const child = await fixture.holderOf(messages);
    const [first = '', second = '', third = ''] = ids(messages);
    await pause();
    expect(await fixture.claim(child, 10, [first])).toMatchObject({ acked: 1, repeated: false, tasks: [] });
    const repeated = await fixture.broker.claim(child, { number: 2, limit: 10, acks: [] });
    expect(repeated.tasks.map(({ id }) => id)).toEqual([second, third]);
    const recovered = await fixture.broker.claim(child, { number: 3, limit: 10, acks: [], recover: true });
    expect(recovered.tasks.map(({ id }) => id)).toEqual([second, third]);
  });

  it('takes from a queue whose pause is over, whether or not a promoter has come', async () => {
    const [message = ''] = fixture.messages(1);
    await fixture.broker.enqueue('default', [message]);
    await pauseEndsIn(0);
    const reply = await fixture.claim(await fixture.child());
    expect(reply.paused).toBeUndefined();
    expect(reply.tasks).toHaveLength(1);
  });

  it('does not take from a queue whose pause ends later', async () => {
    await fixture.broker.enqueue('default', fixture.messages(1));
    await pauseEndsIn(HOUR_MS);
    expect((await fixture.claim(await fixture.child())).tasks).toEqual([]);
  });
});

describe('what a child holds when its queue is paused', () => {
  it('ends as ever, and waits there when it is given back, retried or settled', async () => {
    const messages = fixture.messages(4);
    const [done = '', released = '', retried = '', left = ''] = ids(messages);
    const child = await fixture.holderOf(messages);
    await pause();
    expect(await fixture.broker.ack(child, [done])).toBe(1);
    expect(await fixture.broker.release(child, [released])).toBe(1);
    const retry = { inMs: 0, failures: 0, line: '', counts: true };
    expect(await fixture.broker.retry(child, { id: retried, queue: 'default' }, retry)).toBe(true);
    await fixture.broker.settle(child, childExit({}));
    const other = await fixture.child();
    expect(await claimedIds(other)).toEqual([]);
    await fixture.broker.pauses.resume('default');
    expect((await claimedIds(other)).sort()).toEqual([released, retried, left].sort());
  });
});

describe('pause', () => {
  it('resolves to the pause, which is listed until its end', async () => {
    const before = await fixture.now();
    const timed = await fixture.broker.pauses.pause('default', { forMs: HOUR_MS, by: 'anna', reason: 'mail is down' });
    const after = await fixture.now();
    expect(timed).toEqual({
      queue: 'default',
      since: expect.any(Number),
      until: timed.since + HOUR_MS,
      by: 'anna',
      reason: 'mail is down',
    });
    expect(timed.since).toBeGreaterThanOrEqual(before);
    expect(timed.since).toBeLessThanOrEqual(after);
    const open = await fixture.broker.pauses.pause('bulk', { ...BY, by: 'a "quoted" } name' });
    expect(open).toMatchObject({ queue: 'bulk', until: undefined, by: 'a "quoted" } name', reason: undefined });
    await pauseEndsIn(0, 'critical');
    const byQueue = (await fixture.broker.pauses.pauses()).sort((a, b) => (a.queue < b.queue ? -1 : 1));
    expect(byQueue).toEqual([open, timed]);
  });

  it('that arrives again changes nothing', async () => {
    const input = { queue: 'default', forMs: HOUR_MS, id: 'some-command', details: '"by":"anna"}' };
    const first = await fixture.call('pause-queue', input);
    const earlier = first.replaceAll(/\d{13}/g, (time) => String(Number(time) - 1));
    await fixture.redis.hset(PAUSES, 'default', earlier);
    await fixture.redis.del(ALARM);
    expect(await fixture.call('pause-queue', input)).toBe(earlier);
    expect(await fixture.redis.hgetall(PAUSES)).toEqual({ default: earlier });
    expect(await fixture.redis.exists(ALARM)).toBe(0);
  });

  it('of a paused queue replaces end, name and reason, and keeps the beginning', async () => {
    await fixture.redis.hset(PAUSES, 'default', '0 {"since":17,"until":0,"id":"x","by":"anna","reason":"why"}');
    expect(await pause('default', { forMs: HOUR_MS, by: 'ben' })).toMatchObject({
      since: 17,
      until: expect.any(Number),
      by: 'ben',
      reason: undefined,
    });
  });

  it.each(['over', 'foreign'])('begins anew in place of a pause that is %s', async (what) => {
    if (what === 'over') await pauseEndsIn(0);
    else await fixture.redis.hset(PAUSES, 'default', 'foreign "since":1');
    const before = await fixture.now();
    const { since } = await fixture.broker.pauses.pause('default', BY);
    expect(since).toBeGreaterThanOrEqual(before);
  });

  it('rings the alarm of promoters if it has an end', async () => {
    await pause();
    expect(await fixture.redis.exists(ALARM)).toBe(0);
    await pause('default', { forMs: HOUR_MS });
    expect(await fixture.redis.lrange(ALARM, 0, -1)).toEqual(['1']);
  });

  it.each<['pause' | 'resume', () => Promise<unknown>]>([
    ['pause', () => pause()],
    ['resume', () => fixture.broker.pauses.resume('default')],
  ])('%s is refused by name where the key is foreign, and works when memory is full', async (_name, run) => {
    await fixture.redis.set(PAUSES, 'foreign');
    await expect(run()).rejects.toMatchObject({ code: 'REDIS_REFUSED', message: expect.stringContaining(PAUSES) });
    expect(await fixture.redis.get(PAUSES)).toBe('foreign');
    await fixture.redis.del(PAUSES);
    await pause();
    expect(await fixture.whenFull(run)).toBeDefined();
  });
});

describe('resume', () => {
  it('rings for what waits, once, and changes nothing the second time', async () => {
    await fixture.broker.enqueue('default', fixture.messages(1));
    await pause();
    await fixture.redis.del(BELL);
    expect(await fixture.broker.pauses.resume('default')).toBe(true);
    expect(await fixture.redis.lrange(BELL, 0, -1)).toEqual(['1']);
    expect(await fixture.broker.pauses.pauses()).toEqual([]);
    await fixture.redis.del(BELL);
    expect(await fixture.broker.pauses.resume('default')).toBe(false);
    expect(await fixture.redis.exists(BELL)).toBe(0);
    await fixture.redis.rpush(BELL, '1');
  });

  it('rings for a quarantined task, and not for an empty queue', async () => {
    await pause();
    expect(await fixture.broker.pauses.resume('default')).toBe(true);
    expect(await fixture.redis.exists(BELL)).toBe(0);
    await pause();
    await quarantine();
    await fixture.redis.del(BELL);
    expect(await fixture.broker.pauses.resume('default')).toBe(true);
    expect(await fixture.redis.exists(BELL)).toBe(1);
  });

  it('leaves the pauses of other queues alone', async () => {
    await pause();
    await pause('bulk');
    await fixture.broker.pauses.resume('default');
    expect(await fixture.redis.hkeys(PAUSES)).toEqual(['bulk']);
  });

  it('resolves to false for a pause that is over, and removes it', async () => {
    await pauseEndsIn(0);
    expect(await fixture.broker.pauses.resume('default')).toBe(false);
    expect(await fixture.redis.exists(PAUSES)).toBe(0);
  });

  it('is refused by name, before it writes, where a key of the queue is foreign', async () => {
    await pause();
    await fixture.redis.set('{nestwork}:suspects:default', 'foreign');
    await expect(fixture.broker.pauses.resume('default')).rejects.toThrow('{nestwork}:suspects:default is a string');
    expect(await fixture.redis.exists(PAUSES)).toBe(1);
    await fixture.redis.del('{nestwork}:suspects:default');
  });
});

describe('a promoter', () => {
  it('removes pauses that are over and rings for what waits there, and no others', async () => {
    for (const queue of ['default', 'bulk']) {
      await fixture.broker.enqueue(queue, fixture.messages(1));
      await fixture.redis.del(`{nestwork}:bell:${queue}`);
    }
    await pauseEndsIn(0);
    await pauseEndsIn(0, 'critical');
    await pause('bulk');
    expect(await fixture.broker.promote(500)).toEqual({ moved: 0, nextInMs: undefined, refused: undefined });
    expect(await fixture.redis.hkeys(PAUSES)).toEqual(['bulk']);
    expect(await fixture.redis.exists(BELL)).toBe(1);
    expect(await fixture.redis.exists('{nestwork}:bell:bulk', '{nestwork}:bell:critical')).toBe(0);
  });

  it('returns when the first pause ends, or the first task is due', async () => {
    await pauseEndsIn(2 * HOUR_MS);
    await pauseEndsIn(HOUR_MS, 'bulk');
    const next = async (): Promise<number> => (await fixture.broker.promote(500)).nextInMs ?? 0;
    expect(await next()).toBeGreaterThan(HOUR_MS - 60_000);
    expect(await next()).toBeLessThanOrEqual(HOUR_MS);
    await fixture.broker.enqueue('bulk', fixture.messages(1), { in: HOUR_MS / 2 });
    expect(await next()).toBeLessThanOrEqual(HOUR_MS / 2);
    expect((await fixture.redis.hkeys(PAUSES)).sort()).toEqual(['bulk', 'default']);
  });

  it('moves due tasks to a paused queue, where they wait', async () => {
    const [message = ''] = fixture.messages(1);
    await fixture.broker.enqueue('default', [message], { at: 1_000 });
    await pause();
    expect(await fixture.broker.promote(500)).toMatchObject({ moved: 1 });
    expect(await claimedIds(await fixture.child())).toEqual([]);
    expect(await fixture.redis.lrange('{nestwork}:queue:default', 0, -1)).toEqual([message]);
  });

  it('leaves the pause of a queue with a foreign key as it is', async () => {
    await pauseEndsIn(0);
    await fixture.redis.set('{nestwork}:suspects:default', 'foreign');
    expect((await fixture.broker.promote(500)).refused).toHaveLength(1);
    expect(await fixture.redis.hkeys(PAUSES)).toEqual(['default']);
    await fixture.redis.del('{nestwork}:suspects:default');
  });
});

describe('something foreign', () => {
  const warnings: string[] = [];
  let broker: RedisBroker;
  beforeEach(() => {
    warnings.length = 0;
    broker = new RedisBroker({
      redis: fixture.settings,
      namespace: 'nestwork',
      queues: ['default', 'bulk'],
      commandTimeoutMs: 5_000,
      onWarning: (warning) => warnings.push(warning),
    });
  });
  afterEach(() => broker.close());

  it('in place of the hash pauses nothing, and is reported once', async () => {
    await fixture.redis.rpush(PAUSES, 'foreign');
    const [message = '', due = ''] = fixture.messages(2);
    await fixture.broker.enqueue('default', [message]);
    await fixture.broker.enqueue('default', [due], { at: 1_000 });
    expect(await broker.promote(500)).toMatchObject({ moved: 1, refused: undefined });
    expect(await broker.promote(500)).toMatchObject({ moved: 0 });
    expect(warnings).toEqual([expect.stringContaining('{nestwork}:pauses holds "a list"')]);
    expect(await broker.pauses.pauses()).toEqual([]);
    expect(await broker.queueStates(['default'])).toMatchObject([{ pending: 2, paused: undefined }]);
    expect(await claimedIds(await fixture.child())).toEqual([idOf(message), idOf(due)]);
    expect(warnings).toHaveLength(1);
    await fixture.redis.del(PAUSES);
  });

  it.each([
    'soon',
    '',
    '-1 {"since":1,',
    '1e9 {"since":1,',
    '0',
    '0 {"by":"anna"}',
    `${'9'.repeat(400)} {"since":1,`,
    `0 {"since":${'9'.repeat(16)},`,
  ])('of %j in place of a pause pauses nothing, and is reported once', async (field) => {
    await fixture.redis.hset(PAUSES, 'default', field);
    const [message = ''] = fixture.messages(1);
    await fixture.broker.enqueue('default', [message]);
    await broker.promote(500);
    await broker.promote(500);
    expect(await broker.pauses.pauses()).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('The field "default" of {nestwork}:pauses holds "')]);
    expect(await claimedIds(await fixture.child())).toEqual([idOf(message)]);
    expect(await fixture.redis.hexists(PAUSES, 'default')).toBe(1);
  });

  it.each(['no JSON', '"until":0}', '"by":7}', '"by":"anna","reason":7}'])(
    'of %j behind the times of a pause leaves it in force, listed as of nobody known',
    async (rest) => {
      await fixture.redis.hset(PAUSES, 'default', `0 {"since":17,${rest}`);
      await fixture.broker.enqueue('default', fixture.messages(1));
      expect(await claimedIds(await fixture.child())).toEqual([]);
      expect(await broker.pauses.pauses()).toEqual([
        { queue: 'default', since: 17, until: undefined, by: 'unknown', reason: undefined },
      ]);
      expect(warnings).toHaveLength(1);
    },
  );
});

it('the state of a queue has its pause', async () => {
  const { queue: _, ...paused } = await fixture.broker.pauses.pause('default', {
    ...BY,
    forMs: HOUR_MS,
    reason: 'why',
  });
  expect(await fixture.broker.queueStates(['default', 'bulk'])).toMatchObject([
    { queue: 'default', paused },
    { queue: 'bulk', paused: undefined },
  ]);
});
