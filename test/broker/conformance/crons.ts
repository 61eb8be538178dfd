import type { DueRun } from '../../../src/broker/port/broker.js';
import type { CronDeclaration } from '../../../src/cron/cron-definition.js';
import { encodeUnique } from '../../../src/message/unique-key.js';
import { fireCron } from '../../support/fire-cron.js';
import { idOf, MINUTE_MS, type Stage } from './stage.js';

export const CRON: CronDeclaration = {
  name: 'Some.cron',
  queue: 'default',
  schedule: { everyMs: 1_000 },
  missed: 'latest',
  thresholdMs: 10_000,
  overlap: 'allow',
  disabled: false,
};

export function crons(stage: () => Stage): void {
  const now = (): Promise<number> => stage().broker.deadLetters.now();

  async function settledUntil(): Promise<number | undefined> {
    return (await stage().broker.crons.survey([CRON.name])).states.get(CRON.name)?.settledUntil;
  }

  it('a declared cron is known, and counts from its first declaration on', async () => {
    const { broker, world } = stage();
    expect((await broker.crons.survey([CRON.name])).states.size).toBe(0);
    expect(await fireCron(broker.crons, CRON, [])).toMatchObject({ known: false, fired: 0 });
    const before = await now();
    await broker.crons.declare([CRON], MINUTE_MS);
    const since = (await settledUntil()) ?? 0;
    expect(since).toBeGreaterThanOrEqual(before);
    await world.letTimePass(MINUTE_MS);
    const later = await settledUntil();
    await broker.crons.declare([CRON], MINUTE_MS);
    expect(await settledUntil()).toBe(later);
  });

  it('a cron fires each instant once, in order, and none of the future', async () => {
    const { broker, world } = stage();
    await broker.crons.declare([CRON], MINUTE_MS);
    await world.letTimePass(MINUTE_MS);
    const settled = (await settledUntil()) ?? 0;
    const messages = stage().messages(3);
    const runs = [settled + 1_000, settled + 2_000, settled + 10 * MINUTE_MS].map((due, index) => {
      return { due, message: messages[index] ?? '' };
    });
    expect(await fireCron(broker.crons, CRON, runs)).toEqual({ known: true, fired: 2, skipped: 0 });
    expect(await fireCron(broker.crons, CRON, runs)).toEqual({ known: true, fired: 0, skipped: 0 });
    expect(await settledUntil()).toBe(settled + 2_000);
    expect(await stage().takeAll()).toEqual(messages.slice(0, 2).map(idOf));
    expect(await broker.crons.records()).toMatchObject([{ name: CRON.name, firedAt: settled + 2_000, skipped: 0 }]);
  });

  it('a cron skips a run whose key is taken', async () => {
    const { broker, world } = stage();
    await broker.crons.declare([CRON], MINUTE_MS);
    await world.letTimePass(MINUTE_MS);
    const settled = (await settledUntil()) ?? 0;
    const [a, b] = [stage().unique('cron'), stage().unique('cron')];
    expect(encodeUnique('Some.task', 'cron', 'finished')).toBe(a.slice(34, 62));
    const runs = [a, b].map((message, index) => ({ due: settled + 1_000 * (index + 1), message }));
    expect(await fireCron(broker.crons, CRON, runs)).toEqual({ known: true, fired: 1, skipped: 1, heldIn: 'default' });
    expect(await broker.crons.records()).toMatchObject([{ skipped: 1 }]);
  });

  it('a paused cron fires nothing, and makes up for nothing when it is resumed', async () => {
    const { broker, world } = stage();
    expect(await broker.crons.pause(CRON.name)).toBe(false);
    expect(await broker.crons.resume(CRON.name)).toBe(false);
    await broker.crons.declare([CRON], MINUTE_MS);
    expect(await broker.crons.pause(CRON.name)).toBe(true);
    await world.letTimePass(MINUTE_MS);
    const due = (await settledUntil()) ?? 0;
    expect((await broker.crons.survey([CRON.name])).states.get(CRON.name)).toMatchObject({ paused: true });
    expect(await fireCron(broker.crons, CRON, [{ due: due + 1, message: stage().message() }])).toMatchObject({
      fired: 0,
    });
    expect(await broker.crons.resume(CRON.name)).toBe(true);
    expect((await settledUntil()) ?? 0).toBeGreaterThan(due);
    expect(await broker.crons.records()).toMatchObject([{ paused: false }]);
  });

  it('crons of one queue fire together, and one that is not known holds up no other', async () => {
    const { broker, world } = stage();
    const other = { ...CRON, name: 'Other.cron' };
    await broker.crons.declare([CRON, other], MINUTE_MS);
    await world.letTimePass(MINUTE_MS);
    const due = ((await settledUntil()) ?? 0) + 1_000;
    const messages = stage().messages(4);
    const run = (at: number): DueRun => ({ due: due + at, message: messages[at] ?? '' });
    const firings = await broker.crons.fire('default', [
      { name: CRON.name, runs: [run(0), run(1)] },
      { name: 'Unknown.cron', runs: [run(2)] },
      { name: other.name, runs: [run(3)] },
    ]);
    expect(firings).toEqual([
      { known: true, fired: 2, skipped: 0 },
      { known: false, fired: 0, skipped: 0 },
      { known: true, fired: 1, skipped: 0 },
    ]);
    expect(await stage().takeAll()).toEqual([messages[0], messages[1], messages[3]].map((each = '') => idOf(each)));
    expect(await broker.crons.fire('default', [])).toEqual([]);
  });

  it('a cron that counts from the end of its runs knows when the last one ended, and the queue of one that goes on', async () => {
    const { broker, world } = stage();
    const schedule = { everyMs: 1_000, from: 'end' } as const;
    // the name of the task of the stage
    const { name, queue, ...cron } = { ...CRON, name: 'Some.task', schedule };
    const state = async () => (await broker.crons.survey([name], [[name, 'ended']])).states.get(name);
    const { claims } = await stage().work([{ name, queue, crons: [{ ...cron, name }] }]);
    const run = { id: 'a', attempt: 1, startedAt: 1, durationMs: 2, host: 'here', pid: 7 };
    await broker.crons.declare([{ ...cron, name, queue }], MINUTE_MS);
    await claims.recordRun(name, { ...run, outcome: 'done' });
    expect((await state())?.ended).toBeUndefined();

    const first = await broker.crons.noteEnds([name], MINUTE_MS);
    expect(await state()).toMatchObject({ ended: first });
    expect(await broker.crons.records()).toMatchObject([{ endedAt: first }]);
    await world.letTimePass(MINUTE_MS);
    const { ended } = (await state()) ?? {};
    expect(await broker.crons.noteEnds([name], MINUTE_MS)).toBeGreaterThan(Number(ended));
    expect(await state()).toMatchObject({ ended });

    const due = Number(ended) + 1_000;
    await fireCron(broker.crons, { name, queue }, [{ due, message: stage().unique('cron') }]);
    expect(await state()).toMatchObject({ heldIn: queue });
    await broker.crons.noteEnds([name], MINUTE_MS);
    await claims.recordRun(name, { ...run, outcome: 'failed' });
    expect(await state()).toMatchObject({ ended });
    expect((await broker.crons.records())[0]).not.toHaveProperty('endedAt');
    await claims.recordRun(name, { ...run, outcome: 'dead' });
    expect((await state())?.ended).toBeGreaterThan(due);
  });

  it('a cron with a limit fires so many runs, and says when they were all', async () => {
    const { broker, world } = stage();
    const limited = { ...CRON, limit: 3 };
    await broker.crons.declare([limited], MINUTE_MS);
    await world.letTimePass(MINUTE_MS);
    const settled = (await settledUntil()) ?? 0;
    const messages = stage().messages(5);
    const run = (at: number): DueRun => ({ due: settled + 1_000 * (at + 1), message: messages[at] ?? '' });
    expect(await fireCron(broker.crons, limited, [run(0), run(1)])).toEqual({ known: true, fired: 2, skipped: 0 });
    expect(await broker.crons.records()).toMatchObject([{ limit: 3, fires: 2 }]);
    const last = { known: true, fired: 1, skipped: 0, exhausted: true };
    expect(await fireCron(broker.crons, limited, [run(2), run(3)])).toEqual(last);
    expect(await fireCron(broker.crons, limited, [run(4)])).toEqual({ ...last, fired: 0 });
    expect(await stage().takeAll()).toEqual(messages.slice(0, 3).map(idOf));
    const { states } = await broker.crons.survey([CRON.name], [[CRON.name, 'fires']]);
    expect(states.get(CRON.name)).toMatchObject({ fires: 3 });
    await broker.crons.declare([{ ...limited, limit: 4 }], MINUTE_MS);
    expect(await broker.crons.records()).toMatchObject([{ limit: 4, fires: 3 }]);
  });

  it('a cron keeps the outcome of its last run', async () => {
    const { broker } = stage();
    const { name, queue, ...cron } = CRON;
    const { claims } = await stage().work([{ name, queue, crons: [{ ...cron, name }] }]);
    await broker.crons.declare([CRON], MINUTE_MS);
    const run = { id: 'a', attempt: 1, startedAt: 1, durationMs: 2, host: 'here', pid: 7 };
    await claims.recordRun(name, { ...run, outcome: 'failed', error: 'no' });
    await claims.recordRun(name, { ...run, outcome: 'done' });
    await claims.recordRun('Other.cron', { ...run, outcome: 'done' });
    const untouched = { ...CRON, declared: true, paused: false, firedAt: undefined, skipped: 0, missedTimes: 0 };
    expect(await broker.crons.records()).toEqual([{ ...untouched, lastRun: { ...run, outcome: 'done' } }]);
  });

  it('a cron keeps which runs were skipped, and which times were missed', async () => {
    const { broker, world } = stage();
    await broker.crons.declare([CRON], MINUTE_MS);
    await world.letTimePass(MINUTE_MS);
    const { name } = CRON;
    const settled = (await settledUntil()) ?? 0;
    const messages = [stage().unique('cron'), stage().unique('cron')];
    const missed = { settled, first: settled + 1_000, last: settled + 3_000, count: 3, more: false } as const;
    const runs = messages.map((message, at) => ({ due: settled + 4_000 + at, message }));
    const firing = { name, runs, jitterMs: 100, missed: { ...missed, reason: 'no-worker' } as const };
    for (let time = 0; time < 2; time += 1) await broker.crons.fire('default', [firing]);
    const times = { kind: 'missed', due: settled + 900, last: settled + 2_900, count: 3, more: false };
    const before = [
      { kind: 'skipped', due: settled + 3_901, id: idOf(messages[0] ?? '') },
      { ...times, reason: 'no-worker' },
    ];
    expect(await broker.crons.history(name, 9)).toEqual(before);
    await broker.crons.pause(name);
    const paused = { ...times, kind: 'missed', reason: 'paused' } as const;
    await broker.crons.resume(name, { ...paused, settled });
    expect(await broker.crons.history(name, 9)).toEqual(before);
    await broker.crons.pause(name);
    await broker.crons.resume(name, { ...paused, settled: (await settledUntil()) ?? 0 });
    expect(await broker.crons.history(name, 9)).toEqual([paused, ...before]);
    expect(await broker.crons.records()).toMatchObject([{ skipped: 1, missedTimes: 6 }]);
  });

  it('a cron keeps the last 100 of its runs that have ended, the newest first', async () => {
    const { broker } = stage();
    const { name, queue, ...cron } = CRON;
    const { claims } = await stage().work([{ name, queue, crons: [{ ...cron, name }] }]);
    await broker.crons.declare([CRON], MINUTE_MS);
    const run = { id: 'a', attempt: 1, durationMs: 2, outcome: 'done', host: 'here', pid: 7 } as const;
    for (let at = 1; at <= 102; at += 1) await claims.recordRun(name, { ...run, due: 10 * at, startedAt: 10 * at + 1 });
    await claims.recordRun('Other.cron', { ...run, startedAt: 1 });
    const history = await broker.crons.history(name, 1_000);
    expect(history.map(({ due }) => due)).toEqual(Array.from({ length: 100 }, (_, i) => 1_020 - 10 * i));
    const { host: _, pid: __, ...kept } = run;
    expect(await broker.crons.history(name, 1)).toEqual([{ kind: 'run', ...kept, due: 1_020, startedAt: 1_021 }]);
    expect(await broker.crons.history('Other.cron', 10)).toEqual([]);
  });

  it('a run at a release is due once for each, after its delay, also after what was dealt with', async () => {
    const { broker } = stage();
    const of = (release: string): CronDeclaration => ({ ...CRON, atRelease: { delayMs: 5_000, runs: true, release } });
    const pending = async () =>
      (
        await broker.crons.survey(
          [CRON.name],
          [
            [CRON.name, 'begins'],
            [CRON.name, 'immediate'],
          ],
        )
      ).states.get(CRON.name);
    await broker.crons.declare([of('v1')], MINUTE_MS);
    const before = await now();
    const { immediate = 0, begins } = (await pending()) ?? {};
    expect(begins).toBe(immediate);
    expect(immediate).toBeGreaterThan(before);
    await broker.crons.declare([of('v1')], MINUTE_MS);
    expect((await pending())?.immediate).toBe(immediate);
  });
}
