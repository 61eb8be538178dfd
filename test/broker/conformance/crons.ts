import type { CronDeclaration } from '../../../src/task/cron-definition.js';
import { encodeMessage } from '../../../src/task/task-message.js';
import { encodeUnique } from '../../../src/task/unique-key.js';
import { idOf, MINUTE_MS, type Stage } from './stage.js';

const CRON: CronDeclaration = {
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

  it('knows what was declared, and counts it from then on; a new schedule begins anew', async () => {
    const { broker, world } = stage();
    expect((await broker.crons.survey([CRON.name])).states.size).toBe(0);
    expect(await broker.crons.fire(CRON, [])).toMatchObject({ known: false, fired: 0 });
    const before = await now();
    await broker.crons.declare([CRON], MINUTE_MS);
    const since = (await settledUntil()) ?? 0;
    expect(since).toBeGreaterThanOrEqual(before);
    await world.letTimePass(MINUTE_MS);
    const later = await settledUntil();
    await broker.crons.declare([CRON], MINUTE_MS);
    expect(await settledUntil()).toBe(later);
    await broker.crons.declare([{ ...CRON, schedule: { everyMs: 2_000 } }], MINUTE_MS);
    expect((await settledUntil()) ?? 0).toBeGreaterThan(later ?? 0);
  });

  it('leaves a cron alone that is disabled beside others; one that was disabled by all begins anew', async () => {
    const { broker, world } = stage();
    const off = { ...CRON, disabled: true };
    await broker.crons.declare([CRON], MINUTE_MS);
    await world.letTimePass(MINUTE_MS);
    const since = await settledUntil();
    await broker.crons.declare([off], MINUTE_MS);
    expect(await settledUntil()).toBe(since);
    const { name, queue, ...cron } = off;
    const worker = { session: 'off-30000', leaseMs: 30_000, queues: [queue], host: 'here', pid: 7 };
    await broker.openSession({ ...worker, catalog: [{ name, queue, cron }] });
    expect(await broker.liveWorkers()).toContainEqual(expect.objectContaining({ host: 'here', pid: 7, crons: [] }));
    await broker.crons.forget(10 * MINUTE_MS);
    expect(await broker.crons.records()).toMatchObject([{ name, disabled: true }]);
    await broker.crons.declare([CRON], MINUTE_MS);
    expect((await settledUntil()) ?? 0).toBeGreaterThan(since ?? 0);
  });

  it('moves the run for which others are skipped out of a queue that nobody serves', async () => {
    const { broker, world } = stage();
    await broker.crons.declare([CRON], MINUTE_MS);
    await world.letTimePass(MINUTE_MS);
    const due = ((await settledUntil()) ?? 0) + 1_000;
    const unique = encodeUnique(CRON.name, 'cron', 'finished');
    const [id = ''] = stage().messages(1).map(idOf);
    const message = encodeMessage({ id, name: CRON.name, payload: '[]', enqueuedAt: 1, options: {}, unique });
    await broker.crons.fire({ ...CRON, queue: 'abandoned' }, [{ due, message }]);
    expect(await broker.crons.fire(CRON, [{ due: due + 1, message }])).toMatchObject({
      skipped: 1,
      heldIn: 'abandoned',
    });
    expect(await broker.crons.moveRun(CRON, 'abandoned')).toBe(true);
    expect(await broker.crons.moveRun(CRON, 'abandoned')).toBe(false);
    expect(await stage().claimed()).toEqual([id]);
  });

  it('fires each instant once, in order, none of the future', async () => {
    const { broker, world } = stage();
    await broker.crons.declare([CRON], MINUTE_MS);
    await world.letTimePass(MINUTE_MS);
    const settled = (await settledUntil()) ?? 0;
    const messages = stage().messages(3);
    const runs = [settled + 1_000, settled + 2_000, settled + 10 * MINUTE_MS].map((due, index) => {
      return { due, message: messages[index] ?? '' };
    });
    expect(await broker.crons.fire(CRON, runs)).toEqual({ known: true, fired: 2, skipped: 0 });
    expect(await broker.crons.fire(CRON, runs)).toEqual({ known: true, fired: 0, skipped: 0 });
    expect(await settledUntil()).toBe(settled + 2_000);
    expect(await stage().claimed()).toEqual(messages.slice(0, 2).map(idOf));
    expect(await broker.crons.records()).toMatchObject([{ name: CRON.name, firedAt: settled + 2_000, skipped: 0 }]);
  });

  it('skips what has a key that is taken', async () => {
    const { broker, world } = stage();
    await broker.crons.declare([CRON], MINUTE_MS);
    await world.letTimePass(MINUTE_MS);
    const settled = (await settledUntil()) ?? 0;
    const [a, b] = [stage().unique('cron'), stage().unique('cron')];
    expect(encodeUnique('Some.task', 'cron', 'finished')).toBe(a.slice(34, 62));
    const runs = [a, b].map((message, index) => ({ due: settled + 1_000 * (index + 1), message }));
    expect(await broker.crons.fire(CRON, runs)).toEqual({ known: true, fired: 1, skipped: 1, heldIn: 'default' });
    expect(await broker.crons.records()).toMatchObject([{ skipped: 1 }]);
  });

  it('fires none that is paused, and makes up for nothing when it is resumed', async () => {
    const { broker, world } = stage();
    expect(await broker.crons.pause(CRON.name)).toBe(false);
    expect(await broker.crons.resume(CRON.name)).toBe(false);
    await broker.crons.declare([CRON], MINUTE_MS);
    expect(await broker.crons.pause(CRON.name)).toBe(true);
    await world.letTimePass(MINUTE_MS);
    const due = (await settledUntil()) ?? 0;
    expect((await broker.crons.survey([CRON.name])).states.get(CRON.name)).toMatchObject({ paused: true });
    expect(await broker.crons.fire(CRON, [{ due: due + 1, message: stage().message() }])).toMatchObject({ fired: 0 });
    expect(await broker.crons.resume(CRON.name)).toBe(true);
    expect((await settledUntil()) ?? 0).toBeGreaterThan(due);
    expect(await broker.crons.records()).toMatchObject([{ paused: false }]);
  });

  it('notes how the last run ended, and who declares it', async () => {
    const { broker, world } = stage();
    await broker.crons.declare([CRON], MINUTE_MS);
    const run = { id: 'a', attempt: 1, startedAt: 1, durationMs: 2, host: 'here', pid: 7 };
    const child = await stage().child();
    await broker.crons.recordRun(child, CRON.name, { ...run, outcome: 'failed', error: 'no' });
    await broker.crons.recordRun(child, CRON.name, { ...run, outcome: 'done' });
    await broker.crons.recordRun(child, 'Other.cron', { ...run, outcome: 'done' });
    expect(await broker.crons.records()).toEqual([
      { ...CRON, declared: false, paused: false, firedAt: undefined, skipped: 0, lastRun: { ...run, outcome: 'done' } },
    ]);
    const { name, queue, ...cron } = CRON;
    const description = { session: 'c-30000', leaseMs: 30_000, queues: ['default'], host: 'here', pid: 7 };
    await broker.openSession({ ...description, catalog: [{ name, queue, cron }] });
    expect(await broker.crons.records()).toMatchObject([{ declared: true }]);
    await world.letTimePass(MINUTE_MS);
    expect(await broker.crons.records()).toMatchObject([{ declared: false }]);
  });

  it('is forgotten when no session has declared it for long', async () => {
    const { broker, world } = stage();
    await broker.crons.declare([CRON], MINUTE_MS);
    expect(await broker.crons.forget(MINUTE_MS)).toBe(0);
    await world.letTimePass(MINUTE_MS);
    expect(await broker.crons.forget(MINUTE_MS)).toBe(1);
    expect(await broker.crons.records()).toEqual([]);
  });
}
