import { isAlive, WorkerFixture, type WorkerProcess } from '../support/worker-fixture.js';

const EVERY_MS = 200;

/** An attempt of a run, and where it is. */
interface Attempt {
  readonly id: string;
  readonly at: number;
  readonly cronTime: number;
  readonly child: number;
  readonly supervisor: number;
}

interface Run {
  readonly id: string;
  readonly startedAt: number;
  readonly cronTime: number;
  readonly attempts: number;
  /** how often it came to its end */
  readonly ends: number;
  /** not before that its last attempt was over, by its end or by a kill */
  readonly lastAt: number;
}

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
});
afterEach(() => fixture.stop());

function worker(): WorkerProcess {
  return fixture.worker({ children: 1, concurrency: 10, lease: '1s' }, { WORKER_MODULE: 'chained' });
}

function attempts(): Attempt[] {
  return fixture.events('begun').map(({ label, pid }) => {
    const [id = '', at, cronTime, supervisor] = label.split(' ');
    return { id, at: Number(at), cronTime: Number(cronTime), child: pid, supervisor: Number(supervisor) };
  });
}

function runs(): Run[] {
  const all = attempts();
  const ends = fixture.events('ended').map(({ label }) => label.split(' '));
  return [...new Set(all.map(({ id }) => id))].map((id) => {
    const its = all.filter((attempt) => attempt.id === id);
    const endedAt = ends.filter(([of]) => of === id).map(([, at]) => Number(at));
    const [{ at: startedAt, cronTime } = { at: 0, cronTime: 0 }] = its;
    const lastAt = Math.max(...its.map(({ at }) => at), ...endedAt);
    return { id, startedAt, cronTime, attempts: its.length, ends: endedAt.length, lastAt };
  });
}

async function twoWorkers(): Promise<WorkerProcess[]> {
  const workers = [worker(), worker()];
  await fixture.until('both have booted', () => fixture.events('booted').length === 2);
  return workers;
}

/** The attempt that is under way when so many have begun. */
async function begun(count: number): Promise<Attempt> {
  await fixture.until(`${count} attempts have begun`, () => attempts().length >= count);
  expect(attempts()).toHaveLength(count);
  return attempts().at(-1) as Attempt;
}

async function kill(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await fixture.until('it is gone', () => !isAlive(pid));
}

/** No run is there twice, and each begins the interval after the end of the one before at the earliest. */
function expectOneAfterAnother(found: readonly Run[]): void {
  for (const [index, run] of found.entries()) {
    const before = found[index - 1];
    if (before) expect(run.cronTime - before.lastAt).toBeGreaterThanOrEqual(EVERY_MS);
    expect(run.startedAt).toBeGreaterThanOrEqual(run.cronTime);
  }
  expect(new Set(found.map(({ cronTime }) => cronTime)).size).toBe(found.length);
}

it("an interval with `from: 'end'` counts from the end of its last run, also where its child or its supervisor was killed in the middle", async () => {
  const workers = await twoWorkers();
  let count = 0;
  for (const fault of ['none', 'child', 'supervisor', 'child', 'supervisor'] as const) {
    count += 1;
    const run = await begun(count);
    if (fault === 'child') await kill(run.child);
    if (fault === 'supervisor') {
      const victim = workers.findIndex(({ pid }) => pid === run.supervisor);
      await kill(run.supervisor);
      await fixture.until('its child has ended', () => !isAlive(run.child));
      workers[victim] = worker();
    }
    if (fault !== 'none') {
      count += 1;
      expect((await begun(count)).id).toBe(run.id);
    }
    fixture.open(run.id);
    await fixture.until('the run has ended', () => fixture.events('ended').length === runs().length);
  }
  await begun(count + 1);
  const found = runs();
  expect(found.map((run) => run.attempts)).toEqual([1, 2, 2, 2, 2, 1]);
  expect(found.map((run) => run.ends)).toEqual([1, 1, 1, 1, 1, 0]);
  expectOneAfterAnother(found);
});

it("an interval with `from: 'end'` goes on after a run that kills its process each time", async () => {
  await twoWorkers();
  const first = await begun(1);
  fixture.open(first.id);
  const deadly = await begun(2);
  let killedAt = 0;
  await kill(deadly.child);
  for (const count of [3, 4]) {
    const again = await begun(count);
    expect(again.id).toBe(deadly.id);
    killedAt = Date.now();
    await kill(again.child);
  }
  const next = await begun(5);
  expect(next.cronTime - killedAt).toBeGreaterThanOrEqual(EVERY_MS);
  expect(await fixture.dead(deadly.id)).toMatchObject({ report: expect.anything() });
  fixture.open(next.id);
  await begun(6);
  const found = runs();
  expect(found.map((run) => run.attempts)).toEqual([1, 3, 1, 1]);
  expectOneAfterAnother(found);
});
