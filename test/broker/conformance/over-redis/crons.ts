import { encodeMessage } from '../../../../src/message/task-message.js';
import { encodeUnique } from '../../../../src/message/unique-key.js';
import { fireCron } from '../../../support/fire-cron.js';
import { CRON } from '../crons.js';
import { idOf, MINUTE_MS, type RedisStage } from '../stage.js';

export function cronsOfMany(stage: () => RedisStage): void {
  async function settledUntil(): Promise<number | undefined> {
    return (await stage().broker.crons.survey([CRON.name])).states.get(CRON.name)?.settledUntil;
  }

  it('a cron begins anew with a new schedule', async () => {
    const { broker, world } = stage();
    await broker.crons.declare([CRON], MINUTE_MS);
    await world.letTimePass(MINUTE_MS);
    const later = await settledUntil();
    await broker.crons.declare([{ ...CRON, schedule: { everyMs: 2_000 } }], MINUTE_MS);
    expect((await settledUntil()) ?? 0).toBeGreaterThan(later ?? 0);
  });

  it('a cron that one of two sessions has disabled goes on, and begins anew when all had disabled it', async () => {
    const { broker, world } = stage();
    const off = { ...CRON, disabled: true };
    await broker.crons.declare([CRON], MINUTE_MS);
    await world.letTimePass(MINUTE_MS);
    const since = await settledUntil();
    await broker.crons.declare([off], MINUTE_MS);
    expect(await settledUntil()).toBe(since);
    const { name, queue, ...cron } = off;
    const worker = { session: 'off-30000', leaseMs: 30_000, queues: [queue], host: 'here', pid: 7 };
    await broker.openSession({ ...worker, catalog: [{ name, queue, crons: [{ ...cron, name }] }] });
    expect(await broker.liveWorkers()).toContainEqual(expect.objectContaining({ host: 'here', pid: 7, crons: [] }));
    await broker.crons.forget(10 * MINUTE_MS);
    expect(await broker.crons.records()).toMatchObject([{ name, disabled: true }]);
    await broker.crons.declare([CRON], MINUTE_MS);
    expect((await settledUntil()) ?? 0).toBeGreaterThan(since ?? 0);
  });

  it('a run that causes skips moves out of a queue that no worker serves', async () => {
    const { broker, world } = stage();
    await broker.crons.declare([CRON], MINUTE_MS);
    await world.letTimePass(MINUTE_MS);
    const due = ((await settledUntil()) ?? 0) + 1_000;
    const unique = encodeUnique(CRON.name, 'cron', 'finished');
    const [id = ''] = stage().messages(1).map(idOf);
    const message = encodeMessage({ id, name: CRON.name, payload: '[]', enqueuedAt: 1, options: {}, tags: unique });
    await fireCron(broker.crons, { ...CRON, queue: 'abandoned' }, [{ due, message }]);
    expect(await fireCron(broker.crons, CRON, [{ due: due + 1, message }])).toMatchObject({
      skipped: 1,
      heldIn: 'abandoned',
    });
    expect(await broker.crons.moveRun(CRON, 'abandoned')).toBe(true);
    expect(await broker.crons.moveRun(CRON, 'abandoned')).toBe(false);
    expect(await stage().claimed()).toEqual([id]);
  });

  it('a record contains whether a worker with a lease declares the cron', async () => {
    const { broker, world } = stage();
    await broker.crons.declare([CRON], MINUTE_MS);
    expect(await broker.crons.records()).toMatchObject([{ declared: false }]);
    const { name, queue, ...cron } = CRON;
    const description = { session: 'c-30000', leaseMs: 30_000, queues: ['default'], host: 'here', pid: 7 };
    await broker.openSession({ ...description, catalog: [{ name, queue, crons: [{ ...cron, name }] }] });
    expect(await broker.crons.records()).toMatchObject([{ declared: true }]);
    await world.letTimePass(MINUTE_MS);
    expect(await broker.crons.records()).toMatchObject([{ declared: false }]);
  });

  it('a cron that no session has declared for long is forgotten', async () => {
    const { broker, world } = stage();
    await broker.crons.declare([CRON], MINUTE_MS);
    expect(await broker.crons.forget(MINUTE_MS)).toBe(0);
    await world.letTimePass(MINUTE_MS);
    expect(await broker.crons.forget(MINUTE_MS)).toBe(1);
    expect(await broker.crons.records()).toEqual([]);
  });
}
