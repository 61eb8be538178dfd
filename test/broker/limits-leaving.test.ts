/** What becomes of the slots of a task, in each way out of a claim and out of a queue. */
import type { ChildExit, Claimant, ClaimedTask, TimedOut } from '../../src/broker/port/broker.js';
import { encodeUnique } from '../../src/message/unique-key.js';
import { BrokerFixture, childExit, idOf } from '../support/broker-fixture.js';
import { declareLimit, limitedMessage, limitKey } from '../support/limited-tasks.js';

const NAMESPACE = '{nestwork}:';
const SLOTS = `${NAMESPACE}slots`;
const HELD = `${NAMESPACE}held:default`;
const ACME = limitKey('stripe', 'acme');
const GATE = limitKey('gate');
const QUEUE = 'default';
const LINE = '\n{"at":7}';
const REPORT = { code: 'TASK_FAILED', error: 'Error: no', host: 'here', pid: 7 };

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** What a new child gets that may have tasks with limits. */
async function claimed(child: Claimant, number = 1): Promise<readonly ClaimedTask[]> {
  return (await fixture.broker.claim(child, { number, limit: 10, limited: 8, acks: [] })).tasks;
}

async function claimedByAnother(): Promise<string[]> {
  return (await claimed(await fixture.child())).map(({ id }) => id);
}

function slots(): Promise<Record<string, string>> {
  return fixture.redis.hgetall(SLOTS);
}

/** The rule of the limit of the tests, ordered: one at a time, in the order of the tasks. */
async function declareOrdered(): Promise<void> {
  await fixture.redis.hset(`${NAMESPACE}limits`, ACME.slice(0, 6), '1 - 1 1 {"name":"stripe","keyed":true}');
}

async function declareGate(most: number): Promise<void> {
  await declareLimit(fixture, 'gate', { most, keyed: false });
  await fixture.redis.hset(`${NAMESPACE}gates`, QUEUE, GATE);
}

/** Two tasks of one line, of which a child holds the first. */
async function sceneOf(count = 2): Promise<{ child: Claimant; first: string; second: string }> {
  const messages = Array.from({ length: count }, (_, index) => limitedMessage(fixture, { limits: [ACME] }, index));
  await fixture.broker.enqueueLimited(QUEUE, messages, { labels: [ACME, 'acme'] });
  const child = await fixture.child();
  const [first = '', second = ''] = messages.map(idOf);
  expect((await claimed(child)).map(({ id }) => id)).toEqual([first]);
  return { child, first, second };
}

const timedOut = (id: string, retryInMs: number): TimedOut => ({
  id,
  retryInMs,
  line: LINE,
  report: '{"code":"LATE"}',
});
const retry =
  (inMs: number): Way =>
  (child, id) =>
    fixture.broker.retry(child, { id, queue: QUEUE }, { inMs, failures: 0, line: LINE, counts: true });
const settle =
  (given: (id: string) => Partial<ChildExit>): Way =>
  (child, id) =>
    fixture.broker.settle(child, childExit(given(id)));

type Way = (child: Claimant, id: string) => Promise<unknown>;

/** Ways in which a task ends, or waits for a time. */
const ENDS: [string, Way][] = [
  ['finished', (child, id) => fixture.broker.results.finish(child, [{ id, result: 'd[7]', limited: true }])],
  ['buried', (child, id) => fixture.broker.bury(child, { id, queue: QUEUE }, REPORT)],
  ['tried again later', retry(60_000)],
  ['done before its process ended', settle((id) => ({ done: [id] }))],
  ['dropped after its hard timeout', settle((id) => ({ done: [id], dropped: [id] }))],
  ['dead after its hard timeout', settle((id) => ({ timedOut: [timedOut(id, -1)] }))],
  ['tried again later after its hard timeout', settle((id) => ({ timedOut: [timedOut(id, 60_000)] }))],
  ['dead by crashes', settle((id) => ({ blamed: [id], maxCrashes: 1 }))],
  [
    'cancelled while it ran',
    async (child, id) => {
      await fixture.redis.zadd(`${NAMESPACE}cancelled`, Date.now(), id);
      await fixture.broker.release(child, [id]);
    },
  ],
];

/** Ways in which a task comes back to where it can be claimed. */
const RETURNS: [string, Way][] = [
  ['tried again at once', retry(0)],
  ['given back', (child, id) => fixture.broker.release(child, [id])],
  ['given back by a process that ended', settle(() => ({}))],
  [
    'given back by a worker that is gone',
    async (child) => {
      await fixture.redis.zadd(`${NAMESPACE}sessions`, (await fixture.now()) - 1, child.session);
      expect(await fixture.broker.reap(child.session, 30_000)).toBe(1);
    },
  ],
];

describe('a task with a limit of its own and one of its queue', () => {
  beforeEach(async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    await declareGate(1);
  });

  it.each(ENDS)('that is %s frees both for the next task', async (_, way) => {
    const { child, first, second } = await sceneOf();
    expect(await slots()).toEqual({ [ACME]: '1', [GATE]: '1' });
    expect(await claimedByAnother()).toEqual([]);
    await way(child, first);
    expect(await fixture.redis.exists(SLOTS)).toBe(0);
    expect(await claimedByAnother()).toEqual([second]);
  });

  it.each(RETURNS)('that is %s holds none while it waits', async (_, way) => {
    const { child, first } = await sceneOf(1);
    await way(child, first);
    expect(await fixture.redis.exists(SLOTS)).toBe(0);
    expect(await claimedByAnother()).toEqual([first]);
    expect(await slots()).toEqual({ [ACME]: '1', [GATE]: '1' });
  });

  it.each([...RETURNS, ['tried again later', retry(60_000)] as [string, Way]])(
    'that is %s lies in Redis without the tag of the claim',
    async (_, way) => {
      const { child, first } = await sceneOf(1);
      await way(child, first);
      const state = await fixture.state();
      const [message = ''] = Object.values((state['held:default'] ?? state['scheduled:default']) as string[]);
      expect(message).toContain(`l${ACME}["Some.task"`);
      expect(message).not.toContain(`q${GATE}`);
    },
  );
});

it('foreign bytes among the claims free the limits that their message names', async () => {
  await declareLimit(fixture, 'stripe', { most: 1 });
  const { child, first, second } = await sceneOf();
  const key = `${NAMESPACE}claims:${child.child}`;
  const held = await fixture.redis.hget(key, first);
  await fixture.redis.hset(key, first, (held ?? '').replace(/^default /, 'elsewhere '));
  await fixture.broker.settle(child, childExit({}));
  expect(await fixture.redis.exists(SLOTS)).toBe(0);
  expect(await claimedByAnother()).toEqual([second]);
});

it('a process that ends wakes a task that it gives back, though another of its tasks has woken none', async () => {
  const other = limitKey('stripe', 'other');
  await declareLimit(fixture, 'stripe', { most: 1 });
  const [done, late] = [other, ACME].map((limit) => limitedMessage(fixture, { limits: [limit] })) as [string, string];
  await fixture.broker.enqueueLimited(QUEUE, [done, late], { labels: [] });
  const child = await fixture.child();
  expect(await claimed(child)).toHaveLength(2);
  await fixture.broker.settle(child, childExit({ done: [idOf(done)], timedOut: [timedOut(idOf(late), 0)] }));
  expect(await claimedByAnother()).toEqual([idOf(late)]);
});

it('tasks of several keys that are given back together free the slot of each with one command', async () => {
  await declareLimit(fixture, 'stripe', { most: 1 });
  const limits = ['one', 'two', 'three', 'four'].map((key) => limitKey('stripe', key));
  const messages = limits.map((limit) => limitedMessage(fixture, { limits: [limit] }));
  await fixture.broker.enqueueLimited(QUEUE, messages, { labels: [] });
  const child = await fixture.child();
  expect(await claimed(child)).toHaveLength(4);
  await fixture.redis.config('RESETSTAT');
  await fixture.broker.release(child, messages.map(idOf));
  const { 1: calls } = /cmdstat_hdel:calls=(\d+)/.exec(await fixture.redis.info('commandstats')) ?? [];
  // of each the claim and the slot
  expect(calls).toBe('8');
  expect(await fixture.redis.exists(SLOTS)).toBe(0);
});

it.each(['x', 'twelve bytes', '["Some.task",[7]]', 'Z'.repeat(13), 'Z'.repeat(60)])(
  'bytes of others in the list of a queue with a limit hold no slot: %s',
  async (bytes) => {
    await declareGate(1);
    await fixture.redis.rpush(`${NAMESPACE}queue:${QUEUE}`, bytes);
    const child = await fixture.child();
    const [{ id, message } = { id: '', message: '' }] = await claimed(child);
    expect(message).toBe(`${id}?${bytes}`);
    expect(await fixture.redis.exists(SLOTS)).toBe(0);
    await fixture.broker.bury(child, { id, queue: QUEUE }, REPORT);
    const next = fixture.message();
    await fixture.broker.enqueue(QUEUE, [next]);
    expect(await claimedByAnother()).toEqual([idOf(next)]);
  },
);

describe('a task with an ordered limit', () => {
  beforeEach(declareOrdered);

  /** The first task keeps its slot and waits because its key was stopped. That is over now, and no promoter has seen it. */
  async function stopped(): Promise<{ child: Claimant; first: string }> {
    const { child, first } = await sceneOf();
    const stop = { limit: ACME, ms: 60_000 };
    await fixture.broker.retry(
      child,
      { id: first, queue: QUEUE },
      { inMs: 0, failures: 0, line: LINE, counts: true, stop },
    );
    expect(await claimedByAnother()).toEqual([]);
    await fixture.redis.hset(`${NAMESPACE}limits`, `${ACME}.`, 1);
    await fixture.redis.zadd(`${NAMESPACE}paced`, 1, `!${ACME}.`);
    return { child, first };
  }

  it('that keeps its slot does not start where nothing may', async () => {
    const { child, first } = await sceneOf();
    await retry(0)(child, first);
    await fixture.redis.hset(`${NAMESPACE}limits`, `${ACME.slice(0, 6)}!`, '0 = = 0 {}');
    expect(await claimedByAnother()).toEqual([]);
    const name = ACME.slice(0, 6);
    await fixture.call('reset-limit', {
      field: `${name}!`,
      stop: `${name.padEnd(27, '-')}.`,
      queue: '',
      queues: [QUEUE],
    });
    expect(await claimedByAnother()).toEqual([first]);
  });

  it('that keeps its slot goes on after a stop, though the limit is ordered no more', async () => {
    const { first } = await stopped();
    await declareLimit(fixture, 'stripe', { most: 1 });
    await fixture.broker.promote(10);
    expect(await claimedByAnother()).toEqual([first]);
  });

  it('that keeps its slot goes on after a stop, however many tenants wait', async () => {
    const of = (tenant: string) => limitedMessage(fixture, { limits: [ACME], tenant });
    const first = of('first');
    await fixture.broker.enqueueLimited(QUEUE, [first], {});
    const child = await fixture.child();
    expect(await claimed(child)).toHaveLength(1);
    const others = Array.from({ length: 25 }, (_, at) => of(`tenant ${at}`.replace(' ', '_')));
    await fixture.broker.enqueueLimited(QUEUE, others, {});
    const stop = { limit: ACME, ms: 60_000 };
    const again = { inMs: 0, failures: 0, line: LINE, counts: true, stop };
    await fixture.broker.retry(child, { id: idOf(first), queue: QUEUE }, again);
    await fixture.redis.hset(`${NAMESPACE}limits`, `${ACME}.`, 1);
    await fixture.redis.zadd(`${NAMESPACE}paced`, 1, `!${ACME}.`);
    await fixture.broker.promote(10);
    expect(await claimedByAnother()).toEqual([idOf(first)]);
  });

  it('that keeps its slot goes on after a stop whose end the promoter of another app sees', async () => {
    const { first } = await stopped();
    const other = { queues: ['other'], limit: 10 };
    const [, , , , unreached] = await fixture.call('promote', other);
    expect(unreached).toEqual([QUEUE]);
    await fixture.call('promote', { ...other, queues: ['other', QUEUE] });
    expect(await claimedByAnother()).toEqual([first]);
  });

  it.each(RETURNS)('that is %s keeps its slot, and is the next', async (_, way) => {
    const { child, first } = await sceneOf();
    await way(child, first);
    expect(await slots()).toEqual({ [ACME]: '1' });
    expect(await claimedByAnother()).toEqual([first]);
    expect(await slots()).toEqual({ [ACME]: '1' });
  });

  it('that is tried again later keeps its slot, for which the next waits', async () => {
    const { child, first } = await sceneOf();
    await retry(60_000)(child, first);
    expect(await slots()).toEqual({ [ACME]: '1' });
    expect(await claimedByAnother()).toEqual([]);
  });

  it('that is cancelled while it is scheduled frees the slot that it kept', async () => {
    const { child, first, second } = await sceneOf();
    await retry(60_000)(child, first);
    const [message = ''] = await fixture.redis.zrange(`${NAMESPACE}scheduled:default`, '0', '-1');
    await cancel('scheduled', message);
    expect(await claimedByAnother()).toEqual([second]);
  });

  it('that is cancelled in its line frees the slot that it kept, and the next one starts', async () => {
    const { child, first, second } = await sceneOf();
    await fixture.broker.release(child, [first]);
    const [entry = ''] = await fixture.redis.zrange(HELD, '0', '0');
    await cancel('held', entry.slice(ACME.length + 14));
    expect(await fixture.redis.exists(SLOTS)).toBe(0);
    expect(await claimedByAnother()).toEqual([second]);
  });

  it('that is purged among the quarantined frees the slot that it kept', async () => {
    const { child, first, second } = await sceneOf();
    await fixture.broker.settle(child, childExit({ blamed: [first] }));
    expect(await slots()).toEqual({ [ACME]: '1' });
    const all = { state: 'quarantined', passed: 0, task: undefined, before: undefined, look: 10 } as const;
    expect(await fixture.broker.places.purge(QUEUE, all)).toMatchObject({ purged: 1 });
    expect(await fixture.redis.exists(`${NAMESPACE}suspects:default`, SLOTS)).toBe(0);
    expect(await claimedByAnother()).toEqual([second]);
  });

  it('is dead without a slot, and waits without one after a redrive', async () => {
    const { child, first } = await sceneOf(1);
    await fixture.broker.bury(child, { id: first, queue: QUEUE }, REPORT);
    const died = await fixture.redis.zscore(`${NAMESPACE}dead:default`, first);
    const input = { queue: QUEUE, deaths: [first, died ?? ''], noting: [], kept: [] };
    expect(await fixture.call('redrive', input)).toEqual([1]);
    expect(await fixture.redis.exists(SLOTS)).toBe(0);
    const [message = ''] = await fixture.redis.lrange(`${NAMESPACE}queue:default`, 0, -1);
    expect(message).toContain(`l${ACME}["Some.task"`);
    expect(await claimedByAnother()).toEqual([first]);
  });
});

function cancel(place: string, message: string): Promise<number> {
  return fixture.call('cancel-waiting', { queue: QUEUE, place, message, passed: 0, answering: [] });
}

describe('a task that is cancelled in its line', () => {
  it('is gone from there, and its line with it', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    const message = limitedMessage(fixture, { limits: [ACME], priority: 1 });
    await fixture.broker.enqueueLimited(QUEUE, [message], { labels: [ACME, 'acme'] });
    const [entry = ''] = await fixture.redis.zrange(HELD, '0', '0');
    expect(await cancel('held', entry.slice(ACME.length + 14))).toBe(1);
    expect(await fixture.redis.exists(HELD, `${NAMESPACE}ready:default`, `${NAMESPACE}waiters`)).toBe(0);
    expect(await fixture.redis.exists(`${NAMESPACE}limit-labels`)).toBe(0);
  });

  it('leaves the limits as they are when it is there no longer', async () => {
    await declareOrdered();
    const { child, first } = await sceneOf(1);
    await fixture.broker.release(child, [first]);
    const [entry = ''] = await fixture.redis.zrange(HELD, '0', '0');
    await claimedByAnother();
    expect(await cancel('held', entry.slice(ACME.length + 14))).toBe(0);
    expect(await slots()).toEqual({ [ACME]: '1' });
  });
});

describe('another task that takes the key of one', () => {
  const unique = encodeUnique('Some.task', 'k', 'finished');
  const replace = (message: string, labels = [ACME, 'acme']) =>
    fixture.broker.enqueueUnique(QUEUE, message, { due: undefined, replace: true, labels });

  /** Its priority keeps it from the list. */
  const inLine = { limits: [ACME], priority: 1 };

  beforeEach(() => declareLimit(fixture, 'stripe', { most: 1 }));

  it('takes its place in their line', async () => {
    const [former, next] = [0, 1].map(() => limitedMessage(fixture, { ...inLine, unique })) as [string, string];
    await replace(former);
    await replace(next);
    expect(await fixture.redis.zrange(HELD, '0', '-1')).toEqual([expect.stringContaining(idOf(next))]);
    expect(await fixture.redis.hgetall(`${NAMESPACE}limit-labels`)).toEqual({ [ACME]: 'acme' });
    expect(await claimedByAnother()).toEqual([idOf(next)]);
  });

  it('takes its place among the quarantined', async () => {
    const former = limitedMessage(fixture, { ...inLine, unique });
    await replace(former);
    const child = await fixture.child();
    await claimed(child);
    await fixture.broker.settle(child, childExit({ blamed: [idOf(former)] }));
    const next = limitedMessage(fixture, { ...inLine, unique });
    await replace(next);
    expect(await fixture.redis.exists(`${NAMESPACE}suspects:default`)).toBe(0);
    expect(await claimedByAnother()).toEqual([idOf(next)]);
  });

  it.each(['held:default', 'slots', 'limit-labels'])(
    'is refused when %s is foreign, for the limits of the former one',
    async (name) => {
      await replace(limitedMessage(fixture, { ...inLine, unique }));
      const key = NAMESPACE + name;
      const exists = (await fixture.redis.exists(key)) === 1;
      if (exists) await fixture.redis.rename(key, 'aside');
      await fixture.redis.set(key, 'foreign');
      const before = await fixture.state();
      const next = fixture.uniqueMessage('k');
      await expect(replace(next, [])).rejects.toThrow(`WRONGTYPE ${key} is a string`);
      expect(await fixture.state()).toEqual(before);
      if (exists) await fixture.redis.rename('aside', key);
      else await fixture.redis.del(key);
      await replace(next, []);
      expect(await fixture.redis.exists(HELD)).toBe(0);
      await claimedByAnother();
    },
  );
});

it('a quarantined task with a limit waits among the quarantined, not in its line', async () => {
  await declareLimit(fixture, 'stripe', { most: 1 });
  const { child, first, second } = await sceneOf();
  await fixture.broker.settle(child, childExit({ blamed: [first] }));
  const [message = ''] = await fixture.redis.lrange(`${NAMESPACE}suspects:default`, 0, -1);
  expect(idOf(message)).toBe(first);
  expect(await fixture.redis.zrange(HELD, '0', '-1')).toEqual([expect.stringContaining(second)]);
});

describe('foreign bytes', () => {
  const LETTERS = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'];

  it.each(LETTERS)('that have %s where a message has a tag are dead as they are', async (letter) => {
    const bytes = [
      `Not a message${letter}${'x'.repeat(40)}`,
      `Not a message${letter}short`,
      `Not a message${letter.repeat(60)}`,
    ];
    await declareGate(1);
    await fixture.redis.rpush(`${NAMESPACE}queue:${QUEUE}`, ...bytes);
    const child = await fixture.child();
    const tasks = await claimed(child);
    expect(tasks.map(({ id, message }) => message.slice(id.length + 1))).toEqual(bytes);
    for (const task of tasks) expect(await fixture.broker.bury(child, task, REPORT)).toBe(true);
    const records = await fixture.redis.hvals(`${NAMESPACE}dead-records:${QUEUE}`);
    expect(records.map((record) => record.slice(record.indexOf('?') + 1)).sort()).toEqual(bytes.sort());
    expect(await fixture.redis.hvals(SLOTS)).not.toContainEqual(expect.stringMatching(/[^0]/));
  });
});
