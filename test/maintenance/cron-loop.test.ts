import { setTimeout as delay } from 'node:timers/promises';
import type { CronDeclaration } from '../../src/cron/cron-definition.js';
import { CronLoop, type CronLoopOptions } from '../../src/maintenance/cron-loop.js';
import { decodeMessage, type TaskMessage } from '../../src/message/task-message.js';
import { BrokerFixture } from '../support/broker-fixture.js';

const SECOND = 1_000;
const CRONS = '{nestwork}:crons';
const POLL: CronDeclaration = {
  name: 'Inbox.poll',
  queue: 'default',
  schedule: { everyMs: SECOND },
  missed: 'latest',
  thresholdMs: 10 * SECOND,
  overlap: 'allow',
  disabled: false,
};

let fixture: BrokerFixture;
let warnings: string[];
let errors: unknown[];
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(() => {
  warnings = [];
  errors = [];
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

function loop(crons: readonly CronDeclaration[] = [POLL], options: Partial<CronLoopOptions> = {}): CronLoop {
  return new CronLoop({
    broker: fixture.broker.crons,
    crons,
    onWarning: (warning) => warnings.push(warning),
    onError: (error) => errors.push(error),
    ...options,
  });
}

async function now(): Promise<number> {
  return (await fixture.broker.crons.survey([])).now;
}

async function fired(queue = 'default'): Promise<TaskMessage[]> {
  return (await fixture.redis.lrange(`{nestwork}:queue:${queue}`, 0, -1)).map((message) => decodeMessage(message));
}

/** Lets the cron be known, and be settled until so long ago. */
async function silence(ms: number, crons: readonly CronDeclaration[] = [POLL]): Promise<number> {
  await fixture.broker.crons.declare(crons, 0);
  const until = (await now()) - ms;
  for (const { name } of crons) await fixture.redis.hset(CRONS, `${name} until`, until);
  return until;
}

it('a new cron begins now, and the loop sleeps until it is due by the clock of Redis', async () => {
  const daily: CronDeclaration = { ...POLL, schedule: { everyMs: 20 * SECOND } };
  // not in the second before it is due: it would be by the time of the look
  while ((await now()) % (20 * SECOND) > 19 * SECOND) await delay(10);
  const before = await now();
  const sleepMs = await loop([daily]).tick();
  const after = await now();
  expect(await fired()).toEqual([]);
  const next = (Math.floor(before / 20_000) + 1) * 20_000;
  expect(sleepMs).toBeLessThanOrEqual(next - before);
  expect(sleepMs).toBeGreaterThanOrEqual(Math.min(next - after, 1));
});

it('a due cron is enqueued as a task, with the cron and the instant in its message', async () => {
  const until = await silence(SECOND);
  await loop().tick();
  const [task] = await fired();
  const due = (Math.floor(until / SECOND) + 1) * SECOND;
  expect(task).toMatchObject({ name: POLL.name, args: [], options: { cron: POLL.name }, unique: undefined });
  expect(task?.options.due).toBeGreaterThanOrEqual(due);
  expect(Number(task?.options.due) % SECOND).toBe(0);
  expect(task?.enqueuedAt).toBeGreaterThanOrEqual(Number(task?.options.due));
});

it('a due time is fired once, however often and however many loops look', async () => {
  const hourly: CronDeclaration = { ...POLL, schedule: { everyMs: 3_600 * SECOND } };
  await silence(3_600 * SECOND, [hourly]);
  const loops = [loop([hourly]), loop([hourly]), loop([hourly])];
  for (let round = 0; round < 3; round += 1) await Promise.all(loops.map((one) => one.tick()));
  expect(await fired()).toHaveLength(1);
});

describe('after a silence', () => {
  it('`skip` makes up for no run that is too late', async () => {
    const skipping: CronDeclaration = {
      ...POLL,
      schedule: { everyMs: 3_600 * SECOND },
      missed: 'skip',
      thresholdMs: 0,
    };
    await silence(7_200 * SECOND, [skipping]);
    const one = loop([skipping]);
    for (let look = 0; look < 2; look += 1) await one.tick();
    expect(await fired()).toEqual([]);
    const missed = { kind: 'missed', count: 2, more: false, reason: 'no-worker' };
    expect(await fixture.broker.crons.history(POLL.name, 9)).toEqual([expect.objectContaining(missed)]);
    await silence(7_200 * SECOND, [skipping]);
    // within so long there is one full hour at any time of day
    await loop([{ ...skipping, thresholdMs: 3_600 * SECOND - 1 }]).tick();
    expect(await fired()).toHaveLength(1);
  });

  it('`latest` makes up for one run, `all` for each', async () => {
    const crons: CronDeclaration[] = [
      { ...POLL, missed: 'latest', queue: 'latest', name: 'Inbox.latest' },
      { ...POLL, missed: 'all', queue: 'all', name: 'Inbox.all' },
    ];
    const until = await silence(60 * SECOND, crons);
    await loop(crons).tick();
    expect(await fired('latest')).toHaveLength(1);
    const [missed] = await fixture.broker.crons.history('Inbox.latest', 9);
    const count = Number((await fired('latest'))[0]?.options.due) / SECOND - Math.floor(until / SECOND) - 1;
    expect(missed).toMatchObject({
      kind: 'missed',
      reason: 'no-worker',
      count,
      due: (Math.floor(until / SECOND) + 1) * SECOND,
    });
    expect(await fixture.broker.crons.history('Inbox.all', 9)).toEqual([]);
    const dues = (await fired('all')).map(({ options }) => Number(options.due));
    const first = (Math.floor(until / SECOND) + 1) * SECOND;
    expect(dues.length).toBeGreaterThanOrEqual(60);
    expect(dues).toEqual(dues.map((_, index) => first + index * SECOND));
  });

  it('`all` makes up for a thousand runs at most, and the loop that fired them warns', async () => {
    // rarely due: for a time between their looks the second one would have to warn, too
    const all: CronDeclaration = { ...POLL, missed: 'all', schedule: { everyMs: 3_600 * SECOND } };
    await silence(2_000 * 3_600 * SECOND, [all]);
    await Promise.all([loop([all]).tick(), loop([all]).tick()]);
    expect((await fired()).length).toBeGreaterThanOrEqual(1_000);
    expect((await fired()).length).toBeLessThan(1_010);
    expect(warnings).toEqual([expect.stringContaining('"Inbox.poll" missed more than 1000 runs')]);
    const missed = { kind: 'missed', count: 1_000, reason: 'too-many' };
    expect(await fixture.broker.crons.history(POLL.name, 9)).toEqual([expect.objectContaining(missed)]);
    expect(await fixture.broker.crons.records()).toMatchObject([{ missedTimes: 1_000 }]);
  });
});

it('hundreds of crons that missed weeks are counted no further than a look may take', async () => {
  const many = Array.from({ length: 20 }, (_, at): CronDeclaration => ({ ...POLL, name: `Many.cron${at}` }));
  await silence(604_800 * SECOND, many);
  await loop(many).tick();
  const records = await fixture.broker.crons.records();
  expect(records.map(({ missedTimes }) => missedTimes).sort((a, b) => b - a)).toEqual([
    1_000,
    1_000,
    ...Array(18).fill(1),
  ]);
  const [line] = await fixture.broker.crons.history('Many.cron7', 1);
  expect(line).toMatchObject({ kind: 'missed', count: 1, more: true });
});

it('a paused cron does not fire, and its runs are not made up for', async () => {
  const all: CronDeclaration = { ...POLL, missed: 'all' };
  await silence(3_600 * SECOND, [all]);
  await fixture.broker.crons.pause(all.name);
  const one = loop([all]);
  await one.tick();
  expect([await fired(), warnings]).toEqual([[], []]);
  const resumedAt = await now();
  await fixture.broker.crons.resume(all.name);
  await one.tick();
  expect((await fired()).filter(({ options }) => Number(options.due) <= resumedAt)).toEqual([]);
});

it('a disabled cron never fires, but is declared', async () => {
  const disabled: CronDeclaration = { ...POLL, disabled: true };
  await silence(3_600 * SECOND, [disabled]);
  await loop([disabled]).tick();
  expect(await fired()).toEqual([]);
  expect(await fixture.broker.crons.records()).toMatchObject([{ name: POLL.name, disabled: true }]);
});

describe('an interval from the end of its runs', () => {
  const chained: CronDeclaration = {
    ...POLL,
    schedule: { everyMs: 20 * SECOND, from: 'end' },
    overlap: 'skip',
  };
  const run = { id: 'x', attempt: 1, startedAt: 7, durationMs: 3, outcome: 'done' as const, host: 'here', pid: 7 };

  async function ended(at?: number): Promise<number> {
    if (at !== undefined) await fixture.redis.hset(CRONS, `${POLL.name} ended`, at);
    return Number(await fixture.redis.hget(CRONS, `${POLL.name} ended`));
  }

  /** A run that is due and fired. */
  async function firedOnce(one = loop([chained])): Promise<CronLoop> {
    await silence(60 * SECOND, [chained]);
    await ended((await now()) - 21 * SECOND);
    await one.tick();
    expect(await fired()).toHaveLength(1);
    return one;
  }

  it('is due for the first time so long after it was declared', async () => {
    const before = await now();
    const one = loop([chained]);
    expect(await one.tick()).toBeGreaterThan(19 * SECOND);
    expect(await fired()).toEqual([]);
    expect(await ended()).toBeGreaterThanOrEqual(before);
    expect(await one.nextDue()).toBe((await ended()) + 20 * SECOND);
  });

  it('is due so long after the end, to the millisecond, and fired once by however many loops', async () => {
    await silence(60 * SECOND, [chained]);
    const end = await ended((await now()) - 21 * SECOND);
    const loops = [loop([chained]), loop([chained])];
    for (let round = 0; round < 2; round += 1) await Promise.all(loops.map((one) => one.tick()));
    expect((await fired()).map(({ options }) => options.due)).toEqual([end + 20 * SECOND]);
    expect(await fixture.broker.crons.records()).toMatchObject([{ skipped: 0 }]);
  });

  it('is looked at as often as it may be due while a run goes on, and is not fired', async () => {
    const one = await firedOnce();
    for (let look = 0; look < 2; look += 1) {
      const sleepMs = await one.tick();
      expect(sleepMs).toBeGreaterThan(19 * SECOND);
      expect(sleepMs).toBeLessThanOrEqual(20 * SECOND);
    }
    expect(await one.nextDue()).toBeUndefined();
    expect(await fired()).toHaveLength(1);
  });

  it('goes on from the end that a child notes', async () => {
    const one = await firedOnce();
    await fixture.broker.crons.recordRun(await fixture.child(), POLL.name, run);
    await fixture.redis.del('{nestwork}:unique');
    await one.tick();
    expect(await one.nextDue()).toBe((await ended()) + 20 * SECOND);
  });

  it('goes on from when a run was seen to be gone that was cancelled or killed, also for a new loop', async () => {
    const one = await firedOnce();
    await fixture.redis.del('{nestwork}:unique');
    const before = await now();
    expect(await one.tick()).toBeGreaterThan(19 * SECOND);
    const seen = await ended();
    expect(seen).toBeGreaterThanOrEqual(before);
    expect(await loop([chained]).nextDue()).toBe(seen + 20 * SECOND);
    expect(await one.nextDue()).toBe(seen + 20 * SECOND);
  });

  it('goes on when the clock was set back, and after Redis has lost its data', async () => {
    await silence(60 * SECOND, [chained]);
    await ended((await now()) + 3_600 * SECOND);
    const before = await now();
    const one = loop([chained]);
    await one.tick();
    expect(await one.nextDue()).toBeLessThanOrEqual((await now()) + 20 * SECOND);
    expect(await ended()).toBeGreaterThanOrEqual(before);
    await fixture.redis.flushall();
    await one.tick();
    await one.tick();
    expect(await one.nextDue()).toBe((await ended()) + 20 * SECOND);
  });

  it('makes up for nothing after a pause', async () => {
    await silence(60 * SECOND, [chained]);
    await ended((await now()) - 21 * SECOND);
    await fixture.broker.crons.pause(POLL.name);
    const one = loop([chained]);
    await one.tick();
    await fixture.broker.crons.resume(POLL.name);
    await one.tick();
    expect(await fired()).toEqual([]);
    expect(await one.nextDue()).toBeGreaterThan((await now()) + 19 * SECOND);
  });

  it('gets its run out of a queue that no worker serves', async () => {
    const one = loop([{ ...chained, queue: 'old' }]);
    await silence(60 * SECOND, [chained]);
    await ended((await now()) - 21 * SECOND);
    await one.tick();
    await loop([{ ...chained, queue: 'bulk' }]).tick();
    expect([await fired('old'), await fired('bulk')]).toMatchObject([[], [{ name: POLL.name }]]);
    expect(warnings).toEqual([expect.stringContaining('waited in queue "old"')]);
  });

  it('is fired by its limit, within its first and last times', async () => {
    const bounded = { ...chained, schedule: { ...chained.schedule, startAt: (await now()) + 3_600 * SECOND } };
    const one = loop([bounded]);
    await one.tick();
    await one.tick();
    expect(await one.nextDue()).toBe(bounded.schedule.startAt);
    const over = loop([{ ...chained, schedule: { ...chained.schedule, endAt: (await now()) - SECOND } }]);
    expect(await over.tick()).toBeGreaterThan(20 * SECOND);
  });
});

describe('a cron with a limit', () => {
  it('fires so many runs in all, from however many loops, and is looked at no more', async () => {
    const limited: CronDeclaration = { ...POLL, missed: 'all', limit: 3 };
    await silence(60 * SECOND, [limited]);
    const loops = [loop([limited]), loop([limited])];
    await Promise.all(loops.map((one) => one.tick()));
    expect(await fired()).toHaveLength(3);
    for (const one of loops) expect(await one.tick()).toBeGreaterThan(20 * SECOND);
    expect(await loops[0]?.nextDue()).toBeUndefined();
    expect(await fired()).toHaveLength(3);
  });

  it('goes on when its record begins anew', async () => {
    const limited: CronDeclaration = { ...POLL, limit: 1 };
    await silence(2 * SECOND, [limited]);
    const one = loop([limited]);
    await one.tick();
    expect(await one.tick()).toBeGreaterThan(20 * SECOND);
    await fixture.redis.hdel(CRONS, `${POLL.name} fires`);
    await fixture.redis.hset(CRONS, `${POLL.name} until`, (await now()) - 2 * SECOND);
    await one.tick();
    expect(await fired()).toHaveLength(2);
  });
});

describe('a cron that was disabled', () => {
  const hourly: CronDeclaration = { ...POLL, schedule: { everyMs: 3_600 * SECOND }, missed: 'all' };
  const off: CronDeclaration = { ...hourly, disabled: true };

  async function session(id: string, cron: CronDeclaration): Promise<void> {
    const worker = { session: id, leaseMs: 30_000, queues: [cron.queue], host: 'there', pid: 7 };
    await fixture.broker.openSession({ ...worker, catalog: [{ name: cron.name, queue: cron.queue, crons: [cron] }] });
  }

  it('has missed nothing when it is enabled weeks later', async () => {
    await fixture.broker.crons.declare([hourly], 0);
    await session('off-30000', off);
    await loop([off]).tick();
    await fixture.redis.hset(CRONS, `${off.name} until`, (await now()) - 459 * 3_600 * SECOND);
    await fixture.broker.closeSession('off-30000');
    await session('on-30000', hourly);
    await loop([hourly]).tick();
    expect(await fired()).toEqual([]);
    expect(await fixture.broker.crons.records()).toMatchObject([{ disabled: false }]);
  });

  it('by one replica alone is enabled, and the others make up for its runs', async () => {
    await session('on-30000', hourly);
    await session('off-30000', off);
    await silence(2 * 3_600 * SECOND, [hourly]);
    await loop([off]).tick();
    expect(await fixture.broker.crons.records()).toMatchObject([{ disabled: false }]);
    await loop([hourly]).tick();
    expect(await fired()).toHaveLength(2);
  });
});

it('a run for which others are skipped moves to the queue of its cron when no worker serves its own queue', async () => {
  const exclusive: CronDeclaration = { ...POLL, overlap: 'skip', queue: 'old' };
  await silence(5 * SECOND, [exclusive]);
  await loop([exclusive]).tick(); // no worker serves it, but it is in the queue of its cron
  expect(await fired('old')).toHaveLength(1);
  await fixture.redis.hset(CRONS, `${POLL.name} until`, (await now()) - 5 * SECOND);
  await loop([{ ...exclusive, queue: 'bulk' }]).tick();
  expect([await fired('old'), await fired('bulk')]).toMatchObject([[], [{ name: POLL.name }]]);
  expect(warnings).toEqual([expect.stringContaining('"Inbox.poll" waited in queue "old", which no worker serves')]);
});

it('a cron that takes longer than the time to its next run, while its runs wait, is warned of once', async () => {
  const child = await fixture.child();
  const run = { id: 'x', attempt: 1, startedAt: 7, outcome: 'done' as const, host: 'here', pid: 7 };
  const slow = { ...run, durationMs: 2 * SECOND, waitedMs: 3 * SECOND };
  for (const durationMs of [1, SECOND]) {
    await silence(2 * SECOND);
    await fixture.broker.crons.recordRun(child, POLL.name, { ...slow, durationMs });
    await loop().tick();
  }
  expect(warnings).toEqual([]);

  await fixture.broker.crons.recordRun(child, POLL.name, slow);
  const one = loop();
  const before = (await fired()).length;
  one.start();
  while ((await fired()).length < before + 3) await delay(10);
  await one.stop();
  expect(warnings).toEqual([
    expect.stringMatching(/"Inbox.poll" takes longer .* waited 3 s in queue "default" and took 2 s/),
  ]);
});

it('a paused cron that is due each second is looked at every five seconds, and fires at once when it is resumed', async () => {
  await silence(5 * SECOND);
  await fixture.broker.crons.pause(POLL.name);
  const one = loop();
  expect(await one.tick()).toBeGreaterThan(4 * SECOND);
  await fixture.broker.crons.resume(POLL.name);
  await fixture.redis.hset(CRONS, `${POLL.name} until`, (await now()) - 2 * SECOND);
  expect(await one.tick()).toBeLessThanOrEqual(SECOND);
  expect(await fired()).toHaveLength(1);
});

it('a paused cron that is rarely due is looked at when it is due', async () => {
  const every: CronDeclaration = { ...POLL, schedule: { everyMs: 20 * SECOND } };
  while ((await now()) % (20 * SECOND) > 19 * SECOND) await delay(10);
  await silence(20 * SECOND, [every]);
  await fixture.broker.crons.pause(every.name);
  const before = await now();
  expect(await loop([every]).tick()).toBeLessThanOrEqual(20 * SECOND - (before % (20 * SECOND)));
});

it('a cron with `skip` skips runs while an earlier one has not ended', async () => {
  const exclusive: CronDeclaration = { ...POLL, missed: 'all', overlap: 'skip' };
  await silence(5 * SECOND, [exclusive]);
  await loop([exclusive]).tick();
  expect(await fired()).toMatchObject([{ unique: 'finished' }]);
  const [record] = await fixture.broker.crons.records();
  expect(record?.skipped).toBeGreaterThanOrEqual(4);
});

it('crons are declared again after Redis has lost its data, and go on from there', async () => {
  const one = loop();
  await one.tick();
  await fixture.redis.flushall();
  expect(await one.tick()).toBeLessThanOrEqual(500);
  await one.tick();
  expect((await fixture.broker.crons.records()).map(({ name }) => name)).toEqual([POLL.name]);
  one.start();
  while ((await fired()).length === 0) await delay(10);
  await one.stop();
});

it('a cron that cannot be fired does not delay the others, and is looked at again soon', async () => {
  const crons: CronDeclaration[] = [
    { ...POLL, name: 'Inbox.broken', queue: 'broken' },
    { ...POLL, name: 'Inbox.sound' },
  ];
  await fixture.redis.set('{nestwork}:queue:broken', 'foreign');
  await silence(5 * SECOND, crons);
  const sleepMs = await loop(crons).tick();
  expect(sleepMs).toBeLessThanOrEqual(500);
  expect(errors).toMatchObject([{ code: 'REDIS_REFUSED' }]);
  expect(await fired()).toMatchObject([{ name: 'Inbox.sound' }]);
  await fixture.redis.del('{nestwork}:queue:broken');
});

it('a cron with a limit that cannot be heeded does not delay the others of its queue', async () => {
  const limited = { ...POLL, name: 'Inbox.limited', start: { tags: `l${'a'.repeat(27)}`, labels: [] } };
  const crons: CronDeclaration[] = [limited, { ...POLL, name: 'Inbox.sound' }];
  await fixture.redis.set('{nestwork}:slots', 'foreign');
  const until = await silence(5 * SECOND, crons);
  const one = loop(crons);
  expect(await one.tick()).toBeLessThanOrEqual(500);
  expect(errors).toMatchObject([{ code: 'REDIS_REFUSED' }]);
  expect(await fired()).toMatchObject([{ name: 'Inbox.sound' }]);
  expect(Number(await fixture.redis.hget(CRONS, `${limited.name} until`))).toBe(until);
  await fixture.redis.del('{nestwork}:slots');
  await one.tick();
  expect((await fired()).map(({ name }) => name)).toContain(limited.name);
});

it('a cron whose times cannot be computed does not delay the others', async () => {
  const crons: CronDeclaration[] = [
    { ...POLL, name: 'Inbox.broken', schedule: { expression: '* * * * * *', timeZone: 'UTC' } },
    { ...POLL, name: 'Inbox.sound' },
  ];
  await silence(5 * SECOND, crons);
  const one = loop(crons);
  // beyond the times of a Date
  const fault = new RangeError('Invalid time value');
  const [broken] = (one as unknown as { crons: { instants: { next(): number; latest(): number[] } }[] }).crons;
  if (broken)
    broken.instants.latest = () => {
      throw fault;
    };
  expect(await one.tick()).toBeLessThanOrEqual(500);
  expect(errors).toEqual([fault]);
  expect(await fired()).toMatchObject([{ name: 'Inbox.sound' }]);
});

it('a tick over hundreds of crons is one declaration, one survey, and one call for each hundred that are due', async () => {
  const many = Array.from({ length: 250 }, (_, index) => ({ ...POLL, name: `Inbox.poll${index}` }));
  const { crons } = fixture.broker;
  await silence(2 * SECOND, many);
  const before = await commands();
  await loop(many).tick();
  const scripts = (await commands()) - before;
  expect(await fired()).toHaveLength(250);
  // declare-crons for all, fire-crons three times, forget-crons; each script is sent with its text the first time
  expect(scripts).toBeLessThanOrEqual(2 * 5);
  const names = many.map(({ name }) => name);
  const seen = await surveyed(() => crons.survey(names));
  expect(seen).toBe(1);
});

async function statsOf(command: RegExp): Promise<number> {
  const stats = await fixture.redis.info('commandstats');
  return [...stats.matchAll(command)].reduce((sum, [, calls]) => sum + Number(calls), 0);
}

/** How many scripts Redis has run. */
function commands(): Promise<number> {
  return statsOf(/cmdstat_eval(?:sha)?:calls=(\d+)/g);
}

/** How often the hash of the crons is read meanwhile. */
async function surveyed(run: () => Promise<unknown>): Promise<number> {
  const before = await statsOf(/cmdstat_hmget:calls=(\d+)/g);
  await run();
  return (await statsOf(/cmdstat_hmget:calls=(\d+)/g)) - before;
}

it('crons that no live worker declares are forgotten', async () => {
  const [old, current] = [{ ...POLL, name: 'Inbox.old' }, POLL];
  await fixture.broker.crons.declare([old], 0);
  const { name, queue, ...cron } = current;
  const worker = { session: 'w-30000', leaseMs: 30_000, queues: [queue], host: 'here', pid: 1 };
  await fixture.broker.openSession({ ...worker, catalog: [{ name, queue, crons: [{ ...cron, name }] }] });
  await loop([current], { forgetAfterMs: 0 }).tick();
  expect((await fixture.broker.crons.records()).map((record) => record.name).sort()).toEqual([old.name, name].sort());
  await loop([current], { forgetAfterMs: 0 }).tick();
  expect((await fixture.broker.crons.records()).map((record) => record.name)).toEqual([name]);
});

it('a loop without crons sleeps for a while', async () => {
  expect(await loop([]).tick()).toBeGreaterThan(10 * SECOND);
});

it('a cron with jitter is due later, and its run knows the time without it', async () => {
  const jittered: CronDeclaration = { ...POLL, schedule: { everyMs: SECOND, jitterMs: 300 } };
  await silence(2 * SECOND, [jittered]);
  await loop([jittered]).tick();
  const [task] = await fired();
  expect(Number(task?.options.due) % SECOND).toBe(0);
  const settled = Number(await fixture.redis.hget(CRONS, `${POLL.name} until`));
  expect(settled).toBe(Number(task?.options.due) + 300);
});

it('a cron whose last time is past is due no more, and one whose first has not come is not yet', async () => {
  const present = await now();
  const ended: CronDeclaration = { ...POLL, schedule: { everyMs: SECOND, endAt: present - 5 * SECOND } };
  const early: CronDeclaration = {
    ...POLL,
    name: 'Inbox.later',
    schedule: { everyMs: SECOND, startAt: present + 60 * SECOND },
  };
  await silence(4 * SECOND, [ended, early]);
  await loop([ended, early]).tick();
  expect(await fired()).toEqual([]);
});
