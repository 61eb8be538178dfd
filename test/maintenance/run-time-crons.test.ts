import type { CronDeclaration } from '../../src/cron/cron-definition.js';
import { CronManager } from '../../src/inspector/cron-manager.js';
import { KnownQueues } from '../../src/inspector/queues/known-queues.js';
import { RunTimeCronLoop, type RunTimeCronLoopOptions } from '../../src/maintenance/run-time-crons.js';
import { decodeMessage, type TaskMessage } from '../../src/message/task-message.js';
import { BrokerFixture } from '../support/broker-fixture.js';

const SECOND = 1_000;
const DAY = 86_400_000;
const HASH = '{nestwork}:run-time-crons';
const TIMES = '{nestwork}:cron-times:default ReportTasks.send';
const REPORT: CronDeclaration = {
  name: 'tenant-7.report',
  task: 'ReportTasks.send',
  queue: 'default',
  payload: '["tenant-7"]',
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

function loop(options: Partial<RunTimeCronLoopOptions> = {}): RunTimeCronLoop {
  return new RunTimeCronLoop({
    broker: fixture.broker.crons,
    queues: ['default'],
    tasks: new Set(['ReportTasks.send']),
    declared: new Set(),
    onWarning: (warning) => warnings.push(warning),
    onError: (error) => errors.push(error),
    ...options,
  });
}

async function set(cron: Partial<CronDeclaration> = {}): Promise<void> {
  await fixture.broker.crons.runTime.set({ ...REPORT, ...cron }, { at: 0 });
}

/** Lets a cron be settled until so long ago. */
async function silence(ms: number, name = REPORT.name): Promise<number> {
  const until = (await fixture.broker.crons.runTime.lines()).now - ms;
  await fixture.redis.hset(HASH, `${name} until`, until);
  return until;
}

async function fired(queue = 'default'): Promise<TaskMessage[]> {
  return (await fixture.redis.lrange(`{nestwork}:queue:${queue}`, 0, -1)).map((message) => decodeMessage(message));
}

async function now(): Promise<number> {
  return (await fixture.broker.crons.runTime.lines()).now;
}

async function lookNow(): Promise<void> {
  await fixture.redis.zadd(TIMES, 0, REPORT.name);
  await fixture.redis.zadd('{nestwork}:cron-lines', 0, 'default ReportTasks.send');
}

async function lookAt(name = REPORT.name): Promise<number> {
  return Number(await fixture.redis.zscore(TIMES, name));
}

describe('the loop of crons that were set at run time', () => {
  it('fires what is due with the task and arguments of the cron, and looks again at its next time', async () => {
    await set({ call: { retries: 3 } });
    const until = await silence(3 * SECOND);
    const sleepMs = await loop().tick();
    const [run, ...more] = await fired();
    expect(more).toEqual([]);
    expect(run).toMatchObject({
      name: 'ReportTasks.send',
      args: ['tenant-7'],
      options: { cron: REPORT.name, retries: 3 },
    });
    expect(run?.options.due).toBeGreaterThan(until);
    expect(await lookAt()).toBe((run?.options.due ?? 0) + SECOND);
    expect(sleepMs).toBeLessThanOrEqual(SECOND);
  });

  it('fires each time once, with as many loops as there are', async () => {
    await set({ missed: 'all' });
    await silence(20 * SECOND);
    const loops = Array.from({ length: 5 }, () => loop());
    await Promise.all(loops.map((one) => one.tick()));
    const times = (await fired()).map(({ options }) => options.due);
    expect(new Set(times).size).toBe(times.length);
    expect(times.length).toBeGreaterThanOrEqual(20);
    expect(times).toEqual([...times].sort());
  });

  it('notes what was left out, once, in a history of the last ten, which goes with the cron', async () => {
    await set();
    const history = () => fixture.broker.crons.history(REPORT.name, 100);
    for (let time = 0; time < 12; time += 1) {
      await silence(10 * SECOND);
      await fixture.redis.zadd(TIMES, 0, REPORT.name);
      await fixture.redis.zadd('{nestwork}:cron-lines', 0, 'default ReportTasks.send');
      await loop().tick();
    }
    const missed = await history();
    expect(missed).toHaveLength(10);
    for (const entry of missed) expect(entry).toMatchObject({ kind: 'missed', reason: 'no-worker' });
    expect((await fixture.broker.crons.runTime.find(REPORT.name))?.missedTimes).toBeGreaterThanOrEqual(12 * 8);
    const child = await fixture.child();
    const run = { id: 'x', attempt: 1, startedAt: 7, durationMs: 3, outcome: 'done', host: 'here', pid: 7 } as const;
    await fixture.broker.crons.recordRun(child, REPORT.name, run);
    const manager = new CronManager(fixture.broker, KnownQueues.declared(['default']));
    await manager.pause(REPORT.name);
    await silence(5 * SECOND);
    await manager.resume(REPORT.name);
    const [paused, ended, ...more] = await history();
    expect([paused, ended]).toMatchObject([
      { kind: 'missed', reason: 'paused' },
      { kind: 'run', id: 'x' },
    ]);
    expect(more).toHaveLength(8);
    await fixture.broker.crons.runTime.remove(REPORT.name);
    expect(await history()).toEqual([]);
  });

  it('leaves alone what other workers have: other tasks, and queues that it does not serve', async () => {
    await set();
    await set({ name: 'other', task: 'OtherTasks.send' });
    await set({ name: 'elsewhere', queue: 'bulk' });
    for (const name of [REPORT.name, 'other', 'elsewhere']) await silence(3 * SECOND, name);
    await loop().tick();
    expect((await fired()).map(({ options }) => options.cron)).toEqual([REPORT.name]);
    expect(await fired('bulk')).toEqual([]);
    const [report] = await fixture.broker.crons.runTime.page({ count: 1, prefix: REPORT.name });
    const [other] = await fixture.broker.crons.runTime.page({ count: 1, prefix: 'other' });
    expect([report?.declared, other?.declared]).toEqual([true, false]);
  });

  it('goes through many that are due, in several calls', async () => {
    const names = Array.from({ length: 250 }, (_, index) => `many-${index}`);
    await Promise.all(names.map((name) => set({ name, schedule: { everyMs: 3_600 * SECOND } })));
    await Promise.all(names.map((name) => silence(3_600 * SECOND, name)));
    await loop().tick();
    expect((await fired()).length).toBe(250);
  });

  it('puts off one that it cannot read, reports it once, and goes on with the others', async () => {
    await set({ name: 'a', schedule: { expression: '* * * * * *', timeZone: 'Mars/Olympus' } });
    await set({ name: 'b' });
    for (const name of ['a', 'b']) await silence(3 * SECOND, name);
    await fixture.redis.hset(HASH, 'c definition', 'nonsense', 'c version', 1, 'c until', 7);
    await fixture.redis.zadd(TIMES, 0, 'c');
    const one = loop();
    await one.tick();
    expect((await fired()).map(({ options }) => options.cron)).toEqual(['b']);
    const { now } = await fixture.broker.crons.runTime.lines();
    for (const name of ['a', 'c']) expect(await lookAt(name)).toBeGreaterThan(now + 50 * SECOND);
    await fixture.redis.zadd(TIMES, 0, 'a');
    await fixture.redis.zadd('{nestwork}:cron-lines', 0, 'default ReportTasks.send');
    await one.tick();
    expect(errors).toMatchObject([{ code: 'INVALID_CRON', message: expect.stringContaining('Mars/Olympus') }]);
  });

  it('fires one that was removed and set again as it is now', async () => {
    const one = loop();
    await set();
    await silence(3 * SECOND);
    await one.tick();
    await fixture.broker.crons.runTime.remove(REPORT.name);
    await set({ payload: '["tenant-8"]' });
    await silence(3 * SECOND);
    await one.tick();
    expect((await fired()).map(({ args }) => args)).toEqual([['tenant-7'], ['tenant-8']]);
  });

  it('fires one as it is now although its version came again in an emptied Redis', async () => {
    const one = loop();
    await set();
    await one.tick();
    await fixture.redis.flushall();
    await set({ payload: '["tenant-8"]' });
    await silence(3 * SECOND);
    await one.tick();
    expect(await fired()).toMatchObject([{ args: ['tenant-8'] }]);
  });

  it('sleeps no longer than until the next one, although that was not due when it looked', async () => {
    const one = loop();
    await set({ name: 'often' });
    await set({ name: 'seldom', schedule: { everyMs: DAY } });
    await one.tick();
    await fixture.redis.zadd(TIMES, 0, 'seldom');
    await fixture.redis.zadd('{nestwork}:cron-lines', 0, 'default ReportTasks.send');
    expect(await one.tick()).toBeLessThanOrEqual(SECOND);
  });

  it('does not fire a paused one, and looks at it seldom', async () => {
    await set();
    await fixture.broker.crons.pause(REPORT.name);
    await silence(3 * SECOND);
    await loop().tick();
    expect(await fired()).toEqual([]);
    expect(await lookAt()).toBeGreaterThan((await fixture.broker.crons.runTime.lines()).now + 3 * SECOND);
  });

  it('keeps one without further times for a day, and removes it then', async () => {
    const { now } = await fixture.broker.crons.runTime.lines();
    await set({ schedule: { at: now - SECOND } });
    await silence(3 * SECOND);
    const one = loop();
    await one.tick();
    expect(await fired()).toHaveLength(1);
    expect(await lookAt()).toBe(now - SECOND + DAY);
    await fixture.redis.zadd(TIMES, now - 5, REPORT.name);
    await fixture.redis.zadd('{nestwork}:cron-lines', now - 5, 'default ReportTasks.send');
    await one.tick();
    expect(await fixture.broker.crons.runTime.count()).toBe(1);
    await fixture.broker.crons.runTime.remove(REPORT.name);
    await set({ name: 'old', schedule: { at: now - DAY - 5 * SECOND } });
    await silence(DAY + SECOND, 'old');
    await one.tick();
    expect(await fixture.broker.crons.runTime.count()).toBe(0);
    expect(await fixture.redis.exists(TIMES, '{nestwork}:cron-names')).toBe(0);
    expect(await fixture.redis.hkeys(HASH)).toEqual(['@versions']);
  });

  it.each<[string, Partial<CronDeclaration>, boolean]>([
    ['missed', { missed: 'skip' }, false],
    ['paused', {}, true],
  ])(
    'keeps one whose last time was %s for a day after that time, however long ago it was set',
    async (_, cron, paused) => {
      const { now } = await fixture.broker.crons.runTime.lines();
      await set({ ...cron, schedule: { at: now - 60 * SECOND } });
      await silence(5 * DAY);
      if (paused) await fixture.broker.crons.pause(REPORT.name);
      await loop().tick();
      expect(await fired()).toEqual([]);
      expect(await fixture.broker.crons.runTime.count()).toBe(1);
      expect(await lookAt()).toBe(now - 60 * SECOND + DAY);
      const history = await fixture.broker.crons.history(REPORT.name, 10);
      expect(history).toMatchObject(paused ? [] : [{ kind: 'missed', reason: 'no-worker' }]);
    },
  );

  it('fires one with a limit so often, from however many loops, keeps it for a day, and removes it then', async () => {
    await set({ missed: 'all', limit: 3 });
    await silence(20 * SECOND);
    const loops = Array.from({ length: 3 }, () => loop());
    await Promise.all(loops.map((one) => one.tick()));
    expect(await fired()).toHaveLength(3);
    const { now } = await fixture.broker.crons.runTime.lines();
    expect(await lookAt()).toBeGreaterThan(now + DAY - 60 * SECOND);
    await lookNow();
    for (const one of loops) expect(await one.tick()).toBeGreaterThan(4 * SECOND);
    expect(await fired()).toHaveLength(3);
    expect(await lookAt()).toBeGreaterThan(now + DAY - 60 * SECOND);
    await silence(DAY + SECOND);
    await lookNow();
    await loops[0]?.tick();
    expect(await fixture.broker.crons.runTime.count()).toBe(0);
    expect(await fixture.redis.hkeys(HASH)).toEqual(['@versions']);
  });

  it('fires more of one that gets a higher limit, and no more of one that gets a lower one', async () => {
    const one = loop();
    await set({ missed: 'all', limit: 1 });
    await silence(20 * SECOND);
    await one.tick();
    await set({ missed: 'all', limit: 3 });
    await one.tick();
    expect(await fired()).toHaveLength(1);
    await silence(2 * SECOND);
    await lookNow();
    await one.tick();
    expect(await fired()).toHaveLength(3);
    await set({ missed: 'all', limit: 2 });
    await one.tick();
    await silence(2 * SECOND);
    await lookNow();
    await one.tick();
    expect(await fired()).toHaveLength(3);
    expect(await fixture.broker.crons.runTime.count()).toBe(1);
  });

  it('keeps one that a lower limit ends for a day from then, however long ago its last run was', async () => {
    const one = loop();
    const yearly: Partial<CronDeclaration> = { schedule: { everyMs: 365 * DAY } };
    await set({ ...yearly, limit: 9 });
    await fixture.redis.hset(HASH, `${REPORT.name} fires`, 5, `${REPORT.name} until`, (await now()) - 5 * DAY);
    await set({ ...yearly, limit: 5 });
    await one.tick();
    expect(await fixture.broker.crons.runTime.find(REPORT.name)).toMatchObject({ limit: 5, fires: 5 });
    expect(await lookAt()).toBeGreaterThan((await now()) + DAY - 60 * SECOND);
  });

  it('fires one whose name the app has given to a cron of its code since, and warns of that once', async () => {
    await set();
    const one = loop({ declared: new Set([REPORT.name]) });
    for (const runs of [1, 2]) {
      await silence(3 * SECOND);
      await fixture.redis.zadd(TIMES, 0, REPORT.name);
      await fixture.redis.zadd('{nestwork}:cron-lines', 0, 'default ReportTasks.send');
      await one.tick();
      expect(await fired()).toHaveLength(runs);
    }
    expect(warnings).toEqual([
      expect.stringMatching(/^Cron "tenant-7.report" was set at run time, .*: both fire. .*crons.remove\(\)/),
    ]);
  });

  it('does not end a list at records that cannot be read', async () => {
    for (const name of ['a1', 'a2', 'a3', 'b1', 'b2', 'b3']) await set({ name });
    for (const name of ['a1', 'a2', 'a3']) await fixture.redis.hset(HASH, `${name} definition`, '{}');
    const namesOf = async (after?: string) =>
      (await fixture.broker.crons.runTime.page({ count: 2, ...(after !== undefined && { after }) })).map(
        ({ name }) => name,
      );
    expect(await namesOf()).toEqual(['b1', 'b2']);
    expect(await namesOf('b2')).toEqual(['b3']);
    expect(await namesOf('b3')).toEqual([]);
  });

  it('skips a run while an earlier one is there', async () => {
    await set({ overlap: 'skip', missed: 'all' });
    await silence(3 * SECOND);
    await loop().tick();
    expect(await fired()).toHaveLength(1);
    expect((await fixture.broker.crons.runTime.find(REPORT.name))?.skipped).toBeGreaterThanOrEqual(2);
  });

  it('sleeps until the next cron of its line, also one that was not due', async () => {
    await set({ schedule: { everyMs: 3_600 * SECOND } });
    await silence(3_600 * SECOND);
    await set({ name: 'soon', schedule: { everyMs: SECOND } });
    const one = loop();
    await one.tick();
    await fixture.redis.zadd(TIMES, 0, REPORT.name);
    await fixture.redis.zadd('{nestwork}:cron-lines', 0, 'default ReportTasks.send');
    expect(await one.tick()).toBeLessThanOrEqual(SECOND);
  });

  it('begins anew what a clock has dealt with that was set back since, also after a restart', async () => {
    await set();
    const one = loop();
    await one.tick();
    const { now } = await fixture.broker.crons.runTime.lines();
    const later = now + DAY;
    await fixture.redis.hset(HASH, `${REPORT.name} until`, later);
    await fixture.redis.zadd(TIMES, later + SECOND, REPORT.name);
    await fixture.redis.zadd('{nestwork}:cron-lines', later + SECOND, 'default ReportTasks.send');
    await fixture.redis.hset('{nestwork}:cron-owners', 'default ReportTasks.send', later);
    expect(await loop().tick()).toBeLessThanOrEqual(SECOND);
    expect(await lookAt()).toBeLessThanOrEqual(now + 60 * SECOND);
    await silence(2 * SECOND);
    await fixture.redis.zadd(TIMES, 0, REPORT.name);
    await fixture.redis.zadd('{nestwork}:cron-lines', 0, 'default ReportTasks.send');
    await one.tick();
    expect(await fired()).toHaveLength(1);
  });

  it('costs nothing but a look where no cron was set', async () => {
    expect(await loop().tick()).toBeGreaterThan(4_000);
    expect(await fixture.redis.keys('*cron*')).toEqual([]);
  });
});
