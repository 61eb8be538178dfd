import type { CronDeclaration } from '../../../src/cron/cron-definition.js';
import type { CronLine } from '../../../src/cron/cron-line.js';
import { CRON } from './crons.js';
import { idOf, MINUTE_MS, type Stage } from './stage.js';

const REPORT: CronDeclaration = { ...CRON, name: 'tenant-7.report', task: 'Some.task', payload: '["tenant-7"]' };
const LINE: CronLine = { queue: 'default', task: 'Some.task' };

type RunTime = Stage['broker']['crons']['runTime'];

export function runTimeCrons(stage: () => Stage): void {
  const runTime = (): RunTime => stage().broker.crons.runTime;
  const setting = { at: 7, by: 'anna' };

  /** How long ago its times were settled, in tens of seconds: a broker over Redis lets time pass by moving what it has noted. */
  async function settledAgo(line = LINE): Promise<number> {
    const [found] = await runTime().due(line, 10);
    return Math.floor(((await runTime().lines()).now - (found?.settledUntil ?? Number.NaN)) / 10_000);
  }

  it('a cron that is set lies in the line of its task, to be looked at now', async () => {
    expect(await runTime().set(REPORT, setting)).toBe('added');
    const { now, lines } = await runTime().lines();
    expect(lines).toMatchObject([LINE]);
    expect(lines[0]?.lookAt).toBeLessThanOrEqual(now);
    const [found] = await runTime().due(LINE, 10);
    expect(found).toMatchObject({ name: REPORT.name, cron: REPORT, plan: { version: '1' }, paused: false });
    expect(found?.settledUntil).toBeLessThanOrEqual(now);
    expect(await runTime().due({ ...LINE, queue: 'bulk' }, 10)).toEqual([]);
    expect(await runTime().page({ count: 10 })).toMatchObject([{ ...REPORT, setting, skipped: 0, firedAt: undefined }]);
    expect(await runTime().find(REPORT.name)).toMatchObject(REPORT);
    expect(await runTime().find('other')).toBeUndefined();
    expect(await runTime().count()).toBe(1);
  });

  it('a plan fires its runs once and says when to look again', async () => {
    await runTime().set(REPORT, setting);
    const [found] = await runTime().due(LINE, 10);
    await stage().world.letTimePass(MINUTE_MS);
    const { now } = await runTime().lines();
    const plan = { version: found?.plan.version ?? '', lookAt: now + MINUTE_MS };
    const message = stage().message();
    const due = [{ name: REPORT.name, start: undefined, runs: [{ due: now - 1_000, message }], plan }];
    expect(await stage().broker.crons.fire('default', due, LINE)).toMatchObject([{ known: true, fired: 1 }]);
    expect(await stage().broker.crons.fire('default', due, LINE)).toMatchObject([{ known: true, fired: 0 }]);
    expect(await stage().takeAll()).toEqual([idOf(message)]);
    expect(await runTime().due(LINE, 10)).toEqual([]);
    expect((await runTime().lines()).lines).toEqual([{ ...LINE, lookAt: now + MINUTE_MS }]);
    expect(await runTime().find(REPORT.name)).toMatchObject({ firedAt: now - 1_000 });
    await stage().world.letTimePass(2 * MINUTE_MS);
    expect(await settledAgo()).toBe(12);
  });

  it('a cron that is set again makes plans for it void, and is to be looked at now', async () => {
    await runTime().set(REPORT, setting);
    const [found] = await runTime().due(LINE, 10);
    await stage().world.letTimePass(MINUTE_MS);
    expect(await runTime().set({ ...REPORT, payload: '["tenant-8"]' }, setting)).toBe('changed');
    const { now } = await runTime().lines();
    const plan = { version: found?.plan.version ?? '', lookAt: now + MINUTE_MS };
    const runs = [{ due: now - 1_000, message: stage().message() }];
    const firings = await stage().broker.crons.fire(
      'default',
      [{ name: REPORT.name, start: undefined, runs, plan }],
      LINE,
    );
    expect(firings).toMatchObject([{ fired: 0 }]);
    expect(await stage().takeAll()).toEqual([]);
    expect(await runTime().due(LINE, 10)).toMatchObject([
      { cron: { payload: '["tenant-8"]' }, plan: { version: '2' } },
    ]);
    expect(await settledAgo()).toBe(6);
  });

  it('a cron begins at the present when its times change, and not when other things do', async () => {
    await runTime().set(REPORT, setting);
    await stage().world.letTimePass(MINUTE_MS);
    await runTime().set({ ...REPORT, overlap: 'skip' }, setting);
    expect(await settledAgo()).toBe(6);
    await runTime().set({ ...REPORT, schedule: { everyMs: 2_000 } }, setting);
    expect(await settledAgo()).toBe(0);
  });

  it('a cron that is set with another task or queue changes its line', async () => {
    await runTime().set(REPORT, setting);
    await runTime().set({ ...REPORT, queue: 'bulk' }, setting);
    expect(await runTime().due(LINE, 10)).toEqual([]);
    expect((await runTime().lines()).lines).toMatchObject([{ queue: 'bulk', task: 'Some.task' }]);
    expect(await runTime().due({ ...LINE, queue: 'bulk' }, 10)).toMatchObject([{ name: REPORT.name }]);
  });

  it('a cron that is removed is gone, and what was planned for it fires nothing', async () => {
    await runTime().set(REPORT, setting);
    const [found] = await runTime().due(LINE, 10);
    expect(await runTime().remove(REPORT.name)).toBe(true);
    expect(await runTime().remove(REPORT.name)).toBe(false);
    const plan = { version: found?.plan.version ?? '', lookAt: 1 };
    const runs = [{ due: 1, message: stage().message() }];
    const firings = await stage().broker.crons.fire(
      'default',
      [{ name: REPORT.name, start: undefined, runs, plan }],
      LINE,
    );
    expect(firings).toMatchObject([{ known: false }]);
    expect((await runTime().lines()).lines).toEqual([]);
    expect(await runTime().count()).toBe(0);
  });

  it('a cron that is removed and set again makes plans for the former one void', async () => {
    await runTime().set(REPORT, setting);
    const [found] = await runTime().due(LINE, 10);
    await runTime().remove(REPORT.name);
    await runTime().set({ ...REPORT, payload: '["tenant-8"]' }, setting);
    await stage().world.letTimePass(MINUTE_MS);
    const { now } = await runTime().lines();
    const plan = { version: found?.plan.version ?? '', lookAt: now + MINUTE_MS };
    const runs = [{ due: now - 1_000, message: stage().message() }];
    const firings = await stage().broker.crons.fire(
      'default',
      [{ name: REPORT.name, start: undefined, runs, plan }],
      LINE,
    );
    expect(firings).toMatchObject([{ fired: 0 }]);
    expect(await runTime().due(LINE, 10)).toMatchObject([{ cron: { payload: '["tenant-8"]' } }]);
  });

  it('a cron with a limit fires so many runs, is looked at no more for a day, and goes on with a higher limit', async () => {
    const limited = { ...REPORT, limit: 2 };
    const fireAt = async (...ago: readonly number[]) => {
      const found = await runTime().due(LINE, 10);
      const { now } = await runTime().lines();
      const plan = { version: found[0]?.plan.version ?? '', lookAt: now };
      const runs = ago.map((ms) => ({ due: now - ms, message: stage().message() }));
      const firing = { name: REPORT.name, start: undefined, limit: found[0]?.cron?.limit, runs, plan };
      return stage().broker.crons.fire('default', [firing], LINE);
    };
    await runTime().set(limited, setting);
    expect(await runTime().find(REPORT.name)).toMatchObject({ limit: 2, fires: 0 });
    await stage().world.letTimePass(MINUTE_MS);
    expect(await fireAt(5_000)).toMatchObject([{ fired: 1 }]);
    expect(await runTime().due(LINE, 10)).toMatchObject([{ fires: 1 }]);
    expect(await fireAt(4_000, 3_000)).toMatchObject([{ fired: 1, exhausted: true }]);
    const { now, lines } = await runTime().lines();
    expect(lines[0]?.lookAt).toBeGreaterThan(now + 23 * 60 * MINUTE_MS);
    expect(await runTime().page({ count: 10 })).toMatchObject([{ limit: 2, fires: 2 }]);
    expect(await runTime().set(limited, setting)).toBe('unchanged');
    await stage().world.letTimePass(MINUTE_MS);
    expect(await runTime().set({ ...limited, limit: 3 }, setting)).toBe('changed');
    expect(await runTime().due(LINE, 10)).toMatchObject([{ fires: 2 }]);
    expect(await settledAgo()).toBe(0);
    await stage().world.letTimePass(MINUTE_MS);
    expect(await fireAt(2_000, 1_000)).toMatchObject([{ fired: 1, exhausted: true }]);
  });

  it('the limit of a cron counts anew when its times change, and goes on when other things do, or when it comes back', async () => {
    const fired = async () => (await runTime().due(LINE, 10))[0]?.fires;
    await runTime().set({ ...REPORT, limit: 2 }, setting);
    await stage().world.letTimePass(MINUTE_MS);
    const [found] = await runTime().due(LINE, 10);
    const { now } = await runTime().lines();
    const plan = { version: found?.plan.version ?? '', lookAt: now };
    const runs = [{ due: now - 1_000, message: stage().message() }];
    await stage().broker.crons.fire('default', [{ name: REPORT.name, start: undefined, limit: 2, runs, plan }], LINE);
    await runTime().set({ ...REPORT, limit: 2, overlap: 'skip' }, setting);
    expect(await fired()).toBe(1);
    await runTime().set(REPORT, setting);
    await runTime().set({ ...REPORT, limit: 5 }, setting);
    expect(await fired()).toBe(1);
    await runTime().set({ ...REPORT, limit: 5, schedule: { everyMs: 2_000 } }, setting);
    expect(await fired()).toBe(0);
  });

  it('a cron without further times is ended, unless it was set again', async () => {
    await runTime().set(REPORT, setting);
    await runTime().set({ ...REPORT, overlap: 'skip' }, setting);
    await runTime().end(REPORT, '1');
    expect(await runTime().count()).toBe(1);
    await runTime().end(REPORT, '2');
    expect(await runTime().count()).toBe(0);
  });

  it('a name that workers declare cannot be set', async () => {
    await stage().broker.crons.declare([CRON], 0);
    expect(await runTime().set({ ...REPORT, name: CRON.name }, setting)).toBe('taken');
  });

  it('a cron is paused and resumed as others are', async () => {
    const { crons } = stage().broker;
    await runTime().set(REPORT, setting);
    expect(await crons.pause(REPORT.name)).toBe(true);
    expect(await runTime().due(LINE, 10)).toMatchObject([{ paused: true }]);
    expect(await runTime().find(REPORT.name)).toMatchObject({ paused: true });
    await stage().world.letTimePass(MINUTE_MS);
    expect(await settledAgo()).toBe(6);
    expect(await crons.resume(REPORT.name)).toBe(true);
    expect(await runTime().due(LINE, 10)).toMatchObject([{ paused: false }]);
    expect(await settledAgo()).toBe(0);
  });

  it('crons are listed by name, in pages, and by the beginning of their names', async () => {
    const names = ['b', 'tenant-1', 'tenant-10', 'tenant-2', 'z'];
    for (const name of [...names].reverse()) await runTime().set({ ...REPORT, name }, setting);
    const namesOf = async (options: Parameters<RunTime['page']>[0]): Promise<string[]> =>
      (await runTime().page(options)).map(({ name }) => name);
    expect(await namesOf({ count: 3 })).toEqual(['b', 'tenant-1', 'tenant-10']);
    expect(await namesOf({ count: 3, after: 'tenant-10' })).toEqual(['tenant-2', 'z']);
    expect(await namesOf({ count: 9, prefix: 'tenant-1' })).toEqual(['tenant-1', 'tenant-10']);
    expect(await namesOf({ count: 9, prefix: 'tenant-', after: 'tenant-1' })).toEqual(['tenant-10', 'tenant-2']);
    expect(await namesOf({ count: 9, prefix: 'tenant-', after: 'b' })).toEqual(['tenant-1', 'tenant-10', 'tenant-2']);
    expect(await namesOf({ count: 9, prefix: 'x' })).toEqual([]);
  });
}
