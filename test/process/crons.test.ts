import type { CronRecord } from '../../src/broker/port/broker.js';
import type { CronDeclaration } from '../../src/cron/cron-definition.js';
import type { WorkerOptions } from '../../src/options/options.js';
import { isAlive, WorkerFixture, type WorkerProcess } from '../support/worker-fixture.js';

const EVERY_MS = 200;
const CRONS = { WORKER_MODULE: 'crons' };

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
});
afterEach(() => {
  fixture.open('exclusive');
  return fixture.stop();
});

function worker(options: WorkerOptions = {}, release?: string): WorkerProcess {
  return fixture.worker(
    { children: 1, concurrency: 10, ...options },
    { ...CRONS, ...(release && { RELEASE: release }) },
  );
}

/** The times for which a cron ran, in order. */
function times(kind: string): number[] {
  return fixture
    .events(kind)
    .map(({ label }) => Number(label))
    .sort((a, b) => a - b);
}

async function record(method: string): Promise<CronRecord | undefined> {
  const records = await fixture.broker.broker.crons.records();
  return records.find(({ name }) => name === `CronTasks.${method}`);
}

async function ran(kind: string, count: number): Promise<void> {
  await fixture.until(`${kind} ran ${count} times`, () => fixture.events(kind).length >= count);
}

it('two workers run each time once, also when one of them is killed', async () => {
  const [first] = [worker({ lease: '1s' }), worker({ lease: '1s' })];
  await fixture.until('both have booted', () => fixture.events('booted').length === 2);
  await ran('every', 10);
  const all = times('every');
  expect(new Set(all).size).toBe(all.length);

  first?.kill('SIGKILL');
  const before = fixture.events('every').length;
  await ran('every', before + 15);
  const distinct = [...new Set(times('every'))];
  // the tasks of the killed one come back after its lease
  await fixture.until('no time is missing', () => {
    const all = [...new Set(times('every'))].filter((time) => time <= (distinct.at(-1) ?? 0));
    const [from = 0] = all;
    return all.every((time, index) => time === from + index * EVERY_MS);
  });
});

it('a worker that was frozen makes up for the latest time, or for all, by `missed`', async () => {
  const frozen = worker();
  await ran('latest', 3);
  frozen.kill('SIGSTOP');
  // the runs that were fired; its children may be behind, and go on with them
  const last = (await record('latest'))?.firedAt ?? 0;
  const { crons } = fixture.broker.broker;
  await fixture.until('ten times have passed', async () => (await crons.survey([])).now > last + 10 * EVERY_MS);
  frozen.kill('SIGCONT');
  await fixture.until('it goes on', () => (times('latest').at(-1) ?? 0) > last + 12 * EVERY_MS);
  const later = times('latest').filter((time) => time > last);
  const gaps = later.map((time, index) => time - (later[index - 1] ?? last));
  expect(Math.max(...gaps)).toBeGreaterThanOrEqual(8 * EVERY_MS);

  await fixture.until('all is made up for', () => (times('every').at(-1) ?? 0) > last + 12 * EVERY_MS);
  const every = times('every');
  expect(every).toEqual(every.map((_, index) => (every[0] ?? 0) + index * EVERY_MS));
});

it("an active run prevents the next runs with `overlap: 'skip'`", async () => {
  worker();
  await ran('exclusive', 1);
  await fixture.until('several were skipped', async () => ((await record('exclusive'))?.skipped ?? 0) >= 3);
  expect(fixture.events('exclusive')).toHaveLength(1);
  fixture.open('exclusive');
  await ran('exclusive', 3);
});

it('a worker records how the last run ended', async () => {
  const { pid } = worker();
  await fixture.until('one is dead', async () => (await record('fail'))?.lastRun?.outcome === 'dead');
  expect((await record('fail'))?.lastRun).toMatchObject({ attempt: 2, error: 'Error: no luck' });
  await fixture.until('another is done', async () => (await record('latest'))?.lastRun?.outcome === 'done');
  const { lastRun, firedAt } = (await record('latest')) ?? {};
  expect(lastRun).toMatchObject({ attempt: 1, durationMs: expect.any(Number) });
  expect(lastRun?.error).toBeUndefined();
  expect(lastRun?.pid).not.toBe(pid);
  expect(Number(firedAt) % EVERY_MS).toBe(0);
});

it('a pause lasts over a restart, and its runs are not made up for', async () => {
  fixture.open('exclusive');
  const first = worker();
  await ran('every', 3);
  await fixture.broker.broker.crons.pause('CronTasks.every');
  await fixture.until('nothing more is fired', async () => {
    const before = (await record('every'))?.firedAt;
    await ran('latest', fixture.events('latest').length + 3);
    return (await record('every'))?.firedAt === before;
  });
  first.kill('SIGTERM');
  await first.ended();

  const pausedAt = times('every').at(-1) ?? 0;
  worker();
  await ran('latest', fixture.events('latest').length + 5);
  expect(times('every').at(-1) ?? 0).toBe(pausedAt);
  const { now } = await fixture.broker.broker.crons.survey([]);
  await fixture.broker.broker.crons.resume('CronTasks.every');
  await fixture.until('it goes on', () => (times('every').at(-1) ?? 0) > pausedAt);
  expect(times('every').find((time) => time > pausedAt)).toBeGreaterThan(now - EVERY_MS);
});

it('a cron that the new code does not declare ends with the last worker of the old code', async () => {
  fixture.open('exclusive');
  const old = worker();
  await ran('every', 3);
  fixture.worker({ children: 1 });
  await fixture.until('the new worker has booted', () => fixture.events('booted').length === 2);
  await ran('every', fixture.events('every').length + 3);
  expect((await record('every'))?.declared).toBe(true);

  old.kill('SIGTERM');
  await old.ended();
  expect(isAlive(old.pid)).toBe(false);
  const last = await record('every');
  expect(last?.declared).toBe(false);
  const { now } = await fixture.broker.broker.crons.survey([]);
  await fixture.until('several times have passed', async () => {
    return (await fixture.broker.broker.crons.survey([])).now > now + 5 * EVERY_MS;
  });
  expect((await record('every'))?.firedAt).toBe(last?.firedAt);
});

/** A cron for a tenant, as `crons.set()` stores it. */
function ofTenant(tenant: string, everyMs = EVERY_MS): CronDeclaration {
  const call = { name: tenant, task: 'CronTasks.report', queue: 'default', payload: JSON.stringify([tenant]) };
  return { ...call, schedule: { everyMs }, missed: 'all', thresholdMs: 10_000, overlap: 'allow', disabled: false };
}

it('crons that are set while workers run are fired at once, each time once, over kills and deployments', async () => {
  fixture.open('exclusive');
  const { runTime } = fixture.broker.broker.crons;
  const [first, second] = [worker({ lease: '1s' }), worker({ lease: '1s' })];
  await fixture.until('both have booted', () => fixture.events('booted').length === 2);
  await runTime.set(ofTenant('tenant-1'), { at: 0 });
  await ran('tenant-1', 5);
  const [before = 0] = times('tenant-1');

  first?.kill('SIGKILL');
  await ran('tenant-1', fixture.events('tenant-1').length + 10);
  second?.kill('SIGTERM');
  await second?.ended();
  worker();
  await ran('tenant-1', fixture.events('tenant-1').length + 10);
  const last = times('tenant-1').at(-1) ?? 0;
  await fixture.until('no time is missing', () => {
    const all = [...new Set(times('tenant-1'))].filter((time) => time <= last);
    return all.every((time, index) => time === before + index * EVERY_MS);
  });
  expect(await runTime.find('tenant-1')).toMatchObject({ declared: true, lastRun: { outcome: 'done' } });

  await runTime.set(ofTenant('tenant-2', 2 * EVERY_MS), { at: 0 });
  await ran('tenant-2', 3);
  expect(await runTime.remove('tenant-1')).toBe(true);
  const removedAt = (await runTime.lines()).now;
  await ran('tenant-2', fixture.events('tenant-2').length + 5);
  expect(times('tenant-1').at(-1)).toBeLessThanOrEqual(removedAt);
});

it('a run at a release comes once for each, with two workers, a restart and a rollback', async () => {
  fixture.open('exclusive');
  const first = worker({}, 'v1');
  worker({}, 'v1');
  await fixture.until('both have booted', () => fixture.events('booted').length === 2);
  await ran('released', 1);
  first.kill('SIGTERM');
  await first.ended();
  worker({}, 'v2');
  await ran('released', 2);
  worker({}, 'v1');
  await fixture.until('the former release has booted again', () => fixture.events('booted').length === 4);
  await ran('every', fixture.events('every').length + 10);
  expect(fixture.events('released')).toHaveLength(2);
});

it('each child runs by itself what is to run in each, once after its start', async () => {
  fixture.open('exclusive');
  worker({ children: 2 });
  worker({ children: 1 });
  await ran('in-each', 3);
  await ran('every', 10);
  const pids = fixture.events('in-each').map(({ label }) => label);
  expect([pids.length, new Set(pids).size]).toEqual([3, 3]);
});
